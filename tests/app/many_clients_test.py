#!/usr/bin/env python3
"""Many clients at once: streams beside cancels of unknown ids, cancels that cross the end of their requests, lists of many requests, idle
connections. What must not be seen is not seen. With --full it is the benchmark of the gateway, and prints what it measured."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from served import Served

PATIENCE_S = 280  # what hangs is an error
DELETE_MS_P99_MAX = 50

STREAMS = """\
scenario: many-streams
load: {{requests: 1, arrivals: at_once}}
services:
  llm:
    writer: {{time_to_first_token: 125ms, time_per_output_token: 25ms, input_tokens: 10, output_tokens: {tokens}}}
workflow: [{{llm: writer, stream: {{chunk_tokens: 4}}}}]
"""
RACES = """\
scenario: races
load: {requests: 1, arrivals: at_once}
services:
  llm:
    writer: {latency: 2ms, input_tokens: 10, output_tokens: 20, price: {input: 3, output: 15}}
  tool:
    search: {latency: 2ms}
workflow: [{llm: writer}, {tool: search}, {llm: writer}]
"""


def memory_bytes(pid, what):
    """`what` as in proc(5): VmRSS is resident now, VmHWM at most so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what + ":"))


class Clients:
    def __init__(self, program, server):
        port = server.url.rsplit(":", 1)[1]
        self.command = [program, port]

    def run(self, *arguments):
        done = subprocess.run([*self.command, *map(str, arguments)], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)

    def connect(self, count):
        """Idle connections, until the input of the process ends."""
        return subprocess.Popen([*self.command, "idle", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def stream(caesura, program, scenario, full):
    streams, chunks, per_second = (2000, 300, 10_000) if full else (100, 20, 200)
    scenario.write(STREAMS.format(tokens=4 * chunks))
    scenario.flush()
    with Served(caesura, scenario.name, "--early-cancel", "0") as server:  # cancels of unknown ids are answered at once
        before = memory_bytes(server.pid, "VmRSS")
        result = Clients(program, server).run("streams", streams, chunks, per_second)
        assert server.call("GET", "/health").status == 200
        result["bytes_a_stream"] = round((memory_bytes(server.pid, "VmHWM") - before) / streams)
        return result


def race(caesura, program, scenario, full):
    scenario.write(RACES)
    scenario.flush()
    with Served(caesura, scenario.name, "--policy", "checkpoint") as server:
        return Clients(program, server).run("races", 10_000 if full else 500)


def lists(caesura, program, scenario, full):
    """Whoever asks for long lists in a loop does not keep a cancel waiting."""
    return lists_of(caesura, program, scenario, full)


def strict_lists(caesura, program, scenario, full):
    return lists_of(caesura, program, scenario, full, "--strict")


def lists_of(caesura, program, scenario, full, *options):
    scenario.write(RACES)
    scenario.flush()
    with Served(caesura, scenario.name, *options) as server:
        result = Clients(program, server).run("lists", *((10_000, 10) if full else (500, 1)))
    if full:
        assert result["delete_ms"]["p99"] < DELETE_MS_P99_MAX, result
    return result


def idle(caesura, program, scenario, full):
    scenario.write(RACES)
    scenario.flush()
    with Served(caesura, scenario.name) as server:
        before = memory_bytes(server.pid, "VmRSS")
        clients = Clients(program, server).connect(5000 if full else 200)
        connected = json.loads(clients.stdout.readline())
        after = memory_bytes(server.pid, "VmRSS")
        result = json.loads(clients.communicate("\n", timeout=PATIENCE_S)[0])
        assert clients.returncode == 0, result
        assert server.call("GET", "/health").status == 200, "the server lives on when they all go"
        return {**connected, "bytes_before": before, "bytes_with_them": after, "faults": result["faults"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True)
    parser.add_argument("--clients", required=True, help="the program many_clients")
    parser.add_argument("--full", action="store_true", help="2,000 streams for 30 s, 10,000 races, lists of 10,000 requests, 5,000 idle connections")
    arguments = parser.parse_args()
    for play in (stream, race, lists, strict_lists, idle):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as scenario:
            result = play(arguments.caesura, arguments.clients, scenario, arguments.full)
        if arguments.full:
            print(f"{play.__name__}: {json.dumps(result)}", flush=True)


if __name__ == "__main__":
    main()
