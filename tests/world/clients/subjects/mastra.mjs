// An agent of Mastra, with sub-agents of its own kind.

import { Agent } from "@mastra/core/agent";
import { MCPClient } from "@mastra/mcp";
import { agents, mcp, model, openai, played } from "./played.mjs";

const provided = (name) => ({ providerId: "world", modelId: name, url: openai.baseURL, apiKey: openai.apiKey });
const client = new MCPClient({ servers: { world: { url: new URL(mcp) } } });
const tools = await client.listTools();
const defaultOptions = { maxSteps: 100 };
const subagents = agents.map(({ name, model }) => [
  name,
  new Agent({ id: name, name, description: "Looks things up.", instructions: "You look things up.", model: provided(model), tools, defaultOptions }),
]);
const agent = new Agent({
  id: "main",
  name: "main",
  instructions: "You help.",
  model: provided(model),
  tools,
  agents: Object.fromEntries(subagents),
  defaultOptions,
});

let messages = [];
async function turn(prompt) {
  messages.push({ role: "user", content: prompt });
  const output = await agent.stream(messages);
  await output.consumeStream();
  if (output.error) throw output.error;
  messages = output.messageList.get.all.aiV5.model();
}
await played(turn, () => client.disconnect());
