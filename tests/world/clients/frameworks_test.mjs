// Agents of real frameworks against `caesura world`: each plays every scenario, and a second turn of it in the same conversation, to the
// end, with nothing told but addresses, a key and names. All of them side by side; and what says whose call it is, is in each scenario
// another thing: the addresses, the key, or nothing but what is in the prompt, as in a server that many users share.
//
//     node frameworks_test.mjs --caesura PROGRAM [--subject NAME]

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { HERE, World, given } from "./world.mjs";

// Not strands: of several calls in one streamed answer it makes the last only (1.19.0).
const SUBJECTS = ["ai-sdk", "genkit", "langchain", "mastra", "openai-agents", "openai-mcp"];
const SCENARIOS = {
  three_tools: { file: "three_tools.yaml", by: "key", model: "planner", agents: [] },
  sub_agent: { file: "sub_agent.yaml", by: "mark", model: "planner", agents: [{ name: "researcher", model: "reader" }] },
  coding_agent: {
    file: "../../../scenarios/world_coding_agent.yaml",
    options: ["--time-scale", "20"],
    by: "path",
    model: "coder",
    agents: [{ name: "researcher", model: "researcher_model" }],
  },
};
const TURNS = 2;
const PATIENCE_MS = 120_000; // for a turn, which takes seconds: that it hangs is an error

/** A subject's process, which plays one run. */
class Subject {
  #run;
  #told;
  #process;
  #lines;
  #ended;
  #stderr = "";

  constructor(name, run, { by, model, agents }) {
    this.#run = run.id;
    this.#told = {
      CAESURA_RUN: run.id,
      CAESURA_OPENAI_BASE_URL: by === "path" ? run.openai.baseURL : `${run.world.url}/v1`,
      CAESURA_MCP_URL: by === "path" ? run.mcp : `${run.world.url}/mcp`,
      CAESURA_API_KEY: by === "key" ? run.key : "none",
      CAESURA_MODEL: model,
      CAESURA_AGENTS: JSON.stringify(agents),
      CAESURA_PROMPT: this.prompt(run, 1),
    };
    const quiet = { MASTRA_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
    const program = `${HERE}../../../subjects/${name}/agent.mjs`;
    this.#process = spawn(process.execPath, [program], { env: { ...process.env, ...quiet, ...this.#told }, stdio: "pipe" });
    this.#process.stderr.on("data", (some) => (this.#stderr += some));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#process.on("close", (status, signal) => resolve({ status, signal })));
  }

  prompt(run, turn) {
    return `[caesura ${run.id}/${turn}] Please do what there is to do.`;
  }

  /** Begins the first turn, once it is ready. */
  async start() {
    await this.#said("ready");
    this.say({ do: "start", prompt: this.#told.CAESURA_PROMPT, env: this.#told });
  }

  /** The next turn's outcome. */
  async settled() {
    return (await this.#said("settled")).outcome;
  }

  async #said(what) {
    const hangs = new Promise((_, reject) => setTimeout(() => reject(new Error(`it hangs: ${this.#stderr}`)), PATIENCE_MS).unref());
    for (;;) {
      const { value, done } = await Promise.race([this.#lines.next(), hangs]);
      assert.ok(!done, `it has ended: ${this.#stderr}`);
      const said = value.startsWith("{") ? JSON.parse(value) : {};
      if (said.is === what) return said;
    }
  }

  say(line) {
    this.#process.stdin.write(`${JSON.stringify({ ...line, run: this.#run })}\n`);
  }

  async end() {
    this.#process.stdin.end(`${JSON.stringify({ do: "end" })}\n`);
    assert.deepEqual(await this.#ended, { status: 0, signal: null }, this.#stderr);
  }

  kill() {
    this.#process.kill("SIGKILL");
  }
}

async function plays(world, subjectName, scenario) {
  const run = await world.run({ id: subjectName, request: SUBJECTS.indexOf(subjectName) });
  const subject = new Subject(subjectName, run, scenario);
  try {
    await subject.start();
    for (let turn = 1; turn <= TURNS; ++turn) {
      if (turn > 1) subject.say({ do: "prompt", prompt: subject.prompt(run, turn) });
      assert.equal(await subject.settled(), "completed");
      await run.settled("completed");
    }
    await subject.end();
  } finally {
    subject.kill();
  }
  await run.hasPlayedItsPlan(TURNS);
}

/** No call was taken for another run's. */
async function hasRuns(world, names) {
  const { runs } = await world.call("GET", "/caesura/runs");
  assert.deepEqual(runs.map(({ run }) => run).sort(), names);
}

describe("agents of real frameworks play to the end, with the plan's tokens to the token", { concurrency: true }, () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    test(name, { concurrency: true }, async (t) => {
      const world = await World.of(scenario.file, ...(scenario.options ?? []));
      const chosen = SUBJECTS.filter((subject) => !given.subject || subject === given.subject);
      await Promise.all(chosen.map((subject) => t.test(subject, () => plays(world, subject, scenario))));
      await t.test("and no other run was begun", () => hasRuns(world, chosen));
      await world.stop();
    });
  }
});
