"""What no client should send: nothing of it ends the world, blocks it, or makes it grow without bound, and each is answered in its protocol's form.

    python3 hostile_test.py --caesura PROGRAM [--sanitized]

--sanitized: its memory is not its own alone, and not looked at.
"""

import argparse
import json
import random
import select
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from served import World  # noqa: E402
from wire import Wire  # noqa: E402

CAESURA = None  # set by main
SANITIZED = False  # likewise
PATIENCE_S = 60
MEBIBYTE = 1024 * 1024
BODY_MAX = 32 * MEBIBYTE

SCENARIO = """\
scenario: hostile
load: {requests: 1000, arrivals: at_once}
services:
  llm: {thinker: {latency: 1s, input_tokens: 100, output_tokens: 20}}
  tool: {look: {latency: 1s}}
workflow: [{llm: thinker}, {tool: look}, {llm: thinker}]
"""
MCP = {"Accept": "application/json, text/event-stream"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"caesura_run": {"type": "string"}}}}}
CHAT, TOOLS, RUNS = "/v1/chat/completions", "/mcp", "/caesura/runs"


def chat(text="hello", **more):
    return {"model": "thinker", "messages": [{"role": "user", "content": text}], "tools": [LOOK]} | more


def nested(levels, opening=b"[", closing=b"]"):
    return opening * levels + closing * levels


