// An agent of Vercel's AI SDK.

import { createMCPClient } from "@ai-sdk/mcp";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { isStepCount, tool, ToolLoopAgent } from "ai";
import { z } from "zod";
import { agents, mcp, model, openai, played } from "./played.mjs";

const provider = createOpenAICompatible({ name: "world", ...openai, includeUsage: true });
const client = await createMCPClient({ transport: { type: "http", url: mcp } });
const tools = await client.tools();
const stopWhen = isStepCount(100);
const subagents = agents.map(({ name, model }) => {
  const subagent = new ToolLoopAgent({ model: provider(model), instructions: "You look things up.", tools, stopWhen });
  return [
    name,
    tool({
      description: "Looks things up.",
      inputSchema: z.object({ task: z.string() }),
      execute: async ({ task }, { abortSignal }) => (await subagent.generate({ prompt: task, abortSignal })).text,
    }),
  ];
});
const agent = new ToolLoopAgent({ model: provider(model), instructions: "You help.", tools: { ...tools, ...Object.fromEntries(subagents) }, stopWhen });

const messages = [];
async function turn(prompt) {
  messages.push({ role: "user", content: prompt });
  const result = await agent.stream({ messages });
  await result.consumeStream({ onError: (error) => { throw error; } });
  messages.push(...(await result.responseMessages));
}
await played(turn, () => client.close());
