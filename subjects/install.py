#!/usr/bin/env python3
"""Installs the frameworks and clients that package-lock.json pins into node_modules beside it, unless they are there. Needs npm, and its registry,
then only.

    python3 install.py
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
INSTALLED = FOLDER / "node_modules"
STAMP = INSTALLED / ".of-lockfile"  # what the lockfile was of which this is


def _lockfile():
    return hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()


def is_current():
    """Whether what is pinned is what is there."""
    return STAMP.is_file() and STAMP.read_text() == _lockfile()


def main():
    if is_current():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("They come by npm, which this machine has not. On Debian: apt-get install npm", file=sys.stderr)
        return 1
    print(f"installing the frameworks of subjects/ and the clients of tests/world in {INSTALLED} (700 MB, once)", file=sys.stderr)
    # No package needs its scripts, nor what it can do without; which Node each of them is run by is not the affair of the one that runs npm.
    options = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    ran = subprocess.run([npm, "ci", *options], cwd=FOLDER, stdout=sys.stderr, check=False)
    if ran.returncode == 0:
        STAMP.write_text(_lockfile())
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
