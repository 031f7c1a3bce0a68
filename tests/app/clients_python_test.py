#!/usr/bin/env python3
"""An application in plain Python against `caesura serve`: it cancels after a timeout, in a stream, twice, and by hanging up. Also the
examples of docs/clients.md, which run with --strict too."""

import argparse
import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from doc_examples import ANA, DOCUMENTED, MODES, ROOT, SCENARIO, SDK, Stage, example
from served import PATIENCE_S, Served

CAESURA = ""


class TooLate(Exception):
    """The request had ended before its cancel."""


class Application:
    """What a program that uses the API would have of its own."""

    def __init__(self, url):
        self.address = urlsplit(url).netloc

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=PATIENCE_S)

    def call(self, method, path, body=None, headers=ANA):
        connection = self.connect()
        try:
            connection.request(method, "/v1" + path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def cancel(self, request_id, headers=ANA):
        status, answer = self.call("DELETE", f"/requests/{request_id}", headers=headers)
        if status == 400:
            raise TooLate(answer["message"])
        assert status == 200, answer
        return answer["data"]

    def chat_with_timeout(self, request_id, expired):
        """The answer; None if it was cancelled because `expired` was set before it came."""
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(self.call, "POST", "/chat", {"message": "hello", "request_id": request_id, "stream": False})
            threads.submit(expired.wait, PATIENCE_S).result()
            if not waiting.done():
                try:
                    self.cancel(request_id)
                except TooLate:
                    pass
            status, answer = waiting.result()
        assert status == 200, answer
        return None if answer["data"]["status"] == "cancelled" else answer["data"]["content"]

    def frames(self, answer):
        """The JSON of a stream, as it comes."""
        deadline = time.monotonic() + PATIENCE_S
        for line in answer:
            assert time.monotonic() < deadline, "the stream has no end but keepalives"
            if line.startswith(b"data: "):
                yield json.loads(line[len(b"data: "):])


class PythonClients(unittest.TestCase):
    def setUp(self):
        self.served = self.enterContext(Served(CAESURA, str(SCENARIO), "--clock", "manual"))
        self.application = Application(self.served.url)

    def enterContext(self, context):  # unittest has it from Python 3.11 on
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def state(self, request_id):
        answer = self.served.call("GET", f"/v1/requests/{request_id}", headers=ANA)
        return None if answer.status == 404 else (answer.body["data"]["status"], answer.body["data"]["cancel_requested"])

    def wait_for(self, request_id, state):
        """What a client does reaches the server in its own time."""
        deadline = time.monotonic() + PATIENCE_S
        while self.state(request_id) != state:
            self.assertLess(time.monotonic(), deadline, f"{request_id} is {self.state(request_id)}, never {state}")

    def start(self, request_id, headers=ANA):
        answer = self.served.call("POST", "/v1/chat", {"message": "hello", "request_id": request_id, "mode": "async"}, headers)
        self.assertEqual(answer.status, 202, answer)

    def open_stream(self, request_id, headers=ANA):
        connection = self.application.connect()
        self.addCleanup(connection.close)
        body = json.dumps({"message": "hello", "request_id": request_id, "stream": True})
        connection.request("POST", "/v1/chat", body, headers)
        return connection, connection.getresponse()

    def answer(self):
        """What a request that nobody cancels is answered."""
        self.start("whole")
        self.served.advance("17500ms")
        return self.served.call("GET", "/v1/requests/whole", headers=ANA).body["data"]["result"]["content"]

    def test_a_chat_is_cancelled_when_its_time_is_up(self):
        expired = threading.Event()
        with ThreadPoolExecutor() as threads:
            reply = threads.submit(self.application.chat_with_timeout, "r1", expired)
            self.wait_for("r1", ("processing", False))
            self.served.advance("10s")
            expired.set()
            self.wait_for("r1", ("processing", True))
            self.served.advance("1999ms")
            self.assertEqual(self.state("r1"), ("processing", True))
            self.served.advance("1ms")
            self.assertIsNone(reply.result(PATIENCE_S))
        self.assertEqual(self.state("r1"), ("cancelled", True))

    def test_an_answer_that_crosses_its_cancel_is_kept(self):
        whole = self.answer()
        expired = threading.Event()
        with ThreadPoolExecutor() as threads:
            reply = threads.submit(self.application.chat_with_timeout, "r1", expired)
            self.wait_for("r1", ("processing", False))
            self.served.advance("18s")
            expired.set()
            self.assertEqual(reply.result(PATIENCE_S), whole)
        self.assertEqual(self.state("r1"), ("completed", False))

    def test_a_stream_cancelled_after_ten_chunks_has_exactly_what_was_sent(self):
        whole = self.answer()
        _, answer = self.open_stream("r1")
        self.served.advance("13500ms")
        content, ends = [], []
        for frame in self.application.frames(answer):
            token = frame.get("token", {})
            if token.get("type") == "content":
                content.append(token["content"])
                if len(content) == 10:
                    self.assertEqual(self.application.cancel("r1")["cancellation"], "cooperative")
                    self.served.advance("10s")
            elif token.get("type") != "progress" and token.get("type") != "planning":
                ends.append(token.get("type") or frame)
        self.assertEqual(len(content), 10)
        self.assertEqual("".join(content).split(), whole.split()[:40])
        self.assertTrue(whole.startswith("".join(content)))
        self.assertEqual(ends, ["cancelled", {"finished": True}])
        self.assertEqual(self.state("r1"), ("cancelled", True))

    def test_a_second_cancel_is_told_the_same(self):
        self.start("r1")
        first, second = self.application.cancel("r1"), self.application.cancel("r1")
        self.served.advance("10s")
        third = self.application.cancel("r1")
        self.assertEqual(second["message"], "already cancelled")
        self.assertEqual(third, second)
        self.assertEqual({**first, "message": ""}, {**second, "message": ""})

    def test_a_client_that_hangs_up_while_it_waits_has_cancelled(self):
        connection = self.application.connect()
        connection.request("POST", "/v1/chat", json.dumps({"message": "hello", "request_id": "r1", "stream": False}), ANA)
        self.wait_for("r1", ("processing", False))
        connection.close()
        self.wait_for("r1", ("processing", True))
        self.served.advance("2s")
        self.assertEqual(self.state("r1"), ("cancelled", True))

    def test_a_client_that_hangs_up_on_a_stream_has_cancelled(self):
        connection, answer = self.open_stream("r1")
        next(self.application.frames(answer))
        answer.close()
        connection.close()
        self.wait_for("r1", ("processing", True))
        self.served.advance("2s")
        self.assertEqual(self.state("r1"), ("cancelled", True))

    def test_a_cancel_whose_answer_is_lost_is_sent_again(self):
        self.start("r1")
        lost = self.application.connect()
        lost.request("DELETE", "/v1/requests/r1", headers={**ANA, "X-Caesura-Fault": "drop-delete"})
        self.wait_for("r1", ("processing", True))
        lost.close()
        self.assertEqual(self.application.cancel("r1")["message"], "already cancelled")

    def test_a_stream_that_breaks_off_ends_within_a_frame_and_is_cancelled(self):
        _, answer = self.open_stream("r1", {**ANA, "X-Caesura-Fault": "reset-after-chunk=5"})
        self.served.advance("13500ms")
        content = []
        with self.assertRaises((ConnectionError, http.client.IncompleteRead)):
            for frame in self.application.frames(answer):
                content += [frame["token"]["content"]] if frame["token"]["type"] == "content" else []
            raise http.client.IncompleteRead(b"")  # reading by lines ends silently where the stream does
        self.assertLessEqual(len(content), 5)
        self.assertEqual(self.state("r1"), ("processing", True))
        self.served.advance("10s")
        self.assertEqual(self.state("r1"), ("cancelled", True))

    def test_the_example_of_the_docs_passes(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "test_cancels.py").write_text(example("python", -1))
            (folder / "client-tests.yaml").write_text(SCENARIO.read_text())
            (folder / "caesura").symlink_to(CAESURA)
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
            done = subprocess.run([sys.executable, "-W", "error", "test_cancels.py"], cwd=folder, env=environment, capture_output=True, text=True,
                                  timeout=2 * PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 3 tests", done.stderr)


class ExamplesOfTheDocs(unittest.TestCase):
    """Written for MUXI's SDK, for which another stands in (tests/app/sdk)."""

    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, str(SDK / "python"))

    def play(self, until_cancel, run, requests=1):
        """What an example gives, in each mode; `run` makes the coroutine."""
        for options in MODES:
            with self.subTest(options=options), Stage(CAESURA, *options) as stage, ThreadPoolExecutor() as threads:
                code = example("python")
                self.assertIn(DOCUMENTED, code)
                names = {}
                exec(compile(code.replace(DOCUMENTED, stage.url), "docs/clients.md", "exec"), names)
                conductor = threads.submit(stage.conduct, until_cancel, requests)
                yield asyncio.run(asyncio.wait_for(run(names), PATIENCE_S))
                conductor.result(PATIENCE_S)

    def test_start_and_cancel_at_once(self):
        for answer in self.play("0s", lambda names: names["start_and_cancel"]("Write a very long story...")):
            self.assertIsNone(answer)

    def test_cancel_after_a_timeout(self):
        async def run(names):
            with self.assertRaises(TimeoutError):
                await names["chat_with_timeout"]("Compare all phones", 0.2)
            return "it was"

        self.assertEqual(list(self.play("0s", run)), ["it was"] * len(MODES))

    def test_cancel_a_stream_after_ten_chunks(self):
        for chunks in self.play("13500ms", lambda names: names["first_chunks"]("Write an essay")):
            self.assertEqual(len(chunks), 10)
            self.assertEqual(len("".join(chunks).split()), 40)

    def test_cancel_all_that_are_active(self):
        async def run(names):
            active = names["ActiveRequests"]()
            tasks = [active.start(message)[1] for message in ("One", "Two")]
            await asyncio.sleep(0)
            cancelled = await active.cancel_all()
            return cancelled, await asyncio.gather(*tasks), active.waiting

        for result in self.play("0s", run, requests=2):
            self.assertEqual(result, ([True, True], [None, None], {}))


def main():
    global CAESURA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
