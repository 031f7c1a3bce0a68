"""`caesura serve` from outside: how it starts, what it refuses, and how it ends."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from served import Served

CAESURA = None  # set by main
PATIENCE_S = 60
SCENARIO = """\
scenario: served
load: {requests: 1, arrivals: at_once}
services: {llm: {writer: {latency: 10s, input_tokens: 100, output_tokens: 5, price: {per_1k: 0.02}}}}
workflow: [{llm: writer}]
policy: [never, checkpoint]
"""


class Serve(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        (self.folder / "served.yaml").write_text(SCENARIO)

    def served(self, *options, environment=None):
        server = Served(CAESURA, "served.yaml", *options, cwd=self.folder, environment=environment)
        self.addCleanup(server.stop)
        return server

    def fails(self, *arguments):
        done = subprocess.run([CAESURA, "serve", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S)
        return done.returncode, done.stderr

    def test_says_where_it_listens_and_how_to_try_it(self):
        greeting, hint = self.served().stop().stderr.splitlines()
        self.assertIn("caesura: serving served on http://127.0.0.1:", greeting)
        self.assertIn("under policy checkpoint", greeting)
        self.assertRegex(hint, r"Try: .*/v1/chat")

    def test_a_cancel_waits_for_its_chat_as_long_as_it_is_told(self):
        for wait, fault in (("11s", "from 0 to 10s"), ("soon", "such as 250ms"), ("-1s", "from 0 to 10s")):
            status, text = self.fails("served.yaml", "--early-cancel", wait)
            self.assertEqual(status, 2)
            self.assertIn(fault, text)
        for options in (["--early-cancel", "0"], ["--early-cancel", "10s", "--strict"]):
            answer = self.served(*options).call("DELETE", "/v1/requests/r1", headers={"X-Muxi-User-ID": "ana"})
            self.assertEqual(answer.status, 404)
        server = self.served("--early-cancel", "10s", "--clock", "manual")
        with ThreadPoolExecutor() as others:
            cancel = others.submit(server.call, "DELETE", "/v1/requests/r1")
            self.assertEqual(server.call("POST", "/v1/chat", {"message": "hi", "request_id": "r1", "mode": "async"}).status, 202)
            self.assertEqual(cancel.result(PATIENCE_S).status, 200)

    def test_ends_on_a_signal_with_the_results(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            server = self.served("--time-scale", "1000", "--out", "results", "--access-log", "calls.jsonl")
            self.assertEqual(server.call("POST", "/v1/chat", {"message": "hi"}).status, 200)
            code, out, _ = server.stop(number)
            self.assertEqual(code, status)
            self.assertIn("checkpoint", out)
            files = sorted(file.name for file in (self.folder / "results").iterdir())
            self.assertEqual(files, ["report.md", "requests.csv", "results.json", "scenario.yaml"])
            results = json.loads((self.folder / "results/results.json").read_text())
            self.assertEqual(results["policies"][0]["requests"]["completed"], 1)
            self.assertFalse(results["run"]["partial"])
            self.assertEqual(len((self.folder / "results/requests.csv").read_text().splitlines()), 2)
            self.assertEqual(json.loads((self.folder / "calls.jsonl").read_text().splitlines()[0])["status"], 200)

    def test_a_reader_that_has_left_costs_what_would_be_printed_alone(self):
        server = self.served("--time-scale", "1000", "--out", "results")
        self.assertEqual(server.call("POST", "/v1/chat", {"message": "hi"}).status, 200)
        server.stop_reading()
        code, _, err = server.stop()
        self.assertEqual(code, 141)
        self.assertNotIn("standard output", err)
        self.assertEqual(json.loads((self.folder / "results/results.json").read_text())["policies"][0]["requests"]["completed"], 1)

    def test_waits_a_moment_for_what_is_in_flight_but_not_with_a_manual_clock(self):
        for options, partial in ((["--time-scale", "100"], False), (["--clock", "manual"], True)):
            server = self.served(*options, "--out", "results")
            self.assertEqual(server.call("POST", "/v1/chat", {"message": "hi", "mode": "async"}).status, 202)
            self.assertEqual(server.stop().status, 130)
            results = json.loads((self.folder / "results/results.json").read_text())
            self.assertEqual(results["run"]["partial"], partial, options)

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            code, err = self.fails("served.yaml", "--listen", address)
        self.assertEqual(code, 1)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn(address.split(":")[1], err)

    def test_bad_options_are_bad_usage(self):
        for options in (["--listen", "8001"], ["--listen", "127.0.0.1:x"], ["--listen", "::1:80"], ["--listen", "somewhere:80"], ["--listen", "999.1.1.1:80"], ["--clock", "fast"], ["--time-scale", "0"],
                        ["--clock", "manual", "--time-scale", "2"], ["--max-requests", "0"], ["--client-key", ""], ["--policy", "later"],
                        ["--seed", "x"], ["--set", "nothing=1"]):
            code, err = self.fails("served.yaml", *options)
            self.assertEqual(code, 2, (options, err))
        self.assertEqual(self.fails("missing.yaml")[0], 2)

    def test_files_that_cannot_be_written_are_known_at_the_start(self):
        self.assertEqual(self.fails("served.yaml", "--access-log", "no/such/folder")[0], 1)
        self.assertEqual(self.fails("served.yaml", "--out", "served.yaml")[0], 1)

    def test_takes_keys_from_the_environment_and_never_prints_them(self):
        server = self.served(environment={"CAESURA_CLIENT_KEY": "s3cret-key"})
        self.assertEqual(server.call("GET", "/v1/requests").status, 401)
        self.assertEqual(server.call("GET", "/v1/requests", headers={"X-Muxi-Client-Key": "s3cret-key"}).status, 200)
        _, out, err = server.stop()
        self.assertNotIn("s3cret", out + err)
        done = subprocess.run([CAESURA, "serve", "--help"], capture_output=True, text=True, env=os.environ | {"CAESURA_CLIENT_KEY": "s3cret-key"})
        self.assertIn("CAESURA_CLIENT_KEY", done.stdout)
        self.assertNotIn("s3cret", done.stdout)

    def test_a_policy_of_ones_own_is_the_default(self):
        server = self.served("--policy", "abort: {detect: 1s}", "--clock", "manual")
        self.assertIn("under policy abort", server.stop().stderr)
        self.assertIn("under policy never", self.served("--policy", "never").stop().stderr)

    def test_beyond_this_machine_it_warns_without_a_key(self):
        process = subprocess.Popen([CAESURA, "serve", "served.yaml", "--listen", "0.0.0.0:0"], cwd=self.folder, stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lines = [process.stderr.readline() for _ in range(3)]
        self.assertIn("warning: no key is configured", lines[2])
        process.stderr.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
