// An application in plain JavaScript (fetch and AbortController) against `caesura serve`: it cancels after a timeout, in a stream, twice,
// and by hanging up. Also the TypeScript and React examples of docs/clients.md, for which stand-ins of MUXI's SDK and of React are in sdk/;
// they run with --strict too.
//
//     node clients_node_test.mjs --caesura PROGRAM

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const PATIENCE_MS = 60_000; // for what should take a moment: that it hangs is an error
const SCENARIO = fileURLToPath(new URL("client-tests.yaml", import.meta.url));
const { caesura } = parseArgs({ options: { caesura: { type: "string" } } }).values;

class Served {
  #process;
  #ended;

  constructor(...options) {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CAESURA_")));
    const command = ["serve", SCENARIO, "--clock", "manual", "--listen", "127.0.0.1:0", ...options];
    this.#process = spawn(caesura, command, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = once(this.#process, "close");
  }

  async url() {
    let said = "";
    for await (const some of this.#process.stderr.iterator({ destroyOnReturn: false })) {
      said += some;
      const found = said.match(/^caesura: serving .* on (http:\S+) /m);
      if (found) return found[1];
    }
    throw new Error(`caesura serve has ended: ${said}`);
  }

  async stop() {
    this.#process.kill("SIGINT");
    this.#process.stderr.resume();
    await this.#ended;
  }
}

/** What an application would have of its own. */
class Application {
  constructor(url) {
    this.api = `${url}/v1`;
    this.headers = { "Content-Type": "application/json", "X-Muxi-User-ID": "ana" };
  }

  async call(method, path, { body, headers, signal } = {}) {
    const options = { method, headers: { ...this.headers, ...headers }, body: body && JSON.stringify(body), signal };
    const answer = await fetch(this.api + path, options);
    return { status: answer.status, ...(await answer.json()) };
  }

  chat(id, options) {
    return this.call("POST", "/chat", { ...options, body: { message: "hello", request_id: id, stream: false } });
  }

  /** Whether the request is cancelled; if not, it has ended otherwise. */
  async cancel(id) {
    const { status, data, message } = await this.call("DELETE", `/requests/${id}`);
    if (status === 400) return false;
    assert.equal(status, 200, message);
    return data;
  }

  /** The answer's content; null if it was cancelled because `expired` came first. */
  async chatWithTimeout(id, expired) {
    const waiting = this.chat(id);
    if ((await Promise.race([waiting, expired.then(() => "expired")])) === "expired") await this.cancel(id);
    const { data } = await waiting;
    return data.status === "cancelled" ? null : data.content;
  }

  /** The JSON of each frame of a stream, as it comes. */
  async *stream(id, signal) {
    const body = JSON.stringify({ message: "hello", request_id: id, stream: true });
    const answer = await fetch(`${this.api}/chat`, { method: "POST", headers: this.headers, body, signal });
    let text = "";
    for await (const some of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + some).split("\n");
      text = lines.pop();
      for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
    }
  }
}

function check(name, body, ...options) {
  test(name, { timeout: PATIENCE_MS }, async (context) => {
    const served = new Served(...options);
    context.after(() => served.stop());
    const url = await served.url();
    const application = new Application(url);
    const state = async (id) => {
      const { status, data } = await application.call("GET", `/requests/${id}`);
      return status === 404 ? "unknown" : `${data.status}${data.cancel_requested ? ", cancel requested" : ""}`;
    };
    await body({
      url,
      context,
      application,
      state,
      advance: (by) => application.call("POST", "/caesura/clock", { body: { advance: by } }),
      // What a client does reaches the server in its own time; the test's timeout ends this if it does not.
      until: async (id, wanted) => {
        while ((await state(id)) !== wanted) context.signal.throwIfAborted();
      },
      // Moves the clock on to where the requests that come next are to be cancelled, and behind their ends once they are.
      conduct: async (untilCancel, requests = 1) => {
        const waitFor = async (what) => {
          for (;;) {
            context.signal.throwIfAborted();
            const { data } = await application.call("GET", "/requests");
            const active = data.requests.filter((request) => ["pending", "processing"].includes(request.status));
            if (active.filter(what).length === requests) return;
          }
        };
        const advance = (by) => application.call("POST", "/caesura/clock", { body: { advance: by } });
        await waitFor(() => true);
        await advance(untilCancel);
        await waitFor((request) => request.cancel_requested);
        await advance("11m");
      },
    });
  });
}

