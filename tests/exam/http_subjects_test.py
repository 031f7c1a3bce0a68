#!/usr/bin/env python3
"""Subjects that are servers: started for each case or running already, cancelled by a call or by a hang-up.

    python3 http_subjects_test.py --caesura PROGRAM
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SERVER = Path(__file__).resolve().parent / "subjects/server.py"
CAESURA = ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One that runs already, and knows where its world is going to be."""

    def __init__(self, port, world):
        env = {**os.environ, "CAESURA_OPENAI_BASE_URL": f"{world}/v1", "CAESURA_MCP_URL": f"{world}/mcp", "CAESURA_MODEL": "planner",
               "CAESURA_API_KEY": "any"}
        self._process = subprocess.Popen([sys.executable, str(SERVER), str(port)], stdin=subprocess.PIPE, env=env)
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()


class HttpSubjectsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, port, **more):
        """The server's, for a subject on `port`."""
        at = f"http://127.0.0.1:{port}"
        # YAML reads JSON.
        file = self.folder / f"{port}.yaml"
        file.write_text(json.dumps({"subject": "server", "speaks": "http",
                                    "start": {"post": f"{at}/chat", "json": {"run": "{run}", "message": "{prompt}"}}, **more}))
        return file

    def started(self, *options, **more):
        port = free_port()
        at = f"http://127.0.0.1:{port}"
        return self.file(port, command=[sys.executable, str(SERVER), str(port), *options], ready=f"{at}/health",
                         cancel={"delete": f"{at}/runs/{{run}}"}, outcome={"at": "/status", "cancelled": ["cancelled"]}, **more)

    def examine(self, file, *cases):
        ran = subprocess.run([CAESURA, "exam", str(file), *cases, "--json"], capture_output=True, text=True, check=False, timeout=300)
        self.assertTrue(ran.stdout, ran.stderr)
        return ran.returncode, {case["case"]: case["verdicts"] for case in json.loads(ran.stdout)["cases"]}

    def test_one_that_is_started_and_cancelled_by_a_call(self):
        cases = ["before-first-token", "tool-in-progress", "as-answered", "walk-away", "next-turn"]
        with ThreadPoolExecutor(len(cases)) as pool:
            for status, seen in pool.map(lambda case: self.examine(self.started(), case), cases):
                self.assertEqual(status, 0, seen)
                for case, verdicts in seen.items():
                    self.assertEqual(verdicts["settles"], None if case == "walk-away" else "pass", case)
                    self.assertEqual(verdicts["next-turn"], "pass" if case == "next-turn" else None, case)
                    self.assertEqual(verdicts["nothing-starts"], "pass", case)

    def test_one_that_is_started_once_for_all_cases(self):
        subject = self.started(reuse=True, listen=f"127.0.0.1:{free_port()}")
        status, seen = self.examine(subject, "mid-text", "tool-in-progress", "next-turn")
        self.assertEqual(status, 0, seen)
        for case in ("mid-text", "tool-in-progress", "next-turn"):
            self.assertEqual((seen[case]["told"], seen[case]["settles"], seen[case]["truthful"]), ("pass", "pass", "pass"), case)
        self.assertEqual(seen["next-turn"]["next-turn"], "pass")

    def test_one_that_hears_no_cancel_has_told_nobody(self):
        status, seen = self.examine(self.started("--deaf"), "tool-in-progress")
        self.assertEqual(status, 3)
        verdicts = seen["tool-in-progress"]
        self.assertEqual((verdicts["told"], verdicts["nothing-starts"], verdicts["settles"]), ("leak", "leak", "late"))

    def test_one_that_runs_already_and_is_cancelled_by_a_hang_up_has_nobody_to_settle_with(self):
        port, world = free_port(), f"127.0.0.1:{free_port()}"
        with Server(port, f"http://{world}"):
            status, seen = self.examine(self.file(port, listen=world, cancel="hang_up"), "mid-text", "tool-in-progress", "next-turn")
        self.assertEqual(status, 0, seen)
        for case in ("mid-text", "tool-in-progress", "next-turn"):
            self.assertEqual((seen[case]["told"], seen[case]["settles"], seen[case]["truthful"]), ("pass", None, None), case)
        self.assertEqual(seen["next-turn"]["next-turn"], "pass")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
