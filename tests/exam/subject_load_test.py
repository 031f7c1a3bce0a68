#!/usr/bin/env python3
"""A program plays a scenario's load beside the simulated rules: what differs is the program's doing.

    python3 subject_load_test.py --caesura PROGRAM
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from http_subjects_test import Server, free_port

HERE = Path(__file__).resolve().parent
CHECKPOINT = HERE / "subjects/checkpoint.yaml"
# What comes after the end is looked for 4 times as long as `within`.
AGENT = f"command: [python3, {HERE}/subjects/agent.py]\nwithin: 25ms"
SERVER = HERE / "subjects/server.py"
CAESURA = None

# What a program that follows checkpoint does as the rule does, to the token and the picodollar.
SAME = ["outcome", "operations_done", "input_tokens_used", "output_tokens_used", "tokens_saved", "cost_used_usd", "cost_saved_usd"]

# A model, a tool, a model: what the tests below cancel, or not.
SHORT = """
scenario: short
services:
  llm: {planner: {time_to_first_token: 40ms, time_per_output_token: 2ms, input_tokens: 100, output_tokens: 10, price: {input: 3.00, output: 15.00}}}
  tool: {search: {latency: 100ms}}
workflow: [{llm: planner}, {tool: search}, {llm: planner}]
policy: [checkpoint]
"""


class Played:
    """What came of a load."""

    def __init__(self, ran, out):
        self.status, self.said, self.shown = ran.returncode, ran.stderr, " ".join(ran.stdout.split())
        if not (out / "results.json").exists():
            return
        self.results = json.loads((out / "results.json").read_text())
        self.by_name = {policy["policy"]: policy for policy in self.results["policies"]}
        self.subject = self.results["policies"][-1]
        self.rows = {}
        for row in csv.DictReader((out / "requests.csv").read_text().splitlines()):
            self.rows.setdefault(row["policy"], []).append(row)

    def real(self):
        return self.rows[self.subject["policy"]]

    def pairs(self, policy="checkpoint"):
        simulated = {row["request"]: row for row in self.rows[policy]}
        return [(row, simulated[row["request"]]) for row in self.real()]


def nanoseconds(row, first, last):
    return round((float(row[last]) - float(row[first])) * 1e9)


class LoadTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def written(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file

    def play(self, scenario, subject, *arguments, env=None, timeout=60):
        out = self.folder / "out"
        ran = subprocess.run([CAESURA, "run", str(scenario), "--subject", str(subject), "--out", str(out), "--no-progress", *arguments],
                             env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, timeout=timeout)
        return Played(ran, out)

    def played(self, more, subject=f"subject: agent\n{AGENT}\nparallel: 50\n", scenario=SHORT, **options):
        """The short scenario with more in it."""
        played = self.play(self.written("short.yaml", scenario + more), self.written("agent.yaml", subject), **options)
        self.assertEqual(played.status, 0, played.said)
        return played


class RuleTest(LoadTest):
    def test_a_program_that_follows_checkpoint_does_as_checkpoint(self):
        """To the token and the picodollar, request by request; in time but for what the program's own work takes, and the timers."""
        played = self.play(HERE / "load.yaml", CHECKPOINT)
        self.assertEqual((played.status, played.said), (0, ""))
        pairs = played.pairs()
        self.assertEqual(len(pairs), 200)
        for real, simulated in pairs:
            self.assertEqual({c: real[c] for c in SAME}, {c: simulated[c] for c in SAME}, real["request"])
        self.assertGreater(sum(real["outcome"] == "cancelled" for real, _ in pairs), 50)
        real, simulated = played.by_name["checkpoint-by-hand"], played.by_name["checkpoint"]
        self.assertEqual(real["tokens"]["saved"], simulated["tokens"]["saved"])
        self.assertEqual(real["cost_usd"]["saved"], simulated["cost_usd"]["saved"])
        self.assertEqual(real["discarded_answers"], simulated["discarded_answers"])
        self.assertIn("told_latency_s", real["world"])
        comparison = next(one for one in played.results["comparisons"] if one["policy"] == "checkpoint-by-hand")
        self.assertEqual((comparison["against"], comparison["cost_usd"]["pairs"]), ("checkpoint", 200))
        self.assertEqual(comparison["cost_usd"]["saved_difference"], 0)
        # Nothing is faster than the rule, and what is slower has been measured by its parts in this run.
        load = real["world"]["load"]
        longer = [nanoseconds(real, "arrived_s", "stopped_s") - nanoseconds(simulated, "arrived_s", "stopped_s") for real, simulated in pairs]
        self.assertGreaterEqual(min(longer), 0)
        self.assertLessEqual(max(longer) / 1e9, load["own_s"]["max"] + load["late_s"]["max"])
        self.assertLessEqual(sum(longer) / len(longer) / 1e9, load["own_s"]["mean"] + load["late_s"]["mean"])
        # Without the program's own time there is nothing left but how late Caesura was.
        longer = load["longer_than"]
        self.assertEqual((longer["policy"], longer["pairs"]), ("checkpoint", sum(real["outcome"] == "completed" for real, _ in pairs)))
        self.assertLessEqual(longer["without_own_s"]["max"], load["late_s"]["max"])
        self.assertLessEqual(longer["without_own_s"]["p50"], longer["latency_s"]["p50"])
        self.assertIn("of its own time", played.shown)
        self.assertIn("without its own time", played.shown)

    def test_what_a_program_cannot_play_is_refused(self):
        for arguments, expected in ((["--engine", "caf-realtime"], "plays in real time"), (["--replications", "2"], "one replication"),
                                    (["--set", "workflow=[{tool: search}]"], "a loop begins with its model")):
            with self.subTest(arguments=arguments):
                played = self.play(HERE / "load.yaml", CHECKPOINT, *arguments)
                self.assertEqual(played.status, 2)
                self.assertIn(expected, played.said)


