// OpenAI's own client against `caesura world`: every call of chat completions and models, and a whole loop to its end.
//
//     node openai_test.mjs --caesura PROGRAM --client openai | openai-node20

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import { World, given } from "./world.mjs";

const PACKAGE = given.client;
const { default: OpenAI } = await import(PACKAGE);
const { zodResponseFormat } = await import(`${PACKAGE}/helpers/zod`);

const PARAMETERS = {
  type: "object",
  properties: { caesura_run: { type: "string" }, input: { type: "string" } },
  required: ["caesura_run", "input"],
  additionalProperties: false,
};
const tools = ["search", "fetch_page", "calculator"].map((name) => ({ type: "function", function: { name, parameters: PARAMETERS, strict: true } }));
const HELLO = [{ role: "user", content: "hello" }];
const ASK = { model: "planner", messages: HELLO, tools };

let world;
before(async () => {
  world = await World.of("openai.yaml");
});
after(() => world.stop());

/** A client of a new run, which does not repeat calls unless it is told to. */
async function fresh(wishes, options) {
  const run = await world.run(wishes);
  return { run, openai: new OpenAI({ ...run.openai, maxRetries: 0, ...options }) };
}

/** The messages that answer all calls of an answer. */
const answers = (message) => [message, ...message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "found" }))];

test("models are listed and retrieved by the scenario's names", async () => {
  const { openai } = await fresh();
  const listed = [];
  for await (const model of openai.models.list()) listed.push(model);
  assert.deepEqual(listed.map(({ id, object }) => ({ id, object })), [{ id: "planner", object: "model" }]);
  assert.deepEqual(await openai.models.retrieve("planner"), listed[0]);
  await assert.rejects(openai.models.retrieve("nobody"), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
});

test("an answer asks for three tools at once, with the plan's usage", async () => {
  const { openai } = await fresh();
  const answer = await openai.chat.completions.create(ASK);
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.model, "planner");
  const [{ message, finish_reason, index }] = answer.choices;
  assert.equal(index, 0);
  assert.equal(finish_reason, "tool_calls");
  assert.equal(message.role, "assistant");
  assert.equal(message.refusal, null);
  assert.deepEqual(message.tool_calls.map((call) => [call.type, call.function.name]), [
    ["function", "search"],
    ["function", "fetch_page"],
    ["function", "calculator"],
  ]);
  assert.equal(new Set(message.tool_calls.map(({ id }) => id)).size, 3);
  for (const call of message.tool_calls) assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)), ["caesura_run", "input"]);
  assert.deepEqual(usage(answer), { prompt: 120, cached: 20, completion: 12, total: 132 });
});

const usage = ({ usage: { prompt_tokens, prompt_tokens_details, completion_tokens, total_tokens } }) => ({
  prompt: prompt_tokens,
  cached: prompt_tokens_details.cached_tokens,
  completion: completion_tokens,
  total: total_tokens,
});

test("a streamed answer is the one that is not streamed, piece by piece, and its usage comes last and on request only", async () => {
  const { openai } = await fresh();
  const whole = await openai.chat.completions.create(ASK);
  for (const include_usage of [false, true]) {
    const { openai } = await fresh({ request: 0 });
    const chunks = [];
    for await (const chunk of await openai.chat.completions.create({ ...ASK, stream: true, stream_options: { include_usage } })) chunks.push(chunk);
    assert.equal(new Set(chunks.map(({ id, created, object }) => `${id} ${created} ${object}`)).size, 1);
    assert.equal(chunks[0].object, "chat.completion.chunk");
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    const last = include_usage ? chunks.pop() : null;
    if (include_usage) {
      assert.deepEqual(last.choices, []);
      assert.deepEqual(usage(last), usage(whole));
      for (const chunk of chunks) assert.equal(chunk.usage, null);
    } else {
      for (const chunk of chunks) assert.equal(chunk.usage, undefined);
    }
    assert.equal(chunks.at(-1).choices[0].finish_reason, "tool_calls");
    assert.deepEqual(chunks.at(-1).choices[0].delta, {});
  }
  const streamed = await fresh({ request: 0 });
  const joined = await streamed.openai.chat.completions.stream({ ...ASK, stream_options: { include_usage: true } }).finalChatCompletion();
  const named = ({ type, function: { name } }) => ({ type, name });
  assert.deepEqual(joined.choices[0].message.tool_calls.map(named), whole.choices[0].message.tool_calls.map(named));
  for (const call of joined.choices[0].message.tool_calls) JSON.parse(call.function.arguments);
  assert.deepEqual(usage(joined), usage(whole));
});

test("a call that is repeated gets the same answer", async () => {
  const { openai } = await fresh();
  const first = await openai.chat.completions.create(ASK);
  const again = await openai.chat.completions.create(ASK);
  assert.deepEqual(again.choices, first.choices);
});