class HostileTest(unittest.TestCase):
    OPTIONS = ["--clock", "manual"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "hostile.yaml"
        file.write_text(SCENARIO)
        self.world = World(CAESURA, str(file), *self.OPTIONS)
        self.addCleanup(self.world.stop)

    def wire(self):
        wire = Wire(self.world.url)
        self.addCleanup(wire.hang_up)
        return wire

    def send(self, path, body, headers=None):
        """Status and body of the answer."""
        wire = self.wire()
        try:
            wire.send("POST", path, body, (MCP if path.endswith(TOOLS) else {}) | (headers or {}))
        except ConnectionError:
            pass  # it has been answered before it was read
        answer = wire.answer()
        wire.hang_up()
        return answer

    def check_form(self, path, status, body, statuses):
        """The error's form is its protocol's. What a driver says is short, or 413."""
        self.assertIn(status, (*statuses, 413) if path == RUNS else statuses, (path, body))
        if path.endswith(CHAT):
            self.assertEqual(set(body["error"]), {"message", "type", "param", "code"})
        elif path.endswith(TOOLS):
            self.assertEqual((body["jsonrpc"], set(body["error"])), ("2.0", {"code", "message"}))
        else:
            self.assertIsInstance(body["error"], str)

    def check_alive(self):
        self.assertEqual(self.world.call("GET", "/v1/models").status, 200)
        status, body = self.send(TOOLS, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
        self.assertEqual((status, body["result"]), (200, {}))
        self.assertEqual(self.world.call("GET", RUNS).status, 200)

    def memory_kib(self, what):
        for line in Path(f"/proc/{self.world.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1])
        return self.fail(f"no {what}")


class Bodies(HostileTest):
    def test_that_are_no_json(self):
        for body in (b"", b"{", b"[", b"nul", b'{"a": 1,}', b"\x00", b"\xff\xfe{}", b'{"model": "\xc3\x28"}', b'{"model": "\xed\xa0\x80"}',
                     b'{"a": 1e999999}', b'"' + b"\\" * 9999, b"{}" * 1000, b"-" * 10000, b"1" * 100000, b"\xef\xbb\xbf{"):
            for path in (CHAT, TOOLS):
                status, answer = self.send(path, body)
                self.check_form(path, status, answer, (400, 200))
                self.assertTrue(path == CHAT or answer["error"]["code"] in (-32700, -32600), (body[:20], answer))
            if body:
                status, answer = self.send(RUNS, body)
                self.check_form(RUNS, status, answer, (400,))
        self.check_alive()

    def test_that_are_other_json(self):
        for body in (None, True, 5, "x", [], [[]], [{"jsonrpc": "2.0", "id": 1, "method": "ping"}], {}):
            for path in (CHAT, TOOLS):
                status, answer = self.send(path, json.dumps(body).encode())
                self.check_form(path, status, answer, (400,))
        self.check_alive()

    def test_of_chats_that_are_malformed(self):
        user = {"role": "user", "content": "x"}
        for body in ({"model": 5}, {"model": "thinker"}, {"model": "thinker", "messages": 5}, {"model": "thinker", "messages": []},
                     {"model": "thinker", "messages": [5]}, {"model": "thinker", "messages": [{}]}, {"model": "thinker", "messages": [{"role": "x"}]},
                     chat(messages=[{"role": "tool", "tool_call_id": "x", "content": "y"}]), chat(messages=[{"role": "assistant"}]),
                     chat(messages=[user, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}]),
                     chat(messages=[{"role": "user", "content": [{"type": "text"}]}]), chat(messages=[{"role": "user", "content": {"a": 1}}]),
                     chat(tools=5), chat(tools=[5]), chat(tools=[{"type": "function"}]), chat(tools=[{"type": "function", "function": {"name": "a b"}}]),
                     chat(tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "array"}}}]), chat(n=2), chat(stream="yes"),
                     chat(tool_choice="perhaps"), chat(response_format={"type": "xml"}), chat(stream_options=5), chat(n=10**400)):
            status, answer = self.send(CHAT, body)
            self.check_form(CHAT, status, answer, (400,))
        status, answer = self.send(CHAT, chat(model="thought"))
        self.assertEqual((status, answer["error"]["code"]), (404, "model_not_found"))
        self.check_alive()

    def test_of_json_rpc_that_are_malformed(self):
        for body, code in (({"id": 1, "method": "ping"}, -32600), ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600), ({"jsonrpc": "2.0", "id": 1}, -32600),
                           ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, -32600), ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
                           ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, -32600), ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600),
                           ({"jsonrpc": "2.0", "id": "x" * 1000, "method": "ping"}, -32600), ({"jsonrpc": "2.0", "id": 2**64, "method": "ping"}, -32600),
                           ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [1]}, -32602), ({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}, -32602),
                           ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}, -32602),
                           ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "nothing"}}, -32602),
                           ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "look", "arguments": 5}}, -32602),
                           ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "look", "_meta": {"progressToken": []}}}, -32602),
                           ({"jsonrpc": "2.0", "id": 1, "method": "nothing"}, -32601), ({"jsonrpc": "2.0", "id": 1, "method": ""}, -32601)):
            status, answer = self.send(TOOLS, body)
            self.check_form(TOOLS, status, answer, (200, 400))
            self.assertEqual(answer["error"]["code"], code, (body, answer))
        for body in ({"jsonrpc": "2.0", "method": "notifications/cancelled"}, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": []}},
                     {"jsonrpc": "2.0", "method": "notifications/nothing"}, {"jsonrpc": "2.0", "id": 7, "result": {}}):
            self.assertEqual(self.send(TOOLS, body)[0], 202)
        self.check_alive()

    def test_that_are_nested_deeply(self):
        for levels in (101, 10_000, 1_000_000, 16 * MEBIBYTE - 100):
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                if len(opening) * levels > BODY_MAX - MEBIBYTE:
                    continue
                inner = opening * levels + (b"1" if opening != b"[" else b"") + closing * levels
                if len(inner) > BODY_MAX - 100:
                    continue
                for path, body in ((CHAT, b'{"model": "thinker", "messages": ' + inner + b"}"), (TOOLS, b'{"jsonrpc": "2.0", "id": 1, "params": ' + inner + b"}"),
                                   (RUNS, b'{"faults": ' + inner + b"}"), ("/caesura/clock", b'{"advance": ' + inner + b"}"), (CHAT, opening * levels)):
                    status, answer = self.send(path, body)
                    self.check_form(path, status, answer, (400,))
        self.check_alive()

    def test_of_many_small_values_take_linear_time(self):
        many = b"{}," * (1 * MEBIBYTE)
        for path, body in ((RUNS, b'{"faults": [' + many + b"{}]}"), (RUNS, b'{"id": [' + many + b"{}]}"), ("/caesura/clock", b'{"advance": [' + many + b"{}]}"),
                           (CHAT, b'{"model": "thinker", "messages": [' + many + b"{}]}"), (TOOLS, b'{"jsonrpc": "2.0", "id": 1, "params": [' + many + b"{}]}")):
            status, answer = self.send(path, body)
            self.check_form(path, status, answer, (400, 200))
        self.check_alive()

    def test_of_as_many_values_as_go_into_a_body_take_little_memory(self):
        for value in (b"0,", b"{},", b"[],", b'{"a":0},'):
            many = value * ((BODY_MAX - 1000) // len(value))
            for path, before in ((CHAT, b'{"model": "thinker", "messages": ['), (TOOLS, b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": ['),
                                 (RUNS, b'{"faults": ['), ("/caesura/clock", b'{"advance": [')):
                Path(f"/proc/{self.world.pid}/clear_refs").write_text("5")  # VmHWM from now on
                status, answer = self.send(path, before + many + b"0]}" + (b"}" if path == TOOLS else b""))
                self.check_form(path, status, answer, (400,))
                self.assertTrue(SANITIZED or self.memory_kib("VmHWM") < 400 * 1024, (path, value))
        self.check_alive()

    def of_size(self, size, body):
        before, after = json.dumps(body).encode().split(b"@@")
        return before + b"x" * (size - len(before) - len(after)) + after

    def test_of_chats_as_large_as_may_be_are_taken(self):
        self.assertEqual(self.world.call("POST", RUNS, {"id": "large"}).status, 201)
        wire = self.wire()
        wire.send("POST", "/r/large" + CHAT, self.of_size(BODY_MAX, chat("@@")))
        self.assertEqual(self.world.call("GET", f"{RUNS}/large/await?event=operation.started&operation=1&timeout=60s").status, 200)
        self.world.advance("1s")
        self.assertEqual(wire.answer()[0], 200)
        self.check_alive()

    def test_of_tools_as_large_as_may_be_are_taken(self):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": "@@"}}
        self.assertEqual(self.send(TOOLS, self.of_size(BODY_MAX, ping)), (200, {"jsonrpc": "2.0", "id": 1, "result": {}}))
        self.check_alive()

    def test_larger_than_may_be_are_refused_in_each_form(self):
        for path, body in ((CHAT, chat("@@")), ("/r/large" + CHAT, chat("@@")), (TOOLS, {"jsonrpc": "2.0", "id": 1, "method": "@@"}), (RUNS, {"id": "@@"})):
            status, answer = self.send(path, self.of_size(BODY_MAX + 1, body))
            self.check_form(path, status, answer, (413,))
        self.check_alive()

    def test_that_are_too_many_at_once_are_refused_until_some_are_gone(self):
        head = f"POST /r/many{CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_MAX}\r\n\r\n".encode()
        wires = [self.wire() for _ in range(17)]
        for wire in wires:
            try:
                wire.send_bytes(head + b" " * (BODY_MAX - MEBIBYTE))
            except ConnectionError:
                pass  # refused before it was read
        refused = next(wire for wire in wires if wire in select.select(wires, [], [], PATIENCE_S)[0])
        status, answer = refused.next_answer()
        self.check_form(CHAT, status, json.loads(answer), (503,))
        for wire in wires:
            wire.hang_up()
        while self.world.call("GET", "/v1/models").status == 503:
            pass  # it has not seen all of them leave
        self.check_alive()

    def test_of_chance(self):
        chance = random.Random(13)
        whole = {CHAT: json.dumps(chat("[caesura fuzz/1#1] x", stream=True)).encode(),
                 TOOLS: json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "look", "arguments": {"caesura_run": "fuzz/1#2"}}}).encode(),
                 RUNS: json.dumps({"id": "fuzz", "request": 1, "faults": [{"operation": 1, "stall": {"token": 5, "for": "10s"}}], "hold": [1]}).encode()}
        for round_ in range(300):
            path = chance.choice(list(whole))
            body = bytearray(whole[path])
            for _ in range(chance.randrange(1, 6)):
                at = chance.randrange(len(body))
                body[at:at + chance.choice([0, 1, 1, 5])] = chance.choice([b"", bytes([chance.randrange(256)]), b'"', b"{", b"}", b"\\u0000", b"99999999999999999999", b"null"])
            wire = self.wire()
            wire.send("POST", path, bytes(body), MCP)  # some are begun, and hung up
            wire.hang_up()
        self.check_alive()


