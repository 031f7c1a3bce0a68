// An agent of LangChain, which is a graph of LangGraph.

import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { z } from "zod";
import { agents, mcp, model, openai, played } from "./played.mjs";

const chat = (name) => new ChatOpenAI({ model: name, apiKey: openai.apiKey, configuration: { baseURL: openai.baseURL } });
const client = new MultiServerMCPClient({ world: { url: mcp } });
const tools = await client.getTools();
const limits = { recursionLimit: 1000 };
const subagents = agents.map(({ name, model }) => {
  const subagent = createAgent({ model: chat(model), tools, systemPrompt: "You look things up." });
  const ask = async ({ task }, { signal }) => {
    const { messages } = await subagent.invoke({ messages: [{ role: "user", content: task }] }, { ...limits, signal });
    return messages.at(-1).text;
  };
  return tool(ask, { name, description: "Looks things up.", schema: z.object({ task: z.string() }) });
});
const agent = createAgent({ model: chat(model), tools: [...tools, ...subagents], systemPrompt: "You help." });

let messages = [];
async function turn(prompt) {
  const input = { messages: [...messages, { role: "user", content: prompt }] };
  const stream = await agent.stream(input, { ...limits, streamMode: ["messages", "values"] });
  for await (const [mode, state] of stream) if (mode === "values") messages = state.messages;
}
await played(turn, () => client.close());