for (const stream of [false, true]) {
  test(`a loop by hand, ${stream ? "streamed" : "not streamed"}, ends with the plan's tokens to the token`, async () => {
    const { run, openai } = await fresh();
    const mcp = new Client({ name: "test", version: "1" });
    await mcp.connect(new StreamableHTTPClientTransport(new URL(run.mcp)));
    const offered = (await mcp.listTools()).tools.map(({ name, description, inputSchema }) => ({
      type: "function",
      function: { name, description, parameters: inputSchema, strict: true },
    }));
    const messages = [...HELLO];
    const used = { input: 0, output: 0 };
    for (;;) {
      const ask = { model: "planner", messages, tools: offered };
      const answer = stream
        ? await openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } }).finalChatCompletion()
        : await openai.chat.completions.create(ask);
      used.input += answer.usage.prompt_tokens;
      used.output += answer.usage.completion_tokens;
      const { message } = answer.choices[0];
      messages.push(message);
      if (!message.tool_calls?.length) break;
      const results = message.tool_calls.map(async ({ id, function: { name, arguments: text } }) => {
        const { content, isError } = await mcp.callTool({ name, arguments: JSON.parse(text) });
        assert.ok(!isError);
        return { role: "tool", tool_call_id: id, content: content[0].text };
      });
      messages.push(...(await Promise.all(results)));
    }
    await mcp.close();
    assert.equal(messages.at(-1).content.split(" ").length, 12);
    await run.hasPlayedItsPlan();
    assert.deepEqual(used, { input: 3 * 100 + 20 + 30 + 40, output: 36 });
  });
}

test("calls may be answered in another order, and one at a time if the client wants it so", async () => {
  const { openai } = await fresh();
  const first = (await openai.chat.completions.create(ASK)).choices[0].message;
  const [asks, ...results] = answers(first);
  const second = await openai.chat.completions.create({ ...ASK, messages: [...HELLO, asks, ...results.reverse()] });
  assert.deepEqual(second.choices[0].message.tool_calls.map((call) => call.function.name), ["search"]);

  const { openai: single } = await fresh();
  const messages = [...HELLO];
  const asked = [];
  for (let answer = 0; answer < 4; ++answer) {
    const { message } = (await single.chat.completions.create({ ...ASK, messages, parallel_tool_calls: false })).choices[0];
    assert.equal(message.tool_calls.length, 1);
    asked.push(message.tool_calls[0].function.name);
    messages.push(...answers(message));
  }
  assert.deepEqual(asked, ["search", "fetch_page", "calculator", "search"]);
});

test("an unknown model is 404, and a conversation that the provider refuses 400", async () => {
  const { openai } = await fresh();
  const refused = (ask, kind, code) => assert.rejects(openai.chat.completions.create(ask), (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.type, "invalid_request_error");
    if (code !== undefined) assert.equal(error.code, code);
    assert.ok(error.error.message);
    return true;
  });
  await refused({ ...ASK, model: "nobody" }, OpenAI.NotFoundError, "model_not_found");
  await refused({ ...ASK, messages: [] }, OpenAI.BadRequestError);
  await refused({ ...ASK, messages: [...HELLO, { role: "tool", tool_call_id: "call_1", content: "x" }] }, OpenAI.BadRequestError);
  const { message } = (await openai.chat.completions.create(ASK)).choices[0];
  await refused({ ...ASK, messages: [...HELLO, message] }, OpenAI.BadRequestError);
  await refused({ ...ASK, messages: [...HELLO, ...answers(message).slice(0, 3)] }, OpenAI.BadRequestError);
  await refused({ ...ASK, messages: [...HELLO, { role: "assistant" }] }, OpenAI.BadRequestError);
  await refused({ ...ASK, tools: [{ type: "function", function: { name: "a tool" } }] }, OpenAI.BadRequestError);
  await refused({ ...ASK, tools: tools.slice(1) }, OpenAI.BadRequestError); // the plan wants one that is not offered
});

test("a 429 is repeated by the client after its Retry-After, as the next attempt of the same operation", async () => {
  const { run, openai } = await fresh({ faults: [{ operation: 1, attempt: 1, status: 429, retry_after: "1s" }] }, { maxRetries: 2 });
  const answer = await openai.chat.completions.create(ASK);
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
  const [first, second, ...more] = await run.attempts(1);
  assert.deepEqual([first.end, second.end, more], ["refused", "ok", []]);
  assert.ok(second.asked_s - first.asked_s > 0.99, `${second.asked_s - first.asked_s} s`); // timers of Node may be a millisecond early
});

