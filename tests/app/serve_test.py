"""`caesura serve` from outside: how it starts, what it refuses, and how it ends."""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CAESURA = None  # set by main
PATIENCE_S = 60
SCENARIO = """\
scenario: served
load: {requests: 1, arrivals: at_once}
services: {llm: {writer: {latency: 10s, input_tokens: 100, output_tokens: 5, price: {per_1k: 0.02}}}}
workflow: [{llm: writer}]
policy: [never, checkpoint]
"""


class Served:
    """A server at a free port."""

    def __init__(self, folder, *options, environment=None):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CAESURA_")} | (environment or {})
        self.process = subprocess.Popen(
            [CAESURA, "serve", "served.yaml", "--listen", "127.0.0.1:0", *options],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.greeting = self.process.stderr.readline() + self.process.stderr.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", self.greeting).group(1))

    def call(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def close(self):
        self.process.kill()
        if not self.process.stdout.closed:
            self.process.communicate(timeout=PATIENCE_S)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


class Serve(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        (self.folder / "served.yaml").write_text(SCENARIO)

    def served(self, *options, environment=None):
        server = Served(self.folder, *options, environment=environment)
        self.addCleanup(server.close)
        return server

    def fails(self, *arguments):
        done = subprocess.run([CAESURA, "serve", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S)
        return done.returncode, done.stderr

    def test_says_where_it_listens_and_how_to_try_it(self):
        server = self.served()
        self.assertIn("caesura: serving served on http://127.0.0.1:", server.greeting)
        self.assertIn("under policy checkpoint", server.greeting)
        command = server.greeting.splitlines()[1].removeprefix("Try: ")
        self.assertIn("/v1/chat", command)
        server.end()

    def test_ends_on_a_signal_with_the_results(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            server = self.served("--time-scale", "1000", "--out", "results", "--access-log", "calls.jsonl")
            self.assertEqual(server.call("POST", "/v1/chat", '{"message": "hi"}')[0], 200)
            code, out, _ = server.end(number)
            self.assertEqual(code, status)
            self.assertIn("checkpoint", out)
            files = sorted(file.name for file in (self.folder / "results").iterdir())
            self.assertEqual(files, ["report.md", "requests.csv", "results.json", "scenario.yaml"])
            results = json.loads((self.folder / "results/results.json").read_text())
            self.assertEqual(results["policies"][0]["requests"]["completed"], 1)
            self.assertFalse(results["run"]["partial"])
            self.assertEqual(len((self.folder / "results/requests.csv").read_text().splitlines()), 2)
            self.assertEqual(json.loads((self.folder / "calls.jsonl").read_text().splitlines()[0])["status"], 200)

    def test_waits_a_moment_for_what_is_in_flight_but_not_with_a_manual_clock(self):
        for options, partial in ((["--time-scale", "10"], False), (["--clock", "manual"], True)):
            server = self.served(*options, "--out", "results")
            self.assertEqual(server.call("POST", "/v1/chat", '{"message": "hi", "mode": "async"}')[0], 202)
            self.assertEqual(server.end()[0], 130)
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
        for options in (["--listen", "8001"], ["--listen", "127.0.0.1:x"], ["--listen", "::1:80"], ["--clock", "fast"], ["--time-scale", "0"],
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
        self.assertEqual(server.call("GET", "/v1/requests")[0], 401)
        self.assertEqual(server.call("GET", "/v1/requests", headers={"X-Muxi-Client-Key": "s3cret-key"})[0], 200)
        _, out, err = server.end()
        self.assertNotIn("s3cret", server.greeting + out + err)
        done = subprocess.run([CAESURA, "serve", "--help"], capture_output=True, text=True, env=os.environ | {"CAESURA_CLIENT_KEY": "s3cret-key"})
        self.assertIn("CAESURA_CLIENT_KEY", done.stdout)
        self.assertNotIn("s3cret", done.stdout)

    def test_a_policy_of_ones_own_is_the_default(self):
        server = self.served("--policy", "abort: {detect: 1s}", "--clock", "manual")
        self.assertIn("under policy abort", server.greeting)
        server.end()
        self.assertIn("under policy never", self.served("--policy", "never").greeting)

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
