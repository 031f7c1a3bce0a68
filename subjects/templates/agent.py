"""A subject of `caesura exam` in nothing but Python. Your program takes the place of Agent; what is below it may stay."""

import asyncio
import json
import sys
from urllib.parse import urlsplit


class Agent:
    """A conversation: a loop of a model (chat completions) and tools (MCP)."""

    def __init__(self, env):
        self.env, self.messages, self.tools, self.session, self.last, self.sent = env, [], [], "", 0, 0

    async def post(self, url, body):
        """The answer; to be cancelled in it is to hang up."""
        at, data = urlsplit(url), json.dumps(body).encode()
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        writer.write(f"POST {at.path} HTTP/1.0\r\nHost: {at.netloc}\r\nAuthorization: Bearer {self.env['CAESURA_API_KEY']}\r\n"
                     f"Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{self.session}"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        self.sent = body.get("id", self.sent)
        try:
            head, _, answer = (await reader.read()).decode().partition("\r\n\r\n")
        finally:
            writer.close()
        if head.split()[1] not in ("200", "202"):
            raise RuntimeError(head.splitlines()[0] + ": " + answer)
        for line in head.splitlines():
            if line.lower().startswith("mcp-session-id:"):
                self.session = f"{line}\r\nMCP-Protocol-Version: 2025-11-25\r\n"
        return json.loads(answer or "{}")

    async def mcp(self, method, params, **request_id):
        return await self.post(self.env["CAESURA_MCP_URL"], {"jsonrpc": "2.0", "method": method, "params": params, **request_id})

    async def use(self, call):
        """A tool's result. Over MCP a hang-up tells nothing: whoever gives up a call sends its cancel."""
        self.last += 1
        asked = {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
        try:
            answer = await self.mcp("tools/call", asked, id=self.last)
        except asyncio.CancelledError:
            if self.sent == self.last:
                await self.mcp("notifications/cancelled", {"requestId": self.last})
            raise
        return {"role": "tool", "tool_call_id": call["id"], "content": answer["result"]["content"][0]["text"]}

    async def turn(self, prompt):
        if not self.session:
            client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}}
            await self.mcp("initialize", client, id="hello")
            await self.mcp("notifications/initialized", {})
            for tool in (await self.mcp("tools/list", {}, id="tools"))["result"]["tools"]:
                self.tools.append({"type": "function", "function": {"name": tool["name"], "parameters": tool["inputSchema"]}})
        self.messages.append({"role": "user", "content": prompt})
        while True:
            body = {"model": self.env["CAESURA_MODEL"], "messages": self.messages} | ({"tools": self.tools} if self.tools else {})
            message = (await self.post(self.env["CAESURA_OPENAI_BASE_URL"] + "/chat/completions", body))["choices"][0]["message"]
            # Appended together: a cancel in between leaves no call without its result, which the next turn would be refused for.
            self.messages += [message, *[await self.use(call) for call in message.get("tool_calls", [])]]
            if not message.get("tool_calls"):
                return


def say(is_what, **more):
    print(json.dumps({"is": is_what, **more}), flush=True)


def settled(turn):
    error = None if turn.cancelled() else turn.exception()
    outcome = "cancelled" if turn.cancelled() else "failed" if error else "completed"
    say("settled", outcome=outcome, **({"error": repr(error)} if error else {}))


async def main():
    say("ready")
    while (told := json.loads(await asyncio.to_thread(sys.stdin.readline)))["do"] != "end":
        if told["do"] == "start":
            agent, limit = Agent(told["env"]), float(told["env"].get("CAESURA_TIMEOUT_S", "inf"))
        if told["do"] in ("start", "prompt"):
            turn = asyncio.create_task(asyncio.wait_for(agent.turn(told["prompt"]), limit))
            turn.add_done_callback(settled)
        elif not turn.cancelling():  # cancel, or leave; a second one would only disturb the first
            turn.cancel()


asyncio.run(main())
