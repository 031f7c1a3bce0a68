"""That a test whose tools are missing fails, and says what to install: what ./dev test would have installed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import equipped

TESTS = Path(__file__).resolve().parent
TOOLS = [*equipped.PROGRAMS, *equipped.MODULES]


def run(*arguments, path=None, python=()):
    environment = os.environ if path is None else os.environ | {"PATH": str(path)}
    return subprocess.run([sys.executable, *python, str(TESTS / "equipped.py"), *arguments], env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip


class Equipped(unittest.TestCase):
    def test_a_missing_tool_fails_the_test_with_what_to_install(self):
        with tempfile.TemporaryDirectory() as empty:
            for tool in equipped.PROGRAMS:
                ran = run(tool, sys.executable, "-c", "print('ran')", path=empty)
                self.assertEqual((ran.returncode, ran.stdout), (1, ""))
                self.assertIn(f"apt-get install {equipped.package_of(tool)}\n", ran.stderr)
            ran = run("node,curl", "node", path=empty)
            self.assertIn("needs node and curl", ran.stderr)
            self.assertIn("apt-get install nodejs curl\n", ran.stderr)

    def test_a_missing_module_of_python_is_one_too(self):
        ran = run("yaml", sys.executable, "-c", "print('ran')", python=["-I", "-S"])  # without what is installed
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("apt-get install python3-yaml\n", ran.stderr)

    def test_clients_that_are_not_what_the_lockfile_pins_are_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            tests = Path(folder, "tests")
            clients = Path(folder, "subjects")
            for name in ("tests/equipped.py", "subjects/install.py", "subjects/package-lock.json"):
                Path(folder, name).parent.mkdir(exist_ok=True)
                shutil.copy(TESTS.parent / name, Path(folder, name))
            command = [sys.executable, str(tests / "equipped.py"), "world-clients,newer-node", sys.executable, "-c", "print('ran')"]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertIn("python3 subjects/install.py\n", ran.stderr)
            (clients / "node_modules").mkdir()
            stamp = clients / "node_modules/.of-lockfile"
            stamp.write_text(hashlib.sha256((clients / "package-lock.json").read_bytes()).hexdigest())
            self.assertEqual(subprocess.run(command, capture_output=True, text=True, check=True).stdout, "ran\n")
            (clients / "package-lock.json").write_text("{}")
            self.assertEqual(subprocess.run(command, capture_output=True, text=True, check=False).returncode, 1)

    def test_with_all_there_the_test_decides(self):
        with tempfile.TemporaryDirectory() as folder:
            node = Path(folder, "nodejs")  # as it may be called
            node.write_text("#!/bin/sh\necho \"$@\"\nexit 3\n")
            node.chmod(0o755)
            ran = run("node", "node", "one", "two", path=folder)
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (3, "one two\n", ""))

    def test_what_is_to_be_installed_dev_installs(self):
        lists = re.findall(r"^needed(?:_to_build_tests|_to_test)?=\(([^)]*)\)", (TESTS.parent / "dev").read_text(), re.MULTILINE)
        installed = " ".join(lists).split()
        for tool in TOOLS:
            if tool != "bash":  # which runs ./dev
                self.assertIn(equipped.package_of(tool), installed)

    def test_no_test_is_looked_for_when_the_build_is_configured(self):
        lists = [text for text in TESTS.rglob("CMakeLists.txt")]
        self.assertTrue(lists)
        for text in lists:
            self.assertNotRegex(text.read_text(), r"find_program|find_file|find_path")


if __name__ == "__main__":
    unittest.main()
