#!/usr/bin/env python3
"""An exam finds what is wrong with a program by the clause that is about it, and by no other.

    python3 exam_test.py --caesura PROGRAM [--repeat N]

The programs are one agent by hand, which does everything right, and the same with one fault each. With --repeat every verdict has to come N
times out of N.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBJECT = HERE / "subjects/agent.yaml"
CAESURA = None
REPEAT = 1

# What is wrong with it, in which cases, and which clause says so, how.
FAULTS = {
    "never-tells": (["tool-in-progress", "one-of-three-tools"], "told", "leak"),
    "tells-late": (["tool-in-progress"], "told", "late"),
    "says-what-is-not-so": (["mid-text", "tool-in-progress"], "truthful", "untrue"),
    "starts-afterwards": (["mid-text"], "nothing-starts", "leak"),
    "starts-afterwards-without-a-mark": (["mid-text", "next-turn"], "nothing-starts", "leak"),
    "forgets-the-child": (["sub-agent"], "children", "leak"),
    "stray": (["text-after-tool"], "no-stray", "stray"),
    "hangs": (["mid-text"], "settles", "hang"),
    "crashes": (["mid-text"], "settles", "crash"),
    "floods": (["mid-text"], "settles", "crash"),
    "says-it-twice": (["mid-text"], "settles", "broken"),
    "doubles-an-effect": (["answer-lost"], "effects-once", "broken"),
    "breaks-the-next-turn": (["next-turn"], "next-turn", "broken"),
    "miscounts": (["mid-text"], "usage", "broken"),
}
CLAUSES = ["told", "children", "nothing-starts", "truthful", "settles", "next-turn", "usage", "effects-once", "no-stray"]


def exam(*arguments, fault="", subject=SUBJECT):
    return subprocess.run([CAESURA, "exam", str(subject), *arguments], env={**os.environ, "FAULT": fault}, capture_output=True, text=True,
                          check=False)


def document(ran):
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


class ExamTest(unittest.TestCase):
    def test_each_fault_is_found_by_its_clause_and_by_no_other(self):
        def examined(fault):
            cases, _, _ = FAULTS[fault]
            return exam(*cases, "--json", "--repeat", str(REPEAT), fault=fault)

        with ThreadPoolExecutor(4) as pool:
            for fault, ran in zip(FAULTS, pool.map(examined, FAULTS)):
                with self.subTest(fault=fault):
                    cases, clause, verdict = FAULTS[fault]
                    seen = document(ran)["cases"]
                    self.assertEqual([case["case"] for case in seen], cases)
                    for case in seen:
                        self.assertEqual({name: word for name, word in case["verdicts"].items() if word not in (None, "pass")},
                                         {clause: verdict}, case["reasons"])
                        self.assertEqual(case["failed"], {clause: {"plays": REPEAT, "of": REPEAT}})
                        self.assertTrue(all(reason["clause"] == clause and reason["text"] for reason in case["reasons"]))
                    self.assertEqual(ran.returncode, 3)

    def test_a_correct_program_passes_all_cases(self):
        ran = exam("--json", "--repeat", str(REPEAT))
        seen = document(ran)
        self.assertEqual((seen["schema"], seen["subject"], seen["version"], seen["within_s"]), ("caesura.exam/1", "agent-by-hand", "1", 0.25))
        judged = set()
        for case in seen["cases"]:
            self.assertEqual(list(case["verdicts"]), CLAUSES)
            self.assertIsNone(case["not_judged"], case["case"])
            self.assertEqual({name: word for name, word in case["verdicts"].items() if word not in (None, "pass")}, {}, case["reasons"])
            judged |= {name for name, word in case["verdicts"].items() if word}
        self.assertEqual(len(seen["cases"]), 19)
        self.assertEqual(judged, set(CLAUSES))
        self.assertEqual(ran.returncode, 0, ran.stderr)


class OutputTest(unittest.TestCase):
    def test_expected_failures_are_none_and_those_that_hold_are_some(self):
        with tempfile.TemporaryDirectory() as folder:
            subject = Path(folder) / "subject.yaml"
            text = f"subject: known\ncommand: [python3, {HERE}/subjects/agent.py]\nexpected_failures: [mid-text.truthful]\n"
            subject.write_text(text)
            self.assertEqual(exam("mid-text", fault="says-what-is-not-so", subject=subject).returncode, 0)
            holds = exam("mid-text", subject=subject)
            self.assertEqual(holds.returncode, 3)
            self.assertIn("take it out there", " ".join(holds.stdout.split()))
            # One that is not judged is neither.
            subject.write_text(text.replace("truthful", "children"))
            self.assertEqual(exam("mid-text", subject=subject).returncode, 0)

    def test_all_forms_tell_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            shown = exam("tool-in-progress", "mid-text", "--out", str(out), fault="never-tells")
            words = " ".join(shown.stdout.split())
            self.assertIn("operation 2 (search) was never told: it ran on to its end", words)
            self.assertIn(f"Again: caesura exam {SUBJECT} tool-in-progress --verbose", words)
            seen = json.loads((out / "exam.json").read_text())
            self.assertEqual([case["verdicts"]["told"] for case in seen["cases"]], ["leak", "pass"])
            self.assertGreater(seen["cases"][0]["ran_on"]["seconds"], 3.5)
            self.assertIn("| tool-in-progress | leak |", (out / "exam.md").read_text())
            page = (out / "exam.html").read_text()
            self.assertIn("was never told", page)
            self.assertIn("<svg", page)
            events = [json.loads(line) for line in (out / "tool-in-progress/events.jsonl").read_text().splitlines()]
            self.assertIn("operation.started", {event["event"] for event in events})
            lines = [json.loads(line) for line in (out / "tool-in-progress/lines.jsonl").read_text().splitlines()]
            said = [json.loads(line["line"]) for line in lines if line["to"] == "subject"]
            self.assertEqual([line["do"] for line in said], ["start", "cancel", "end"])
            self.assertTrue(said[0]["prompt"].startswith(f"[caesura {said[0]['run']}/1]"))

    def test_junit_is_xml_with_a_failure_for_each(self):
        ran = exam("tool-in-progress", "--junit", fault="never-tells")
        suite = xml.dom.minidom.parseString(ran.stdout).getElementsByTagName("testsuite")[0]
        self.assertEqual(suite.getAttribute("failures"), "1")
        self.assertEqual(len(suite.getElementsByTagName("failure")), 1)
        self.assertEqual(int(suite.getAttribute("tests")), len(suite.getElementsByTagName("testcase")))

    def test_it_reads_well_in_a_narrow_terminal(self):
        command = f"stty cols 60 && exec {CAESURA} exam {SUBJECT} mid-text --no-progress"
        script = f"import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', {command!r}])))"
        ran = subprocess.run([sys.executable, "-c", script], env={**os.environ, "TERM": "dumb", "FAULT": ""}, capture_output=True, text=True,
                             check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout)
        lines = ran.stdout.replace("\r", "").splitlines()
        self.assertIn("mid-text", ran.stdout)
        self.assertLessEqual(max(map(len, lines)), 60)


class RefusalTest(unittest.TestCase):
    def refused(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            subject = Path(folder) / "subject.yaml"
            subject.write_text(text)
            ran = exam(*arguments, subject=subject)
            return ran.returncode, ran.stderr.replace(str(subject), "subject.yaml")

    def test_bad_input_is_named_with_its_place(self):
        good = "subject: a\ncommand: [cat]\n"
        for text, expected in {
            "subject: a\n": "subject.yaml:1:1: a subject that speaks lines needs 'command'",
            "subject: a\ncommand: []\n": "subject.yaml:2:10: command is empty",
            good + "wihtin: 1s\n": "subject.yaml:3:1: unknown key 'wihtin'; did you mean 'within'?",
            good + "within: 11s\n": "subject.yaml:3:9: within must be a duration from 10ms to 10s",
            good + "speaks: line\n": "subject.yaml:3:9: unknown speaks 'line'; did you mean 'lines'?",
            good + "speaks: acp\n": "subject.yaml:3:9: 'acp' is not played yet",
            good + "speaks: http\n": "subject.yaml:1:1: a subject that speaks http needs 'start'",
            good + "url: http://x\n": "subject.yaml:3:1: 'url' is for subjects that speak muxi",
            good + "expected_failures: [mid-text.tolt]\n": "subject.yaml:3:21: unknown clause 'tolt'; did you mean 'told'?",
            good + "expected_failures: [mid-txt.told]\n": "subject.yaml:3:21: there is no case 'mid-txt'; did you mean 'mid-text'?",
            "subject: A b\ncommand: [cat]\n": "subject.yaml:1:10: subject must be a name",
        }.items():
            with self.subTest(text=text):
                status, said = self.refused(text)
                self.assertEqual((status, said.count("\n")), (2, 1), said)
                self.assertIn(expected, said)

    def test_a_case_is_named_or_a_file_with_a_moment(self):
        self.assertIn("there is no case mid-txt; did you mean 'mid-text'?", exam("mid-txt").stderr)
        with tempfile.TemporaryDirectory() as folder:
            case = Path(folder) / "own.yaml"
            text = (HERE.parents[1] / "scenarios/exam/tool-in-progress.yaml").read_text()
            for wrong, right, expected in (("event: operation.started", "event: operation.startd", "unknown event 'operation.startd'; did you mean 'operation.started'?"),
                                           ("requests: 1", "requests: 2", "a case has one request"),
                                           ("output_tokens: 20", "output_tokens: 1200", "a case may take 10.0 s"),
                                           ("exam:", "# exam:", "no case of an exam")):
                with self.subTest(right=right):
                    case.write_text(text.replace(wrong, right))
                    ran = exam(str(case))
                    self.assertEqual(ran.returncode, 2)
                    self.assertIn(expected, ran.stderr)

    def test_a_program_that_cannot_play_is_not_examined(self):
        for command, expected in (("[sh, -c, exit 0]", "before it was ready"),
                                  ("[no-such-program]", "cannot start no-such-program"),
                                  ("[python3, -c, \"import time; print('{\\\"is\\\": \\\"ready\\\"}', flush=True); time.sleep(99)\"]", "settled")):
            with self.subTest(command=command):
                status, said = self.refused(f"subject: a\ncommand: {command}\nlimits: {{settle: 500ms}}\n", "mid-text")
                self.assertEqual(status, 1, said)
                self.assertIn(expected, said)

    def test_ctrl_c_prints_what_is_known(self):
        with subprocess.Popen([CAESURA, "exam", str(SUBJECT), "mid-text", "hanging", "--repeat", "500", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, "FAULT": ""}) as process:
            # Once its children have come and gone, it plays.
            seen = set()
            while len(seen) < 4:
                seen |= set(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
            process.send_signal(signal.SIGINT)
            told, complaint = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, complaint)
        known = json.loads(told)
        self.assertTrue(known["partial"])
        self.assertEqual(known["cases"][0]["case"], "mid-text")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    parser.add_argument("--repeat", type=int, default=1)
    arguments, rest = parser.parse_known_args()
    CAESURA, REPEAT = arguments.caesura, arguments.repeat
    unittest.main(argv=[sys.argv[0], *rest])
