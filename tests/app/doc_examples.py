"""The examples of docs/clients.md, and a server with a clock for them that moves when an example is where it is to be."""

import re
import time
from pathlib import Path

from served import PATIENCE_S, Served

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "tests" / "app" / "client-tests.yaml"
SDK = ROOT / "tests" / "app" / "sdk"
DOCUMENTED = "http://127.0.0.1:8001"
NOT_STRICT = "<!-- not with --strict -->\n"
MODES = ([], ["--strict"])  # as Caesura is, and as the reference runtime is
ANA = {"X-Muxi-User-ID": "ana"}
_BLOCK = re.compile(rf"^({NOT_STRICT})?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page():
    return (ROOT / "docs" / "clients.md").read_text()


def blocks():
    """(language, text, whether it is to run with --strict too) of all code on the page, in its order."""
    return [(language, text, not marked) for marked, language, text in _BLOCK.findall(page())]


def example(language, index=0):
    return [text for name, text, _ in blocks() if name == language][index]


class Stage(Served):
    """A cancel may come as early as it likes, however slow the machine is."""

    def __init__(self, caesura, *options):
        super().__init__(caesura, str(SCENARIO), "--clock", "manual", "--early-cancel", "10s", *options)

    def _active(self):
        requests = self.call("GET", "/v1/requests", headers=ANA).body["data"]["requests"]
        return [request for request in requests if request["status"] in ("pending", "processing")]

    def _wait_for(self, count, what):
        deadline = time.monotonic() + PATIENCE_S
        while sum(map(what, self._active())) < count:
            assert time.monotonic() < deadline, "the example does not get that far"

    def conduct(self, until_cancel, requests=1):
        """Moves the clock on to where the requests that come next are to be cancelled, and behind their ends once they are."""
        self._wait_for(requests, lambda request: True)
        self.advance(until_cancel)
        self._wait_for(requests, lambda request: request["cancel_requested"])
        self.advance("11m")
