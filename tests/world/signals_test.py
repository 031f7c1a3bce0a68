"""What every signal does, over real sockets: the moments before it counts and after.

    python3 signals_test.py --caesura PROGRAM

A token's moment, a tool's end and a signal's are set by the manual clock; the test goes on when the event has come.
"""

import argparse
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from served import World  # noqa: E402
from wire import Wire, nanoseconds  # noqa: E402

CAESURA = None  # set by main

# Tokens 1 to 20 of a model at 1 s, 1.1 s, … 2.9 s; tools take 2 s.
SCENARIO = """\
scenario: signals
load: {requests: 100, arrivals: at_once}
services:
  llm:
    thinker: {time_to_first_token: 1s, time_per_output_token: 100ms, input_tokens: 100, output_tokens: 20, price: {input: 100, output: 1000}}
  tool:
    look: {latency: 2s}
    send: {latency: 2s, side_effects: unsafe}
    keep: {latency: 2s, side_effects: unsafe, transactional: true}
workflow:
  - llm: thinker                                         # operation 1
  - parallel: [{tool: look}, {tool: send}, {tool: keep}] # 2, 3, 4
  - llm: thinker                                         # 5
"""
TOOLS = ["look", "send", "keep"]
OPERATION = {"look": 2, "send": 3, "keep": 4}
MCP = {"Accept": "application/json, text/event-stream"}
MODEL_ENDS = 2_900_000_000
TOOL_ENDS = 2_000_000_000


def offered(name):
    return {"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "properties": {"caesura_run": {"type": "string"}, "input": {"type": "string"}}, "required": ["caesura_run", "input"]}}}


class WorldTest(unittest.TestCase):
    """One world for all tests of a class, a run for each."""
    SCENARIO = SCENARIO

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = str(Path(folder.name) / "signals.yaml")
        Path(cls.file).write_text(cls.SCENARIO)
        cls.world = World(CAESURA, cls.file, "--clock", "manual")
        cls.addClassCleanup(cls.world.stop)
        cls.runs = 0

    def setUp(self):
        self.run_name = self.new_run()

    def new_run(self, **wishes):
        type(self).runs += 1
        name = f"r{self.runs}"
        made = self.world.call("POST", "/caesura/runs", {"id": name} | wishes)
        self.assertEqual(made.status, 201, made)
        self.began = self.now()
        return name

    def wire(self, **options):
        wire = Wire(self.world.url, **options)
        self.addCleanup(wire.hang_up)
        return wire

    # Time

    def now(self):
        return nanoseconds(self.world.call("GET", "/caesura/clock").body["now_s"])

    def advance(self, ns):
        self.world.advance(f"{ns}ns")

    def advance_to(self, ns):
        """Since the run was made."""
        self.advance(self.began + ns - self.now())

    def since(self, moment_s):
        return None if moment_s is None else nanoseconds(moment_s) - self.began

    # What was seen

    def await_event(self, event, run=None, status=200, **where):
        query = "&".join(f"{name}={value}" for name, value in ({"event": event} | where).items())
        came = self.world.call("GET", f"/caesura/runs/{run or self.run_name}/await?{query}")
        self.assertEqual(came.status, status, (query, came.body))
        return came.body

    def seen(self, run=None):
        """The newest request of a run."""
        return self.world.call("GET", f"/caesura/runs/{run or self.run_name}").body["turns"][-1]

    def attempts(self, operation, run=None):
        return self.seen(run)["operations"][operation - 1]["attempts"]

    def attempt(self, operation, number=1, run=None):
        return self.attempts(operation, run)[number - 1]

    def signals(self, operation, number=1, run=None):
        """(kind, whether it counts, when)"""
        return [(signal["signal"], signal["counts"], self.since(signal["at_s"])) for signal in self.attempt(operation, number, run)["signals"]]

    def ledger(self, run=None):
        return self.seen(run)["ledger"]

    # What a subject does

    def ask_model(self, stream=True, run=None, wire=None, attempt=1, until="operation.started"):
        run = run or self.run_name
        wire = wire or self.wire()
        wire.send("POST", f"/r/{run}/v1/chat/completions", {
            "model": "thinker", "stream": stream, "messages": [{"role": "user", "content": "hello"}], "tools": [offered(name) for name in TOOLS]})
        if until:
            self.await_event(until, run, operation=1, attempt=attempt)
        return wire

    def open_session(self, run=None):
        wire = self.wire()
        wire.send("POST", f"/r/{run or self.run_name}/mcp", {
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}, MCP)
        self.assertEqual(wire.response.status, 200)
        return wire.response.headers["MCP-Session-Id"]

    def ask_tool(self, tool, session=None, number=1, run=None, attempt=1, token=None, until="operation.started"):
        run = run or self.run_name
        params = {"name": tool, "arguments": {"caesura_run": f"{run}/1#{OPERATION[tool]}", "input": "x"}}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        wire = self.wire()
        wire.send("POST", f"/r/{run}/mcp", {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params},
                  MCP | ({"MCP-Session-Id": session} if session else {}))
        if until:
            self.await_event(until, run, operation=OPERATION[tool], attempt=attempt)
        return wire

    def cancel(self, session, number, run=None, status=202):
        wire = self.wire()
        wire.send("POST", f"/r/{run or self.run_name}/mcp",
                  {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number, "reason": "enough"}},
                  MCP | ({"MCP-Session-Id": session} if session else {}))
        self.assertEqual(wire.answer()[0], status)


