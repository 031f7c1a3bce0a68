#!/usr/bin/env python3
"""An agent by hand, with nothing but Python: a loop of a model (OpenAI's chat completions, streamed) and tools (MCP 2025-11-25), which does
with a cancel what a user would want. With FAULT in its environment it does one thing wrong, which one clause of an exam is there to find.

With RULE=checkpoint it looks for a cancel only between two operations, as the policy of that name does. It speaks lines; what they are is in
docs/exam.md.
"""

import asyncio
import json
import os
import sys
from urllib.parse import urlsplit

FAULT = os.environ.get("FAULT", "")
CHECKPOINT = os.environ.get("RULE") == "checkpoint"
ATTEMPTS = 5
RETRIED = (408, 409, 429, 500, 502, 503, 504)


def say(**line):
    print(json.dumps(line), flush=True)


class Refused(Exception):
    """A call was answered with an error."""

    def __init__(self, status, headers, text):
        super().__init__(f"{status} {text}")
        self.status, self.headers = status, headers


class Http:
    """One call over HTTP. To leave the `async with` before its end is to hang up."""

    def __init__(self, method, url, body, headers):
        self.method, self.url, self.body, self.headers = method, urlsplit(url), body, headers
        self.is_sent = False

    async def __aenter__(self):
        reader, self.writer = await asyncio.open_connection(self.url.hostname, self.url.port, limit=1 << 25)
        try:
            body = b"" if self.body is None else json.dumps(self.body).encode()
            head = {"Host": self.url.netloc, "Content-Type": "application/json", "Content-Length": len(body), "Connection": "close", **self.headers}
            lines = [f"{self.method} {self.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
            self.writer.write("\r\n".join(lines).encode() + body)
            self.is_sent = True
            status = (await reader.readline()).split()
            if len(status) < 2:
                raise ConnectionError("the connection was closed instead of an answer")
            self.status, self.answer_headers, self.reader = int(status[1]), {}, reader
            while (line := (await reader.readline()).decode().strip()):
                name, _, value = line.partition(":")
                self.answer_headers[name.lower()] = value.strip()
        except BaseException:
            self.writer.transport.abort()
            raise
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()

    async def pieces(self):
        """The body as it comes."""
        if self.answer_headers.get("transfer-encoding") == "chunked":
            while (size := int((await self.reader.readline()).split(b";")[0] or b"0", 16)) > 0:
                yield await self.reader.readexactly(size)
                await self.reader.readline()
        elif (length := int(self.answer_headers.get("content-length", 0))) > 0:
            yield await self.reader.readexactly(length)

    async def text(self):
        return b"".join([piece async for piece in self.pieces()]).decode()

    async def events(self):
        """The data of server-sent events."""
        rest = b""
        async for piece in self.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    yield line[5:].strip().decode()


class Mcp:
    """A session of MCP. Who gives up a call tells the server, once, and only while the call is in progress."""

    def __init__(self, env):
        self.url, self.key, self.session, self.last = env["CAESURA_MCP_URL"], env["CAESURA_API_KEY"], None, 0
        self.telling = set()

    def post(self, body):
        headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {self.key}"}
        if self.session:
            headers |= {"MCP-Session-Id": self.session, "MCP-Protocol-Version": "2025-11-25"}
        return Http("POST", self.url, {"jsonrpc": "2.0", **body}, headers)

    async def ask(self, method, params):
        self.last += 1
        async with self.post({"id": self.last, "method": method, "params": params}) as http:
            if method == "initialize":
                self.session = http.answer_headers["mcp-session-id"]
            return json.loads(await http.text())["result"]

    async def notify(self, method, params):
        async with self.post({"method": method, "params": params}) as http:
            await http.text()

    async def open(self):
        client = {"name": "agent", "version": "1"}
        await self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        await self.notify("notifications/initialized", {})
        tools = (await self.ask("tools/list", {}))["tools"]
        return [{"type": "function", "function": {"name": tool["name"], "parameters": tool["inputSchema"]}} for tool in tools]

    def tell(self, number, after=0.0):
        """Sends the cancel of a call; whoever gives up need not wait for it."""
        async def cancel():
            await asyncio.sleep(after)
            await self.notify("notifications/cancelled", {"requestId": number, "reason": "the user says stop"})

        task = asyncio.create_task(cancel())
        self.telling.add(task)
        task.add_done_callback(self.telling.discard)

    async def call(self, name, arguments):
        self.last += 1
        number = self.last
        call = self.post({"id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
        try:
            async with call as http:
                result = json.loads(await http.text())["result"]
            if FAULT == "stray":
                self.ended = number
            return "".join(part.get("text", "") for part in result["content"])
        except asyncio.CancelledError:
            if FAULT == "tells-late":
                self.tell(number, after=0.7)
            elif FAULT != "never-tells" and call.is_sent:
                self.tell(number)
            raise


class Agent:
    """A conversation."""

    def __init__(self, env):
        self.env, self.mcp, self.tools = env, Mcp(env), None
        self.agents = {agent["name"]: agent["model"] for agent in json.loads(env["CAESURA_AGENTS"])}
        self.messages, self.forgotten = [], set()
        self.usage, self.is_stopping = None, False

    def checkpoint(self):
        if self.is_stopping:
            raise asyncio.CancelledError

    async def attempt(self, model, messages, tools, shown):
        """One answer of a model, as it streams."""
        headers = {"Authorization": f"Bearer {self.env['CAESURA_API_KEY']}"}
        body = {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        if tools:
            body["tools"] = tools
        message, calls = {"role": "assistant", "content": ""}, {}
        async with Http("POST", self.env["CAESURA_OPENAI_BASE_URL"] + "/chat/completions", body, headers) as http:
            if http.status != 200:
                raise Refused(http.status, http.answer_headers, await http.text())
            async for data in http.events():
                if data == "[DONE]":
                    break
                frame = json.loads(data)
                if "error" in frame:
                    raise Refused(500, {}, frame["error"]["message"])
                if usage := frame.get("usage"):
                    self.count(usage)
                for choice in frame["choices"]:
                    delta = choice["delta"]
                    if text := delta.get("content"):
                        message["content"] += text
                        shown(text)
                    for piece in delta.get("tool_calls", []):
                        call = calls.setdefault(piece["index"], {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
                        call["id"] = piece.get("id") or call["id"]
                        call["function"]["name"] += piece["function"].get("name") or ""
                        call["function"]["arguments"] += piece["function"].get("arguments") or ""
            else:
                raise ConnectionError("the stream broke")
        if calls:
            message["tool_calls"] = [calls[index] for index in sorted(calls)]
        return message

    def count(self, usage):
        if self.usage is not None:
            self.usage["input_tokens"] += usage["prompt_tokens"]
            self.usage["output_tokens"] += usage["completion_tokens"]

    async def ask(self, model, messages, tools, shown=lambda text: None):
        """Asks again what may be asked again, and can be cancelled in between."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self.attempt(model, messages, tools, shown)
            except (Refused, ConnectionError, asyncio.IncompleteReadError) as problem:
                if attempt == ATTEMPTS or FAULT == "asks-once" or (isinstance(problem, Refused) and problem.status not in RETRIED):
                    raise
                headers = problem.headers if isinstance(problem, Refused) else {}
                await asyncio.sleep(float(headers.get("retry-after", 0.2 * attempt)))
        raise AssertionError

    async def use(self, call):
        """A tool's result, or what became of it."""
        name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
        try:
            if model := self.agents.get(name):
                sub_agent = asyncio.create_task(self.loop(model, [{"role": "user", "content": arguments["task"]}], self.tools))
                if FAULT != "forgets-the-child":
                    return (await sub_agent)["content"]
                self.forgotten.add(sub_agent)
                return (await asyncio.shield(sub_agent))["content"]
            return await self.mcp.call(name, arguments)
        except (ConnectionError, asyncio.IncompleteReadError) as problem:
            if FAULT == "doubles-an-effect":
                return await self.mcp.call(name, arguments)
            return f"The connection broke, and whether it was done is not known: {problem}"

    async def loop(self, model, messages, tools, shown=lambda text: None):
        """Until the model calls for no tool any more; `messages` always answer each call that they have."""
        while True:
            message = await self.ask(model, messages, tools, shown)
            self.checkpoint()
            calls = message.get("tool_calls", [])
            if not calls:
                messages.append(message)
                return message
            tasks = [asyncio.create_task(self.use(call)) for call in calls]
            try:
                await asyncio.gather(*tasks)
                self.checkpoint()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                messages.append(message)
                for call, task in zip(calls, tasks):
                    done = task.done() and not task.cancelled() and task.exception() is None
                    content = task.result() if done else "This was cancelled by the user."
                    if done or FAULT != "breaks-the-next-turn":
                        messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})

    async def turn(self, prompt, shown):
        if self.tools is None:
            tools = await self.mcp.open()
            parameters = {"type": "object", "properties": {"task": {"type": "string"}}, "required": ["task"], "additionalProperties": False}
            agents = [] if FAULT == "offers-no-agent" else self.agents
            sub_agents = [{"type": "function", "function": {"name": name, "parameters": parameters}} for name in agents]
            self.tools = tools
            self.offered = tools + sub_agents
        self.messages.append({"role": "user", "content": prompt})
        await self.loop(self.env["CAESURA_MODEL"], self.messages, self.offered, shown)


class Run:
    """A conversation as its user has it."""

    def __init__(self, name, env):
        self.name, self.agent, self.turn, self.task = name, Agent(env), None, None
        self.limit = float(env["CAESURA_TIMEOUT_S"]) if "CAESURA_TIMEOUT_S" in env else None
        self.leaves = False

    def begin(self, prompt):
        self.agent.is_stopping = False
        self.turn = asyncio.create_task(self.agent.turn(prompt, self.shown))
        self.task = asyncio.create_task(self.play())

    def stop(self):
        if CHECKPOINT:
            self.agent.is_stopping = True
        elif self.turn and not self.turn.done():
            self.turn.cancel()

    def shown(self, text):
        if not self.leaves:
            say(**{"is": "text"}, run=self.name, text=text)

    async def play(self):
        """The turn may be cancelled before it has begun; then this has not."""
        self.agent.usage = {"input_tokens": 0, "output_tokens": 0}
        settled = {"outcome": "completed"}
        try:
            await asyncio.wait_for(self.turn, self.limit)
        except asyncio.CancelledError:
            settled = {"outcome": "cancelled"}
        except (asyncio.TimeoutError, Refused, OSError, asyncio.IncompleteReadError) as problem:
            settled = {"outcome": "failed", "error": repr(problem)}
        await self.settle(settled)

    async def settle(self, settled):
        cancelled = settled["outcome"] == "cancelled"
        if FAULT == "hangs" and cancelled:
            return
        if FAULT == "crashes" and cancelled:
            os._exit(7)
        if FAULT == "floods" and cancelled:
            print("x" * (2 << 20), flush=True)
        if FAULT == "says-what-is-not-so" and cancelled:
            settled["outcome"] = "completed"
        usage = dict(self.agent.usage)
        if FAULT == "miscounts":
            usage["output_tokens"] += 100_000
        say(**{"is": "settled"}, run=self.name, usage=usage, **settled)
        if not cancelled:
            return
        if FAULT == "says-it-twice":
            say(**{"is": "settled"}, run=self.name, **settled)
        if FAULT in ("starts-afterwards", "starts-afterwards-without-a-mark"):
            await asyncio.sleep(0.6)
            messages = self.agent.messages if FAULT == "starts-afterwards" else [{"role": "user", "content": "Sum up what was said."}]
            await self.agent.attempt(self.agent.env["CAESURA_MODEL"], messages, self.agent.offered, lambda text: None)
        if FAULT == "stray":
            self.agent.mcp.tell(self.agent.mcp.ended)


async def main():
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(**{"is": "ready"})
    runs = {}
    while line := await reader.readline():
        told = json.loads(line)
        match told["do"]:
            case "start":
                runs[told["run"]] = Run(told["run"], told["env"])
                runs[told["run"]].begin(told["prompt"])
            case "prompt":
                runs[told["run"]].begin(told["prompt"])
            case "cancel":
                runs[told["run"]].stop()
            case "leave":
                runs[told["run"]].leaves = True
                runs[told["run"]].stop()
            case "end":
                break


if __name__ == "__main__":
    asyncio.run(main())
