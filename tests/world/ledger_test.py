"""What a program used and saved means the same, measured and simulated.

    python3 ledger_test.py --caesura PROGRAM

A small agent that does with a cancel what a policy says, played against `caesura world` with the manual clock, has the ledger of the simulated
policy on the same request: to the token, the picodollar and the nanosecond.
"""

import argparse
import csv
import io
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from served import World  # noqa: E402
from small_agent import Agent, nanoseconds  # noqa: E402

CAESURA = None

SERVICES = """
scenario: {name}
seed: {seed}
load: {{requests: 40, arrivals: at_once}}
links: {{llm: {llm_link}ms, tool: {tool_link}ms}}
services:
  llm:
    thinker:
      {latency}
      input_tokens: {{uniform: [50, 900]}}
      cached_input_tokens: {{first: 100, per_call: 70}}
      output_tokens: {{uniform: [1, 60]}}
      price: {{input: 3, cached_input: 0.3, output: 15}}
      on_abort: {on_abort}
  tool:
    look: {{latency: {{lognormal: {{median: 300ms, sigma: 1}}}}}}
    read: {{latency: {{uniform: [10ms, 2s]}}}}
    send: {{latency: {{uniform: [200ms, 900ms]}}, side_effects: unsafe}}
    keep: {{latency: {{uniform: [200ms, 900ms]}}, transactional: {transactional}}}
workflow:
{workflow}
"""
BY_TOKEN = "time_to_first_token: {lognormal: {median: 400ms, sigma: 0.5}}\n      time_per_output_token: {uniform: [5ms, 40ms]}"
WHOLE = "latency: {lognormal: {median: 900ms, sigma: 0.8}}"
WORKFLOWS = {
    "one-call": "  - llm: thinker\n",
    "loop": "  - decompose: thinker\n  - repeat: {times: {uniform: [1, 3]}, do: [{tool: look}, {llm: thinker}]}\n",
    "parallel": "  - llm: thinker\n  - parallel: [{tool: look}, {tool: read}, {tool: send}]\n  - llm: thinker\n  - tool: keep\n  - llm: thinker\n",
    "chosen": "  - llm: thinker\n  - choose: [{weight: 1, do: [{tool: send}, {llm: thinker}]}, {weight: 1, do: [{parallel: {times: {uniform: [2, 4]}, "
              "do: [{tool: read}]}}, {llm: thinker}]}]\n",
}
# What both must agree on.
COLUMNS = ["outcome", "operations_planned", "input_tokens_planned", "input_tokens_used", "cached_input_tokens_planned",
           "cached_input_tokens_used", "output_tokens_planned", "output_tokens_used", "tokens_saved", "tokens_forgone",
           "tokens_used_after_cancel", "tokens_billed", "cost_planned_usd", "cost_used_usd", "cost_saved_usd", "busy_planned_s", "busy_used_s",
           "busy_saved_s", "interrupted", "cancelled_in"]


def rows_of(text):
    return {int(row["request"]): row for row in csv.DictReader(io.StringIO(text))}


def length(row):
    return nanoseconds(row["stopped_s"]) - nanoseconds(row["arrived_s"])


class LedgerTest(unittest.TestCase):
    def simulate(self, file, policy, *changes):
        told = subprocess.run([CAESURA, "run", file, "--policy", policy, "--csv", *changes], check=True, capture_output=True, text=True).stdout
        return rows_of(told)

    def compare(self, name, draw, requests):
        """Requests of one scenario under each policy, each cancelled at a moment of its own."""
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "small.yaml")
            links = {"llm": draw.choice([0, 0, 7]), "tool": draw.choice([0, 3])}
            Path(file).write_text(SERVICES.format(
                name=name, seed=draw.randrange(10**6), llm_link=links["llm"], tool_link=links["tool"], latency=draw.choice([BY_TOKEN, WHOLE]),
                on_abort=draw.choice(["generated", "full", "input", "none"]), transactional=draw.choice(["true", "false"]),
                workflow=WORKFLOWS[name]))
            whole = self.simulate(file, "never")
            cancels = {n: None if draw.random() < 0.15 else draw.randrange(1, length(whole[n])) for n in range(requests)}
            for policy in ("checkpoint", "abort: {detect: 0s}", "never"):
                kind = policy.split(":")[0]
                out = Path(folder) / kind
                with World(CAESURA, file, "--clock", "manual", "--out", str(out), "--name", kind) as world:
                    for n, cancel in cancels.items():
                        agent = Agent(world, f"r{n}", n, {of: link * 1_000_000 for of, link in links.items()})
                        agent.play(kind, cancel)
                    world.stop()
                real = rows_of((out / "requests.csv").read_text())
                for n, cancel in cancels.items():
                    changes = [] if cancel is None else ["--set", f"cancel=[{{after: {cancel / 1e9:.9f}s}}]"]
                    simulated = self.simulate(file, policy, "--requests", str(n + 1), *changes)[n]
                    with self.subTest(scenario=name, policy=policy, request=n, cancel_ns=cancel):
                        self.assertEqual({c: real[n][c] for c in COLUMNS}, {c: simulated[c] for c in COLUMNS})
                        self.assertEqual(length(real[n]), length(simulated))

    def test_ledgers_of_real_programs_are_those_of_simulated_policies(self):
        for number, name in enumerate(WORKFLOWS):
            self.compare(name, random.Random(number), requests=6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
