"""A small agent over plain sockets, for tests of what `caesura world` notices: a loop of a model and tools that does with a cancel exactly
what a policy says. It plays with the manual clock, and knows from the run's plan when each of its calls will be over.
"""

import http.client
import json
from decimal import Decimal

NANO = Decimal(1_000_000_000)


def nanoseconds(seconds):
    """Of a number as JSON has it."""
    return int((Decimal(str(seconds)) * NANO).to_integral_value())


class Call:
    """One HTTP call in progress."""

    def __init__(self, url, path, body, headers=None):
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **(headers or {})})

    def answer(self):
        """Waits for it: its status and its body."""
        response = self._connection.getresponse()
        body = response.read()
        self._connection.close()
        return response.status, body

    def hang_up(self):
        self._connection.close()


class Agent:
    """One request of a run. `world`: of served.World, with --clock manual."""

    def __init__(self, world, run, request, links):
        self.world, self.run = world, run
        self.links = links  # nanoseconds by kind of service, one way
        made = world.call("POST", "/caesura/runs", {"id": run, "request": request})
        assert made.status == 201, made
        self.plan = {operation["operation"]: operation for operation in made.body["plan"]["operations"]}
        self.mark = made.body["prompt_mark"]
        self.names = [operation["service"] for operation in made.body["plan"]["operations"] if operation["kind"] == "tool"]
        self.model = next(operation["service"] for operation in made.body["plan"]["operations"] if operation["kind"] in ("llm", "decompose"))
        self.messages = [{"role": "user", "content": self.mark + " hello"}]
        self.now = self.began = self.clock()
        self.next_id = 0

    def clock(self):
        return nanoseconds(self.world.call("GET", "/caesura/clock").body["now_s"])

    def advance_to(self, moment):
        if moment > self.now:
            self.world.advance(f"{Decimal(moment - self.now) / NANO:f}s")
            self.now = moment

    def end_of(self, operation, asked):
        """When the reply to an operation comes."""
        planned = self.plan[operation]
        link = self.links.get("llm" if planned["kind"] == "decompose" else planned["kind"], 0)
        return asked + 2 * link + nanoseconds(planned["duration_s"])

    def wait_for(self, event, operation, attempt=1):
        came = self.world.call("GET", f"/caesura/runs/{self.run}/await?event={event}&operation={operation}&attempt={attempt}")
        assert came.status == 200, came

    def ask_model(self, operation):
        tools = [{"type": "function", "function": {"name": name, "parameters": {
            "type": "object", "properties": {"caesura_run": {"type": "string"}, "input": {"type": "string"}}, "required": ["caesura_run", "input"]}}}
            for name in sorted(set(self.names))]
        body = {"model": self.model, "messages": self.messages} | ({"tools": tools} if tools else {})
        call = Call(self.world.url, f"/r/{self.run}/v1/chat/completions", body)
        self.wait_for("operation.asked", operation)
        return call

    def ask_tool(self, asked):
        self.next_id += 1
        arguments = json.loads(asked["function"]["arguments"])
        operation = arguments["caesura_run"].split("#")[1]
        body = {"jsonrpc": "2.0", "id": self.next_id, "method": "tools/call",
                "params": {"name": asked["function"]["name"], "arguments": arguments}}
        headers = {"Accept": "application/json, text/event-stream", "MCP-Session-Id": self.session}
        call = Call(self.world.url, f"/r/{self.run}/mcp", body, headers)
        self.wait_for("operation.asked", operation)
        return operation, self.next_id, call

    def open_session(self):
        body = {"jsonrpc": "2.0", "id": 0, "method": "initialize",
                "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "small", "version": "1"}}}
        connection = http.client.HTTPConnection(self.world.url.removeprefix("http://"), timeout=60)
        connection.request("POST", f"/r/{self.run}/mcp", json.dumps(body),
                           {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
        response = connection.getresponse()
        response.read()
        self.session = response.headers["MCP-Session-Id"]
        connection.close()

    def cancel_tool(self, operation, number):
        headers = {"Accept": "application/json, text/event-stream", "MCP-Session-Id": self.session}
        call = Call(self.world.url, f"/r/{self.run}/mcp",
                    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}, headers)
        assert call.answer()[0] == 202
        self.wait_for("signal", operation)

    def cancel_model(self, operation, call):
        call.hang_up()
        self.wait_for("signal", operation)

    def play(self, policy, cancel_at):
        """Plays to the end, but for a cancel `cancel_at` nanoseconds after its begin (none: nobody cancels)."""
        self.open_session()
        cancel = None if cancel_at is None else self.began + cancel_at
        self.cancelled = False
        done = self.loop(policy, cancel)
        if cancel is not None and not self.cancelled and done and self.now < cancel:
            pass  # the answer was there before: a user would not cancel any more
        outcome = "cancelled" if self.cancelled and policy != "never" else "completed"
        settled = self.world.call("POST", f"/caesura/runs/{self.run}/settled", {"outcome": outcome})
        assert settled.status == 200, settled
        return self.world.call("POST", f"/caesura/runs/{self.run}/end", {}).body

    def pass_until(self, moment, cancel):
        """Time goes on to `moment`, if the cancel does not come before: then to that."""
        if cancel is not None and not self.cancelled and cancel <= moment:
            self.advance_to(cancel)
            assert self.world.call("POST", f"/caesura/runs/{self.run}/cancelled", {}).status == 200
            self.cancelled = True
            return False
        self.advance_to(moment)
        return True

    def loop(self, policy, cancel):
        heeds = policy != "never"
        while True:
            operation = self.next_model_operation()
            asked_at = self.now
            call = self.ask_model(operation)
            end = self.end_of(operation, asked_at)
            if not self.pass_until(end, cancel):
                if policy == "abort":
                    self.cancel_model(operation, call)
                    return False
                self.advance_to(end)
            status, body = call.answer()
            assert status == 200, (status, body)
            if heeds and self.cancelled:
                return False
            message = json.loads(body)["choices"][0]["message"]
            self.messages.append({key: message[key] for key in ("role", "content", "tool_calls") if key in message})
            if not message.get("tool_calls"):
                return True
            if not self.use_tools(message["tool_calls"], policy, cancel):
                return False

    def next_model_operation(self):
        """Of plans without sub-agents, the model's operation behind all that the conversation has."""
        last = max([0] + [int(json.loads(call["function"]["arguments"])["caesura_run"].split("#")[1])
                          for message in self.messages for call in message.get("tool_calls", [])])
        return next(number for number, operation in sorted(self.plan.items(), key=lambda item: int(item[0]))
                    if int(number) > last and operation["kind"] in ("llm", "decompose"))

    def use_tools(self, asked, policy, cancel):
        asked_at = self.now
        calls = [self.ask_tool(one) for one in asked]
        ids = {json.loads(one["function"]["arguments"])["caesura_run"].split("#")[1]: one["id"] for one in asked}
        results = {}
        for operation, number, call in sorted(calls, key=lambda one: self.end_of(one[0], asked_at)):
            if not self.pass_until(self.end_of(operation, asked_at), cancel) and policy == "abort":
                for other, its_number, its_call in calls:
                    if other in results:
                        continue
                    self.cancel_tool(other, its_number)
                    its_call.hang_up()
                return False
            self.advance_to(self.end_of(operation, asked_at))
            status, body = call.answer()
            assert status == 200, (status, body)
            results[operation] = json.loads(body)["result"]["content"][0]["text"]
        if policy != "never" and self.cancelled:
            return False
        self.messages += [{"role": "tool", "tool_call_id": ids[operation], "content": text} for operation, text in results.items()]
        return True
