#!/usr/bin/env python3
"""The templates of subjects/templates play as they are: each passes the rehearsal, and what its program can do about a cancel.

    python3 templates_test.py --caesura PROGRAM
"""

import argparse
import json
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[2] / "subjects/templates"
LANGUAGES = ["go", "javascript", "python", "shell"]
CASES = ["mid-text", "tool-in-progress"]
CAESURA = ""


def exam(language, *arguments):
    return subprocess.run([CAESURA, "exam", str(TEMPLATES / f"{language}.yaml"), "--json", *arguments], capture_output=True, text=True, check=False)


class TemplatesTest(unittest.TestCase):
    def test_each_is_there(self):
        self.assertEqual(sorted(file.stem for file in TEMPLATES.glob("*.yaml")), LANGUAGES)

    def test_each_tells_its_model_and_its_tool(self):
        with ThreadPoolExecutor(len(LANGUAGES)) as pool:
            for language, ran in zip(LANGUAGES, pool.map(lambda language: exam(language, *CASES), LANGUAGES)):
                with self.subTest(language=language):
                    self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
                    seen = json.loads(ran.stdout)
                    self.assertEqual([case["case"] for case in seen["cases"]], CASES)
                    for case in seen["cases"]:
                        self.assertIsNone(case["not_judged"])
                        self.assertEqual((case["verdicts"]["told"], case["verdicts"]["settles"], case["verdicts"]["truthful"]), ("pass",) * 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])