class HangUpOfAModel(WorldTest):
    def tokens(self, wire, count):
        """Reads so many tokens' frames."""
        frames = []
        while sum(1 for frame in frames if json.loads(frame)["choices"][0]["delta"].get("tool_calls", [{}])[0].get("function", {}).get("arguments")
                  or json.loads(frame)["choices"][0]["delta"].get("content")) < count:
            frame = wire.frame()
            self.assertIsNotNone(frame, frames)
            frames.append(frame)
        return frames

    def check_cut_off(self, at, generated, number=1):
        self.await_event("operation.cut_off", operation=1, attempt=number)
        attempt = self.attempt(1, number)
        self.assertEqual(attempt["end"], "cut_off")
        self.assertEqual(attempt["tokens_generated"], generated)
        self.assertEqual(self.signals(1, number), [("hang_up", True, at)])
        self.assertEqual((self.since(attempt["told_s"]), self.since(attempt["ended_s"])), (at, at))
        self.assertIsNone(attempt["given_s"])
        # Nothing goes on in secret.
        self.advance(10_000_000_000)
        self.assertEqual(self.attempt(1, number)["tokens_generated"], generated)

    def test_before_the_first_token(self):
        wire = self.ask_model()
        self.advance_to(999_999_999)
        wire.hang_up()
        self.check_cut_off(999_999_999, 0)
        self.assertEqual(self.ledger()["used"]["output"], 0)

    def test_at_the_first_token(self):
        wire = self.ask_model()
        self.advance_to(1_000_000_000)
        wire.hang_up()
        self.check_cut_off(1_000_000_000, 1)

    def test_in_mid_stream(self):
        wire = self.ask_model()
        self.advance_to(1_450_000_000)
        self.await_event("operation.token", operation=1, token=5)
        self.assertTrue(wire.frame())
        wire.hang_up()
        self.check_cut_off(1_450_000_000, 5)
        self.assertEqual(self.attempt(1)["tokens_delivered"], 5)

    def test_of_an_answer_that_is_not_streamed(self):
        wire = self.ask_model(stream=False)
        self.advance_to(1_450_000_000)
        wire.hang_up()
        self.check_cut_off(1_450_000_000, 5)
        self.assertEqual(self.attempt(1)["tokens_delivered"], 0)

    def test_by_a_half_closed_connection(self):
        for stream in (True, False):
            self.run_name = self.new_run()
            wire = self.ask_model(stream=stream)
            self.advance_to(1_000_000_000)
            wire.half_close()
            self.check_cut_off(1_000_000_000, 1)
            self.assertTrue(wire.is_broken())

    def test_by_a_reset(self):
        for stream in (True, False):
            self.run_name = self.new_run()
            wire = self.ask_model(stream=stream)
            self.advance_to(1_200_000_000)
            wire.reset()
            self.check_cut_off(1_200_000_000, 3)

    def test_a_nanosecond_before_the_end_is_one(self):
        for stream in (True, False):
            self.run_name = self.new_run()
            wire = self.ask_model(stream=stream)
            self.advance_to(MODEL_ENDS - 1)
            wire.hang_up()
            self.check_cut_off(MODEL_ENDS - 1, 19)

    def test_after_the_last_frame_is_none(self):
        for leave in (Wire.hang_up, Wire.half_close, Wire.reset):
            for stream in (True, False):
                self.run_name = self.new_run()
                wire = self.ask_model(stream=stream)
                self.advance_to(MODEL_ENDS)
                if stream:
                    while (frame := wire.frame()) != "[DONE]":
                        self.assertIsNotNone(frame)
                else:
                    self.assertEqual(wire.answer()[0], 200)
                leave(wire)
                self.await_event("operation.given", operation=1)
                attempt = self.attempt(1)
                self.assertEqual((attempt["end"], attempt["signals"], attempt["told_s"]), ("ok", [], None))
                self.assertEqual(self.since(attempt["given_s"]), MODEL_ENDS)
                self.assertEqual(self.ledger()["stray_signals"], 0)

    def test_is_none_where_the_answer_was_written_but_not_read(self):
        wire = self.ask_model()
        self.advance_to(MODEL_ENDS)
        self.await_event("operation.given", operation=1)
        wire.hang_up()
        self.assertEqual(self.attempt(1)["signals"], [])

    def test_of_a_proxys_connection_that_is_kept_is_of_its_last_call(self):
        wire = self.ask_model(stream=False)
        first, began = self.run_name, self.began
        self.advance_to(MODEL_ENDS)
        self.assertEqual(wire.answer()[0], 200)
        self.run_name = self.new_run()
        self.ask_model(wire=wire)
        self.advance_to(MODEL_ENDS)
        while wire.frame() is not None:
            pass
        second = self.run_name
        self.run_name = self.new_run()
        self.ask_model(wire=wire)
        wire.hang_up()
        self.check_cut_off(0, 0)
        self.assertGreater(self.began, began)
        for run in (first, second):
            self.assertEqual((self.attempt(1, run=run)["end"], self.attempt(1, run=run)["signals"]), ("ok", []))

    def test_of_a_proxys_connection_between_calls_is_none(self):
        wire = self.ask_model(stream=False)
        first = self.run_name
        self.advance_to(MODEL_ENDS)
        self.assertEqual(wire.answer()[0], 200)
        self.run_name = self.new_run()
        self.ask_model(stream=False, wire=wire)
        self.advance_to(MODEL_ENDS)
        self.assertEqual(wire.answer()[0], 200)
        wire.hang_up()
        for run in (first, self.run_name):
            self.assertEqual((self.attempt(1, run=run)["signals"], self.ledger(run)["stray_signals"]), ([], 0))

    def test_tells_how_long_after_the_users_cancel(self):
        wire = self.ask_model()
        self.advance_to(1_100_000_000)
        self.assertEqual(self.world.call("POST", f"/caesura/runs/{self.run_name}/cancelled", {}).status, 200)
        self.advance_to(1_600_000_000)
        wire.hang_up()
        self.await_event("operation.cut_off", operation=1)
        self.advance_to(1_800_000_000)
        self.world.call("POST", f"/caesura/runs/{self.run_name}/settled", {"outcome": "cancelled"})
        ledger = self.ledger()
        self.assertEqual((ledger["cancel_latency_s"], ledger["settle_latency_s"]), (0.5, 0.7))
        self.assertEqual(ledger["used"]["output"], 7)
        self.assertEqual(ledger["used_after_cancel"]["output"], 5)
        self.assertEqual(ledger["saved"]["output"], 33)
        self.assertEqual((ledger["never_told"], ledger["started_after_cancel"]), ([], []))

    def test_that_never_comes_is_told(self):
        self.ask_model()
        self.advance_to(1_100_000_000)
        self.world.call("POST", f"/caesura/runs/{self.run_name}/cancelled", {})
        self.advance_to(MODEL_ENDS)
        self.await_event("operation.given", operation=1)
        self.world.call("POST", f"/caesura/runs/{self.run_name}/settled", {"outcome": "cancelled"})
        self.assertEqual(self.ledger()["never_told"], ["1"])
        self.assertEqual(self.ledger()["used_after_cancel"]["output"], 18)


