"""The calls of drivers below /caesura/, and how a world starts: what is taken, and what is said to what is wrong.

    python3 control_calls_test.py --caesura PROGRAM
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from served import World  # noqa: E402
from wire import Wire, nanoseconds  # noqa: E402

CAESURA = None  # set by main
PATIENCE_S = 60

SCENARIO = """\
scenario: controls
load: {requests: 100, arrivals: at_once}
services:
  llm: {thinker: {latency: 2s, input_tokens: 100, output_tokens: 20}}
  tool: {look: {latency: 1s, side_effects: unsafe}}
workflow: [{llm: thinker}, {tool: look}, {llm: thinker}]
"""
MCP = {"Accept": "application/json, text/event-stream"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"caesura_run": {"type": "string"}}}}}


def chat(text="hello", **more):
    return {"model": "thinker", "messages": [{"role": "user", "content": text}], "tools": [LOOK]} | more


def look(reference, number=1):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "look", "arguments": {"caesura_run": reference, "input": "x"} if reference else {}}}


class Started(unittest.TestCase):
    """With one world for all tests of a class."""
    OPTIONS = ["--clock", "manual"]

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        file = Path(folder.name) / "controls.yaml"
        file.write_text(SCENARIO)
        cls.world = World(CAESURA, str(file), *cls.OPTIONS)
        cls.addClassCleanup(cls.world.stop)
        cls.runs = 0

    def get(self, path, headers=None):
        return self.world.call("GET", path, headers=headers)

    def post(self, path, body=None, headers=None):
        return self.world.call("POST", path, body, headers)

    def run_made(self, **wishes):
        type(self).runs += 1
        name = f"{type(self).__name__.lower()}-{self.runs}"[-32:]
        self.assertEqual(self.post("/caesura/runs", {"id": name} | wishes).status, 201)
        return name

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(list(answer.body), ["error"])
        for word in words:
            self.assertIn(word, answer.body["error"])

    def begin(self, path, body, headers=None):
        """A call whose answer nobody waits for yet."""
        wire = Wire(self.world.url)
        self.addCleanup(wire.hang_up)
        wire.send("POST", path, body, headers)
        return wire


class ControlCalls(Started):
    def test_an_unknown_member_is_named_with_the_nearest(self):
        run = self.run_made()
        self.refused(self.post("/caesura/runs", {"idd": "x"}), 400, "'idd'", "'id'")
        self.refused(self.post("/caesura/runs", {"requst": 1}), 400, "'requst'", "'request'")
        self.refused(self.post("/caesura/runs", {"faults": [{"opration": 1, "status": 500}]}), 400, "'opration'", "'operation'")
        self.refused(self.post(f"/caesura/runs/{run}/settled", {"outcome": "completed", "usag": {}}), 400, "'usag'", "'usage'")
        self.refused(self.post(f"/caesura/runs/{run}/cancelled", {"turns": 1}), 400, "'turns'", "'turn'")
        self.refused(self.post(f"/caesura/runs/{run}/end", {"x": 1}), 400, "'x'")
        self.refused(self.post(f"/caesura/runs/{run}/release", {"operations": 1}), 400, "'operations'", "'operation'")

    def test_an_unknown_member_of_usage_likewise(self):
        run = self.run_made()
        self.refused(self.post(f"/caesura/runs/{run}/settled", {"outcome": "completed", "usage": {"output_token": 3}}), 400,
                     "'output_token'", "'output_tokens'")

    def test_an_unknown_event_is_named_with_the_nearest(self):
        run = self.run_made()
        self.refused(self.get(f"/caesura/runs/{run}/await?event=operation.startd"), 400, "'operation.startd'", "'operation.started'")
        self.refused(self.get(f"/caesura/runs/{run}/await?evnt=signal"), 400, "'evnt'", "'event'")
        self.refused(self.get(f"/caesura/runs/{run}/await"), 400, "event")

    def test_an_unknown_run_is_named_with_the_nearest(self):
        self.assertEqual(self.post("/caesura/runs", {"id": "somebodys-run"}).status, 201)
        for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/await?event=signal"), ("POST", "/cancelled"), ("POST", "/settled"),
                             ("POST", "/end"), ("POST", "/release")):
            self.refused(self.world.call(method, f"/caesura/runs/somebodys-rum{path}"), 400, "'somebodys-rum'", "'somebodys-run'")
        self.refused(self.get("/caesura/runs/no%0Asuch%ffrun"), 400)

    def test_a_request_beyond_the_load(self):
        self.refused(self.post("/caesura/runs", {"request": 100}), 400, "99")
        self.assertEqual(self.post("/caesura/runs", {"request": 99}).body["request"], 99)

    def test_a_run_made_twice(self):
        run = self.run_made()
        self.refused(self.post("/caesura/runs", {"id": run}), 409, run)
        self.assertEqual(self.post(f"/caesura/runs/{run}/end").status, 200)
        self.refused(self.post("/caesura/runs", {"id": run}), 409, run)

    def test_values_that_are_none(self):
        run = self.run_made()
        for wishes in ({"id": 5}, {"id": ""}, {"id": "A"}, {"id": "a_b"}, {"id": "a" * 33}, {"id": "a/b"}, {"request": -1}, {"request": 1.5},
                       {"request": "1"}, {"seed": -1}, {"seed": 1e30}, {"faults": {}}, {"faults": [{"operation": 1}]},
                       {"faults": [{"operation": 1, "status": 200}]}, {"faults": [{"operation": 0, "status": 500}]},
                       {"faults": [{"operation": 1, "status": 500, "hang": True}]}, {"faults": [{"status": 500}]},
                       {"hold": 0}, {"hold": "x"}, {"hold": [1.5]}, {"hold": {}}):
            self.refused(self.post("/caesura/runs", wishes), 400)
        for body in ({}, {"outcome": "done"}, {"outcome": 1}, {"outcome": "completed", "usage": 5}, {"outcome": "completed", "turn": 0},
                     {"outcome": "completed", "usage": {"input_tokens": -1}}):
            self.refused(self.post(f"/caesura/runs/{run}/settled", body), 400)
        for turn in (0, -1, "1", 10**7):
            self.refused(self.post(f"/caesura/runs/{run}/cancelled", {"turn": turn}), 400)
        for query in ("operation=0", "operation=x", "operation=1.", "attempt=0", "attempt=-1", "token=x", "turn=1e9", "timeout=61s", "timeout=-1s",
                      "timeout=soon", "timeout=5"):
            self.refused(self.get(f"/caesura/runs/{run}/await?event=signal&{query}"), 400)
        for body in ({}, {"advance": 5}, {"advance": "soon"}, {"advance": "-1s"}, {"by": "1s"}, {"advance": "1000000000h"}):
            self.refused(self.post("/caesura/clock", body), 400)
        self.assertEqual(self.get(f"/caesura/runs/{run}").body["turns"][0]["settled"], None)

    def test_bodies_that_are_no_objects(self):
        for body in (b"[]", b"5", b"null", b"{", b"\xff", b'{"id": "a"} x', b'"\xc3"'):
            for path in ("/caesura/runs", "/caesura/clock"):
                wire = self.begin(path, body)
                status, answer = wire.answer()
                self.assertEqual((status, list(answer)), (400, ["error"]), (path, body))

    def test_paths_and_methods_that_are_none(self):
        run = self.run_made()
        self.refused(self.get("/caesura/run"), 404, "/caesura/runs")
        self.refused(self.get("/nowhere"), 404)
        self.refused(self.post(f"/caesura/runs/{run}/cancelld"), 404, "'cancelld'", "'cancelled'")
        for method, path, allowed in (("DELETE", "/caesura/runs", "GET, POST"), ("POST", f"/caesura/runs/{run}", "GET"), ("GET", f"/caesura/runs/{run}/end", "POST"),
                                      ("POST", "/caesura/results", "GET"), ("PUT", "/caesura/clock", "GET, POST")):
            answer = self.world.call(method, path)
            self.refused(answer, 405)
            self.assertEqual(answer.headers["Allow"], allowed)

    def test_cancelled_and_settled_count_once(self):
        run = self.run_made()
        at = self.get("/caesura/clock").body["now_s"]
        self.assertEqual(self.post(f"/caesura/runs/{run}/cancelled", {}).body, {"noted": True, "now_s": at})
        self.world.advance("1s")
        self.assertFalse(self.post(f"/caesura/runs/{run}/cancelled", {"turn": 1}).body["noted"])
        self.assertTrue(self.post(f"/caesura/runs/{run}/settled", {"outcome": "cancelled", "usage": {"input_tokens": 3, "output_tokens": 4}, "turn": 1}).body["noted"])
        self.world.advance("1s")
        self.assertFalse(self.post(f"/caesura/runs/{run}/settled", {"outcome": "completed", "turn": 1}).body["noted"])
        turn = self.get(f"/caesura/runs/{run}").body["turns"][0]
        self.assertEqual(turn["cancelled_s"], at)
        self.assertEqual(turn["settled"]["outcome"], "cancelled")
        self.assertAlmostEqual(turn["settled"]["at_s"], at + 1)
        self.assertEqual(turn["settled"]["usage"], {"input_tokens": 3, "output_tokens": 4})
        noted = [event for event in self.events_of(run) if event["event"] == "noted_again"]
        self.assertEqual([event["text"] for event in noted], ["cancelled", "settled"])

    def test_a_plan_is_that_of_its_request_and_seed(self):
        plans = [self.post("/caesura/runs", {"request": n} | ({} if seed is None else {"seed": seed})).body["plan"] for n, seed in ((5, None), (5, None), (5, 7), (5, 7))]
        self.assertEqual(plans[0], plans[1])
        self.assertEqual(plans[2], plans[3])
        self.assertEqual([operation["service"] for operation in plans[0]["operations"]], ["thinker", "look", "thinker"])

    def events_of(self, run):
        """Of one that has not ended: those until now."""
        self.assertEqual(self.post(f"/caesura/runs/{run}/end").status, 200)
        wire = Wire(self.world.url)
        self.addCleanup(wire.hang_up)
        wire.send("GET", f"/caesura/runs/{run}/events")
        events = []
        while (frame := wire.frame()) is not None:
            events.append(json.loads(frame))
        return events


class Await(Started):
    def test_an_event_that_has_come_is_answered_at_once(self):
        run = self.run_made()
        self.begin(f"/r/{run}/v1/chat/completions", chat())
        began = self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1").body
        self.assertEqual((began["run"], began["event"], began["operation"], began["attempt"]), (run, "operation.started", "1", 1))
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1&timeout=0s").body, began)
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=run.made&timeout=0s").status, 200)

    def test_one_that_comes_ends_the_wait(self):
        run = self.run_made()
        with ThreadPoolExecutor() as others:
            # Both wait before it comes, or ask after: it is the same answer.
            waits = [others.submit(self.get, f"/caesura/runs/{run}/await?event=cancelled&timeout=60s") for _ in range(2)]
            self.post(f"/caesura/runs/{run}/cancelled", {})
            one, other = (wait.result(PATIENCE_S) for wait in waits)
        self.assertEqual((one.status, one.body), (200, other.body))

    def test_of_a_run_that_has_ended_is_410_at_once(self):
        run = self.run_made()
        with ThreadPoolExecutor() as others:
            wait = others.submit(self.get, f"/caesura/runs/{run}/await?event=signal&timeout=60s")
            self.assertEqual(self.post(f"/caesura/runs/{run}/end").status, 200)
            self.refused(wait.result(PATIENCE_S), 410)
        self.refused(self.get(f"/caesura/runs/{run}/await?event=signal&timeout=60s"), 410)
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=run.ended").status, 200)

    def test_of_an_attempt_that_is_over_is_410_at_once(self):
        run = self.run_made()
        wire = self.begin(f"/r/{run}/v1/chat/completions", chat())
        self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1")
        with ThreadPoolExecutor() as others:
            wait = others.submit(self.get, f"/caesura/runs/{run}/await?event=operation.failed&operation=1&attempt=1&timeout=60s")
            wire.hang_up()
            self.refused(wait.result(PATIENCE_S), 410)
        for event in ("operation.ended", "operation.failed", "operation.token"):
            self.refused(self.get(f"/caesura/runs/{run}/await?event={event}&operation=1&attempt=1&timeout=60s"), 410)

    def test_of_an_operation_that_the_plan_has_not_is_410_at_once(self):
        run = self.run_made()
        self.refused(self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=4&turn=1&timeout=2s"), 410)

    def test_that_ends_without_it_is_408(self):
        run = self.run_made()
        self.refused(self.get(f"/caesura/runs/{run}/await?event=signal&timeout=0s"), 408)
        self.refused(self.get(f"/caesura/runs/{run}/await?event=signal&timeout=1ms"), 408)

    def test_each_token_can_be_waited_for(self):
        run = self.run_made()
        self.begin(f"/r/{run}/v1/chat/completions", chat(stream=True))
        self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1")
        began = self.get("/caesura/clock").body["now_s"]
        with ThreadPoolExecutor() as others:
            wait = others.submit(self.get, f"/caesura/runs/{run}/await?event=operation.token&operation=1&token=7&timeout=60s")
            self.world.advance("2s")
            came = wait.result(PATIENCE_S)
        self.assertEqual((came.status, came.body["token"]), (200, 7))
        self.assertEqual(nanoseconds(came.body["at_s"] - began), 700_000_000)
        later = self.get(f"/caesura/runs/{run}/await?event=operation.token&operation=1&token=7")
        self.assertEqual(later.body, came.body)

    def test_of_one_who_has_left_troubles_nobody(self):
        run = self.run_made()
        wires = []
        for _ in range(200):
            wires.append(Wire(self.world.url))
            wires[-1].send("GET", f"/caesura/runs/{run}/await?event=cancelled&timeout=60s")
        for wire in wires:
            wire.hang_up()
        self.assertEqual(self.post(f"/caesura/runs/{run}/cancelled", {}).status, 200)
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=cancelled").status, 200)


class Holds(Started):
    def test_an_operation_is_held_until_its_release(self):
        run = self.run_made(hold=[1, "2"])
        wire = self.begin(f"/r/{run}/v1/chat/completions", chat())
        self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1")
        self.world.advance("5s")
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=operation.held&operation=1").status, 200)
        self.assertEqual(self.post(f"/caesura/runs/{run}/release", {"operation": 1}).body, {"released": "1"})
        self.assertEqual(wire.answer()[0], 200)
        self.refused(self.post(f"/caesura/runs/{run}/release", {"operation": 1}), 400, "hold")
        self.refused(self.post(f"/caesura/runs/{run}/release", {"operation": 3}), 400)
        self.refused(self.post(f"/caesura/runs/{run}/release", {}), 400)

    def test_a_held_one_can_be_hung_up(self):
        run = self.run_made(hold=1)
        wire = self.begin(f"/r/{run}/v1/chat/completions", chat())
        self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1")
        self.world.advance("5s")
        self.get(f"/caesura/runs/{run}/await?event=operation.held&operation=1")
        wire.hang_up()
        signal = self.get(f"/caesura/runs/{run}/await?event=signal&operation=1").body
        self.assertTrue(signal["counts"])
        attempt = self.get(f"/caesura/runs/{run}").body["turns"][0]["operations"][0]["attempts"][0]
        self.assertNotEqual(attempt["end"], "in_progress")

    def test_a_release_before_the_end_holds_no_more(self):
        run = self.run_made(hold=1)
        wire = self.begin(f"/r/{run}/v1/chat/completions", chat())
        self.get(f"/caesura/runs/{run}/await?event=operation.started&operation=1")
        self.assertEqual(self.post(f"/caesura/runs/{run}/release", {"operation": 1}).status, 200)
        self.world.advance("2s")
        self.assertEqual(wire.answer()[0], 200)


class WhoseCallItIs(Started):
    def asked(self, run):
        """Which operations."""
        turns = self.get(f"/caesura/runs/{run}").body["turns"]
        return {(turn["turn"], operation["operation"]) for turn in turns for operation in turn["operations"] if operation["attempts"]}

    def ask(self, path, body, headers=None, run=None, operation=1):
        wire = self.begin(path, body, headers)
        self.assertEqual(self.get(f"/caesura/runs/{run}/await?event=operation.started&operation={operation}").status, 200)
        return wire

    def send(self, path, body, headers=None):
        """Returns when it has been read."""
        before = self.get("/caesura/clock").body
        self.begin(path, body, headers)
        return before

    def test_by_its_path_before_its_key_before_its_mark(self):
        for name in ("by-path", "by-key", "by-mark"):
            self.post("/caesura/runs", {"id": name})
        key = {"Authorization": "Bearer caesura-by-key"}
        self.ask("/r/by-path/v1/chat/completions", chat("[caesura by-mark] hi"), key, "by-path")
        self.ask("/v1/chat/completions", chat("[caesura by-mark] hi"), key, "by-key")
        self.ask("/v1/chat/completions", chat("[caesura by-mark] hi"), {"Authorization": "Bearer sk-whatever"}, "by-mark")
        for name in ("by-path", "by-key", "by-mark"):
            self.assertEqual(self.asked(name), {(1, "1")})

    def test_of_a_tool_likewise(self):
        for name in ("tool-by-path", "tool-by-key", "tool-by-mark"):
            self.post("/caesura/runs", {"id": name})
        key = {"x-api-key": "caesura-tool-by-key"}
        self.ask("/r/tool-by-path/mcp", look("tool-by-mark/1#2"), MCP | key, "tool-by-path", 2)
        self.ask("/mcp", look("tool-by-mark/1#2"), MCP | key, "tool-by-key", 2)
        self.ask("/mcp", look("tool-by-mark/1#2"), MCP, "tool-by-mark", 2)

    def test_that_says_nothing_is_the_default(self):
        self.post("/caesura/runs", {"id": "default"})
        self.ask("/v1/chat/completions", chat(), None, "default")
        self.ask("/mcp", look(None), MCP, "default", 2)
        self.assertEqual(self.asked("default"), {(1, "1"), (1, "2")})

    def test_a_new_name_starts_a_run(self):
        wire = self.begin("/r/new-here/v1/chat/completions", chat())
        self.assertIsNotNone(wire)
        self.wait_for_run("new-here")
        self.begin("/v1/chat/completions", chat("[caesura new-by-mark/2] go on"))
        self.wait_for_run("new-by-mark")
        self.assertEqual(self.get("/caesura/runs/new-by-mark/await?event=operation.started&turn=2&operation=1").status, 200)
        self.assertEqual(self.asked("new-by-mark"), {(2, "1")})

    def wait_for_run(self, name):
        while self.get(f"/caesura/runs/{name}").status != 200:
            pass

    def test_of_several_marks_the_one_that_the_newest_message_begins_with(self):
        self.post("/caesura/runs", {"id": "begins"})
        body = chat()
        body["messages"] = [{"role": "user", "content": "[caesura older] first"}, {"role": "user", "content": "[caesura begins] as [caesura quoted/1#2] said"}]
        self.ask("/v1/chat/completions", body, None, "begins")

    def test_names_that_are_none(self):
        for name in ("A", "a_b", "a.b", "a" * 33, "", "%41"):
            answer = self.post(f"/r/{name}/v1/chat/completions", chat())
            self.assertEqual(answer.status, 404, (name, answer.body))
            self.assertEqual(list(answer.body), ["error"])
        answer = self.post("/r/a_b/mcp", look(None), MCP)
        self.assertEqual((answer.status, answer.body["jsonrpc"]), (404, "2.0"))
        self.post("/caesura/runs", {"id": "a" * 32})
        self.ask(f"/r/{'a' * 32}/v1/chat/completions", chat(), None, "a" * 32)

    def test_of_a_run_that_has_ended_is_refused(self):
        run = self.run_made()
        self.post(f"/caesura/runs/{run}/end")
        answer = self.post(f"/r/{run}/v1/chat/completions", chat())
        self.assertEqual((answer.status, answer.body["error"]["type"]), (410, "invalid_request_error"))


class WhereItMayComeFrom(Started):
    ENDPOINTS = (("/v1/models", "GET"), ("/mcp", "POST"), ("/caesura/runs", "GET"), ("/", "GET"))

    def status(self, path, method, **headers):
        connection = http.client.HTTPConnection(self.world.url.removeprefix("http://"), timeout=PATIENCE_S)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) if method == "POST" else None
        connection.request(method, path, body, MCP | {"Content-Type": "application/json"} | headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def test_a_page_from_elsewhere_is_forbidden(self):
        for path, method in self.ENDPOINTS:
            for origin in ("http://evil.example", "https://127.0.0.1.evil.example", "http://127.evil.example", "http://localhost.evil.example", "null",
                           "http://evil.example:8002", "file://", "http://user@evil.example"):
                self.assertEqual(self.status(path, method, Origin=origin), 403, (path, origin))
            for origin in ("http://localhost", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:80"):
                self.assertEqual(self.status(path, method, Origin=origin), 200, (path, origin))

    def test_a_name_that_was_made_to_mean_this_machine_is_forbidden(self):
        for path, method in self.ENDPOINTS:
            for host in ("evil.example", "evil.example:8002", "127.0.0.1.evil.example", "127.evil.example:80", "localhost.evil.example", "[::2]"):
                self.assertEqual(self.status(path, method, Host=host), 403, (path, host))
            for host in ("localhost", "localhost:1", "127.0.0.1", "127.0.0.1:8002", "[::1]:8002"):
                self.assertEqual(self.status(path, method, Host=host), 200, (path, host))


class Keys(Started):
    OPTIONS = ["--clock", "manual", "--key", "s3cret"]

    def test_every_call_needs_it_and_is_refused_in_its_protocols_form(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer caesura-a"}, {"Authorization": "Basic s3cret"},
                        {"Authorization": "Bearer s3cretx"}, {"Authorization": "Bearer s3cret-"}, {"Authorization": "Bearer s3cret-A_"}, {"x-api-key": "s3cre"}):
            answer = self.post("/v1/chat/completions", chat(), headers)
            self.assertEqual((answer.status, answer.body["error"]["code"]), (401, "invalid_api_key"), headers)
            self.assertEqual(self.get("/v1/models", headers).status, 401)
            answer = self.post("/r/a/mcp", look(None), MCP | headers)
            self.assertEqual((answer.status, answer.body["jsonrpc"], answer.headers["WWW-Authenticate"]), (401, "2.0", "Bearer"))
            self.assertIn("code", answer.body["error"])
            self.refused(self.get("/caesura/runs", headers), 401)
            self.refused(self.get("/", headers), 401)

    def test_it_or_that_of_a_run_in_any_of_the_headers(self):
        for headers in ({"Authorization": "Bearer s3cret"}, {"authorization": "bearer s3cret"}, {"x-api-key": "s3cret"}, {"x-goog-api-key": "s3cret"},
                        {"Authorization": "Bearer s3cret-one"}):
            for path in ("/v1/models", "/caesura/runs", "/"):
                self.assertEqual(self.get(path, headers).status, 200, headers)

    def test_that_of_a_run_names_it(self):
        own = {"Authorization": "Bearer s3cret"}
        made = self.post("/caesura/runs", {"id": "mine"}, own).body
        self.assertEqual(made["key"], "s3cret-mine")
        self.begin("/v1/chat/completions", chat(), {"Authorization": "Bearer " + made["key"]})
        self.assertEqual(self.get("/caesura/runs/mine/await?event=operation.started&operation=1", own).status, 200)


class Start(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def fails(self, text, *options):
        (self.folder / "s.yaml").write_text(text)
        own = {name: value for name, value in os.environ.items() if not name.startswith("CAESURA_")}
        if "--listen" not in options:
            options += ("--listen", "127.0.0.1:0")
        done = subprocess.run([CAESURA, "world", "s.yaml", *options], cwd=self.folder, env=own, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 2, done)
        return done.stderr

    def of(self, workflow, tools="look: {latency: 1s}", more=""):
        return self.fails("scenario: s\nload: {requests: 1, arrivals: at_once}\nservices:\n  llm: {m: {latency: 1s}, n: {latency: 1s}}\n"
                          f"  tool: {{{tools}}}\n  agent: {{sub: {{workflow: [{{llm: n}}]}}}}\nworkflow:\n{workflow}\n{more}")

    def test_a_workflow_that_no_loop_can_play_is_placed_and_explained(self):
        for workflow, place, words in (
                ("  - llm: m\n  - llm: m", "s.yaml:9:5", ""),
                ("  - tool: look\n  - llm: m", "s.yaml:8:5", "put an llm step before it"),
                ("  - llm: m\n  - tool: look", "s.yaml:9:5", "put an llm step after it"),
                ("  - llm: m\n  - tool: look\n  - tool: look\n  - llm: m", "s.yaml:10:5", "parallel"),
                ("  - llm: m\n  - wait: 1s\n  - llm: m", "s.yaml:9:5", "takes so long"),
                ("  - llm: m\n  - transaction: 1s\n  - llm: m", "s.yaml:9:5", "transactional: true"),
                ("  - llm: m\n  - parallel: [{llm: n}, {tool: look}]\n  - llm: m", "s.yaml:9:16", "agent"),
                ("  - llm: m\n  - tool: look\n  - llm: n", "s.yaml:10:5", "name it here too")):
            said = self.of(workflow)
            self.assertIn(place, said, workflow)
            self.assertIn(words, said, workflow)

    def test_names_that_a_protocol_cannot_tell_apart(self):
        said = self.of("  - llm: m", "look_up: {latency: 1s}, Look-Up: {latency: 1s}")
        self.assertIn("s.yaml:5:", said)
        self.assertIn("cannot be told from the tool 'look_up'", said)
        self.assertIn("sub", self.of("  - llm: m", "SUB: {latency: 1s}"))
        self.assertIn("40", self.of("  - llm: m", f"{'x' * 41}: {{latency: 1s}}"))

    def test_an_unknown_key_in_the_block_world(self):
        for more, place, near in (("world: {lenint: true}", "s.yaml:9:9", "lenient"), ("world: {tools: {era: 2024}}", "s.yaml:9:", "2025-11-25"),
                                  ("world: {faults: [{operation: 1, statos: 500}]}", "s.yaml:9:", "status"),
                                  ("world: {faults: [{operation: 9, status: 500}]}", "s.yaml:9:", "1 operation")):
            said = self.of("  - llm: m", more=more)
            self.assertIn(place, said, more)
            self.assertIn(near, said, more)

    def test_to_listen_elsewhere_needs_a_key(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            said = self.fails(SCENARIO, "--listen", address)
            self.assertIn("--key", said)

    def test_bad_options(self):
        for options in (["--key", ""], ["--name", "A B"], ["--max-runs", "0"], ["--clock", "fast"], ["--clock", "manual", "--time-scale", "2"],
                        ["--time-scale", "0"], ["--listen", "8002"], ["--set", "nothing=1"]):
            self.fails(SCENARIO, *options)


class ManyRuns(Started):
    OPTIONS = ["--clock", "manual", "--max-runs", "3"]

    def test_more_than_may_be_in_progress_are_refused_in_each_form(self):
        runs = [self.run_made() for _ in range(3)]
        self.refused(self.post("/caesura/runs", {"id": "fourth"}), 503, "--max-runs")
        answer = self.post("/r/fourth/v1/chat/completions", chat())
        self.assertEqual((answer.status, answer.body["error"]["type"]), (503, "server_error"))
        answer = self.post("/r/fourth/mcp", look(None), MCP)
        self.assertEqual((answer.status, answer.body["error"]["code"]), (503, -32000))
        self.post(f"/caesura/runs/{runs[0]}/end")
        self.assertEqual(self.post("/caesura/runs", {"id": "fourth"}).status, 201)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
