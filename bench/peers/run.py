#!/usr/bin/env python3
"""Runs Caesura and the same workload written with other tools side by side, checks that all did the same work, and compares.

All programs take turns, round after round, so that a machine that drifts drifts for all; ratios are taken round by round. Where a program
meets the same requests as the bare loop its results must be the same to the nanosecond, else within 4 standard errors; if they are not,
the exit status is 1. See programs.py for what is run, and for the goals. Usually called by ./dev bench peers, which builds it all.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import agreement
import measure
import programs as listed
import table
from programs import Workload


class Session:
    """One comparison, as far as it has come."""

    def __init__(self, options):
        self.options = options
        self.programs = listed.programs(options.build)
        self.realtime_programs = listed.realtime_programs(options.build)
        self.skipped = {}
        self.failures = []
        self.blocks = []
        self.realtime = table.RealtimeMeasured(listed.REALTIME_IN_FLIGHT)
        self.runs = []
        self.expected = {}
        self.start_up = {}
        self.version = None

    def run(self):
        for block in listed.BLOCKS:
            self.run_block(block)
        self.run_realtime()

    def available(self, program):
        if self.options.only and program.name not in self.options.only:
            return False
        if program.name not in self.skipped:
            in_vain = self.options.cpu_time and program.threads > 1
            self.skipped[program.name] = "not with --cpu-time" if in_vain else program.missing()
        return self.skipped[program.name] is None

    def run_block(self, block):
        measured = table.Measured(block.in_flight)
        self.blocks.append(measured)
        entries = [entry for entry in block.entries if self.available(self.programs[entry.program])]
        for number in range(1, self.options.rounds + 1):
            for entry in entries:
                progress(f"{block.in_flight:,} in flight, round {number} of {self.options.rounds}: {entry.program}")
                self.measure_rate(entry, number, measured)
        for entry in entries:
            if entry.memory_in_flight:
                progress(f"memory: {entry.program}")
                self.measure_memory(entry, measured)

    def measure_rate(self, entry, number, measured):
        requests = entry.requests // (3 if self.options.quick else 1)
        workload = Workload(max(requests, 2 * measured.in_flight if measured.in_flight > 2000 else 0), measured.in_flight)
        run = self.play(self.programs[entry.program], workload)
        if run is None:
            return
        seconds = run.figures["seconds"]
        if self.options.cpu_time:
            seconds = max(run.cpu_seconds - self.start_up_of(entry.program), 1e-9)
        measured.rates.setdefault(entry.program, {})[number] = workload.requests / seconds
        self.runs.append({"program": entry.program, "round": number, "in_flight": workload.in_flight, "cpu_seconds": run.cpu_seconds,
                          **run.figures})

    def measure_memory(self, entry, measured):
        """What the program occupies more at its peak if more requests are in flight, of equally many in all."""
        many = Workload(2 * entry.memory_in_flight, entry.memory_in_flight)
        runs = [self.play(self.programs[entry.program], workload, memory=True) for workload in (many, replace(many, in_flight=100))]
        if None in runs:
            return
        more, fewer = runs
        in_flight = more.figures["peak_in_flight"] - fewer.figures["peak_in_flight"]
        if in_flight <= 0:
            self.fail(f"{entry.program}: {more.figures['peak_in_flight']} in flight at its peak, where {many.in_flight} were asked for")
            return
        measured.bytes[entry.program] = (more.peak_bytes - fewer.peak_bytes) / in_flight
        self.runs.append({"program": entry.program, "memory_in_flight": entry.memory_in_flight, "requests": many.requests,
                          "peak_bytes": more.peak_bytes, "peak_bytes_of_100": fewer.peak_bytes, "in_flight_difference": in_flight})

    def play(self, program, workload, memory=False):
        """A run whose results were checked; None if it failed."""
        try:
            run = measure.run(program, program.command(workload), listed.FIGURES, memory)
            expected = self.expected_of(workload)
        except measure.Failed as failure:
            self.fail(str(failure))
            return None
        self.version = run.figures.get("version", self.version)
        if expected is not None:
            for sentence in agreement.disagreements(program.name, run.figures, expected, program.same_draws):
                self.fail(f"{sentence} ({workload.requests:,} requests, {workload.in_flight:,} in flight)")
        return run

    def expected_of(self, workload):
        bare = self.programs[table.BARE]
        if bare.missing():
            return None
        if workload not in self.expected:
            self.expected[workload] = measure.run(bare, bare.command(workload), listed.FIGURES).figures
        return self.expected[workload]

    def start_up_of(self, name):
        """CPU seconds of a run of next to nothing."""
        if name not in self.start_up:
            program = self.programs[name]
            runs = [measure.run(program, program.command(Workload(10, 100)), listed.FIGURES) for _ in range(5)]
            self.start_up[name] = min(run.cpu_seconds for run in runs)
        return self.start_up[name]

    def run_realtime(self):
        entries = [program for program in self.realtime_programs.values() if self.available(program)]
        cancels = listed.REALTIME_CANCELS // (2 if self.options.quick else 1)
        rounds = min(self.options.rounds, 3)
        for number in range(1, rounds + 1):
            for program in entries:
                progress(f"real time, round {number} of {rounds}: {program.name}")
                try:
                    figures = measure.run(program, program.command(self.realtime.in_flight, cancels), listed.REALTIME_FIGURES).figures
                except measure.Failed as failure:
                    self.fail(str(failure))
                    continue
                self.realtime.figures.setdefault(program.name, {})[number] = figures
                for field, asked in (("in_flight", self.realtime.in_flight), ("cancels", cancels)):
                    if figures[field] != asked:
                        self.fail(f"{program.name}: {field} is {figures[field]}, and {asked} was asked for")
                self.runs.append({"program": program.name, "round": number, **figures})

    def fail(self, sentence):
        if sentence not in self.failures:
            self.failures.append(sentence)
            clear_progress()
            print(f"WRONG: {sentence}", file=sys.stderr)

    def missing(self):
        return {name: reason for name, reason in self.skipped.items() if reason}

    def report(self, markdown):
        clock = "CPU time" if self.options.cpu_time else "wall time"
        verdicts = table.judge(listed.GOALS, self.blocks, self.realtime)
        parts = [f"The reference workload, {clock}, medians of {self.options.rounds} alternating rounds; {time.strftime('%Y-%m-%d')}, "
                 f"{processor()}.", ", ".join(f"{name} {value}" for name, value in versions(self).items()) + ".",
                 table.peers(self.blocks, markdown)]
        if any(block.bytes for block in self.blocks):
            parts.append("bytes: resident memory a request in flight; from runs with 100, and with 20,000 to 200,000 in flight.")
        if self.realtime.figures:
            parts += [f"In real time, {self.realtime.in_flight:,} in flight, a cancel a millisecond: cancel to terminal reply.",
                      table.realtime_table(self.realtime, markdown)]
        if verdicts:
            parts += [table.goals(verdicts, markdown), "short: of the goal, but not below the floor, which is what is still acceptable."]
        if self.missing():
            parts.append("\n".join(f"Skipped: {name}: {reason}." for name, reason in self.missing().items()))
        if self.failures:
            parts.append("WRONG, so do not trust these tables:\n" + "\n".join(self.failures))
        elif self.expected:
            parts.append("All did the same work: with the same draws to the nanosecond, else within 4 standard errors.")
        return "\n\n".join(parts)

    def document(self):
        return {"date": time.strftime("%Y-%m-%d"), "processor": processor(), "clock": "cpu" if self.options.cpu_time else "wall",
                "versions": versions(self), "skipped": self.missing(), "failures": self.failures, "runs": self.runs,
                "blocks": [asdict(block) for block in self.blocks], "realtime": asdict(self.realtime),
                "goals": [{"goal": table.name_of(v.goal), "values": v.values, "wanted": v.wanted, "floor": v.goal.floor,
                           "verdict": v.verdict} for v in table.judge(listed.GOALS, self.blocks, self.realtime)]}


def progress(what):
    if sys.stderr.isatty():
        print(f"\r\033[K{what[:78]}", end="", file=sys.stderr, flush=True)


def clear_progress():
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def processor():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{model[1].strip() if model else platform.machine()}, {os.cpu_count()} CPUs"


def versions(session):
    """Of what is there."""
    cache = session.options.build / "CMakeCache.txt"
    settings = dict(re.findall(r"^(\w+):\w+=(.*)$", cache.read_text(), re.MULTILINE)) if cache.exists() else {}
    config = Path(settings.get("CAF_INCLUDE_DIR", "/usr/include")) / "caf/config.hpp"
    caf = re.search(r"#define CAF_VERSION (\d+)", config.read_text()) if config.exists() else None
    found = {
        "Caesura": session.version,
        "g++": said([settings.get("CMAKE_CXX_COMPILER", "g++"), "-dumpfullversion"]),
        "CAF": f"{int(caf[1]) // 10000}.{int(caf[1]) // 100 % 100}.{int(caf[1]) % 100}" if caf else None,
        "Go": (said(["go", "version"]) or "").removeprefix("go version go").split(" ")[0],
        "Python": (said([listed.PYTHON, "--version"]) or "").removeprefix("Python "),
        "SimPy": said([listed.PYTHON, "-c", "import simpy; print(simpy.__version__)"]),
    }
    return {name: value for name, value in found.items() if value}


def said(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="alternating rounds (5)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of a third of the requests")
    parser.add_argument("--cpu-time", action="store_true", help="rates by CPU time less that of the start-up: for a machine that is busy")
    parser.add_argument("--only", action="append", metavar="PROGRAM", help="this program; may be given several times")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all that was measured")
    parser.add_argument("--build", type=Path, default=listed.ROOT / "build/release", metavar="DIR", help="the release build")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (2 if options.quick else 5)
    names = [*listed.programs(options.build), *listed.realtime_programs(options.build)]
    for name in options.only or []:
        if name not in names:
            parser.error(f"no program {name!r}; there are: {'; '.join(names)}")
    return options


def main(arguments):
    session = Session(parse_options(arguments))
    interrupted = False
    try:
        session.run()
    except KeyboardInterrupt:
        interrupted = True
    clear_progress()
    print(session.report(session.options.markdown))
    if interrupted:
        print("\nInterrupted: this is what was measured so far.")
    if session.options.json:
        session.options.json.write_text(json.dumps(session.document(), indent=1) + "\n")
    return 130 if interrupted else 1 if session.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
