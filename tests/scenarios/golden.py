"""The table that every shipped scenario prints (but the exam's cases, which are played), word for word, against golden/NAME.txt.

A change of any figure shows up here. What differs from run to run (wall time, requests/s, threads, version) is replaced; --write rewrites the files.
"""

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"
GOLDEN = HERE / "golden"

# The last paragraph but one is wrapped where its figures happen to end, so it is joined to one line first.
RUN_LINE = re.compile(r"^Engine [^ ]+: (?:.+\n)+?(?=Virtual time: )", re.MULTILINE)
VOLATILE = [
    (re.compile(r" in [0-9.,]+ \S+ \([0-9.,]+ requests/s\) on [0-9,]+ threads?;"), " in WALL TIME (SPEED) on THREADS;"),
    (re.compile(r"; Caesura [0-9.]+\.$"), "; Caesura VERSION."),
]


def normalised(table):
    """Raises ValueError if there is not exactly one line about the run, or if it does not read as expected."""

    def without_volatile(match):
        line = " ".join(match.group().split())
        for pattern, replacement in VOLATILE:
            line, found = pattern.subn(replacement, line)
            if found != 1:
                raise ValueError(f"the line about the run reads otherwise than expected: {line}")
        return line + "\n"

    text, found = RUN_LINE.subn(without_volatile, table)
    if found != 1:
        raise ValueError("there must be one paragraph 'Engine …' before 'Virtual time: …'")
    return text


def table_of(caesura, scenario):
    """Raises ValueError with what went wrong, in one line."""
    command = [caesura, "run", str(scenario), "--threads", "2"]
    run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=250, check=False)
    if run.returncode != 0:
        errors = run.stderr.decode(errors="replace").strip()
        failed = [line for line in run.stdout.decode(errors="replace").splitlines() if line.startswith("FAILED")]
        raise ValueError("; ".join([f"exit status {run.returncode}", *failed, *errors.splitlines()]))
    return normalised(run.stdout.decode())


def write(name, table):
    GOLDEN.mkdir(exist_ok=True)
    file = GOLDEN / f"{name}.txt"
    if not file.exists() or file.read_text(encoding="utf-8") != table:
        file.write_text(table, encoding="utf-8")
        print(f"golden: wrote {file.relative_to(HERE.parents[1])}")


def differs(name, table):
    """Says how, if so."""
    file = GOLDEN / f"{name}.txt"
    if not file.exists():
        print(f"golden: {name}: {file.name} is missing")
        return True
    expected = file.read_text(encoding="utf-8")
    if expected == table:
        return False
    print(f"golden: {name}: the output differs from {file.name}")
    lines = difflib.unified_diff(expected.splitlines(), table.splitlines(), f"golden/{file.name}", "now", lineterm="")
    print("\n".join(lines))
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--write", action="store_true", help="rewrite the files instead of comparing")
    arguments = parser.parse_args()

    scenarios = {path.stem: path for path in sorted(SCENARIOS.glob("*.yaml"))}
    wrong = not scenarios
    if wrong:
        print(f"golden: no scenarios in {SCENARIOS}")
    for name, path in scenarios.items():
        try:
            table = table_of(arguments.caesura, path)
        except ValueError as problem:
            print(f"golden: {name}: {problem}")
            wrong = True
            continue
        if arguments.write:
            write(name, table)
        else:
            wrong = differs(name, table) or wrong
    for file in sorted(GOLDEN.glob("*")):
        if file.suffix == ".txt" and file.stem in scenarios:
            continue
        if arguments.write:
            file.unlink()
            print(f"golden: removed {file.name}, which belongs to no scenario")
        else:
            print(f"golden: {file.name} belongs to no scenario")
            wrong = True
    if wrong and not arguments.write:
        print("golden: if this is as it should be: ./dev golden")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
