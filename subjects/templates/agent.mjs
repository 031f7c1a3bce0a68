// A subject of `caesura exam` in nothing but Node. Your program takes the place of agent(); what is below it may stay.

import { createInterface } from "node:readline";

/** A conversation: a loop of a model (chat completions) and tools (MCP). Returns what plays a turn. */
function agent(env) {
  const headers = { "Content-Type": "application/json", Accept: "application/json, text/event-stream", Authorization: `Bearer ${env.CAESURA_API_KEY}` };
  const messages = [];
  let tools, last = 0;

  /** The answer; an abort in it is a hang-up. */
  async function post(url, body, signal) {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    const session = answer.headers.get("mcp-session-id");
    if (session) Object.assign(headers, { "MCP-Session-Id": session, "MCP-Protocol-Version": "2025-11-25" });
    const text = await answer.text();
    return text ? JSON.parse(text) : {};
  }

  const mcp = (method, params, id, signal) => post(env.CAESURA_MCP_URL, { jsonrpc: "2.0", id, method, params }, signal);

  /** A tool's result. Over MCP a hang-up tells nothing: whoever gives up a call sends its cancel, and hangs up after that. */
  async function use({ id: tool_call_id, function: { name, arguments: text } }, signal) {
    signal.throwIfAborted();
    const id = ++last;
    const hangUp = new AbortController();
    const gone = () => hangUp.abort();
    const giveUp = () => mcp("notifications/cancelled", { requestId: id }).then(gone, gone);
    signal.addEventListener("abort", giveUp);
    try {
      const { result } = await mcp("tools/call", { name, arguments: JSON.parse(text) }, id, hangUp.signal);
      return { role: "tool", tool_call_id, content: result.content[0].text };
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  return async function turn(prompt, signal) {
    if (!tools) {
      const client = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "agent", version: "1" } };
      await mcp("initialize", client, "hello");
      await mcp("notifications/initialized");
      const offered = (await mcp("tools/list", {}, "tools")).result.tools;
      tools = offered.map(({ name, inputSchema }) => ({ type: "function", function: { name, parameters: inputSchema } }));
    }
    messages.push({ role: "user", content: prompt });
    for (;;) {
      const body = { model: env.CAESURA_MODEL, messages, ...(tools.length > 0 && { tools }) };
      const { message } = (await post(`${env.CAESURA_OPENAI_BASE_URL}/chat/completions`, body, signal)).choices[0];
      const results = await Promise.all((message.tool_calls ?? []).map((call) => use(call, signal)));
      // Together: a cancel in between leaves no call without its result, which the next turn would be refused for.
      messages.push(message, ...results);
      if (results.length === 0) return;
    }
  };
}

const say = (line) => console.log(JSON.stringify(line));
let turn, limit, stop;

async function play(prompt) {
  stop = new AbortController();
  const { signal } = stop;
  try {
    await turn(prompt, limit ? AbortSignal.any([signal, AbortSignal.timeout(limit * 1000)]) : signal);
    say({ is: "settled", outcome: "completed" });
  } catch (error) {
    say({ is: "settled", outcome: signal.aborted ? "cancelled" : "failed", error: String(error) });
  }
}

say({ is: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.do === "start") [turn, limit] = [agent(told.env), told.env.CAESURA_TIMEOUT_S];
  if (told.do === "start" || told.do === "prompt") play(told.prompt);
  if (told.do === "cancel" || told.do === "leave") stop.abort();
  if (told.do === "end") process.exit(0);
}
