// An agent of OpenAI's Agents SDK, over chat completions.
//
// Cancelled by `signal` of run(): the stream ends, and its result's `cancelled` says so; or it throws. Sub-agents are asTool(), which is given
// the signal by the SDK. The next turn gets the history of the turns that were completed.

import { Agent, MCPServerStreamableHttp, OpenAIProvider, Runner, user as fromUser } from "@openai/agents";
import { serve } from "../lines.mjs";

await serve(async ({ openai, mcp, model, agents }) => {
  const modelProvider = new OpenAIProvider({ ...openai, useResponses: false });
  const runner = new Runner({ modelProvider, tracingDisabled: true }); // traces would go to api.openai.com
  const server = new MCPServerStreamableHttp({ url: mcp, name: "world" });
  await server.connect();
  const subagents = agents.map(({ name, model }) =>
    new Agent({ name, instructions: "You look things up.", model, mcpServers: [server] }).asTool({
      toolName: name,
      runConfig: { modelProvider, tracingDisabled: true },
      runOptions: { maxTurns: 100 },
    }),
  );
  const agent = new Agent({ name: "main", instructions: "You help.", model, mcpServers: [server], tools: subagents });

  let history = [];
  async function turn(prompt, { signal, say, reads }) {
    const result = await runner.run(agent, [...history, fromUser(prompt)], { stream: true, maxTurns: 100, signal });
    for await (const text of reads(result.toTextStream())) say(text);
    await result.completed;
    history = result.history;
    const { inputTokens, outputTokens } = result.runContext.usage;
    return { outcome: result.cancelled ? "cancelled" : "completed", usage: { input_tokens: inputTokens, output_tokens: outputTokens } };
  }
  return { turn, close: () => server.close() };
});
