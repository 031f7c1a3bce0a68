#!/usr/bin/env python3
"""What is installed runs by itself: the program, from its place, with the scenarios beside it."""

import argparse
import subprocess
import tempfile
from pathlib import Path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True, type=Path)
    build = parser.parse_args().caesura.parent
    source = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", build, "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
        there = Path(folder, "share/caesura/scenarios")
        installed = sorted(path for path in there.rglob("*") if path.is_file() or not any(path.iterdir()))
        shipped = sorted((source / "scenarios").rglob("*.yaml"))
        names = [path.relative_to(source / "scenarios") for path in shipped]
        assert [path.relative_to(there) for path in installed] == names, "the scenarios, and nothing else"
        command = [Path(folder, "bin/caesura"), "validate", *installed]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


if __name__ == "__main__":
    main()
