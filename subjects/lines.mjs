// What every subject shares: the lines by which it is spoken to, and its world. The agents are as their frameworks' own documentation would
// have them; all that they know of Caesura is what `open` is given.
//
// `open({openai: {baseURL, apiKey}, mcp, model, agents})` makes one conversation, `{turn, close}`. `agents`, `[{name, model}]`, are sub-agents,
// each to be offered as a tool of its name, with that model and the tools of MCP.
//
// `turn(prompt, user)` is done when the user has the whole answer, and throws what the framework throws. It may answer `{outcome, usage}`:
// `outcome` where the framework tells of a cancel by something else than an error, `usage` if it has a figure for the whole turn. Of `user`:
//   stop     aborts when the user says stop
//   timeout  the limit of the turn in milliseconds; undefined: none
//   signal   aborts at either: for frameworks that have no limit of their own to be given
//   say      is told each piece of the text
//   reads    goes through a stream as `for await` does, and leaves it as `break` does once the user has walked away

import { createInterface } from "node:readline";

const write = (line) => console.log(JSON.stringify(line));

/** Plays the conversations that it is told of, until it is told to end. */
export async function serve(open) {
  const runs = new Map();
  write({ is: "ready" });
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    if (told.do === "end") break;
    if (told.do === "start") runs.set(told.run, new Conversation(told.run, { ...process.env, ...told.env }, open));
    const conversation = runs.get(told.run);
    if (told.do === "start" || told.do === "prompt") conversation.play(told.prompt);
    if (told.do === "cancel") conversation.cancel();
    if (told.do === "leave") conversation.leave();
  }
  await Promise.allSettled([...runs.values()].map((conversation) => conversation.close()));
  process.exit(); // whatever a framework still has to do
}

class Conversation {
  #run;
  #env;
  #open;
  #agent;
  #stopping;
  leave;

  constructor(run, env, open) {
    this.#run = run;
    this.#env = env;
    this.#open = open;
  }

  async play(prompt) {
    this.#stopping = new AbortController();
    const stop = this.#stopping.signal;
    const timeout = this.#env.CAESURA_TIMEOUT_S && 1000 * this.#env.CAESURA_TIMEOUT_S;
    const signal = timeout ? AbortSignal.any([stop, AbortSignal.timeout(timeout)]) : stop;
    const say = (text) => text && write({ is: "text", run: this.#run, text });
    const left = new Promise((resolve) => (this.leave = resolve));
    const turn = this.#turn(prompt, { stop, timeout, signal, say, reads: (stream) => readUntil(left, stream) });
    const settled = await Promise.race([turn.catch((error) => failure(error, signal)), left.then(() => ({ outcome: "cancelled" }))]);
    write({ is: "settled", run: this.#run, ...settled });
  }

  cancel() {
    this.#stopping.abort();
  }

  async close() {
    await this.#agent?.close();
  }

  async #turn(prompt, user) {
    const env = this.#env;
    const openai = { baseURL: env.CAESURA_OPENAI_BASE_URL, apiKey: env.CAESURA_API_KEY };
    this.#agent ??= await this.#open({ openai, mcp: env.CAESURA_MCP_URL, model: env.CAESURA_MODEL, agents: JSON.parse(env.CAESURA_AGENTS ?? "[]") });
    return { outcome: "completed", ...(await this.#agent.turn(prompt, user)) };
  }
}

/** What an application says of an error: that of a turn which its user has stopped is no failure. */
function failure(error, signal) {
  const stopped = signal.aborted && signal.reason.name !== "TimeoutError";
  return { outcome: stopped ? "cancelled" : "failed", error: String(error) };
}

async function* readUntil(left, stream) {
  const pieces = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([pieces.next(), left]);
    if (!next) pieces.return?.();
    if (!next || next.done) return;
    yield next.value;
  }
}
