// A loop written by hand, with OpenAI's client and that of MCP's second SDK.
//
// Cancelled by `signal` of chat.completions.stream() and of callTool(): they throw. The next turn gets the messages of the turns that were
// completed.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import OpenAI from "openai";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const models = new OpenAI(openai);
  const client = new Client({ name: "agent", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(mcp)));
  const offer = (name, description, parameters) => ({ type: "function", function: { name, description, parameters } });
  const tools = (await client.listTools()).tools.map(({ name, description, inputSchema }) => offer(name, description, inputSchema));
  const task = { type: "object", properties: { task: { type: "string" } }, required: ["task"] };
  const subagents = agents.map(({ name }) => offer(name, "Looks things up.", task));

  async function call({ name, arguments: given }, user, usage) {
    const input = JSON.parse(given);
    const subagent = agents.find((agent) => agent.name === name);
    if (!subagent) return (await client.callTool({ name, arguments: input }, { signal: user.signal })).content.map(({ text }) => text).join("");
    const asked = [{ role: "user", content: input.task }];
    return (await loop(subagent.model, tools, asked, { ...user, say: () => {} }, usage)).at(-1).content;
  }

  async function answered({ id, function: asked }, user, usage) {
    const failed = (error) => {
      user.signal.throwIfAborted();
      return `It has failed: ${error}`; // the model may know what to do
    };
    return { role: "tool", tool_call_id: id, content: await call(asked, user, usage).catch(failed) };
  }

  async function loop(model, tools, messages, user, usage) {
    for (;;) {
      const request = { model, messages, tools, stream_options: { include_usage: true } };
      const stream = models.chat.completions.stream(request, { signal: user.signal });
      for await (const chunk of user.reads(stream)) user.say(chunk.choices[0]?.delta.content);
      const completion = await stream.finalChatCompletion();
      const { message } = completion.choices[0];
      usage.input_tokens += completion.usage.prompt_tokens;
      usage.output_tokens += completion.usage.completion_tokens;
      messages = [...messages, message];
      if (!message.tool_calls?.length) return messages;
      messages.push(...(await Promise.all(message.tool_calls.map((call) => answered(call, user, usage)))));
    }
  }

  let history = [];
  async function turn(prompt, user) {
    const usage = { input_tokens: 0, output_tokens: 0 };
    history = await loop(model, [...tools, ...subagents], [...history, { role: "user", content: prompt }], user, usage);
    return { usage };
  }
  return { turn, close: () => client.close() };
});