check("a chat is cancelled when its time is up", async ({ application, state, advance, until }) => {
  let expire;
  const reply = application.chatWithTimeout("r1", new Promise((resolve) => (expire = resolve)));
  await until("r1", "processing");
  await advance("10s");
  expire();
  await until("r1", "processing, cancel requested");
  await advance("2s");
  assert.equal(await reply, null);
  assert.equal(await state("r1"), "cancelled, cancel requested");
});

check("an answer that crosses its cancel is kept", async ({ application, state, advance, until }) => {
  const waiting = application.chat("r1");
  await until("r1", "processing");
  await advance("18s");
  assert.equal(await application.cancel("r1"), false);
  const { data } = await waiting;
  assert.equal(data.content.split(" ").length, 200);
  assert.equal(await state("r1"), "completed");
});

check("a stream cancelled after ten chunks has exactly what was sent", async ({ application, advance, until }) => {
  const whole = application.chat("whole");
  await until("whole", "processing");
  await advance("18s");
  const content = [];
  const ends = [];
  for await (const frame of application.stream("r1")) {
    const type = frame.token?.type;
    if (frame.token?.stage === "init") void advance("13500ms");
    if (type === "content" && content.push(frame.token.content) === 10) {
      assert.equal((await application.cancel("r1")).cancellation, "cooperative");
      await advance("10s");
    }
    if (!["progress", "planning", "content"].includes(type)) ends.push(type ?? frame);
  }
  assert.equal(content.length, 10);
  assert.equal(content.join("").trim().split(" ").length, 40);
  assert.ok((await whole).data.content.startsWith(content.join("")));
  assert.deepEqual(ends, ["cancelled", { finished: true }]);
});

check("a second cancel is told the same", async ({ application, advance, until }) => {
  const waiting = application.chat("r1");
  await until("r1", "processing");
  const first = await application.cancel("r1");
  const second = await application.cancel("r1");
  await advance("2s");
  assert.equal((await waiting).data.message.metadata.cancelled, true);
  assert.equal(second.message, "already cancelled");
  assert.deepEqual(await application.cancel("r1"), second);
  assert.equal(first.cancellation, second.cancellation);
});

check("an abort of a waiting fetch has cancelled", async ({ application, state, advance, until }) => {
  const controller = new AbortController();
  const waiting = assert.rejects(application.chat("r1", { signal: controller.signal }), { name: "AbortError" });
  await until("r1", "processing");
  controller.abort();
  await waiting;
  await until("r1", "processing, cancel requested");
  await advance("2s");
  assert.equal(await state("r1"), "cancelled, cancel requested");
});

check("an abort of a stream has cancelled", async ({ application, state, advance, until }) => {
  const controller = new AbortController();
  const reading = async () => {
    for await (const frame of application.stream("r1", controller.signal)) if (frame.token.stage === "init") controller.abort();
  };
  await assert.rejects(reading(), { name: "AbortError" });
  await until("r1", "processing, cancel requested");
  await advance("2s");
  assert.equal(await state("r1"), "cancelled, cancel requested");
});

check("a browser's preflight is allowed what the clients send", async ({ application }) => {
  const names = "content-type,x-muxi-client-key,x-muxi-user-id,x-muxi-sdk,x-muxi-client,x-muxi-idempotency-key";
  const headers = { Origin: "http://example.test", "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": names };
  const answer = await fetch(`${application.api}/requests/r1`, { method: "OPTIONS", headers });
  assert.ok(answer.ok);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-allow-methods"), /DELETE/);
  const allowed = answer.headers.get("access-control-allow-headers").toLowerCase();
  for (const name of names.split(",")) assert.ok(allowed === "*" || allowed.includes(name), name);
});

// ---- The examples of the docs