test("errors are of the client's own kinds", async () => {
  const fails = async (fault, kind, check = () => {}) => {
    const { openai } = await fresh({ faults: [{ operation: 1, attempt: "every", ...fault }] });
    await assert.rejects(openai.chat.completions.create(ASK), (error) => {
      assert.ok(error instanceof kind, `${error}`);
      check(error);
      return true;
    });
  };
  await fails({ status: 429, retry_after: "6s" }, OpenAI.RateLimitError, (error) => assert.equal(error.headers.get("retry-after"), "6"));
  await fails({ status: 500 }, OpenAI.InternalServerError, (error) => assert.equal(error.status, 500));
  await fails({ status: 503 }, OpenAI.InternalServerError, (error) => assert.equal(error.status, 503));
  await fails({ status: 403 }, OpenAI.PermissionDeniedError);
  await fails({ reset: { token: 5 } }, OpenAI.APIConnectionError);
});

test("a connection that breaks is a new attempt, and an error in a stream an error of the client", async () => {
  const { run, openai } = await fresh({ faults: [{ operation: 1, attempt: 1, reset: { token: 5 } }] }, { maxRetries: 1 });
  assert.equal((await openai.chat.completions.create(ASK)).choices[0].finish_reason, "tool_calls");
  assert.deepEqual((await run.attempts(1)).map(({ end }) => end), ["reset", "ok"]);

  const { openai: failing } = await fresh({ faults: [{ operation: 1, error: "disk full" }] });
  const stream = await failing.chat.completions.create({ ...ASK, stream: true });
  await assert.rejects(async () => { for await (const _ of stream); }, (error) => error instanceof OpenAI.APIError && /disk full/.test(error.message));
});

test("a client that aborts a stream in the middle hangs up, and the model stops", async () => {
  const long = await World.of("long_answer.yaml");
  try {
    for (const stream of [true, false]) {
      const run = await long.run();
      const openai = new OpenAI({ ...run.openai, maxRetries: 0 });
      const hangUp = new AbortController();
      const asked = openai.chat.completions.create({ model: "writer", messages: HELLO, stream }, { signal: hangUp.signal });
      if (stream) {
        let pieces = 0;
        for await (const chunk of await asked) if (chunk.choices[0].delta.content && ++pieces === 5) hangUp.abort();
        assert.ok(pieces >= 5);
      } else {
        await run.await("operation.token", { operation: "1" });
        hangUp.abort();
        await assert.rejects(asked, OpenAI.APIUserAbortError);
      }
      await run.await("operation.cut_off", { operation: "1" });
      const [attempt, ...more] = await run.attempts(1);
      assert.deepEqual([attempt.end, more], ["cut_off", []]);
      assert.deepEqual(attempt.signals.map(({ signal }) => signal), ["hang_up"]);
      assert.ok(attempt.tokens_generated >= (stream ? 5 : 1) && attempt.tokens_generated < 3000, `${attempt.tokens_generated} tokens`);
    }
  } finally {
    await long.stop();
  }
});

test("a call without tools, and one that wants JSON of a schema, are answered apart from the plan", async () => {
  const { run, openai } = await fresh();
  const title = await openai.chat.completions.create({ model: "planner", messages: [{ role: "user", content: "A title, please" }] });
  assert.equal(title.choices[0].finish_reason, "stop");
  assert.ok(title.choices[0].message.content);
  const schema = z.object({ city: z.string(), kind: z.enum(["warm", "cold"]), degrees: z.number(), days: z.array(z.string()) });
  const parsed = await openai.chat.completions.parse({ model: "planner", messages: HELLO, response_format: zodResponseFormat(schema, "weather") });
  assert.equal(parsed.choices[0].message.parsed.kind, "warm");
  assert.equal((await run.seen()).turns[0].unplanned.length, 2);
});

test("a call belongs to the run of its key or of the mark in its conversation", async () => {
  const ask = (apiKey, text) => new OpenAI({ baseURL: `${world.url}/v1`, apiKey }).chat.completions.create({ ...ASK, messages: [{ role: "user", content: text }] });
  await ask("caesura-of-the-key", "hello");
  await ask("any", "[caesura of-the-mark] hello");
  await ask("any", "[caesura of-the-mark/2] hello");
  await ask("any", "hello");
  const { runs } = await world.call("GET", "/caesura/runs");
  const turns = new Map(runs.map(({ run, turns }) => [run, turns]));
  assert.deepEqual(["of-the-key", "of-the-mark", "default"].map((run) => turns.get(run)), [1, 2, 1]);
});

test("with --key a call needs it", async () => {
  const locked = await World.of("openai.yaml", "--key", "secret");
  try {
    const client = (apiKey) => new OpenAI({ baseURL: `${locked.url}/v1`, apiKey, maxRetries: 0 });
    await assert.rejects(client("guessed").chat.completions.create(ASK), OpenAI.AuthenticationError);
    await assert.rejects(client("guessed").models.list(), OpenAI.AuthenticationError);
    assert.equal((await client("secret-by-key").chat.completions.create(ASK)).choices[0].finish_reason, "tool_calls");
    const { runs } = await locked.call("GET", "/caesura/runs", { headers: { Authorization: "Bearer secret" } });
    assert.deepEqual(runs.map(({ run }) => run), ["by-key"]);
  } finally {
    await locked.stop();
  }
});
