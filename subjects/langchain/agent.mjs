// An agent of LangChain, which is a graph of LangGraph.
//
// Cancelled by `signal` and `timeout` of the config: it throws. Sub-agents are tools that pass their config's `signal` on. The next turn gets
// what the framework's own memory has kept, a `MemorySaver` by thread.

import { MemorySaver } from "@langchain/langgraph";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { z } from "zod";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const chat = (name) => new ChatOpenAI({ model: name, apiKey: openai.apiKey, configuration: { baseURL: openai.baseURL } });
  const client = new MultiServerMCPClient({ world: { url: mcp } });
  const tools = await client.getTools();
  const recursionLimit = 1000;
  const subagents = agents.map(({ name, model }) => {
    const subagent = createAgent({ model: chat(model), tools, systemPrompt: "You look things up." });
    const ask = async ({ task }, { signal }) => {
      const { messages } = await subagent.invoke({ messages: [{ role: "user", content: task }] }, { recursionLimit, signal });
      return messages.at(-1).text;
    };
    return tool(ask, { name, description: "Looks things up.", schema: z.object({ task: z.string() }) });
  });
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model: chat(model), tools: [...tools, ...subagents], systemPrompt: "You help.", checkpointer });

  async function turn(prompt, { stop, timeout, say, reads }) {
    const config = { configurable: { thread_id: "1" }, recursionLimit, signal: stop, timeout, streamMode: "messages" };
    const stream = await agent.stream({ messages: [{ role: "user", content: prompt }] }, config);
    for await (const [message] of reads(stream)) if (message.type === "ai") say(message.text);
  }
  return { turn, close: () => client.close() };
});
