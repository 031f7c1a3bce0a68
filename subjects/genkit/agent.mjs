// An agent of Genkit, whose loop is that of generateStream().
//
// Cancelled by `abortSignal` of generateStream(): it throws. Sub-agents are tools that pass on the `abortSignal` that they are given. The next
// turn gets the messages of the turns that were completed.

import { openAICompatible } from "@genkit-ai/compat-oai";
import { createMcpClient } from "@genkit-ai/mcp";
import { genkit, z } from "genkit";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const ai = genkit({ plugins: [openAICompatible({ name: "world", ...openai })] });
  const client = createMcpClient({ name: "tools", mcpServer: { url: mcp } });
  await client.ready();
  const tools = await client.getActiveTools(ai);
  const maxTurns = 100;
  const subagents = agents.map(({ name, model }) =>
    ai.defineTool(
      { name, description: "Looks things up.", inputSchema: z.object({ task: z.string() }), outputSchema: z.string() },
      async ({ task }, { abortSignal }) =>
        (await ai.generate({ model: `world/${model}`, system: "You look things up.", prompt: task, tools, maxTurns, abortSignal })).text,
    ),
  );

  let messages = [];
  async function turn(prompt, { signal, say, reads }) {
    const { stream, response } = ai.generateStream({
      model: `world/${model}`,
      system: "You help.",
      messages,
      prompt,
      tools: [...tools, ...subagents],
      maxTurns,
      abortSignal: signal,
    });
    for await (const chunk of reads(stream)) say(chunk.text);
    messages = (await response).messages;
  }
  return { turn, close: () => client.disable() };
});