class UsersClockTest(LoadTest):
    def test_a_user_stands_at_the_other_end_of_the_link(self):
        played = self.played("links: {client: 40ms}\nload: {requests: 10, arrivals: {constant: 50/s}}\n"
                             "cancel: [{after: {uniform: [200ms, 350ms]}, probability: 0.5}]\n", scenario=SHORT.replace("latency: 100ms", "latency: 400ms"), env={"RULE": "checkpoint"})
        for real, simulated in played.pairs():
            self.assertEqual({c: real[c] for c in SAME}, {c: simulated[c] for c in SAME}, real["request"])
            self.assertGreaterEqual(nanoseconds(real, "arrived_s", "stopped_s"), nanoseconds(simulated, "arrived_s", "stopped_s"))
            if simulated["cancel_sent_s"]:
                # No user says stop before the time comes.
                self.assertGreaterEqual(nanoseconds(real, "arrived_s", "cancel_sent_s"), nanoseconds(simulated, "arrived_s", "cancel_sent_s"))

    def test_a_cancel_does_not_overtake_its_request(self):
        played = self.played("links: {client: {uniform: [1ms, 60ms]}}\nload: {requests: 30, arrivals: {constant: 100/s}}\ncancel: [{after: 0ms}]\n")
        self.assertEqual(played.said, "")
        self.assertEqual({row["outcome"] for row in played.real()}, {"cancelled"})

    def test_every_copy_of_a_cancel_counts(self):
        played = self.played("load: {requests: 4, arrivals: {constant: 50/s}}\ncancel: [{during: {operation: 2, at: 0.2}, times: 3, every: 10ms}]\n",
                             env={"RULE": "checkpoint"})
        for real, simulated in played.pairs():
            columns = ["outcome", "cancels_sent", "cancels_already_cancelled", "cancels_too_late", "cancels_ignored"]
            self.assertEqual({c: real[c] for c in columns}, {c: simulated[c] for c in columns})
            self.assertEqual(real["cancels_sent"], "3")

    def test_a_cancel_that_is_sent_in_any_case_is_too_late(self):
        played = self.played("load: {requests: 2, arrivals: {constant: 50/s}}\ncancel: [{after: 2s, even_if_finished: true}]\n")
        self.assertEqual([(row["outcome"], row["cancels_too_late"]) for row in played.real()], [("completed", "1")] * 2)

    def test_a_budget_that_is_exceeded_cancels_after_the_same_operation_or_one_later(self):
        played = self.played("load: {requests: 10, arrivals: {constant: 20/s}}\ncancel: [{when: {tokens_over: 105}}]\n", env={"RULE": "checkpoint"})
        for real, simulated in played.pairs():
            self.assertEqual((real["outcome"], simulated["outcome"]), ("cancelled", "cancelled"))
            self.assertIn(int(real["operations_done"]) - int(simulated["operations_done"]), (0, 1))

    def test_time_that_is_up_is_not_a_failure(self):
        played = self.played("load: {requests: 4, arrivals: {constant: 20/s}}\ntimeout: 120ms\n")
        self.assertEqual([row["outcome"] for row in played.real()], ["timed_out"] * 4)
        self.assertEqual([row["outcome"] for row in played.rows["checkpoint"]], ["timed_out"] * 4)

    def test_in_a_closed_load_a_user_asks_again_after_the_answer(self):
        played = self.played("load: {requests: 12, arrivals: {closed: {users: 3, think: 50ms}}}\n")
        real = {int(row["request"]): row for row in played.real()}
        self.assertEqual([real[n]["outcome"] for n in range(12)], ["completed"] * 12)
        for n in range(3, 12):
            self.assertGreaterEqual(nanoseconds({"a": real[n - 3]["stopped_s"], "b": real[n]["arrived_s"]}, "a", "b"), 50_000_000)


