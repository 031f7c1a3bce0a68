#!/usr/bin/env python3
"""An exam's verdicts are the same every time, on a loaded machine too.

    python3 steady.py [--caesura PROGRAM] [--repeat N] [--at-once N] [--out DIR]

The agent by hand in every case, and each of its faults in the cases that find it, N times each (default 50, about a quarter of an hour), while
two loops beside keep two cores busy. The agent has to pass all, and each fault has to be found by its clause and by no other, N times of N.
Exit status 1 if one was not: what its plays were is then in DIR.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exam_test import FAULTS, SUBJECT

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "scenarios/exam"
BUSY_LOOPS = 2


def jobs():
    """(fault, case, verdicts that are to come); the fault is empty for the agent that has none."""
    for case in sorted(file.stem for file in CASES.glob("*.yaml") if file.stem != "rehearsal"):
        yield "", case, {}
    for fault, (cases, clause, verdict) in FAULTS.items():
        for case in cases:
            yield fault, case, {clause: verdict}


class Steady:
    def __init__(self, options):
        self.options = options
        self.jobs = list(jobs())
        self.done = 0
        self.began = time.monotonic()
        self.lock = threading.Lock()

    def examine(self, job):
        fault, case, expected = job
        out = self.options.out / (f"{fault or 'correct'}.{case}")
        ran = subprocess.run([self.options.caesura, "exam", str(SUBJECT), case, "--json", "--repeat", str(self.options.repeat), "--out", str(out)],
                             env={**os.environ, "FAULT": fault}, capture_output=True, text=True, check=False)
        wrong = self.what_is_wrong(ran, expected)
        if not wrong:
            shutil.rmtree(out)
        with self.lock:
            self.done += 1
            if sys.stderr.isatty():
                minutes = (time.monotonic() - self.began) / 60
                print(f"\r{self.done} of {len(self.jobs)} programs and cases, {minutes:.0f} min", end="", file=sys.stderr, flush=True)
        return wrong

    def what_is_wrong(self, ran, expected):
        """Empty: each play had just what was expected."""
        if ran.returncode != (3 if expected else 0):
            return f"exit status {ran.returncode}: {ran.stderr.strip()[-300:]}"
        [case] = json.loads(ran.stdout)["cases"]
        found = {clause: word for clause, word in case["verdicts"].items() if word not in (None, "pass")}
        times = {clause: self.options.repeat for clause in expected}
        failed = {clause: share["plays"] for clause, share in case["failed"].items()}
        if case["plays"] != self.options.repeat or case["not_judged"]:
            return f"{case['plays']} plays; not judged: {case['not_judged']}"
        if found != expected or failed != times:
            return f"{found}, failed {failed}, instead of {expected}"
        return ""

    def run(self):
        # The longest first: what hangs is waited for, and a case may have a watch of its own.
        order = sorted(self.jobs, key=lambda job: job[0] != "hangs" and job[1] not in ("backing-off", "hanging", "second-attempt", "own-timeout"))
        with ThreadPoolExecutor(self.options.at_once) as pool:
            wrong = dict(zip(((fault, case) for fault, case, _ in order), pool.map(self.examine, order)))
        if sys.stderr.isatty():
            print(file=sys.stderr)
        n = self.options.repeat
        for fault, case, expected in self.jobs:
            verdict = ", ".join(f"{clause}: {word}" for clause, word in expected.items()) or "passes"
            print(f"{fault or 'correct':34} {case:22} {verdict:26} {wrong[fault, case] or f'{n} of {n}'}")
        steady = sum(not text for text in wrong.values())
        print(f"{steady} of {len(wrong)} programs and cases had the same verdicts {n} times of {n}, beside {BUSY_LOOPS} busy loops; "
              f"{(time.monotonic() - self.began) / 60:.1f} min.")
        return steady == len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--caesura", default=ROOT / "build/release/caesura", help="the program (default: build/release/caesura)")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=6, help="exams at a time")
    parser.add_argument("--out", type=Path, help="where what differed is kept (default: a folder of its own in the system's)")
    options = parser.parse_args()
    options.caesura = str(Path(options.caesura).resolve())
    options.out = options.out or Path(tempfile.mkdtemp(prefix="caesura-steady-"))
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        is_steady = Steady(options).run()
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    if not is_steady:
        sys.exit(f"What differed is in {options.out}.")
    if not any(options.out.iterdir()):
        options.out.rmdir()


if __name__ == "__main__":
    main()
