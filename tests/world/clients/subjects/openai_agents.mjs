// An agent of OpenAI's Agents SDK, over chat completions.

import { Agent, MCPServerStreamableHttp, run, setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled, user } from "@openai/agents";
import OpenAI from "openai";
import { agents, mcp, model, openai, played } from "./played.mjs";

setDefaultOpenAIClient(new OpenAI(openai));
setOpenAIAPI("chat_completions");
setTracingDisabled(true); // traces would go to api.openai.com

const server = new MCPServerStreamableHttp({ url: mcp, name: "world" });
await server.connect();
const subagents = agents.map(({ name, model }) =>
  new Agent({ name, instructions: "You look things up.", model, mcpServers: [server] }).asTool({ toolName: name, runOptions: { maxTurns: 100 } }),
);
const agent = new Agent({ name: "main", instructions: "You help.", model, mcpServers: [server], tools: subagents });

let history = [];
async function turn(prompt) {
  const result = await run(agent, [...history, user(prompt)], { stream: true, maxTurns: 100 });
  for await (const _ of result.toTextStream());
  await result.completed;
  history = result.history;
}
await played(turn, () => server.close());