class Connections(HostileTest):
    def test_requests_that_are_cut_short(self):
        whole = b"POST /r/short/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"model\": "
        for length in range(1, len(whole) + 1, 7):
            wire = self.wire()
            wire.send_bytes(whole[:length])
            wire.half_close()
            wire.hang_up()
        self.check_alive()
        self.assertEqual(self.world.call("GET", "/caesura/runs/short").status, 400)  # none of them was a call

    def test_that_are_no_http(self):
        for bytes_ in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000 + b"x\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"\x00" * 100,
                       b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                       b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                       b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n"):
            wire = self.wire()
            try:
                wire.send_bytes(bytes_)
                wire.half_close()
                wire.is_broken()
            except OSError:
                pass  # it was refused before it was read
        self.check_alive()

    def test_paths_of_any_kind(self):
        for path in ("/r/", "/r//", "/r/a", "/r/a/", "/r/a/r/b/v1/models", "/v1/", "/v1/responses", "/v1/models/%ff%00", "/caesura/", "/caesura/runs/", "/caesura/runs//",
                     "/caesura/runs/%2e%2e/events", "/caesura/runs/a/b/c", "/../../etc/passwd", "/%2e%2e/", "//", "/?", "/caesura/runs?x=%", "/" + "a" * 5000,
                     "/caesura/runs/" + "a" * 5000):
            answer = self.world.call("GET", path)
            self.assertIn(answer.status, (200, 400, 404, 405), path)
            self.assertIsInstance(answer.body, dict, path)
        self.check_alive()

    def test_many_that_say_nothing_and_many_that_hang_up(self):
        silent = [self.wire() for _ in range(500)]
        for _ in range(500):
            wire = Wire(self.world.url)
            wire.send("POST", "/r/many/v1/chat/completions", chat(stream=True))
            wire.reset()
        self.check_alive()
        for wire in silent:
            wire.hang_up()


