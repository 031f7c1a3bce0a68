// An agent of Mastra, with sub-agents of its own kind.
//
// Cancelled by `abortSignal` of stream(): its stream has a chunk `abort` then, and without one the turn is taken for completed. (Cancelled in a
// tool it ends with a chunk `finish` of reason `tool-calls`, status `success`, and neither a chunk `abort` nor a call of `onAbort`.) The next
// turn gets the messages of the turns that were completed, and the user's of all.

import { Agent } from "@mastra/core/agent";
import { MCPClient } from "@mastra/mcp";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const provided = (name) => ({ providerId: "world", modelId: name, url: openai.baseURL, apiKey: openai.apiKey });
  const client = new MCPClient({ id: mcp, servers: { world: { url: new URL(mcp) } } });
  const tools = await client.listTools();
  const defaultOptions = { maxSteps: 100 };
  const subagents = agents.map(({ name, model }) => [
    name,
    new Agent({ id: name, name, description: "Looks things up.", instructions: "You look things up.", model: provided(model), tools, defaultOptions }),
  ]);
  const own = { id: "main", name: "main", instructions: "You help.", model: provided(model), tools };
  const agent = new Agent({ ...own, agents: Object.fromEntries(subagents), defaultOptions });

  let messages = [];
  async function turn(prompt, { signal, say, reads }) {
    messages.push({ role: "user", content: prompt });
    const output = await agent.stream(messages, { abortSignal: signal });
    let aborted = false;
    for await (const chunk of reads(output.fullStream)) {
      if (chunk.type === "text-delta") say(chunk.payload.text);
      if (chunk.type === "error") throw chunk.payload.error;
      if (chunk.type === "abort") aborted = true;
    }
    if (aborted) return { outcome: "cancelled" };
    messages = output.messageList.get.all.aiV5.model();
    const { inputTokens, outputTokens } = await output.totalUsage;
    return inputTokens && { usage: { input_tokens: inputTokens, output_tokens: outputTokens } };
  }
  return { turn, close: () => client.disconnect() };
});
