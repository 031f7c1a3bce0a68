// Clients of the official MCP SDKs against `caesura world`: lists, calls, progress, errors, and every way to give a call up.
//
//     node mcp_test.mjs --caesura PROGRAM --client v1 | v2 | v2-negotiating

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, given } from "./world.mjs";

const GENERATION = given.client;
const OPERATIONS = { quick: "2", mailer: "3", ledger: "4", broken: "5", soon: "6", long: "7" };

/** Each SDK's own way to say the same. */
const SDK = {
  async v1() {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const { ErrorCode, McpError } = await import("@modelcontextprotocol/sdk/types.js");
    return {
      client: () => new Client({ name: "test", version: "1" }),
      Transport: StreamableHTTPClientTransport,
      call: (client, params, options) => client.callTool(params, undefined, options),
      isOfCode: (error, code) => error instanceof McpError && error.code === code,
      isTimeout: (error) => error instanceof McpError && error.code === ErrorCode.RequestTimeout,
      isUnknownSession: (error) => error.code === 404,
    };
  },
  async v2(options) {
    const { Client, ProtocolError, SdkError, SdkErrorCode, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    return {
      client: () => new Client({ name: "test", version: "1" }, options),
      Transport: StreamableHTTPClientTransport,
      call: (client, params, options) => client.callTool(params, options),
      isOfCode: (error, code) => error instanceof ProtocolError && error.code === code,
      isTimeout: (error) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout,
      isUnknownSession: (error) => error.status === 404,
    };
  },
};
const sdk = GENERATION === "v1" ? await SDK.v1() : await SDK.v2(GENERATION === "v2" ? {} : { versionNegotiation: { mode: "auto" } });

let world;
before(async () => {
  world = await World.of("mcp.yaml");
});
after(() => world.stop());

/** A client of a run, which is a new one if none is given. */
async function connected(run) {
  run ??= await world.run();
  const client = sdk.client();
  const transport = new sdk.Transport(new URL(run.mcp));
  await client.connect(transport);
  // As the model would have it: which operation of the run's first request this is.
  const asked = (name) => ({ name, arguments: { caesura_run: `${run.id}/1#${OPERATIONS[name]}`, input: "go" } });
  return { run, client, transport, call: (name, options) => sdk.call(client, asked(name), options) };
}

test("a session begins with initialize, and says what it has", async () => {
  const { client, transport } = await connected();
  assert.equal(client.getServerVersion().name, "caesura");
  assert.deepEqual(Object.keys(client.getServerCapabilities()), ["tools"]);
  assert.ok(transport.sessionId);
  assert.equal(transport.protocolVersion, "2025-11-25");
  await client.ping();
  await client.close();
});

test("the scenario's tools are listed, with what they do to the world", async () => {
  const { client } = await connected();
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), Object.keys(OPERATIONS));
  for (const { inputSchema } of tools) {
    assert.deepEqual([...inputSchema.required].sort(), ["caesura_run", "input"]);
    assert.equal(inputSchema.additionalProperties, false);
  }
  const [quick, mailer, ledger] = tools.map(({ annotations }) => annotations);
  assert.equal(quick.readOnlyHint, true);
  assert.deepEqual([mailer.readOnlyHint, mailer.destructiveHint, mailer.idempotentHint], [false, true, false]);
  assert.deepEqual([ledger.readOnlyHint, ledger.idempotentHint], [false, true]);
  await client.close();
});

test("a tool answers with text, and an effect is on the record", async () => {
  const { run, client, call } = await connected();
  const { content, isError } = await call("quick");
  assert.equal(content[0].type, "text");
  assert.ok(content[0].text);
  assert.ok(!isError);
  await call("mailer");
  const [attempt] = await run.attempts(OPERATIONS.mailer);
  assert.equal(attempt.end, "ok");
  assert.ok(attempt.committed_s !== null);
  await client.close();
});

test("a call without the run in its arguments is served all the same", async () => {
  const { run, client } = await connected();
  assert.ok(!(await sdk.call(client, { name: "quick", arguments: {} })).isError);
  assert.ok(!(await sdk.call(client, { name: "ledger" })).isError);
  assert.equal((await run.attempts(OPERATIONS.ledger)).length, 1);
  await client.close();
});

test("progress rises while a call is in progress", async () => {
  const { client, call } = await connected();
  const told = [];
  const { content } = await call("soon", { onprogress: ({ progress }) => told.push(progress) });
  assert.ok(content[0].text);
  assert.ok(told.length >= 2, `${told}`);
  assert.deepEqual(told, [...new Set(told)].sort((a, b) => a - b));
  await client.close();
});

test("a tool that fails answers isError, and an unknown one is an error of the protocol", async () => {
  const { run, client, call } = await connected();
  const { isError, content } = await call("broken");
  assert.equal(isError, true);
  assert.ok(content[0].text);
  assert.deepEqual((await run.attempts(OPERATIONS.broken)).map(({ end }) => end), ["failed"]);
  await assert.rejects(sdk.call(client, { name: "missing", arguments: {} }), (error) => sdk.isOfCode(error, -32602));
  await client.close();
});