class HangUpInAQueue(WorldTest):
    SCENARIO = SCENARIO.replace("thinker: {", "thinker: {concurrency: 1, ")

    def test_uses_nothing_and_the_next_takes_the_place(self):
        first = self.ask_model()
        leaving, staying = self.new_run(), self.new_run()
        gone = self.ask_model(run=leaving, until="operation.queued")
        waits = self.ask_model(run=staying, until="operation.queued")
        self.advance_to(1_000_000_000)
        gone.hang_up()
        self.await_event("operation.cut_off", leaving, operation=1)
        attempt = self.attempt(1, run=leaving)
        self.assertEqual((attempt["end"], attempt["started_s"], attempt["tokens_generated"]), ("cut_off", None, 0))
        self.assertEqual(self.signals(1, run=leaving), [("hang_up", True, 1_000_000_000)])
        self.assertEqual((self.ledger(leaving)["used"]["tokens"], self.ledger(leaving)["billed"]["input"]), (0, 0))
        self.assertIsNone(self.attempt(1, run=staying)["started_s"])
        self.advance_to(MODEL_ENDS)
        self.await_event("operation.started", staying, operation=1)
        self.assertEqual(self.since(self.attempt(1, run=staying)["started_s"]), MODEL_ENDS)
        self.advance_to(2 * MODEL_ENDS)
        for wire in (first, waits):
            while (frame := wire.frame()) != "[DONE]":
                self.assertIsNotNone(frame)

    def test_in_service_gives_the_place_to_the_next_at_once(self):
        first = self.ask_model()
        other = self.new_run()
        second = self.ask_model(run=other, until="operation.queued")
        self.advance_to(1_300_000_000)
        first.hang_up()
        self.await_event("operation.started", other, operation=1)
        self.assertEqual(self.since(self.attempt(1, run=other)["started_s"]), 1_300_000_000)
        second.hang_up()
        self.await_event("operation.cut_off", other, operation=1)


class HangUpIsBilled(WorldTest):
    def test_as_the_service_says(self):
        # At 1.45 s: 100 tokens read, 5 of 20 written.
        for on_abort, billed, cost in (("generated", (100, 5), 0.015), ("full", (100, 20), 0.03), ("input", (100, 0), 0.01), ("none", (0, 0), 0)):
            with self.subTest(on_abort), World(CAESURA, self.file, "--clock", "manual", "--set", f"services.llm.thinker.on_abort={on_abort}") as self.world:
                self.run_name = self.new_run()
                wire = self.ask_model()
                self.advance_to(1_450_000_000)
                wire.hang_up()
                self.await_event("operation.cut_off", operation=1)
                ledger = self.ledger()
                self.assertEqual((ledger["billed"]["input"], ledger["billed"]["output"]), billed)
                self.assertAlmostEqual(ledger["used"]["cost_usd"], cost, 9)
                self.assertEqual((ledger["used"]["input"], ledger["used"]["output"]), (100, 5))


class ReaderThatStops(WorldTest):
    # 100,000 tokens of text, a frame each: far more than any system's buffers hold.
    SCENARIO = """\
scenario: signals
load: {requests: 100, arrivals: at_once}
services: {llm: {thinker: {time_to_first_token: 1s, time_per_output_token: 10us, input_tokens: 100, output_tokens: 100000}}}
workflow: [{llm: thinker}]
"""

    def test_is_alone_in_that_and_is_cut_off_when_too_much_is_unread(self):
        stopped, others = self.run_name, [self.new_run() for _ in range(3)]
        wire = self.ask_model(run=stopped, wire=self.wire(receive_buffer=4096))
        reading = [self.ask_model(run=other, stream=False) for other in others]
        for step in range(1, 21):
            self.advance_to(1_000_000_000 + step * 50_000_000)  # what happens in one goes out in one
        for other, its in zip(others, reading):
            status, body = its.answer()
            self.assertEqual((status, body["usage"]["completion_tokens"]), (200, 100_000))
            self.assertEqual(self.signals(1, run=other), [])
        self.assertEqual(self.await_event("signal", stopped, operation=1)["signal"], "hang_up")
        self.assertLess(self.attempt(1, run=stopped)["tokens_delivered"], 100_000)
        self.assertTrue(wire.is_broken())

    def test_of_a_whole_answer_stops_nobody(self):
        wire = self.ask_model(stream=False, wire=self.wire(receive_buffer=4096))
        self.advance_to(3_000_000_000)
        self.await_event("operation.given", operation=1)
        for _ in range(3):
            other = self.new_run()
            its = self.ask_model(run=other, stream=False)
            self.advance_to(3_000_000_000)
            self.assertEqual(its.answer()[0], 200)
        self.assertEqual(wire.answer()[1]["usage"]["completion_tokens"], 100_000)
        self.assertEqual(self.attempt(1)["signals"], [])


