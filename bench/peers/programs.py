"""What is measured: the programs, the blocks in which they run side by side, and the goals that their ratios are held to.

A program that plays the reference workload takes --requests, --in-flight and --seed and prints one line of JSON with the FIGURES; one in
real time takes --in-flight and --cancels and prints one with the REALTIME_FIGURES. To add a program is to add an entry here.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's own, for which it packages SimPy

FIGURES = ("requests", "cancelled", "latency_mean_s", "latency_stddev_s", "latency_p50_s", "latency_p99_s", "planned_s", "used_s",
           "saved_s", "peak_in_flight", "seconds")
REALTIME_FIGURES = ("p50_us", "p99_us", "max_us", "cancels", "in_flight")


@dataclass(frozen=True)
class Workload:
    requests: int
    in_flight: int = 2000
    seed: int = 1

    def options(self):
        return ["--requests", str(self.requests), "--in-flight", str(self.in_flight), "--seed", str(self.seed)]


@dataclass(frozen=True)
class Program:
    """`missing` says why the program cannot run, or None. One with `same_draws` meets the very same requests as bare."""

    name: str
    command: Callable[[Workload], list]
    missing: Callable[[], Optional[str]]
    same_draws: bool = False
    read: Callable[[str], dict] = json.loads
    threads: int = 1  # with more, only the time on the wall says how fast it is


@dataclass(frozen=True)
class Entry:
    """A program in a block: how many requests it gets, so that a run takes about a second; and with how many in flight its memory per
    request is measured, if it is."""

    program: str
    requests: int
    memory_in_flight: int = 0


@dataclass(frozen=True)
class Block:
    in_flight: int
    entries: tuple


@dataclass(frozen=True)
class Goal:
    """Of program's rate / against's rate in a block, or of a figure of it (`bytes`, `p50_us`, `p99_us`), where less is better. A goal
    may be another program's figure."""

    program: str
    against: str = ""
    in_flight: int = 2000
    figure: str = ""
    goal: object = None
    floor: float = 0

    @property
    def less_is_better(self):
        return bool(self.figure)


def caesura_figures(text):
    """results.json of `caesura run`, as a peer would have said it."""
    document = json.loads(text)
    policy = document["policies"][0]
    latency = policy["cancel_latency_s"]
    busy = policy["busy_s"]["llm"]
    figures = {f"latency_{name}_s": latency[name] or 0 for name in ("mean", "stddev", "p50", "p99")}
    figures.update({f"{name}_s": busy[name] for name in ("planned", "used", "saved")})
    figures.update(requests=policy["requests"]["total"], cancelled=policy["requests"]["cancelled"],
                   peak_in_flight=document["run"]["peak_in_flight"], seconds=document["run"]["wall_seconds"],
                   version=document["run"]["version"])
    return figures


def programs(build):
    """By name. `build` is the folder of the release build."""

    def built(name):
        return lambda: None if (build / name).is_file() else f"{name} is not built"

    def peer(name, *options):
        return lambda workload: [str(build / "bench" / name), *workload.options(), *options]

    def simpy(*options):
        return lambda workload: [PYTHON, str(HERE / "simpy_processes.py"), *workload.options(), *options]

    def caesura(engine, competing, threads=1):
        concurrency = ["--set", "services.llm.model.concurrency=1000000000"] if competing else []

        def command(workload):
            return [str(build / "caesura"), "run", str(HERE / "reference.yaml"), "--json", "--no-progress", "--engine", engine,
                    "--threads", str(threads), "--requests", str(workload.requests), "--seed", str(workload.seed),
                    "--set", f"load.arrivals.poisson={rate_of(workload)}", *concurrency]

        return command

    def ours(name, *how):
        threads = how[2] if len(how) > 2 else 1
        return Program(name, caesura(*how), built("caesura"), same_draws=True, read=caesura_figures, threads=threads)

    listed = [
        Program("bare", peer("caesura_peer_bare"), built("bench/caesura_peer_bare"), same_draws=True),
        Program("bare, one by one", peer("caesura_peer_bare", "--one-by-one"), built("bench/caesura_peer_bare"), same_draws=True),
        Program("bare, fast draws", peer("caesura_peer_bare", "--fast-draws"), built("bench/caesura_peer_bare")),
        Program("bare, one by one, fast draws", peer("caesura_peer_bare", "--one-by-one", "--fast-draws"),
                built("bench/caesura_peer_bare")),
        ours("direct, competing", "direct", True),
        ours("direct, independent", "direct", False),
        ours("direct, 2 threads", "direct", False, 2),
        ours("caf, competing", "caf", True),
        ours("caf, independent", "caf", False),
        Program("test_coordinator", peer("caesura_peer_test_coordinator"), built("bench/caesura_peer_test_coordinator"),
                same_draws=True),
        Program("test_coordinator, service", peer("caesura_peer_test_coordinator", "--service"),
                built("bench/caesura_peer_test_coordinator"), same_draws=True),
        Program("goroutines", peer("goroutines"), built_with_go(build, "goroutines")),
        Program("SimPy", simpy(), simpy_missing),
        Program("SimPy, service", simpy("--service"), simpy_missing),
    ]
    return {program.name: program for program in listed}