const ROOT = new URL("../../", import.meta.url);
const PAGE = readFileSync(new URL("docs/clients.md", ROOT), "utf8");
const DOCUMENTED = "http://127.0.0.1:8001";
const codeIn = (language) => PAGE.match(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m"))[1];

function typescript() {
  for (const name of ["typescript", "/usr/share/nodejs/typescript"]) {
    try {
      return createRequire(import.meta.url)(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Error("there is no TypeScript; install it (Debian: node-typescript)");
}

/** The examples as a module, for the server at `url`. */
async function examples(url, context) {
  const ts = typescript();
  const exported = "export { startAndCancel, chatWithTimeout, firstChunks, start, cancelAll, active };";
  const jsx = 'import { createElement, Fragment, Shown } from "react"; export { Shown };';
  const code = [jsx, codeIn("ts"), codeIn("tsx"), exported].join("\n");
  assert.ok(code.includes(DOCUMENTED));
  const { outputText, diagnostics } = ts.transpileModule(code.replace(DOCUMENTED, url), {
    fileName: "example.tsx",
    reportDiagnostics: true,
    compilerOptions: { module: "esnext", target: "es2022", jsx: ts.JsxEmit.React, jsxFactory: "createElement", jsxFragmentFactory: "Fragment" },
  });
  assert.deepEqual(diagnostics.map((each) => each.messageText), []);
  const folder = mkdtempSync(join(tmpdir(), "caesura-examples-"));
  context.after(() => rmSync(folder, { recursive: true }));
  cpSync(new URL("sdk/node/react", import.meta.url), join(folder, "node_modules/react"), { recursive: true });
  cpSync(new URL("sdk/node/muxi-typescript", import.meta.url), join(folder, "node_modules/@muxi-ai/muxi-typescript"), { recursive: true });
  writeFileSync(join(folder, "example.mjs"), outputText);
  return import(pathToFileURL(join(folder, "example.mjs")));
}

for (const options of [[], ["--strict"]]) {
  const mode = options[0] ?? "as it is";
  const checkExample = (name, body) => check(`the docs' example, ${mode}: ${name}`, body, "--early-cancel", "10s", ...options);

  checkExample("start and cancel at once", async ({ url, conduct, context }) => {
    const { startAndCancel } = await examples(url, context);
    const [answer] = await Promise.all([startAndCancel("Write a very long story..."), conduct("0s")]);
    assert.equal(answer, null);
  });

  checkExample("cancel after a timeout", async ({ url, conduct, context }) => {
    const { chatWithTimeout } = await examples(url, context);
    await Promise.all([assert.rejects(chatWithTimeout("Compare all phones", 200), { message: "no answer within 200 ms" }), conduct("0s")]);
  });

  checkExample("cancel a stream after ten chunks", async ({ url, conduct, context }) => {
    const { firstChunks } = await examples(url, context);
    const [chunks] = await Promise.all([firstChunks("Write an essay"), conduct("13500ms")]);
    assert.equal(chunks.length, 10);
    assert.equal(chunks.join("").trim().split(" ").length, 40);
  });

  checkExample("cancel all that are active", async ({ url, conduct, context }) => {
    const { start, cancelAll, active } = await examples(url, context);
    const answers = ["One", "Two"].map((message) => start(message).answer);
    const [cancelled] = await Promise.all([cancelAll(), conduct("0s", 2)]);
    assert.deepEqual(cancelled, [true, true]);
    assert.deepEqual(await Promise.all(answers), [null, null]);
    assert.equal(active.size, 0);
  });

  checkExample("a Cancel button", async ({ url, conduct, context }) => {
    const { Chat, Shown } = await examples(url, context);
    const chat = new Shown(Chat);
    const buttons = () => chat.all("button").map((button) => `${chat.text(button)}${button.props.disabled ? " (grey)" : ""}`);
    const shows = async (...wanted) => {
      while (buttons().join() !== wanted.join()) {
        context.signal.throwIfAborted();
        await new Promise(setImmediate);
      }
    };
    assert.deepEqual(buttons(), ["Send"]);
    chat.press("Send");
    await shows("Send (grey)", "Cancel");
    chat.press("Cancel");
    await shows("Send (grey)", "stopping… (grey)");
    await conduct("0s");
    await shows("Send");
    assert.equal(chat.text(chat.all("p")[0]), "Stopped.");
  });
}