class CancelOfATool(WorldTest):
    def check_unanswered(self, wire):
        """The exchange ends, but not by an answer."""
        self.assertEqual(wire.response.status, 200)
        body = wire.response.read().decode()
        self.assertNotIn('"result"', body)
        self.assertNotIn('"error"', body)

    def test_in_progress_stops_it_before_its_effect(self):
        session = self.open_session()
        wire = self.ask_tool("send", session, number=7)
        self.advance_to(1_000_000_000)
        self.cancel(session, 7)
        self.await_event("operation.cut_off", operation=3)
        self.check_unanswered(wire)
        attempt = self.attempt(3)
        self.assertEqual((attempt["end"], attempt["committed_s"], attempt["given_s"]), ("cut_off", None, None))
        self.assertEqual((self.since(attempt["told_s"]), self.since(attempt["ended_s"])), (1_000_000_000, 1_000_000_000))
        self.assertEqual(self.signals(3), [("cancel", True, 1_000_000_000)])
        self.advance(10_000_000_000)
        self.await_event("effect.committed", operation=3, attempt=1, status=410)
        self.assertIsNone(self.attempt(3)["committed_s"])

    def test_with_progress_ends_its_stream(self):
        session = self.open_session()
        wire = self.ask_tool("send", session, token="t")
        self.assertEqual(json.loads(wire.frame())["params"]["progress"], 0)
        self.advance_to(1)
        self.cancel(session, 1)
        self.check_unanswered(wire)
        self.assertEqual(self.signals(3), [("cancel", True, 1)])

    def test_a_nanosecond_before_its_end_still_stops_it(self):
        session = self.open_session()
        self.ask_tool("send", session)
        self.advance_to(TOOL_ENDS - 1)
        self.cancel(session, 1)
        self.await_event("operation.cut_off", operation=3)
        self.advance(1_000_000_000)
        self.assertIsNone(self.attempt(3)["committed_s"])

    def test_at_its_end_comes_too_late(self):
        session = self.open_session()
        wire = self.ask_tool("send", session)
        self.advance_to(TOOL_ENDS)
        status, body = wire.answer()
        self.assertEqual((status, body["id"], body["result"]["isError"]), (200, 1, False))
        self.cancel(session, 1)
        self.await_event("signal", operation=3)
        attempt = self.attempt(3)
        self.assertEqual((attempt["end"], attempt["told_s"], self.since(attempt["committed_s"])), ("ok", None, TOOL_ENDS))
        self.assertEqual(self.signals(3), [("cancel", False, TOOL_ENDS)])

    def test_of_a_transaction_is_noted_while_it_runs_to_its_end(self):
        session = self.open_session()
        wire = self.ask_tool("keep", session)
        self.advance_to(1_000_000_000)
        self.cancel(session, 1)
        self.await_event("signal", operation=4)
        self.check_unanswered(wire)
        self.assertEqual(self.attempt(4)["end"], "in_progress")
        self.advance_to(TOOL_ENDS)
        self.await_event("operation.ended", operation=4)
        attempt = self.attempt(4)
        self.assertEqual((attempt["end"], self.since(attempt["told_s"]), self.since(attempt["committed_s"])), ("ok", 1_000_000_000, TOOL_ENDS))
        self.assertIsNone(attempt["given_s"])

    def test_a_second_one_is_noted_and_the_first_counts(self):
        session = self.open_session()
        self.ask_tool("keep", session, number=1)
        self.ask_tool("send", session, number=2)
        self.advance_to(1_000_000_000)
        self.cancel(session, 1)
        self.cancel(session, 2)
        self.advance_to(1_200_000_000)
        self.cancel(session, 1)
        self.cancel(session, 2)
        self.assertEqual(self.signals(4), [("cancel", True, 1_000_000_000), ("cancel", True, 1_200_000_000)])
        self.assertEqual(self.signals(3), [("cancel", True, 1_000_000_000), ("cancel", False, 1_200_000_000)])
        for operation in (3, 4):
            self.assertEqual(self.since(self.attempt(operation)["told_s"]), 1_000_000_000)
        self.assertEqual(self.ledger()["stray_signals"], 0)

    def test_of_an_unknown_id_is_stray(self):
        session = self.open_session()
        wire = self.ask_tool("send", session)
        self.cancel(session, 99)
        self.cancel(session, "1")  # a text is another id than the number
        self.await_event("signal.stray")
        self.assertEqual((self.signals(3), self.ledger()["stray_signals"]), ([], 2))
        self.advance_to(TOOL_ENDS)
        self.assertEqual(wire.answer()[1]["id"], 1)

    def test_that_crosses_the_answer_is_none_and_later_is_stray(self):
        session = self.open_session()
        for number, tool in ((1, "look"), (2, "send")):
            wire = self.ask_tool(tool, session, number)
            self.advance(TOOL_ENDS)
            self.assertEqual(wire.answer()[0], 200)
        # `look` has ended 2 s before.
        self.advance_to(2 * TOOL_ENDS + 250_000_000)
        self.cancel(session, 2)
        self.assertEqual(self.ledger()["stray_signals"], 0)
        self.advance(1)
        self.cancel(session, 2)
        self.assertEqual(self.ledger()["stray_signals"], 1)
        self.cancel(session, 1)
        self.assertEqual(self.ledger()["stray_signals"], 2)
        self.assertIsNone(self.attempt(3)["told_s"])
        self.assertEqual(self.await_event("signal.stray", operation=2)["signal"], "cancel")

    def test_of_a_call_that_was_refused_at_once_crosses_its_answer_too(self):
        run = self.new_run(faults=[{"operation": 3, "status": 503}])
        session = self.open_session(run)
        self.assertEqual(self.ask_tool("send", session, 1, run, until="operation.refused").answer()[0], 503)
        self.advance(250_000_000)
        self.cancel(session, 1, run)
        self.assertEqual(([signal[:2] for signal in self.signals(3, run=run)], self.ledger(run)["stray_signals"]), ([("cancel", False)], 0))
        self.advance(1)
        self.cancel(session, 1, run)
        self.assertEqual(self.ledger(run)["stray_signals"], 1)
        # Its id is free.
        self.ask_tool("send", session, 1, run, attempt=2)

    def test_of_what_is_answered_at_once_crosses_its_answer_too_but_once(self):
        session = self.open_session()
        ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        for late, strays in ((0, (0, 1)), (250_000_000, (1, 2)), (250_000_001, (3, 4))):
            wire = self.wire()
            wire.send("POST", f"/r/{self.run_name}/mcp", ask, MCP | {"MCP-Session-Id": session})
            self.assertEqual(wire.answer()[0], 200)
            self.advance(late)
            for expected in strays:
                self.cancel(session, 1)
                self.assertEqual(self.ledger()["stray_signals"], expected, late)

    def test_of_initialize_is_stray_and_the_session_goes_on(self):
        session = self.open_session()
        self.cancel(session, 0)
        self.assertEqual(self.ledger()["stray_signals"], 1)
        wire = self.ask_tool("look", session)
        self.advance_to(TOOL_ENDS)
        self.assertEqual(wire.answer()[0], 200)

    def test_is_of_its_session_alone(self):
        one, other = self.open_session(), self.open_session()
        first = self.ask_tool("look", one, number=1)
        second = self.ask_tool("send", other, number=1)
        self.advance_to(500_000_000)
        self.cancel(other, 1)
        self.await_event("operation.cut_off", operation=3)
        self.check_unanswered(second)
        self.assertEqual(self.signals(2), [])
        self.advance_to(TOOL_ENDS)
        self.assertEqual(first.answer()[1]["result"]["isError"], False)

    def test_is_of_the_newest_call_of_its_id(self):
        session = self.open_session()
        first = self.ask_tool("look", session, number=1)
        twice = self.ask_tool("send", session, number=1, until=None)
        status, body = twice.answer()
        self.assertEqual((status, body["error"]["code"]), (400, -32600))
        first.hang_up()
        self.await_event("signal", operation=2)
        self.ask_tool("send", session, number=1)  # nobody waits for the other any more
        self.cancel(session, 1)
        self.await_event("operation.cut_off", operation=3)
        self.assertEqual(self.signals(2), [("hang_up", False, 0)])
        self.advance_to(TOOL_ENDS)
        self.ask_tool("keep", session, number=1)
        self.cancel(session, 1)
        self.assertEqual(self.signals(4), [("cancel", True, TOOL_ENDS)])
        self.assertEqual(len(self.signals(3)), 1)

    def test_of_another_sessions_id_or_without_one_is_stray(self):
        one, other = self.open_session(), self.open_session()
        wire = self.ask_tool("look", one, number=5)
        self.cancel(other, 5)
        self.cancel(None, 5)
        self.cancel("nobody", 5, status=404)
        self.assertEqual((self.signals(2), self.ledger()["stray_signals"]), ([], 3))
        self.advance_to(TOOL_ENDS)
        self.assertEqual(wire.answer()[0], 200)

    def test_by_an_end_of_the_session_is_noted_and_has_no_effect(self):
        session = self.open_session()
        wire = self.ask_tool("send", session)
        self.advance_to(1_000_000_000)
        leaving = self.wire()
        leaving.send("DELETE", f"/r/{self.run_name}/mcp", headers=MCP | {"MCP-Session-Id": session})
        self.assertEqual(leaving.answer()[0], 200)
        self.await_event("signal", operation=3)
        self.assertEqual(self.signals(3), [("session_end", False, 1_000_000_000)])
        self.assertIsNone(self.attempt(3)["told_s"])
        self.advance_to(TOOL_ENDS)
        self.assertEqual(wire.answer()[1]["result"]["isError"], False)
        self.assertEqual(self.since(self.attempt(3)["committed_s"]), TOOL_ENDS)

    def test_by_a_hang_up_is_noted_and_the_tool_commits(self):
        for leave, token in ((Wire.hang_up, None), (Wire.half_close, None), (Wire.reset, None), (Wire.hang_up, 5), (Wire.reset, 5)):
            self.run_name = self.new_run()
            session = self.open_session()
            wire = self.ask_tool("send", session, token=token)
            self.advance_to(500_000_000)
            self.world.call("POST", f"/caesura/runs/{self.run_name}/cancelled", {})
            self.advance_to(1_000_000_000)
            leave(wire)
            self.await_event("signal", operation=3)
            self.assertEqual(self.signals(3), [("hang_up", False, 1_000_000_000)])
            self.advance_to(TOOL_ENDS)
            self.await_event("effect.committed", operation=3)
            attempt = self.attempt(3)
            self.assertEqual((attempt["end"], attempt["told_s"], attempt["given_s"]), ("ok", None, None))
            self.assertEqual(self.since(attempt["committed_s"]), TOOL_ENDS)
            self.world.call("POST", f"/caesura/runs/{self.run_name}/settled", {"outcome": "cancelled"})
            ledger = self.ledger()
            self.assertEqual((ledger["committed_after_cancel"], ledger["never_told"]), (["3"], ["3"]))

    def test_can_follow_a_hang_up(self):
        session = self.open_session()
        wire = self.ask_tool("send", session)
        wire.hang_up()
        self.await_event("signal", operation=3)
        self.advance_to(1_000_000_000)
        self.cancel(session, 1)
        self.await_event("operation.cut_off", operation=3)
        self.assertEqual(self.signals(3), [("hang_up", False, 0), ("cancel", True, 1_000_000_000)])
        self.assertEqual(self.since(self.attempt(3)["told_s"]), 1_000_000_000)

    def test_after_the_answer_a_closed_connection_is_no_signal(self):
        wire = self.ask_tool("send", self.open_session())
        self.advance_to(TOOL_ENDS)
        self.assertEqual(wire.answer()[0], 200)
        wire.hang_up()
        self.assertEqual(self.signals(3), [])

    def test_tells_how_long_after_the_users_cancel(self):
        session = self.open_session()
        self.ask_tool("look", session, number=1)
        self.ask_tool("send", session, number=2)
        self.advance_to(1_000_000_000)
        self.world.call("POST", f"/caesura/runs/{self.run_name}/cancelled", {})
        self.ask_tool("keep", session, number=3)
        self.advance_to(1_250_000_000)
        self.cancel(session, 2)
        self.await_event("operation.cut_off", operation=3)
        self.advance_to(3_000_000_000)
        self.await_event("operation.given", operation=4)
        self.world.call("POST", f"/caesura/runs/{self.run_name}/settled", {"outcome": "cancelled"})
        ledger = self.ledger()
        self.assertEqual(ledger["started_after_cancel"], ["4"])
        self.assertEqual(ledger["committed_after_cancel"], ["4"])
        self.assertEqual(ledger["never_told"], ["2", "4"])
        self.assertEqual(ledger["cancel_latency_s"], 2)


