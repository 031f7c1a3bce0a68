// An agent of Vercel's AI SDK.
//
// Cancelled by `abortSignal` and `timeout` of stream(): its stream has a part `abort` then. Sub-agents are tools that pass `abortSignal` on, as
// the documentation has it. The next turn gets the messages of the turns that were completed, and the user's of all.

import { createMCPClient } from "@ai-sdk/mcp";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { isStepCount, tool, ToolLoopAgent } from "ai";
import { z } from "zod";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
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
  async function turn(prompt, { stop, timeout, say, reads }) {
    messages.push({ role: "user", content: prompt });
    const result = await agent.stream({ messages, abortSignal: stop, timeout });
    let aborted = false;
    for await (const part of reads(result.stream)) {
      if (part.type === "text-delta") say(part.text);
      if (part.type === "error") throw part.error;
      if (part.type === "abort") aborted = true;
    }
    if (aborted) return { outcome: "cancelled" };
    messages.push(...(await result.responseMessages));
    const { inputTokens, outputTokens } = await result.totalUsage;
    return { usage: { input_tokens: inputTokens, output_tokens: outputTokens } };
  }
  return { turn, close: () => client.close() };
});