def rate_of(workload):
    """As many a second as keep `in_flight` in flight, which each stay for about 20 s. Rates in scenarios are per second, minute or hour."""
    return f"{workload.in_flight * 180}/h"


def built_with_go(build, name):
    def missing():
        if (build / "bench" / name).is_file():
            return None
        return f"bench/{name} is not built" if shutil.which("go") else "no go (Debian: golang-go)"

    return missing


def simpy_missing():
    if not Path(PYTHON).exists():
        return f"no {PYTHON}"
    found = subprocess.run([PYTHON, "-c", "import simpy"], capture_output=True, check=False)
    return None if found.returncode == 0 else f"{PYTHON} has no simpy (Debian: python3-simpy3)"


BLOCKS = (
    Block(2000, (
        Entry("bare", 500_000),
        Entry("direct, competing", 200_000),
        Entry("direct, independent", 300_000),
        Entry("direct, 2 threads", 400_000),
        Entry("bare, one by one", 1_000_000),
        Entry("bare, fast draws", 1_000_000),
        Entry("bare, one by one, fast draws", 3_000_000),
        Entry("caf, competing", 60_000, memory_in_flight=50_000),
        Entry("caf, independent", 60_000),
        Entry("test_coordinator", 40_000, memory_in_flight=50_000),
        Entry("test_coordinator, service", 30_000),
        Entry("goroutines", 120_000, memory_in_flight=50_000),
        Entry("SimPy", 20_000, memory_in_flight=20_000),
        Entry("SimPy, service", 10_000),
    )),
    Block(200_000, (
        Entry("bare", 600_000, memory_in_flight=200_000),
        Entry("direct, competing", 600_000, memory_in_flight=200_000),
        Entry("bare, fast draws", 600_000),
    )),
)

GOALS = (
    Goal("direct, competing", "bare", 2000, goal=0.5, floor=0.35),
    Goal("direct, competing", "bare", 200_000, goal=0.5, floor=0.35),
    Goal("direct, competing", in_flight=200_000, figure="bytes", goal=160, floor=400),
    Goal("direct, independent", "bare", goal=1.0, floor=0.6),
    Goal("direct, independent", "bare, one by one", goal=0.25, floor=0.15),
    Goal("direct, competing", "SimPy, service", goal=30, floor=20),
    Goal("direct, independent", "SimPy, service", goal=60, floor=40),
    Goal("direct, competing", "SimPy", goal=30, floor=20),
    Goal("direct, independent", "SimPy", goal=60, floor=40),
    Goal("caf, competing", "bare", goal=0.2, floor=0.13),
    Goal("caf, competing", "test_coordinator", goal=2.5, floor=1.6),
    Goal("caf, competing", "test_coordinator, service", goal=2.5, floor=1.6),
    Goal("direct, 2 threads", "direct, independent", goal=1.9, floor=1.7),
    Goal("caf-realtime", figure="p50_us", goal="Go, contexts", floor=35),
    Goal("caf-realtime", figure="p99_us", goal=80, floor=120),
)

REALTIME_IN_FLIGHT = 100_000
REALTIME_CANCELS = 2000  # one a millisecond


def realtime_programs(build):
    """In real time: a cancel sent by another thread, until that thread has the terminal reply."""

    def command(name):
        return lambda in_flight, cancels: [str(build / "bench" / name), "--in-flight", str(in_flight), "--cancels", str(cancels)]

    def built(name):
        return lambda: None if (build / "bench" / name).is_file() else f"bench/{name} is not built"

    listed = [
        Program("caf-realtime", command("caesura_realtime"), built("caesura_realtime")),
        Program("Go, contexts", command("realtime_go"), built_with_go(build, "realtime_go")),
        Program("C++, condition variable", command("caesura_peer_realtime_cv"), built("caesura_peer_realtime_cv")),
    ]
    return {program.name: program for program in listed}
