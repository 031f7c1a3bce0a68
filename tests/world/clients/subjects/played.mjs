// What every subject shares: where its world is, and its turns. A subject is a small agent as the framework's own documentation would have
// it; all that it knows of Caesura are these addresses and names.
//
// It plays CAESURA_PROMPT, then each further prompt of the same conversation, which comes as a line {"do": "prompt", "prompt": …}, until
// {"do": "end"} or the end of its input. For each it says a line {"is": "settled", "outcome": …, "error": …}.

import { createInterface } from "node:readline";

const { env } = process;
export const openai = { baseURL: env.CAESURA_OPENAI_BASE_URL, apiKey: env.CAESURA_API_KEY };
export const mcp = env.CAESURA_MCP_URL;
export const model = env.CAESURA_MODEL;
/** Sub-agents, `{name, model}`: each is offered as a tool of its name, and has the tools of MCP itself. */
export const agents = JSON.parse(env.CAESURA_AGENTS ?? "[]");

async function* prompts() {
  yield env.CAESURA_PROMPT;
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    if (told.do === "end") return;
    if (told.do === "prompt") yield told.prompt;
  }
}

/** `turn(prompt)` is done when the user has the whole answer; it throws if that is an error. `close()` ends what is open. */
export async function played(turn, close) {
  for await (const prompt of prompts()) {
    let settled = { is: "settled", outcome: "completed" };
    try {
      await turn(prompt);
    } catch (error) {
      settled = { is: "settled", outcome: "failed", error: String(error?.stack ?? error) };
    }
    console.log(JSON.stringify(settled));
  }
  await close();
}
