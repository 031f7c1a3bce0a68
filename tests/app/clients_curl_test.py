#!/usr/bin/env python3
"""Runs the curl commands of docs/clients.md, in their order and in one shell, and compares what they print with what the page shows."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from served import PATIENCE_S, Served

CAESURA = ""
ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = "http://127.0.0.1:8001"
END = "\x1e"  # between what the blocks print
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def json_values(text):
    """`{…} {…} 400`: one value after the other."""
    values, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def shown_in(shown, whole):
    """Whether a value has all the fields that are shown of it."""
    if isinstance(shown, dict):
        return isinstance(whole, dict) and all(name in whole and shown_in(value, whole[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return isinstance(whole, list) and len(shown) == len(whole) and all(map(shown_in, shown, whole))
    return shown == whole


def snippets(page):
    """Pairs of commands and what they print."""
    pairs = []
    for language, text in BLOCK.findall(page):
        if language == "bash" and "curl" in text:
            pairs.append((text, ""))
        elif language == "json":
            pairs[-1] = (pairs[-1][0], text)
    return pairs


def run_in_shell(script, folder):
    """What it prints. The shell's background jobs end with it."""
    shell = subprocess.Popen(["bash", "-c", script], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        return shell.communicate(timeout=2 * PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        stdout, stderr = shell.communicate()
        raise AssertionError(f"hangs after: {stdout}\n{stderr}") from None


class CurlCommands(unittest.TestCase):
    def test_they_print_what_the_page_shows(self):
        page = (ROOT / "docs" / "clients.md").read_text()
        pairs = snippets(page)
        self.assertGreater(len(pairs), 5)
        with tempfile.TemporaryDirectory() as folder:
            with Served(CAESURA, str(ROOT / "tests" / "app" / "client-tests.yaml"), "--clock", "manual") as served:
                script = "".join(f"{commands}printf '{END}'\n" for commands, _ in pairs)
                self.assertIn(DOCUMENTED, script)
                stdout, stderr = run_in_shell(script.replace(DOCUMENTED, served.url), folder)
        printed = stdout.split(END)
        self.assertEqual(len(printed), len(pairs) + 1, stderr)
        for (commands, shown), text in zip(pairs, printed):
            with self.subTest(commands):
                values, expected = json_values(text), json_values(shown)
                self.assertEqual(len(values), len(expected), text)
                for value, part in zip(values, expected):
                    self.assertTrue(shown_in(part, value), f"{part} is not in {value}")

    def test_their_scenario_is_the_one_of_the_page(self):
        scenarios = [text for language, text in BLOCK.findall((ROOT / "docs" / "clients.md").read_text()) if language == "yaml"]
        self.assertEqual(scenarios, [(ROOT / "tests" / "app" / "client-tests.yaml").read_text()])


def main():
    global CAESURA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
