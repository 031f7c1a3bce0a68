"""Warnings of cancels that no request can meet, against what requests do.

Random scenarios (the oracle's), each with sources of all kinds: those that are warned of send nothing; those that are not do, where
nothing is drawn and nothing ends a request early.
"""

import argparse
import csv
import random
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "oracle"))
from generate import generate  # noqa: E402

CAESURA = None
KINDS = ("llm", "decompose", "tool", "agent", "transaction")


def random_source(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return {"after_chunks": rng.choice((1, 2, 5, 40, 1000))}
    if kind == 1:
        return {"during": {"kind": rng.choice(KINDS), "at": 0.5}}
    if kind == 2:
        return {"during": {"operation": rng.choice((1, 2, 3, 5, 9, 30)), "at": 0}}
    if kind == 3:
        return {"when": {"cost_over": rng.choice((0, 0.0001, 0.01, 1))}}
    return {"when": {"tokens_over": rng.choice((0, 100, 1000, 10_000, 1_000_000))}}


def without(value, keys):
    if isinstance(value, dict):
        return {key: without(below, keys) for key, below in value.items() if key not in keys}
    return [without(item, keys) for item in value] if isinstance(value, list) else value


class UnmetCancels(unittest.TestCase):
    def sends(self, folder, scenario, sources):
        """Whether any request sends a cancel, with these sources alone, to the end and beyond."""
        file = Path(folder) / "sent.yaml"
        file.write_text(yaml.safe_dump(scenario | {"cancel": [source | {"even_if_finished": True} for source in sources], "policy": "never"}))
        run = subprocess.run([CAESURA, "run", file, "--csv", "--engine", "direct", "--threads", "1"], capture_output=True, text=True, check=True)
        return any(int(row["cancels_sent"]) > 0 for row in csv.DictReader(run.stdout.splitlines()))

    def test_warnings_are_right_about_random_scenarios(self):
        rng = random.Random(12)
        warned_of = met = 0
        with tempfile.TemporaryDirectory() as folder:
            for number in range(120):
                scenario = without(generate(12, number)[0], ("timeout", "failure_rate", "queue", "cancel"))
                sources = [random_source(rng) for _ in range(6)]
                file = Path(folder) / "s.yaml"
                head = yaml.safe_dump(scenario)
                file.write_text(head + "cancel:\n" + "".join(f"- {yaml.safe_dump(source, default_flow_style=True)}" for source in sources))
                first = head.count("\n") + 2
                run = subprocess.run([CAESURA, "validate", file], capture_output=True, text=True, check=True)
                places = [re.match(r".*s\.yaml:(\d+):4: warning: no request can meet this cancel: [^;]+; .+", line) for line in run.stderr.splitlines()]
                self.assertNotIn(None, places, run.stderr)
                warned = {int(place.group(1)) - first for place in places}
                with self.subTest(number=number):
                    unmet = [source for i, source in enumerate(sources) if i in warned]
                    if unmet:
                        self.assertFalse(self.sends(folder, scenario, unmet), (run.stderr, file.read_text()))
                        warned_of += len(unmet)
                    may_be_met = [source for i, source in enumerate(sources) if i not in warned and "when" not in source]
                    if may_be_met and "choose" not in head:
                        source = rng.choice(may_be_met)
                        self.assertTrue(self.sends(folder, scenario, [source]), (source, file.read_text()))
                        met += 1
        self.assertGreater(warned_of, 100)
        self.assertGreater(met, 20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    options, rest = parser.parse_known_args()
    CAESURA = options.caesura
    unittest.main(argv=[sys.argv[0], *rest])
