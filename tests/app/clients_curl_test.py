#!/usr/bin/env python3
"""Runs the curl commands of docs/clients.md, in their order and in one shell, and compares what they print with what the
page shows: as Caesura is, and with --strict."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from doc_examples import DOCUMENTED, SCENARIO, Stage, blocks
from served import PATIENCE_S

CAESURA = ""
END = "\x1e"  # between what the blocks print


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


def snippets(strict):
    """Pairs of commands and what they print, of those that are to run with these options."""
    pairs = []
    for language, text, is_for_strict in blocks():
        if language == "bash":
            pairs.append([text, "", is_for_strict or not strict])
        elif language == "json":
            pairs[-1][1] = text
    return [(commands, shown) for commands, shown, runs in pairs if runs]


def as_the_reference_has_it(commands):
    """There a cancel must not overtake its chat, as the page says."""
    return re.sub(r'^(curl -s -H "(\$\w+)" -X DELETE \$api/requests/(story-1|phones-1))$', r'known "\2" \3\n\1', commands, flags=re.MULTILINE)


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
    def run_all(self, *options):
        strict = "--strict" in options
        pairs = snippets(strict)
        self.assertGreater(len(pairs), 5)
        with tempfile.TemporaryDirectory() as folder, Stage(CAESURA, *options) as served:
            script = "".join(f"{as_the_reference_has_it(commands) if strict else commands}printf '{END}'\n" for commands, _ in pairs)
            self.assertIn(DOCUMENTED, script)
            stdout, stderr = run_in_shell(script.replace(DOCUMENTED, served.url), folder)
        printed = stdout.split(END)
        self.assertEqual(len(printed), len(pairs) + 1, stderr)
        for (commands, shown), text in zip(pairs, printed):
            with self.subTest(commands, options=options):
                values, expected = json_values(text), json_values(shown)
                self.assertEqual(len(values), len(expected), text)
                for value, part in zip(values, expected):
                    if strict and isinstance(part, dict) and "requests" in part.get("data", {}):
                        part["data"]["requests"].reverse()  # there, oldest first
                    self.assertTrue(shown_in(part, value), f"{part} is not in {value}")

    def setUp(self):
        if shutil.which("curl") is None:
            self.fail("there is no curl; install it (Debian: curl)")

    def test_they_print_what_the_page_shows(self):
        self.run_all()

    def test_they_print_it_as_the_reference_runtime_too(self):
        self.run_all("--strict")

    def test_their_scenario_is_the_one_of_the_page(self):
        self.assertEqual([text for language, text, _ in blocks() if language == "yaml"], [SCENARIO.read_text()])


def main():
    global CAESURA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