class InRealTime(WorldTest):
    def test_signals_are_noticed_likewise(self):
        with World(CAESURA, self.file) as self.world:
            # What hangs ends by its signal alone.
            self.run_name = self.new_run(faults=[{"operation": operation, "hang": True} for operation in (1, 2, 3)])
            session = self.open_session()
            model = self.ask_model()
            self.ask_tool("send", session, 1)
            left = self.ask_tool("look", session, 2)
            model.hang_up()
            self.cancel(session, 1)
            left.hang_up()
            self.await_event("operation.cut_off", operation=1)
            self.await_event("operation.cut_off", operation=3)
            self.await_event("signal", operation=2)
            for operation, kind, counts in ((1, "hang_up", True), (2, "hang_up", False), (3, "cancel", True)):
                attempt = self.attempt(operation)
                self.assertEqual([(signal["signal"], signal["counts"]) for signal in attempt["signals"]], [(kind, counts)])
                self.assertEqual(attempt["told_s"] is not None, counts)
                self.assertEqual(attempt["end"], "cut_off" if counts else "in_progress")


class Results(WorldTest):
    def test_have_what_signals_did(self):
        with tempfile.TemporaryDirectory() as folder:
            with World(CAESURA, self.file, "--clock", "manual", "--out", folder, "--name", "my-agent") as self.world:
                self.run_name = self.new_run()
                session = self.open_session()
                wire = self.ask_model()
                self.ask_tool("keep", session, 1)
                self.ask_tool("look", session, 2)
                self.advance_to(1_000_000_000)
                self.world.call("POST", f"/caesura/runs/{self.run_name}/cancelled", {})
                self.ask_tool("send", session, 3)
                self.advance_to(1_200_000_000)
                wire.hang_up()
                self.await_event("operation.cut_off", operation=1)
                self.advance_to(1_500_000_000)
                self.cancel(session, 3)
                self.cancel(session, 4)
                self.await_event("signal.stray")
                self.advance_to(2_000_000_000)
                self.await_event("operation.given", operation=4)
                self.world.call("POST", f"/caesura/runs/{self.run_name}/settled", {"outcome": "cancelled"})
                self.assertEqual(self.world.call("POST", f"/caesura/runs/{self.run_name}/end").status, 200)
                asked = self.world.call("GET", "/caesura/results").body
                ended = self.world.stop()
            self.assertEqual(ended.status, 130)
            results = json.loads((Path(folder) / "results.json").read_text())
            events = [json.loads(line) for line in (Path(folder) / "events.jsonl").read_text().splitlines()]
            rows = (Path(folder) / "requests.csv").read_text().splitlines()
        policy = results["policies"][0]
        self.assertEqual((policy["policy"], policy["requests"]["cancelled"], results["run"]["partial"]), ("my-agent", 1, False))
        self.assertEqual(asked["policies"][0]["world"], policy["world"])
        world = policy["world"]
        self.assertEqual((world["stray_signals"], world["operations_never_told"], world["operations_started_after_cancel"],
                          world["effects_committed_after_cancel"]), (1, 2, 1, 1))
        self.assertAlmostEqual(world["told_latency_s"]["llm"]["mean"], 0.2)
        self.assertAlmostEqual(world["told_latency_s"]["tool"]["mean"], 0.5)
        told = [(event["operation"], event["signal"], event["counts"]) for event in events if event["event"] == "signal"]
        self.assertEqual(told, [("1", "hang_up", True), ("3", "cancel", True)])
        self.assertEqual(len(rows), 2)
        self.assertIn("my-agent", ended.stdout)


