#!/usr/bin/env python3
"""What docs/exam.md has a newcomer type works as it is written, in a home that is empty.

    python3 exam_docs_test.py --caesura PROGRAM
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "subjects/templates"
CAESURA = ""
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def section(title):
    return (ROOT / "docs/exam.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(title):
    return "".join(BLOCK.findall(section(title)))


def play(script, home):
    # The program that is tested takes the place of the one that would be built first.
    script = re.sub(r"^ *\./dev build\b.*\n", "", script, flags=re.MULTILINE).replace('"$PWD/build/release:', '"$HOME/bin:')
    (home / "bin").mkdir(exist_ok=True)
    if not (home / "bin/caesura").exists():
        (home / "bin/caesura").symlink_to(CAESURA)
    return subprocess.run(["bash", "-e", "-c", script], cwd=ROOT, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=False)


class DocsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)

    def test_a_newcomer_comes_to_an_exam_and_to_that_of_a_ci(self):
        script = commands("In ten minutes")
        for step in ("./dev build", "mkdir -p ~/my-agent", "caesura exam my-agent.yaml"):
            self.assertIn(step, script)
        in_a_ci = commands("In a CI").replace("my-agent.yaml", "my-agent.yaml mid-text")
        ran = play(script + in_a_ci, self.home)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("python-template: 2 of 2 cases hold every clause that applies", " ".join(ran.stdout.split()))
        self.assertIn("python-template: 1 of 1 case holds", " ".join(ran.stdout.split()))
        suites = xml.dom.minidom.parse(str(self.home / "my-agent/exam.xml"))
        self.assertEqual(suites.getElementsByTagName("failure"), [])
        seen = json.loads((self.home / "my-agent/exam/exam.json").read_text())
        self.assertEqual([case["case"] for case in seen["cases"]], ["mid-text"])
        self.assertTrue((self.home / "my-agent/exam/exam.html").exists())

    def test_the_table_names_every_template_and_no_other_file(self):
        named = set(re.findall(r"`([\w-]+\.(?:py|mjs|go|sh|yaml))`", section("In ten minutes").split("**Put your agent in**")[0]))
        self.assertEqual(named, {file.name for file in TEMPLATES.iterdir() if file.is_file()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
