#!/usr/bin/env python3
"""Where a program cannot be examined, or a case of it not be judged, an exam says what was missing, so that it can be mended.

    python3 not_judged_test.py --caesura PROGRAM
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBJECT = HERE / "subjects/agent.yaml"
CAESURA = None

# Says that it is ready, and at its start that it failed.
FAILS_AT_ONCE = """\
import sys
print('{"is": "ready"}', flush=True)
sys.stdin.readline()
print("no model is set up", flush=True)
print('{"is": "settled", "outcome": "failed", "error": "it has no model"}', flush=True)
sys.stdin.read()
"""


def exam(*arguments, fault="", subject=SUBJECT):
    return subprocess.run([CAESURA, "exam", str(subject), *arguments], env={**os.environ, "FAULT": fault}, capture_output=True, text=True,
                          check=False)


class NotJudgedTest(unittest.TestCase):
    def why(self, case, fault):
        ran = exam(case, "--json", fault=fault)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)["cases"][0]["not_judged"]

    def test_an_end_behind_the_event_of_the_moment_is_said_to_be_behind_it(self):
        self.assertRegex(self.why("backing-off", "asks-once"),
                         r"^it said failed [\d.]+ .?s after operation.refused of operation 1, and so before the cancel$")

    def test_a_sub_agent_that_is_not_offered_is_named(self):
        self.assertEqual(self.why("sub-agent", "offers-no-agent"),
                         "it said completed before operation.token 20 of operation 2.1 came; "
                         "planner was asked without a tool to call, and the plan calls researcher")

    def test_one_that_is_not_among_the_tools_that_are_offered_is_too(self):
        with tempfile.TemporaryDirectory() as folder:
            case = Path(folder) / "own.yaml"
            text = (HERE.parents[1] / "scenarios/exam/sub-agent.yaml").read_text()
            case.write_text(text.replace("services:\n", "services:\n  tool:\n    search: {latency: 1s}\n"))
            why = self.why(str(case), "offers-no-agent")
        self.assertRegex(why, r"^it said failed before operation.token 20 of operation 2.1 came; a call of its model was refused: ")
        self.assertIn('the agent "researcher" (operation 2)', why)
        self.assertIn('it offers "search"', why)

    def test_what_was_never_asked_for_is_said_with_its_name(self):
        with tempfile.TemporaryDirectory() as folder:
            case = Path(folder) / "own.yaml"
            text = (HERE.parents[1] / "scenarios/exam/rehearsal.yaml").read_text()
            text += "world:\n  faults:\n    - {operation: 3, status: 429, retry_after: 1s}\n"
            text = text.replace("scenario: rehearsal", "scenario: own").replace("exam: {}", "exam: {at: {event: operation.given, operation: 4}}")
            case.write_text(text.replace("  - llm: planner  # 3\n", "  - llm: planner  # 3\n  - tool: search  # 4\n  - llm: planner  # 5\n"))
            self.assertEqual(self.why(str(case), "asks-once"), "it said failed before operation.given of operation 4 came; "
                             "it never asked for operation 4 (search), 5 (planner)")


class NotExaminableTest(unittest.TestCase):
    def test_what_was_said_in_a_rehearsal_that_fails_is_shown_to_who_wants_it(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "agent.py").write_text(FAILS_AT_ONCE)
            subject = Path(folder) / "subject.yaml"
            subject.write_text("subject: a\ncommand: [python3, agent.py]\n")
            for arguments, is_shown in (["mid-text"], False), (["mid-text", "--verbose"], True):
                with self.subTest(arguments=arguments):
                    ran = exam(*arguments, subject=subject)
                    self.assertEqual(ran.returncode, 1)
                    self.assertIn("it asked no model; it said: it has no model", ran.stderr)
                    self.assertEqual("What was said:" in ran.stderr, is_shown, ran.stderr)
                    self.assertEqual("< no model is set up" in ran.stderr, is_shown)
                    self.assertEqual('> {"do":"start"' in ran.stderr, is_shown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
