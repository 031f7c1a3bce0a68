// The official conformance suite of MCP against `caesura world`: its scenarios for servers that apply, and why the others do not.
//
//     node conformance_test.mjs --caesura PROGRAM

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { HERE, World } from "./world.mjs";

const APPLIES = [
  "dns-rebinding-protection",
  "ping",
  "server-initialize",
  "server-sse-multiple-streams",
  "tools-call-error",
  "tools-call-simple-text",
  "tools-call-with-progress",
  "tools-list",
];

const NO_RESOURCES = "the world has tools: it says so in its capabilities, which have neither resources nor prompts nor completions";
const TEXT_ONLY = "a scenario's tools answer in text";
const ASKS_NOTHING = "a scenario's tools ask nothing of the client";
const DOES_NOT_APPLY = {
  "completion-complete": NO_RESOURCES,
  "elicitation-sep1034-defaults": ASKS_NOTHING,
  "elicitation-sep1330-enums": ASKS_NOTHING,
  "json-schema-2020-12": "all tools take the same two texts: the schema has no $defs to preserve",
  "logging-set-level": "the world logs nothing to its clients, and says so in its capabilities",
  "prompts-get-embedded-resource": NO_RESOURCES,
  "prompts-get-simple": NO_RESOURCES,
  "prompts-get-with-args": NO_RESOURCES,
  "prompts-get-with-image": NO_RESOURCES,
  "prompts-list": NO_RESOURCES,
  "resources-list": NO_RESOURCES,
  "resources-read-binary": NO_RESOURCES,
  "resources-read-text": NO_RESOURCES,
  "resources-subscribe": NO_RESOURCES,
  "resources-templates-read": NO_RESOURCES,
  "resources-unsubscribe": NO_RESOURCES,
  "server-sse-polling": "no stream can be gone on with: that a client has lost one is what is measured here",
  "tools-call-audio": TEXT_ONLY,
  "tools-call-elicitation": ASKS_NOTHING,
  "tools-call-embedded-resource": TEXT_ONLY,
  "tools-call-image": TEXT_ONLY,
  "tools-call-mixed-content": TEXT_ONLY,
  "tools-call-sampling": ASKS_NOTHING,
  "tools-call-with-logging": "the world logs nothing to its clients, and says so in its capabilities",
};

async function suite(...options) {
  const program = `${HERE}node_modules/@modelcontextprotocol/conformance/dist/index.js`;
  return promisify(execFile)(process.execPath, [program, ...options], { maxBuffer: 64 << 20 });
}

test("every scenario of the suite is known to apply or not to", async () => {
  const { stdout } = await suite("list", "--server");
  const names = [...stdout.split(/^Client scenarios/m)[0].matchAll(/^ +- (\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), [...APPLIES, ...Object.keys(DOES_NOT_APPLY)].sort());
});

describe("the scenarios that apply", { concurrency: 4 }, () => {
  let world;
  before(async () => {
    world = await World.of("conformance.yaml");
  });
  after(() => world.stop());
  for (const scenario of APPLIES) {
    test(scenario, async () => {
      const { stdout } = await suite("server", "--url", `${world.url}/mcp`, "--scenario", scenario);
      assert.match(stdout, /^Passed: [1-9]/m);
    });
  }
});