class Attempts(WorldTest):
    def test_a_call_after_a_hang_up_is_the_next(self):
        self.ask_model().hang_up()
        self.await_event("operation.cut_off", operation=1)
        wire = self.ask_model(attempt=2)
        self.advance_to(MODEL_ENDS)
        while (frame := wire.frame()) != "[DONE]":
            self.assertIsNotNone(frame)
        self.assertEqual([attempt["end"] for attempt in self.attempts(1)], ["cut_off", "ok"])
        self.assertTrue(self.seen()["operations"][0]["completed"])

    def test_a_call_beside_one_in_progress_is_the_next_and_says_the_same(self):
        first = self.ask_model(stream=False)
        self.advance_to(1_000_000_000)
        second = self.ask_model(stream=False, attempt=2)
        self.advance_to(1_000_000_000 + MODEL_ENDS)
        self.assertEqual(first.answer(), second.answer())
        self.assertEqual([attempt["end"] for attempt in self.attempts(1)], ["ok", "ok"])
        ledger = self.ledger()
        self.assertEqual((ledger["added"]["output"], ledger["unplanned"]["calls"]), (20, 0))

    def test_a_hang_up_is_of_its_attempt_alone(self):
        first = self.ask_model()
        self.advance_to(500_000_000)
        second = self.ask_model(attempt=2)
        self.advance_to(1_000_000_000)
        first.hang_up()
        self.await_event("operation.cut_off", operation=1, attempt=1)
        self.advance_to(500_000_000 + MODEL_ENDS)
        while (frame := second.frame()) != "[DONE]":
            self.assertIsNotNone(frame)
        self.assertEqual((self.signals(1, 1), self.signals(1, 2)), ([("hang_up", True, 1_000_000_000)], []))
        self.assertEqual([attempt["tokens_generated"] for attempt in self.attempts(1)], [1, 20])

    def test_a_call_after_the_answer_is_unplanned(self):
        first = self.ask_model(stream=False)
        self.advance_to(MODEL_ENDS)
        said = first.answer()
        again = self.ask_model(stream=False, until=None)
        self.await_event("request.started")
        while not self.seen()["unplanned"]:
            pass
        self.advance_to(2 * MODEL_ENDS)
        self.assertEqual(again.answer(), said)
        self.assertEqual(len(self.attempts(1)), 1)
        self.assertEqual(self.seen()["operations"][0]["repeats"], 1)
        ledger = self.ledger()
        self.assertEqual((ledger["unplanned"]["calls"], ledger["unplanned"]["tokens"], ledger["used"]["output"]), (1, 120, 20))

    def test_a_tool_likewise(self):
        session = self.open_session()
        self.ask_tool("send", session, 1)
        self.cancel(session, 1)
        self.ask_tool("send", session, 2, attempt=2)
        beside = self.ask_tool("send", session, 3, attempt=3)
        self.advance_to(TOOL_ENDS)
        self.assertEqual(beside.answer()[0], 200)
        last = self.ask_tool("send", session, 4, until=None)
        while not self.seen()["unplanned"]:
            pass
        self.advance_to(2 * TOOL_ENDS)
        self.assertEqual(last.answer()[1]["result"]["isError"], False)
        self.assertEqual([attempt["end"] for attempt in self.attempts(3)], ["cut_off", "ok", "ok"])
        self.assertEqual(self.since(self.seen()["unplanned"][0]["committed_s"]), 2 * TOOL_ENDS)

    def test_the_twenty_first_is_refused(self):
        self.run_name = self.new_run(faults=[{"operation": 1, "attempt": "every", "status": 500}, {"operation": 3, "attempt": "every", "status": 500}])
        session = self.open_session()
        for _ in range(20):
            self.assertEqual(self.ask_model(until=None).answer()[0], 500)
            self.assertEqual(self.ask_tool("send", session, until=None).answer()[0], 500)
        status, body = self.ask_model(until=None).answer()
        self.assertEqual((status, body["error"]["type"]), (400, "invalid_request_error"))
        self.assertIn("loop", body["error"]["message"])
        status, body = self.ask_tool("send", session, until=None).answer()
        self.assertEqual((status, body["error"]["code"]), (400, -32602))


