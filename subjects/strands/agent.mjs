// An agent of Strands, over chat completions, with sub-agents of its own kind.
//
// Cancelled by `cancelSignal` of stream(): the result's `stopReason` is `cancelled` then. The next turn gets what the agent itself has kept.

import { Agent, McpClient } from "@strands-agents/sdk";
import { OpenAIModel } from "@strands-agents/sdk/models/openai";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const chat = (name) => new OpenAIModel({ api: "chat", modelId: name, apiKey: openai.apiKey, clientConfig: { baseURL: openai.baseURL } });
  const client = new McpClient({ transport: new StreamableHTTPClientTransport(new URL(mcp)) });
  const subagents = agents.map(
    ({ name, model }) =>
      new Agent({ name, description: "Looks things up.", systemPrompt: "You look things up.", model: chat(model), tools: [client], printer: false }),
  );
  const agent = new Agent({ systemPrompt: "You help.", model: chat(model), tools: [client, ...subagents], printer: false });

  async function turn(prompt, { signal, say, reads }) {
    let result;
    for await (const event of reads(agent.stream(prompt, { cancelSignal: signal }))) {
      if (event.type === "modelStreamUpdateEvent" && event.event.delta?.type === "textDelta") say(event.event.delta.text);
      if (event.type === "agentResultEvent") result = event.result;
    }
    if (result.stopReason === "cancelled") return { outcome: "cancelled" };
    const { inputTokens, outputTokens } = result.metrics.latestAgentInvocation.usage;
    return { usage: { input_tokens: inputTokens, output_tokens: outputTokens } };
  }
  return { turn, close: () => client.disconnect() };
});