class CountTest(LoadTest):
    def test_what_is_started_after_the_end_is_counted(self):
        played = self.played("load: {requests: 3, arrivals: {constant: 20/s}}\ncancel: [{during: {operation: 2, at: 0.2}}]\n",
                             subject=f"subject: agent\n{AGENT.replace('25ms', '250ms')}\nparallel: 50\n", env={"FAULT": "starts-afterwards"})
        world = played.subject["world"]
        self.assertEqual((world["operations_started_after_cancel"], world["refused_calls"]), (3, 0))

    def test_to_wait_for_a_service_is_not_to_hang(self):
        played = self.played("load: {requests: 12, arrivals: at_once}\n", scenario=SHORT.replace("latency: 100ms", "latency: 200ms, concurrency: 1"),
                             subject=f"subject: agent\n{AGENT}\nparallel: 50\nlimits: {{settle: 1s}}\n")
        self.assertEqual(played.said, "")
        self.assertEqual([row["outcome"] for row in played.real()], ["completed"] * 12)


class ProcessTest(LoadTest):
    def test_a_program_that_does_not_get_ready_ends_the_run(self):
        scenario = self.written("short.yaml", SHORT + "load: {requests: 3, arrivals: at_once}\n")
        for command, limit, expected in (("[sh, -c, 'echo no such module >&2; exit 3']", "20s", "agent exited with status 3 before it was ready; its standard error says: no such module"),
                                         ("['false']", "20s", "agent exited with status 1 before it was ready"),
                                         ("[sleep, '60']", "1s", "agent was not ready within 1 s")):
            with self.subTest(command=command):
                subject = self.written("agent.yaml", f"subject: agent\ncommand: {command}\nlimits: {{start: {limit}}}\n")
                played = self.play(scenario, subject)
                self.assertEqual(played.status, 1)
                self.assertIn(expected, played.said)

    def test_one_of_several_processes_may_fail_to_start(self):
        """Of a process for each request, that which finds no file is its request's failure."""
        starts = self.written("start.sh", f"n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count\n[ $n = 1 ] && exit 5\nexec python3 {HERE}/subjects/agent.py\n")
        played = self.played("load: {requests: 3, arrivals: at_once}\n", subject=f"subject: agent\ncommand: [sh, {starts}]\nwithin: 25ms\n")
        self.assertEqual([row["outcome"] for row in played.real()], ["completed", "failed", "completed"])
        self.assertIn("exited with status 5 before it was ready", played.said)

    def test_of_many_that_do_not_start_the_run_ends(self):
        starts = self.written("start.sh", f"n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count\n[ $n = 0 ] || exit 5\nexec python3 {HERE}/subjects/agent.py\n")
        played = self.play(self.written("short.yaml", SHORT + "load: {requests: 30, arrivals: at_once}\n"),
                           self.written("agent.yaml", f"subject: agent\ncommand: [sh, {starts}]\nwithin: 25ms\n"))
        self.assertEqual(played.status, 1)
        self.assertIn("before it was ready", played.said)
        self.assertIn("3 times in a row", played.said)

    def test_one_that_ends_before_it_is_asked_anything_is_not_started_without_end(self):
        tells = self.written("start.sh", "echo '{\"is\": \"ready\"}'; exit 4\n")
        played = self.play(self.written("short.yaml", SHORT + "load: {requests: 30, arrivals: {constant: 1/s}}\n"),
                           self.written("agent.yaml", f"subject: agent\ncommand: [sh, {tells}]\n"), timeout=20)
        self.assertEqual(played.status, 1)
        self.assertIn("exited with status 4 before it was asked anything", played.said)

    def test_its_time_does_not_count_until_it_is_ready(self):
        starts = self.written("start.sh", f"sleep 1; exec python3 {HERE}/subjects/agent.py\n")
        played = self.played("load: {requests: 2, arrivals: at_once}\n", subject=f"subject: agent\ncommand: [sh, {starts}]\nwithin: 25ms\n")
        for row in played.real():
            self.assertLess(nanoseconds(row, "arrived_s", "stopped_s"), 1_000_000_000)

    def test_ctrl_c_ends_it_at_once_also_before_it_is_ready(self):
        scenario = self.written("short.yaml", SHORT + "load: {requests: 3, arrivals: {constant: 1/s}}\n")
        for command in ("[sleep, '60']", f"[python3, {HERE}/subjects/agent.py]"):
            with self.subTest(command=command):
                subject = self.written("agent.yaml", f"subject: agent\ncommand: {command}\n")
                with subprocess.Popen([CAESURA, "run", str(scenario), "--subject", str(subject), "--no-progress"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True) as process:
                    while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
                        self.assertIsNone(process.poll())
                    process.send_signal(signal.SIGINT)
                    shown, _ = process.communicate(timeout=10)
                self.assertEqual(process.returncode, 130)
                self.assertIn("agent", shown)

    def test_what_is_in_progress_at_ctrl_c_is_not_counted(self):
        out, heard = self.folder / "out", self.written("heard", "")
        subject = self.written("agent.yaml", f"subject: agent\ncommand: [sh, -c, 'python3 {HERE}/subjects/agent.py | tee {heard}']\nwithin: 25ms\nparallel: 50\n")
        with subprocess.Popen([CAESURA, "run", str(HERE / "load.yaml"), "--subject", str(subject), "--no-progress", "--out", str(out)],
                              env={**os.environ, "RULE": "checkpoint"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while heard.read_text().count("settled") < 20:
                self.assertIsNone(process.poll())
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            shown, said = process.communicate(timeout=10)
        played = Played(subprocess.CompletedProcess([], process.returncode, shown, said), out)
        self.assertEqual(played.status, 130)
        for row in played.real():
            self.assertEqual(row["interrupted"], "0", "its process was ended, and nobody cut it off before")
            self.assertIn(row["outcome"], ("completed", "cancelled"))
        self.assertEqual(len(played.real()), sum(played.subject["requests"][outcome] for outcome in ("completed", "cancelled")))

    def test_a_long_load_is_warned_of_by_its_arrivals(self):
        subject = self.written("agent.yaml", "subject: agent\ncommand: ['false']\nparallel: 50\n")
        played = self.play(self.written("short.yaml", SHORT + "load: {requests: 21, arrivals: {constant: 0.01666666666666667/s}}\n"), subject)
        self.assertIn("take agent about 20 min in real time", played.said)


class ServerTest(LoadTest):
    def test_a_server_of_its_own_for_each_request(self):
        port = free_port()
        subject = {"subject": "server", "speaks": "http", "command": [sys.executable, str(SERVER), str(port)], "ready": f"http://127.0.0.1:{port}/health",
                   "start": {"post": f"http://127.0.0.1:{port}/chat", "json": {"run": "{run}", "message": "{prompt}"}}, "cancel": "hang_up", "within": "25ms"}
        played = self.played("load: {requests: 2, arrivals: at_once}\ncancel: [{during: {operation: 2, at: 0.5}}]\n", subject=json.dumps(subject))
        self.assertEqual(played.said, "")
        self.assertEqual([row["outcome"] for row in played.real()], ["cancelled"] * 2)
        self.assertEqual(played.subject["world"]["operations_never_told"], 0)

    def test_a_server_that_runs_already_and_speaks_muxi(self):
        port, world = free_port(), f"127.0.0.1:{free_port()}"
        subject = {"subject": "formation", "speaks": "muxi", "url": f"http://127.0.0.1:{port}", "key": "any", "parallel": 4, "listen": world, "within": "25ms"}
        with Server(port, f"http://{world}"):
            played = self.played("load: {requests: 8, arrivals: {constant: 20/s}}\ncancel: [{during: {operation: 2, at: 0.5}, probability: 0.5}]\n",
                                 subject=json.dumps(subject))
        self.assertEqual(played.said, "")
        self.assertEqual([real["outcome"] for real, _ in played.pairs()], [simulated["outcome"] for _, simulated in played.pairs()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