class Faults(WorldTest):
    def with_fault(self, **fault):
        self.run_name = self.new_run(faults=[fault])
        return self.run_name

    def completes(self, attempt=2):
        """The model's next attempt is as any."""
        at = self.now()
        wire = self.ask_model(stream=False, attempt=attempt)
        self.advance(MODEL_ENDS)
        self.assertEqual(wire.answer()[0], 200)
        self.assertEqual(nanoseconds(self.attempt(1, attempt)["ended_s"]) - at, MODEL_ENDS)

    def test_a_status_does_no_work(self):
        for status, kind, code in ((429, "requests", "rate_limit_exceeded"), (503, "server_error", None), (500, "server_error", None),
                                   (401, "invalid_request_error", "invalid_api_key"), (418, "invalid_request_error", None)):
            self.with_fault(operation=1, status=status, retry_after="6s")
            wire = self.ask_model(until=None)
            said, body = wire.answer()
            self.assertEqual((said, body["error"]["type"], body["error"]["code"]), (status, kind, code))
            self.assertEqual((wire.response.headers["Retry-After"], wire.response.headers["retry-after-ms"]), ("6", "6000"))
            self.await_event("operation.refused", operation=1)
            self.assertEqual((self.attempt(1)["end"], self.attempt(1)["started_s"], self.ledger()["used"]["tokens"]), ("refused", None, 0))
            self.completes()

    def test_a_status_of_a_tool(self):
        self.with_fault(operation=3, status=429, retry_after="1500ms")
        session = self.open_session()
        wire = self.ask_tool("send", session, until=None)
        status, body = wire.answer()
        self.assertEqual((status, body["id"], body["error"]["code"], wire.response.headers["Retry-After"]), (429, 1, -32000, "2"))
        self.ask_tool("send", session, 2, attempt=2)

    def test_of_a_later_attempt_and_of_every_one(self):
        self.with_fault(operation=1, attempt=2, status=500)
        self.ask_model().hang_up()
        self.await_event("operation.cut_off", operation=1)
        self.assertEqual(self.ask_model(until=None).answer()[0], 500)
        self.completes(attempt=3)

    def test_a_reset_before_the_answer(self):
        for stream in (True, False):
            self.with_fault(operation=1, reset=True)
            self.assertTrue(self.ask_model(stream=stream, until=None).is_broken())
            self.await_event("operation.reset", operation=1)
            attempt = self.attempt(1)
            self.assertEqual((attempt["end"], attempt["started_s"], attempt["signals"]), ("reset", None, []))
            self.completes()
        self.with_fault(operation=3, reset=True)
        self.assertTrue(self.ask_tool("send", self.open_session(), until=None).is_broken())
        self.await_event("operation.reset", operation=3)
        self.assertIsNone(self.attempt(3)["committed_s"])

    def test_a_reset_in_the_answer(self):
        self.with_fault(operation=1, reset={"token": 5})
        wire = self.ask_model()
        self.advance_to(1_399_999_999)
        self.await_event("operation.token", operation=1, token=4)
        self.assertTrue(wire.frame())
        self.advance_to(1_400_000_000)
        self.await_event("operation.reset", operation=1)
        self.assertTrue(wire.is_broken())
        attempt = self.attempt(1)
        self.assertEqual((attempt["end"], attempt["tokens_generated"], attempt["tokens_delivered"], attempt["signals"]), ("reset", 5, 5, []))
        self.assertEqual(self.since(attempt["ended_s"]), 1_400_000_000)
        self.completes()

    def test_a_lost_answer_has_done_its_work(self):
        self.with_fault(operation=3, lost=True)
        session = self.open_session()
        wire = self.ask_tool("send", session, 1)
        self.advance_to(TOOL_ENDS)
        self.await_event("operation.lost", operation=3)
        self.assertTrue(wire.is_broken())
        self.assertEqual(self.since(self.attempt(3)["committed_s"]), TOOL_ENDS)
        again = self.ask_tool("send", session, 2, attempt=2)
        self.advance_to(2 * TOOL_ENDS)
        self.assertEqual(again.answer()[0], 200)
        self.assertEqual([self.since(attempt["committed_s"]) for attempt in self.attempts(3)], [TOOL_ENDS, 2 * TOOL_ENDS])

    def test_a_lost_answer_of_a_model(self):
        for stream in (True, False):
            self.with_fault(operation=1, lost=True)
            wire = self.ask_model(stream=stream)
            self.advance_to(MODEL_ENDS)
            self.await_event("operation.lost", operation=1)
            self.assertTrue(wire.is_broken())
            self.assertEqual((self.attempt(1)["tokens_generated"], self.ledger()["used"]["output"]), (20, 20))
            self.completes()

    def test_a_hang_is_silence_until_somebody_gives_up(self):
        self.with_fault(operation=1, hang=True)
        wire = self.ask_model()
        self.advance(24 * 3600 * 1_000_000_000)
        self.assertEqual((self.attempt(1)["end"], self.attempt(1)["tokens_generated"]), ("in_progress", 0))
        wire.hang_up()
        self.await_event("operation.cut_off", operation=1)
        self.completes()

    def test_a_tool_that_hangs_can_be_told(self):
        self.with_fault(operation=3, hang=True)
        session = self.open_session()
        self.ask_tool("send", session)
        self.advance(24 * 3600 * 1_000_000_000)
        self.assertEqual(self.attempt(3)["end"], "in_progress")
        self.cancel(session, 1)
        self.await_event("operation.cut_off", operation=3)
        self.assertIsNone(self.attempt(3)["committed_s"])

    def test_a_stall_with_an_end(self):
        self.with_fault(operation=1, stall={"token": 5, "for": "10s"})
        wire = self.ask_model()
        self.advance_to(11_499_999_999)
        self.assertEqual(self.attempt(1)["tokens_generated"], 5)
        self.advance_to(11_500_000_000)
        self.await_event("operation.token", operation=1, token=6)
        self.assertEqual(self.attempt(1)["tokens_generated"], 6)
        self.advance_to(MODEL_ENDS + 10_000_000_000)
        while (frame := wire.frame()) != "[DONE]":
            self.assertIsNotNone(frame)
        self.assertEqual(self.since(self.attempt(1)["ended_s"]), MODEL_ENDS + 10_000_000_000)

    def test_a_stall_without_an_end(self):
        self.with_fault(operation=1, stall={"token": 5})
        wire = self.ask_model()
        self.advance(24 * 3600 * 1_000_000_000)
        self.assertEqual((self.attempt(1)["end"], self.attempt(1)["tokens_generated"]), ("in_progress", 5))
        wire.hang_up()
        self.await_event("operation.cut_off", operation=1)
        self.assertEqual(self.ledger()["used"]["output"], 5)
        self.completes()

    def test_a_slow_one_takes_so_many_times_as_long(self):
        self.run_name = self.new_run(faults=[{"operation": 1, "slow": {"factor": 10}}, {"operation": 3, "slow": {"factor": 2.5}}])
        wire = self.ask_model(stream=False)
        tool = self.ask_tool("send", self.open_session())
        self.advance_to(10 * MODEL_ENDS)
        self.assertEqual((wire.answer()[0], tool.answer()[0]), (200, 200))
        self.assertEqual(self.since(self.attempt(1)["first_token_s"]), 10_000_000_000)
        self.assertEqual(self.since(self.attempt(1)["ended_s"]), 10 * MODEL_ENDS)
        self.assertEqual(self.since(self.attempt(3)["committed_s"]), 5_000_000_000)

    def test_an_error_of_a_model(self):
        self.with_fault(operation=1, error="out of cheese")
        wire = self.ask_model()
        self.advance_to(MODEL_ENDS)
        frames = []
        while (frame := wire.frame()) is not None:
            frames.append(frame)
        self.assertEqual(json.loads(frames[-1])["error"]["message"], "out of cheese")
        self.assertNotIn("[DONE]", frames)
        self.assertEqual((self.attempt(1)["end"], self.attempt(1)["signals"]), ("failed", []))
        self.completes()
        self.with_fault(operation=1, error="out of cheese")
        wire = self.ask_model(stream=False)
        self.advance_to(MODEL_ENDS)
        status, body = wire.answer()
        self.assertEqual((status, body["error"]["message"]), (500, "out of cheese"))

    def test_an_error_of_a_tool(self):
        self.with_fault(operation=3, error="disk full")
        session = self.open_session()
        wire = self.ask_tool("send", session)
        self.advance_to(TOOL_ENDS)
        status, body = wire.answer()
        self.assertEqual((status, body["result"]["isError"], body["result"]["content"][0]["text"]), (200, True, "disk full"))
        self.assertEqual((self.attempt(3)["end"], self.attempt(3)["committed_s"]), ("failed", None))
        again = self.ask_tool("send", session, 2, attempt=2)
        self.advance_to(2 * TOOL_ENDS)
        self.assertEqual(again.answer()[1]["result"]["isError"], False)

    def test_of_a_run_come_before_those_of_the_scenario(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "signals.yaml"
        file.write_text(SCENARIO + "world: {faults: [{operation: 1, attempt: every, status: 500}]}\n")
        with World(CAESURA, str(file), "--clock", "manual") as self.world:
            self.assertEqual(self.ask_model(run=self.new_run(), until=None).answer()[0], 500)
            run = self.new_run(faults=[{"operation": 1, "status": 429}])
            self.assertEqual(self.ask_model(run=run, until=None).answer()[0], 429)
            self.assertEqual(self.ask_model(run=run, until=None).answer()[0], 500)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
