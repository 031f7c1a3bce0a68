"""In real time a program's ledger is that of the simulated policy, too: to the token and the picodollar, where the cancel is not near to any
token's moment.

    python3 real_time_ledger_test.py --caesura PROGRAM

A cancel comes as token 5 of an operation has been seen, tokens a quarter of a second apart: whatever this machine is slow at, it is in time.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from served import World  # noqa: E402
from small_agent import Call  # noqa: E402

CAESURA = None
GAP_S = Decimal("0.25")
TOKEN = 5
SCENARIO = """
scenario: real-time
load: {requests: 3, arrivals: at_once}
services:
  llm:
    thinker: {time_to_first_token: 100ms, time_per_output_token: 250ms, input_tokens: {uniform: [50, 900]}, output_tokens: 9,
              price: {input: 3, output: 15}, on_abort: ON_ABORT}
  tool:
    look: {latency: 100ms}
workflow: [{llm: thinker}]
policy: [checkpoint, abort: {detect: 0s}]
"""
COLUMNS = ["outcome", "input_tokens_used", "output_tokens_used", "tokens_saved", "tokens_forgone", "tokens_used_after_cancel",
           "tokens_billed", "cost_planned_usd", "cost_used_usd", "cost_saved_usd", "interrupted", "cancelled_in"]


def rows_of(text):
    return {(row["policy"], int(row["request"])): row for row in csv.DictReader(io.StringIO(text))}


class RealTimeLedgerTest(unittest.TestCase):
    def play(self, world, policy, run, request):
        made = world.call("POST", "/caesura/runs", {"id": run, "request": request}).body
        body = {"model": "thinker", "stream": True, "messages": [{"role": "user", "content": made["prompt_mark"] + " hello"}]}
        call = Call(world.url, f"/r/{run}/v1/chat/completions", body)
        came = world.call("GET", f"/caesura/runs/{run}/await?event=operation.token&operation=1&token={TOKEN}")
        self.assertEqual(came.status, 200, came)
        world.call("POST", f"/caesura/runs/{run}/cancelled", {})
        if policy == "abort":
            call.hang_up()
            self.assertEqual(world.call("GET", f"/caesura/runs/{run}/await?event=operation.cut_off&operation=1").status, 200)
        else:
            self.assertEqual(call.answer()[0], 200)
        world.call("POST", f"/caesura/runs/{run}/settled", {"outcome": "cancelled"})
        world.call("POST", f"/caesura/runs/{run}/end", {})

    def test_tokens_and_money_are_those_of_the_simulated_policy(self):
        for on_abort in ("generated", "input", "none"):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "real.yaml"
                file.write_text(SCENARIO.replace("ON_ABORT", on_abort))
                # As far from the token as from the next one.
                moment = Decimal("0.1") + (TOKEN - 1) * GAP_S + GAP_S / 2
                told = subprocess.run([CAESURA, "run", str(file), "--csv", "--set", f"cancel=[{{after: {moment}s}}]"], check=True,
                                      capture_output=True, text=True).stdout
                simulated = rows_of(told)
                for policy in ("checkpoint", "abort"):
                    out = Path(folder) / policy
                    with World(CAESURA, str(file), "--out", str(out), "--name", policy) as world:
                        self.play(world, policy, "r0", 0)
                        world.stop()
                    real = rows_of((out / "requests.csv").read_text())
                    # How much of the time after the cancel was left depends on when in the gap it came.
                    with self.subTest(policy=policy, on_abort=on_abort):
                        self.assertEqual({c: real[policy, 0][c] for c in COLUMNS}, {c: simulated[policy, 0][c] for c in COLUMNS})
                    world_figures = json.loads((out / "results.json").read_text())["policies"][0]["world"]
                    self.assertEqual(world_figures["operations_never_told"], 1 if policy == "checkpoint" else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