class Growth(HostileTest):
    """Memory goes by what is kept: the newest 10,000 runs of those that have ended."""

    def make_and_end(self, wire, first, count):
        """Sent ahead, in a bunch; then all answers are read."""
        requests = b""
        for n in range(first, first + count):
            for path, body in ((RUNS, json.dumps({"id": f"g{n}"} | ({"seed": n} if n % 2 else {})).encode()), (f"{RUNS}/g{n}/end", b"")):
                requests += f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        wire.send_bytes(requests)
        for _ in range(count):
            for status in (201, 200):
                self.assertEqual(wire.next_answer()[0], status)

    def test_of_runs_is_bounded(self):
        wire = self.wire()
        height = None
        for first in range(0, 20_000, 50):
            self.make_and_end(wire, first, 50)
            if first == 12_000:
                height = self.memory_kib("VmRSS")
        self.assertEqual(self.world.call("GET", RUNS).body["count"], 10_000)
        self.assertTrue(SANITIZED or self.memory_kib("VmRSS") < 1.1 * height, (self.memory_kib("VmRSS"), height))
        self.check_alive()

    def test_of_event_streams_that_nobody_reads(self):
        streams = []
        self.world.call("POST", RUNS, {"id": "watched"})
        for _ in range(500):
            streams.append(self.wire())
            streams[-1].send("GET", "/caesura/runs/watched/events")
        for stream in streams:
            self.assertEqual(stream.response.status, 200)
        chats = []
        for n in range(20):
            chats.append(self.wire())
            chats[-1].send("POST", f"/r/other-{n}/v1/chat/completions", chat(stream=True))
            self.assertEqual(self.world.call("GET", f"/caesura/runs/other-{n}/await?event=operation.started&operation=1").status, 200)
        self.world.advance("1s")
        for one in chats:
            while (frame := one.frame()) != "[DONE]":
                self.assertIsNotNone(frame)
        self.world.call("POST", "/caesura/runs/watched/cancelled", {})
        self.world.call("POST", "/caesura/runs/watched/end")
        for stream in streams:
            names = []
            while (frame := stream.frame()) is not None:
                names.append(json.loads(frame)["event"])
            self.assertEqual(names, ["run.made", "cancelled", "run.ended"])
        self.check_alive()

    def test_of_calls_outside_the_plan_is_bounded(self):
        # Without tools: a title, a summary. Such a subject can go on for days.
        body = json.dumps({"model": "thinker", "messages": [{"role": "user", "content": "x"}]}).encode()
        request = f"POST /r/titles{CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        wires = [self.wire() for _ in range(500)]
        for _ in range(20):
            for wire in wires:
                wire.send_bytes(request)
            while [run["calls_in_progress"] for run in self.world.call("GET", RUNS).body["runs"]] != [500]:
                pass
            self.world.advance("1s")
            for wire in wires:
                self.assertEqual(wire.next_answer()[0], 200)
        wires[0].send_bytes(request)
        status, answer = wires[0].next_answer()
        self.check_form(CHAT, status, json.loads(answer), (400,))
        self.check_alive()


class TheEnd(HostileTest):
    OPTIONS = ["--name", "my-agent"]

    def test_comes_soon_in_the_middle_of_many_streams(self):
        wires = []
        for n in range(200):
            wires.append(self.wire())
            wires[-1].send("POST", f"/r/stream-{n}/v1/chat/completions", chat(stream=True))
        for n in range(200):
            self.assertEqual(self.world.call("GET", f"{RUNS}/stream-{n}/await?event=operation.started&operation=1").status, 200)
        for n in range(50):
            wires.append(self.wire())
            wires[-1].send("GET", f"{RUNS}/stream-{n}/events")
            self.assertEqual(wires[-1].response.status, 200)
            wires.append(self.wire())
            wires[-1].send("GET", f"{RUNS}/stream-{n}/await?event=effect.committed&timeout=60s")
        before = time.monotonic()
        ended = self.world.stop(signal.SIGINT)
        took = time.monotonic() - before
        self.assertEqual(ended.status, 130, ended)
        self.assertIn("my-agent", ended.stdout)
        self.assertLess(took, 10)  # a second where nothing else keeps the machine busy


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    parser.add_argument("--sanitized", action="store_true")
    arguments, rest = parser.parse_known_args()
    SANITIZED = arguments.sanitized
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
