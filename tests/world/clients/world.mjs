// `caesura world` as tests of clients use it: started on a free port, asked through its control calls, and stopped.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const HERE = fileURLToPath(new URL(".", import.meta.url));
const PATIENCE_MS = 60_000; // for what should take a moment: that it hangs is an error

/** What the test was started with. */
export const given = parseArgs({
  options: {
    caesura: { type: "string" }, // the program
    client: { type: "string" }, // which client it is about
    subject: { type: "string" }, // the only agent to play; by default all do
  },
}).values;

export class World {
  #process;
  #ended;
  #said = "";

  /** Resolves when it can be called. `scenario`: a path, from this folder. */
  static async of(scenario, ...options) {
    const world = new World();
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CAESURA_")));
    const command = ["world", join(HERE, scenario), "--listen", "127.0.0.1:0", ...options];
    world.#process = spawn(given.caesura, command, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
    world.#ended = once(world.#process, "close");
    world.url = await world.#address();
    return world;
  }

  #address() {
    const ended = this.#ended.then(([status]) => {
      throw new Error(`caesura world has ended with status ${status}: ${this.#said}`);
    });
    const listens = new Promise((resolve) => {
      this.#process.stderr.on("data", (some) => {
        this.#said += some;
        const found = this.#said.match(/^caesura: .* on (http:\/\/[^\s;]+)/m);
        if (found) resolve(found[1]);
      });
    });
    return Promise.race([listens, ended]);
  }

  /** A control call; its answer's JSON. An error of `status` if it is another one. */
  async call(method, path, { body, status = 200, headers } = {}) {
    const options = { method, headers: { "Content-Type": "application/json", ...headers }, body: body && JSON.stringify(body) };
    const answer = await fetch(this.url + path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await answer.text();
    assert.equal(answer.status, status, `${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  /** A new run. `wishes`: of POST /caesura/runs. */
  async run(wishes = {}) {
    return new Run(this, await this.call("POST", "/caesura/runs", { body: wishes, status: 201 }));
  }

  async stop() {
    this.#process.kill("SIGINT");
    const [status, signal] = await this.#ended;
    assert.deepEqual({ status, signal }, { status: 130, signal: null }, this.#said);
  }
}

/** One run of a world, which the calls of its own addresses belong to. */
export class Run {
  constructor(world, { run, key, addresses }) {
    this.world = world;
    this.id = run;
    this.key = key;
    this.openai = { baseURL: addresses.openai, apiKey: "none" };
    this.mcp = addresses.mcp;
  }

  #call(method, path = "", options = {}) {
    return this.world.call(method, `/caesura/runs/${this.id}${path}`, options);
  }

  /** All that was seen of it. */
  seen() {
    return this.#call("GET");
  }

  /** What was seen of one operation: its attempts, in order. */
  async attempts(operation, turn = 1) {
    const { turns } = await this.seen();
    return turns[turn - 1].operations.find((seen) => seen.operation === String(operation)).attempts;
  }

  /** Resolves once the event has come: `event`, and what else names it. */
  await(event, which = {}) {
    return this.#call("GET", `/await?${new URLSearchParams({ event, timeout: "60s", ...which })}`);
  }

  /** The driver's word on what the user was told. */
  settled(outcome) {
    return this.#call("POST", "/settled", { body: { outcome } });
  }

  /** That all of its turns' operations, and nothing else, were asked for once, and used what was planned to the token. */
  async hasPlayedItsPlan(turns = 1) {
    const seen = await this.seen();
    assert.equal(seen.turns.length, turns);
    for (const { played, operations, unplanned, ledger } of seen.turns) {
      const asked = operations.map(({ operation, completed, attempts }) => ({ operation, completed, ends: attempts.map(({ end }) => end) }));
      assert.deepEqual(asked, operations.map(({ operation }) => ({ operation, completed: true, ends: ["ok"] })));
      assert.deepEqual(unplanned, []);
      assert.ok(played);
      assert.ok(ledger.planned.tokens > 0);
      assert.deepEqual(ledger.used, ledger.planned);
      for (const none of ["added", "saved", "forgone"]) assert.deepEqual([none, ledger[none].tokens, ledger[none].cost_usd], [none, 0, 0]);
      const { outcome, stray_signals, never_asked, never_told } = ledger;
      assert.deepEqual({ outcome, stray_signals, never_asked, never_told }, { outcome: "completed", stray_signals: 0, never_asked: [], never_told: [] });
    }
  }
}
