#!/usr/bin/env python3
"""The Go example of docs/clients.md, compiled against a stand-in for MUXI's SDK (tests/app/sdk), and run with and without --strict."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from doc_examples import DOCUMENTED, MODES, SDK, Stage, example
from served import PATIENCE_S

CAESURA = ""
COMPILE_S = 600  # the standard library too, on a slow machine
# Calls what the arguments name, and prints what it gave.
MAIN = """\
package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"example/cancels"
)

func main() {
	ctx := context.Background()
	var value any
	var err error
	switch os.Args[1] {
	case "start":
		value, err = cancels.StartAndCancel(ctx, "Write a very long story...", "r1")
	case "timeout":
		value, err = cancels.ChatWithTimeout(ctx, "Compare all phones", "r1", 200*time.Millisecond)
	case "stream":
		value, err = cancels.FirstChunks(ctx, "Write an essay", "r1", 10)
	}
	said := ""
	if err != nil {
		said = err.Error()
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"value": value, "error": said})
}
"""
MODULE = "module example\n\ngo 1.19\n\nrequire github.com/muxi-ai/muxi-go v0.0.0\n\nreplace github.com/muxi-ai/muxi-go => {}\n"


class GoExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        (cls.folder / "cancels").mkdir()
        code = example("go")
        assert code.count(f'url = "{DOCUMENTED}"') == 1, "the example's url is not where it was"
        code = code.replace(f'\turl = "{DOCUMENTED}"\n', '')
        code = code.replace("var client =", 'var url = os.Getenv("EXAMPLE_URL")\n\nvar client =').replace('\t"net/http"\n', '\t"net/http"\n\t"os"\n')
        (cls.folder / "cancels" / "cancels.go").write_text(code)
        (cls.folder / "main.go").write_text(MAIN)
        (cls.folder / "go.mod").write_text(MODULE.format(SDK / "go"))
        environment = {**os.environ, "GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOWORK": "off", "CGO_ENABLED": "0"}
        done = subprocess.run(["go", "build", "-o", "example", "."], cwd=cls.folder, env=environment, capture_output=True, text=True,
                              timeout=COMPILE_S)
        assert done.returncode == 0, done.stderr

    def play(self, what, until_cancel):
        for options in MODES:
            with self.subTest(options=options), Stage(CAESURA, *options) as stage, ThreadPoolExecutor() as threads:
                conductor = threads.submit(stage.conduct, until_cancel)
                done = subprocess.run([self.folder / "example", what], env={**os.environ, "EXAMPLE_URL": stage.url}, capture_output=True, text=True,
                                      timeout=PATIENCE_S)
                conductor.result(PATIENCE_S)
                self.assertEqual(done.returncode, 0, done.stderr)
                yield json.loads(done.stdout)

    def test_start_and_cancel_at_once(self):
        for result in self.play("start", "0s"):
            self.assertEqual(result, {"value": "", "error": "cancelled"})

    def test_cancel_after_a_timeout(self):
        for result in self.play("timeout", "0s"):
            self.assertEqual(result, {"value": "", "error": "no answer within 200ms: cancelled"})

    def test_cancel_a_stream_after_ten_chunks(self):
        for result in self.play("stream", "13500ms"):
            self.assertEqual(result["error"], "")
            self.assertEqual(len(result["value"]), 10)


def main():
    global CAESURA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
