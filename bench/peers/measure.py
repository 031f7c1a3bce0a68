"""Runs one program once, and says what it reported and what it took."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """A program did not run to its end, or said nothing that can be read."""


@dataclass(frozen=True)
class Run:
    figures: dict
    cpu_seconds: float  # user and system, from start to exit
    peak_bytes: int = 0  # 0 unless asked for


def run(program, argv, wanted, memory=False):
    """Throws Failed; an interrupt ends the program too."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(argv, stdout=out, stderr=err)
        try:
            peak, status, usage = _watch(child.pid) if memory else (0, *os.wait4(child.pid, 0)[1:])
        except BaseException:
            child.kill()
            child.wait()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        text, complaint = (_read(file) for file in (out, err))
    if child.returncode != 0:
        raise Failed(f"{program.name}: exit status {child.returncode}: {complaint.strip()[-500:]}")
    try:
        figures = program.read(text)
        absent = [name for name in wanted if name not in figures]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Failed(f"{program.name}: cannot read its output ({error}): {text.strip()[:200]}") from error
    if absent:
        raise Failed(f"{program.name}: its output has no {', '.join(absent)}")
    return Run(figures, usage.ru_utime + usage.ru_stime, peak)


def _read(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def _watch(pid):
    """Waits for the child, and asks often for the most memory that it has occupied so far. What wait4() says of it is no use: it starts
    with what this program itself occupied when it started the child."""
    peak = 0
    status_file = Path(f"/proc/{pid}/status")
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return peak, status, usage
        for line in status_file.read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) * 1024)
        time.sleep(0.002)