test("a fault that is wished for is isError, or an answer that is lost once the effect is there", async () => {
  const faults = [
    { operation: Number(OPERATIONS.quick), error: "disk full" },
    { operation: Number(OPERATIONS.mailer), lost: true },
  ];
  const { run, client, call } = await connected(await world.run({ faults }));
  const { isError, content } = await call("quick");
  assert.equal(isError, true);
  assert.match(content[0].text, /disk full/);
  await assert.rejects(call("mailer"));
  assert.ok(!(await call("mailer")).isError); // the caller cannot know: it tries again
  const mailed = await run.attempts(OPERATIONS.mailer);
  assert.deepEqual(mailed.map(({ end }) => end), ["lost", "ok"]);
  for (const { committed_s } of mailed) assert.notEqual(committed_s, null);
  await client.close();
});

/** That the tool was told by a notification, has stopped, and nobody was answered. */
async function wasCancelled(run, name = "long") {
  await run.await("operation.cut_off", { operation: OPERATIONS[name] });
  const [attempt, ...more] = await run.attempts(OPERATIONS[name]);
  assert.deepEqual([attempt.end, more.length], ["cut_off", 0]);
  assert.equal(attempt.signals[0].signal, "cancel");
  assert.equal(attempt.told_s, attempt.signals[0].at_s);
  assert.equal(attempt.given_s, null);
}

for (const progress of [false, true]) {
  test(`a call whose signal aborts is cancelled by a notification${progress ? ", with a stream of progress too" : ""}`, async () => {
    const { run, client, call } = await connected();
    const cancel = new AbortController();
    const options = { signal: cancel.signal, ...(progress ? { onprogress: () => {} } : {}) };
    const asked = call("long", options);
    await run.await("operation.started", { operation: OPERATIONS.long });
    cancel.abort("the user says stop");
    await assert.rejects(asked);
    await wasCancelled(run);
    assert.ok(!(await call("quick")).isError); // the session goes on
    await client.close();
  });
}

test("a call that takes longer than the client's limit is cancelled by a notification", async () => {
  const { run, client, call } = await connected();
  await assert.rejects(call("long", { timeout: 2000 }), sdk.isTimeout);
  await wasCancelled(run);
  await client.close();
});

test("a client that closes hangs up, which is noted and cancels nothing", async () => {
  const { run, client, call } = await connected();
  const asked = call("soon").catch(() => {});
  await run.await("operation.started", { operation: OPERATIONS.soon });
  await client.close();
  await asked;
  await run.await("signal", { operation: OPERATIONS.soon });
  await run.await("operation.ended", { operation: OPERATIONS.soon });
  const [attempt] = await run.attempts(OPERATIONS.soon);
  assert.equal(attempt.end, "ok");
  assert.deepEqual(attempt.signals.map(({ signal, counts }) => ({ signal, counts })), [{ signal: "hang_up", counts: false }]);
  assert.equal(attempt.told_s, null);
});

test("a session that is ended by DELETE is unknown from then on, and cancels nothing", async () => {
  const { run, client, transport, call } = await connected();
  const { transport: other } = await connected(run);
  const asked = call("soon");
  await run.await("operation.started", { operation: OPERATIONS.soon });
  const ended = transport.sessionId;
  await transport.terminateSession();
  assert.ok(!(await asked.catch(() => ({ isError: false }))).isError);
  await run.await("operation.ended", { operation: OPERATIONS.soon });
  assert.equal((await run.attempts(OPERATIONS.soon))[0].end, "ok");
  const stale = new sdk.Transport(new URL(run.mcp), { sessionId: ended });
  await stale.start();
  await assert.rejects(stale.send({ jsonrpc: "2.0", id: 1, method: "ping" }), sdk.isUnknownSession);
  await other.send({ jsonrpc: "2.0", id: 9, method: "ping" });
  await client.close();
});

test("a cancel of a call that nobody has begun is a stray signal", async () => {
  const { run, client, call } = await connected();
  await client.notification({ method: "notifications/cancelled", params: { requestId: 999 } });
  await run.await("signal.stray");
  assert.ok(!(await call("quick")).isError);
  const { turns } = await run.seen();
  assert.equal(turns[0].ledger.stray_signals, 1);
  await client.close();
});

test("two clients at once have the same ids, and each cancels its own call", async () => {
  const [one, other] = [await connected(), await connected()];
  assert.notEqual(one.transport.sessionId, other.transport.sessionId);
  const cancels = [new AbortController(), new AbortController()];
  const asked = [one, other].map(({ call }, n) => call("long", { signal: cancels[n].signal }));
  for (const answer of asked) answer.catch(() => {}); // its error is looked at below
  for (const { run } of [one, other]) await run.await("operation.started", { operation: OPERATIONS.long });
  cancels[0].abort();
  await assert.rejects(asked[0]);
  await wasCancelled(one.run);
  assert.equal((await other.run.attempts(OPERATIONS.long))[0].end, "in_progress");
  cancels[1].abort();
  await assert.rejects(asked[1]);
  await wasCancelled(other.run);
  await Promise.all([one.client.close(), other.client.close()]);
});
