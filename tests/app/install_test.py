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
        installed = sorted(Path(folder, "share/caesura/scenarios").iterdir())
        shipped = sorted(source.glob("scenarios/*.yaml"))
        assert [f.name for f in installed] == [f.name for f in shipped], "the scenarios, and nothing else"
        command = [Path(folder, "bin/caesura"), "validate", *installed]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


if __name__ == "__main__":
    main()
