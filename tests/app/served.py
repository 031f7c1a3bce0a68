"""`caesura serve`, and `caesura world`, as tests of clients use them: started on a free port, called, and stopped.

    with Served(CAESURA, "scenarios/cancel_button.yaml", "--clock", "manual") as served:
        served.call("POST", "/v1/chat", {"message": "hello", "mode": "async"})
        served.advance("30s")
"""

import json
import os
import re
import selectors
import signal
import subprocess
import time
import urllib.error
import urllib.request
from typing import NamedTuple

PATIENCE_S = 60  # for what should take a moment: that it hangs is an error
LISTENS = re.compile(rb"^caesura: (?:serving .* on|the world of .* is on) (http://[^\s;]+)", re.MULTILINE)


class Answer(NamedTuple):
    status: int
    headers: object  # by name, in any case
    body: object  # JSON; text if it is none


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str


class Served:
    COMMAND = "serve"
    CLOCK = "/v1/caesura/clock"

    def __init__(self, caesura, *arguments, cwd=None, environment=None):
        """Returns when calls can be sent to `url`. AssertionError, with what the program said, if it does not come to that."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("CAESURA_")}
        self._process = subprocess.Popen([caesura, self.COMMAND, *arguments, "--listen", "127.0.0.1:0"], cwd=cwd, env=own | (environment or {}),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self._said = b""
        self._ended = None
        try:
            self.url = self._wait_for_url()
        except BaseException:
            self._kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        by_itself = self._ended is None and self._process.poll() is not None
        ended = self.stop()
        assert not by_itself, f"caesura {self.COMMAND} has ended by itself: {ended}"

    @property
    def pid(self):
        return self._process.pid

    def call(self, method, path, body=None, headers=None):
        """One HTTP call of any outcome."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return Answer(answer.status, answer.headers, _json_or_text(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, _json_or_text(error.read()))

    def advance(self, by):
        """With --clock manual: on return all that was due by then has happened."""
        answer = self.call("POST", self.CLOCK, {"advance": by})
        assert answer.status == 200, answer

    def stop_reading(self):
        """What it prints from now on meets a closed pipe."""
        self._process.stdout.close()

    def stop(self, by=signal.SIGINT):
        """Exit status and output. May be called again: the same answer."""
        if self._ended is None:
            self._process.send_signal(by)
            try:
                stdout, stderr = self._process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._kill()
                raise
            self._ended = Ended(self._process.returncode, stdout.decode(), (self._said + stderr).decode())
        return self._ended

    def _wait_for_url(self):
        deadline = time.monotonic() + PATIENCE_S
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stderr, selectors.EVENT_READ)
            while not (found := LISTENS.search(self._said)):
                assert ready.select(deadline - time.monotonic()), f"caesura serve does not say where it listens: {self._said.decode()}"
                some = os.read(self._process.stderr.fileno(), 65536)
                assert some, f"caesura {self.COMMAND} has ended with status {self._process.wait()}: {self._said.decode()}"
                self._said += some
        return found.group(1).decode()

    def _kill(self):
        self._process.kill()
        self._process.communicate()


class World(Served):
    COMMAND = "world"
    CLOCK = "/caesura/clock"


def _json_or_text(body):
    text = body.decode()
    try:
        return json.loads(text)
    except ValueError:
        return text
