"""The program from outside: what people type, and what comes back on stdout, on stderr, in files, and as exit status."""

import argparse
import csv
import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import unittest.mock
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
CAESURA = None  # set by main
PATIENCE_S = 60  # of a test, with what should be over in an instant

# Half of the requests are cancelled in their first call; each takes 250 ms, so that a run in real time is short too.
TINY = """\
scenario: tiny
description: Two calls, and a cancel of every other request.
seed: 7
load: {requests: 20, arrivals: {constant: 200/s}, users: 3}
links: {client: 1ms, llm: 1ms}
services:
  llm:
    writer: {latency: 120ms, input_tokens: 100, output_tokens: 50, price: {per_1k: 0.02}}
workflow: [{llm: writer}, {llm: writer}]
cancel: [{probability: 0.5, after: 50ms}]
policy: [never, checkpoint]
thresholds:
  - never.requests.cancelled == 0
  - checkpoint.requests.cancelled > 0
"""
# Tool calls that cost nothing, in a loop, and a model call behind them that does.
LOOP = """\
scenario: loop
load: {requests: 500, arrivals: at_once}
services:
  llm:
    m: {latency: {lognormal: {median: 5s, sigma: 2}}, input_tokens: {lognormal: {median: 500, sigma: 2}}, price: {input: 3, output: 3}}
  tool: {t: {latency: 1s}}
workflow: [{repeat: {times: 1, do: [{tool: t}]}}, {llm: m}]
policy: checkpoint
"""
CSV_HEADER = (
    "policy,request,user,arrived_s,cancel_sent_s,acknowledged_s,stopped_s,outcome,cancelled_in,operations_done,operations_planned,"
    "input_tokens_planned,input_tokens_used,cached_input_tokens_planned,cached_input_tokens_used,output_tokens_planned,output_tokens_used,"
    "tokens_saved,tokens_forgone,tokens_used_after_cancel,tokens_delivered,tokens_billed,chunks_sent,"
    "cancels_sent,cancels_too_late,cancels_already_cancelled,cancels_ignored,"
    "cost_planned_usd,cost_used_usd,cost_saved_usd,busy_planned_s,busy_used_s,busy_saved_s,interrupted,orphan_s"
)
FILES = ["report.md", "requests.csv", "results.json", "scenario.yaml"]
COMMANDS = ["run", "verify", "validate", "trace", "sweep", "advise", "compare", "report", "serve", "schema"]
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def without_run(document):
    return {key: value for key, value in document.items() if key not in ("run", "engine")}


class ProgramTest(unittest.TestCase):
    """Each test has a folder of its own, with tiny.yaml in it, and runs the program there."""

    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.write("tiny.yaml", TINY)

    def write(self, name, text):
        file = self.folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def caesura(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
        command = [CAESURA, *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, timeout=PATIENCE_S, check=False, encoding="utf-8", **options)

    def succeeds(self, *arguments, status=0, **options):
        """stdout of a run that ends with `status` and has no errors to tell."""
        run = self.caesura(*arguments, **options)
        self.assertEqual((run.returncode, run.stderr), (status, ""))
        return run.stdout

    def results(self, *arguments, status=0):
        return json.loads(self.succeeds("run", *arguments, "--json", status=status))

    def refused(self, *arguments, says, status=2, **options):
        """One line on stderr, nothing on stdout, no file written or changed; and no crash."""
        before = self.everything()
        run = self.caesura(*arguments, **options)
        self.assertEqual(run.returncode, status, run)
        self.assertEqual(run.stdout or "", "")
        lines = [line for line in run.stderr.splitlines() if line != "Try caesura --help."]
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertRegex(lines[0], "^caesura: ")
        self.assertRegex(lines[0], says)
        self.assertEqual(self.everything(), before)

    def everything(self):
        files = sorted(self.folder.rglob("*"))
        return [(file, file.read_bytes() if file.is_file() and os.access(file, os.R_OK) else None) for file in files]

    def files_in(self, folder):
        return sorted(file.name for file in (self.folder / folder).iterdir())


class Commands(ProgramTest):
    def test_version_and_help_go_to_stdout(self):
        self.assertRegex(self.succeeds("--version"), r"^caesura \d+\.\d+\.\d+\n$")
        text = self.succeeds("--help")
        for command in COMMANDS:
            self.assertIn(command, text)

    def test_every_command_tells_its_options(self):
        options = {
            "run": "--policy --seed --requests --set --threads --replications --engine --time-scale --json --csv --markdown --out --no-progress",
            "trace": "--request --policy --mermaid",
            "sweep": "--vary --minimise --maximise --hold --policy --seed --requests --set --threads --engine --json --csv --no-progress",
            "advise": "--vary --minimise --maximise --hold --policy --seed --requests --set --threads --engine --json --no-progress",
            "compare": "--fail-on --all --json",
            "report": "--html",
        }
        for command in COMMANDS:
            text = self.succeeds(command, "--help")
            for option in options.get(command, "").split():
                self.assertIn(option, text, command)

    def test_the_commands_in_the_help_are_valid(self):
        for line in self.succeeds("--help").splitlines():
            words = line.split()
            if words[:1] != ["caesura"] or words[1] not in ("run", "trace"):
                continue
            scenario = SHIPPED / Path(words[2]).name
            options = [word for at, word in enumerate(words) if words[at - 1] == "--set" or word == "--set"]
            self.succeeds("validate", scenario, *options)

    def test_a_mistake_on_the_command_line_is_usage(self):
        for arguments, says in [
            ([], "command"),
            (["frobnicate"], "frobnicate"),
            (["run"], "SCENARIO"),
            (["run", "tiny.yaml", "--frobnicate"], "--frobnicate"),
            (["run", "tiny.yaml", "--policy"], "--policy"),
            (["run", "tiny.yaml", "--json", "--csv"], "--json"),
            (["run", "tiny.yaml", "--markdown", "--csv"], "--csv|--markdown"),
            (["run", "tiny.yaml", "tiny.yaml", "--csv"], "--csv"),
            (["run", "tiny.yaml", "--engine", "simpy"], "simpy.*caf"),
            (["run", "tiny.yaml", "--time-scale", "10"], "--time-scale.*caf-realtime"),
            (["run", "tiny.yaml", "--engine", "caf-realtime", "--time-scale", "0"], "--time-scale"),
            (["run", "tiny.yaml", "--engine", "caf-realtime", "--replications", "2"], "--replications.*real time"),
            (["trace", "tiny.yaml"], "--request"),
            (["trace", "tiny.yaml", "--request", "20"], "20 requests"),
            (["trace", "tiny.yaml", "--request", "0", "--engine", "caf-realtime"], "caf-realtime"),
            (["compare", "a"], "B"),
            (["compare", "a", "b", "--json", "--all"], "--all|--json"),
            (["schema", "tiny.yaml"], "tiny.yaml"),
        ]:
            with self.subTest(arguments):
                self.refused(*arguments, says=says)

    def test_numbers_out_of_range_are_usage(self):
        for option, values in {
            "--requests": ["0", "-5", "1.5", "2e9", "1e+16", "1.0000000000000000001", "1000000000.0000000001", "1e-07", "nan", "many", ""],
            "--threads": ["0", "-1", "1025", "two"],
            "--replications": ["0", "-1", "10001", "1.5", "some", ""],
            "--seed": ["x", "1.5", "", "-1", "18446744073709551616"],
        }.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.refused("run", "tiny.yaml", option, value, says=option)

    def test_a_leading_zero_does_not_make_a_number_octal(self):
        for option, key in (("--requests", "requests"), ("--seed", "seed")):
            run = self.caesura("run", "tiny.yaml", "--json", option, "010")
            if run.returncode != 2:  # refusing it would do too
                self.assertEqual(json.loads(run.stdout)["scenario"][key], 10)

    def test_numbers_may_be_written_as_a_program_prints_them(self):
        arguments = ("run", "tiny.yaml", "--json", "--requests", "1.3e+01", "--seed", "1e+16", "--threads", "2.0")
        scenario = json.loads(self.succeeds(*arguments))["scenario"]
        self.assertEqual((scenario["requests"], scenario["seed"]), (13, 10**16))
        sweep = json.loads(self.succeeds("sweep", "tiny.yaml", "--json", "--vary", "load.arrivals={constant: 41.666666666666664/s},{constant: 4.1666666666666664e+01/s},{constant: 40/s}"))
        figures = [point["policies"] for point in sweep["points"]]
        self.assertEqual(figures[0], figures[1])

    def test_nothing_that_a_file_or_an_argument_holds_reaches_the_terminal_raw(self):
        hostile = "\x1b]0;x\x07\x1b[2J\u009b31m\u202e\u2028\udcff\r"
        in_yaml = r'"\x1b]0;x\a\x1b[2J\x9b31m\u202e\u2028\r"'
        self.write("described.yaml", TINY.replace("Two calls, and a cancel of every other request.", in_yaml))
        self.write(hostile, TINY)
        self.write("bad.json", f"{hostile}{{".encode("utf-8", "surrogateescape"))
        (self.folder / ("o" + hostile)).mkdir()
        results = json.loads(self.succeeds("run", "tiny.yaml", "--json"))
        results["scenario"]["name"] = results["policies"][0]["policy"] = hostile[:-2]
        self.write("o" + hostile + "/results.json", json.dumps(results))
        self.write("o" + hostile + "/requests.csv", f"policy,{hostile}\n".encode("utf-8", "surrogateescape"))
        for arguments in [
            ("validate", "described.yaml"),
            ("run", "described.yaml"),
            ("validate", hostile),
            ("validate", "nowhere" + hostile),
            ("run", "tiny.yaml", "--out", hostile),
            ("run", "tiny.yaml", "--requests", hostile),
            ("run", "tiny.yaml", "--seed", hostile),
            ("run", "tiny.yaml", "--engine", hostile),
            ("run", "tiny.yaml", "--time-scale", hostile),
            ("run", "tiny.yaml", "--policy", hostile),
            ("run", "tiny.yaml", "--set", hostile),
            ("run", "tiny.yaml", "--set", f"load.{hostile}=1"),
            ("run", "tiny.yaml", "--set", f"description={in_yaml}"),
            ("run", "tiny.yaml", "--set", f"timeout={in_yaml}"),
            ("validate", "tiny.yaml", "--set", f"thresholds=[{in_yaml}]"),
            ("validate", "tiny.yaml", "--set", f"load.arrivals={{trace: {in_yaml}}}"),
            ("run", "tiny.yaml", "--" + hostile),
            ("sweep", "tiny.yaml", "--vary", hostile),
            ("sweep", "tiny.yaml", "--vary", f"description={in_yaml},b"),
            ("sweep", "tiny.yaml", "--vary", "seed=1", "--hold", hostile),
            ("sweep", "tiny.yaml", "--vary", "seed=1", "--minimise", hostile),
            ("compare", "bad.json", "bad.json"),
            ("compare", "nowhere" + hostile, "tiny.yaml"),
            ("compare", "o" + hostile, "o" + hostile),
            ("compare", "o" + hostile + "/results.json", "o" + hostile, "--fail-on", hostile),
            ("report", "bad.json", "--html", hostile),
            ("report", "o" + hostile, "--html", "page.html"),
            ("report", "nowhere" + hostile, "--html", "page.html"),
            ("serve", "tiny.yaml", "--listen", hostile),
            ("serve", "tiny.yaml", "--listen", "127.0.0.1:0", "--access-log", f"nowhere/{hostile}"),
            (hostile,),
        ]:
            with self.subTest(arguments):
                run = self.caesura(*arguments)
                self.assertNotEqual(run.stdout + run.stderr, "")
                self.assertEqual(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", run.stdout + run.stderr), [])

    def test_a_cancel_that_no_request_can_meet_is_warned_of_and_run(self):
        impossible = "[{after_chunks: 5}, {during: {kind: tool, at: 0.5}}, {during: {operation: 4, at: 0.5}}, {when: {cost_over: 1.00}}]"
        self.write("warned.yaml", re.sub("cancel: .*", f"cancel: {impossible}", TINY))
        places = [r"warned\.yaml:10:11: warning: .*stream", r"warned\.yaml:10:30: warning: .*tool", r"warned\.yaml:10:63: warning: .*2 operations", r"warned\.yaml:10:98: warning: .*\$"]
        for arguments, status in ((("validate", "warned.yaml"), 0), (("run", "warned.yaml", "--json"), 3), (("sweep", "warned.yaml", "--vary", "seed=1,2,3"), 0), (("advise", "warned.yaml", "--vary", "workflow.0.llm=writer", "--minimise", "tokens.used"), 0)):
            with self.subTest(arguments):
                run = self.caesura(*arguments)
                self.assertEqual(run.returncode, status, run)
                lines = run.stderr.splitlines()
                self.assertEqual(len(lines), 4, run.stderr)
                for line, place in zip(lines, places):
                    self.assertRegex(line, place)
        self.assertEqual(self.caesura("sweep", "tiny.yaml", "--vary", "cancel.0={after_chunks: 1},{after: 1s}").stderr, "")

    def test_run_prints_a_table_for_a_person(self):
        text = self.succeeds("run", "tiny.yaml")
        for words in ("tiny — Two calls", "never: ", "checkpoint: ", "stop after p50", "ok      never.requests.cancelled == 0", "Engine caf"):
            self.assertIn(words, text)

    def test_validate_says_what_it_would_run(self):
        text = self.succeeds("validate", "tiny.yaml", SHIPPED / "burst.yaml", "--requests", "1e3")
        for words in ("tiny.yaml: ok", "burst.yaml: ok", "1,000, seed 7", "never, checkpoint"):
            self.assertIn(words, text)

    def test_validate_checks_thresholds_too(self):
        self.write("bad.yaml", TINY + "  - checkpoint.requests.canceled > 0\n")
        self.refused("validate", "bad.yaml", says=r"bad\.yaml:\d+:\d+: .*canceled.*cancelled")

    def test_verify_finds_the_engines_equal(self):
        text = self.succeeds("verify", "tiny.yaml", "--threads", "2")
        self.assertIn("tiny: equal\n", text)
        hashes = re.findall(r"results [0-9a-f]{16}  requests [0-9a-f]{16}", text)
        self.assertEqual((len(hashes), len(set(hashes))), (3, 1))
        self.assertRegex(text, r"caf-realtime [^#]*lateness")

    def test_trace_tells_one_requests_messages_in_order(self):
        lines = self.succeeds("trace", "tiny.yaml", "--request", "3").splitlines()
        times = [float(re.match(r" *(\d+\.\d{9}) s  \S+ .*-> \S+ .*$", line).group(1)) for line in lines]
        self.assertEqual(times, sorted(times))
        self.assertEqual(times[0], 0.016)  # sent at 15 ms, and a millisecond on its way
        self.assertIn("start request 3", lines[0])
        self.assertIn("answer: ", lines[-1] + lines[-2])
        self.assertEqual(lines, self.succeeds("trace", "tiny.yaml", "--request", "3", "--engine", "direct").splitlines())

    def test_trace_draws_a_mermaid_diagram(self):
        lines = self.succeeds("trace", "tiny.yaml", "--request", "3", "--mermaid", "--policy", "never").splitlines()
        self.assertEqual(lines[0], "sequenceDiagram")
        participants = [line.split()[1] for line in lines if line.startswith("    participant ")]
        for line in lines[1 + len(participants):]:
            start, end = re.match(r"    (\w+)->>(\w+): \S+ s: .+$", line).groups()
            self.assertIn(start, participants)
            self.assertIn(end, participants)

    def test_schema_is_json_and_knows_every_key_of_the_shipped_scenarios(self):
        schema = json.loads(self.succeeds("schema"))
        self.assertIn("$schema", schema)
        for scenario in sorted(SHIPPED.rglob("*.yaml")):
            keys = set(re.findall(r"^(\w+):", scenario.read_text(encoding="utf-8"), re.MULTILINE))
            self.assertLessEqual(keys, set(schema["properties"]), scenario.name)


class Output(ProgramTest):
    def test_json_is_one_document_and_nothing_else(self):
        document = self.results("tiny.yaml")
        self.assertEqual(document["schema"], "caesura.results/1")
        keys = ["schema", "scenario", "engine", "run", "policies", "comparisons", "thresholds"]
        self.assertEqual(list(document), keys)
        self.assertEqual(document["scenario"], {"name": "tiny", "file": "tiny.yaml", "seed": 7, "requests": 20})
        self.assertEqual([policy["policy"] for policy in document["policies"]], ["never", "checkpoint"])
        self.assertFalse(document["run"]["partial"])

    def test_json_of_several_scenarios_is_an_array(self):
        documents = self.results("tiny.yaml", SHIPPED / "cost_savings.yaml", "tiny.yaml")
        self.assertEqual([document["scenario"]["name"] for document in documents], ["tiny", "cost-savings", "tiny"])
        self.assertEqual(without_run(documents[0]), without_run(documents[2]))

    def test_csv_is_a_line_a_request_and_policy(self):
        lines = self.succeeds("run", "tiny.yaml", "--csv").splitlines()
        self.assertEqual(lines[0], CSV_HEADER)
        rows = list(csv.DictReader(lines))
        expected = [(policy, str(number), f"user-{number % 3}") for policy in ("never", "checkpoint") for number in range(20)]
        self.assertEqual([(row["policy"], row["request"], row["user"]) for row in rows], expected)

    def test_markdown_is_a_report(self):
        text = self.succeeds("run", "tiny.yaml", "--markdown")
        self.assertTrue(text.startswith("# tiny\n"))
        self.assertIn("| policy |", text)

    def test_no_colour_goes_into_a_pipe(self):
        for form in ([], ["--markdown"], ["--json"], ["--csv"]):
            self.assertNotIn("\x1b", self.succeeds("run", "tiny.yaml", *form, env=os.environ | {"TERM": "xterm"}))

    def test_out_writes_the_files_that_stdout_would_get(self):
        for form, name in ((["--json"], "results.json"), (["--csv"], "requests.csv"), (["--markdown"], "report.md")):
            out = Path("some") / "where" / name
            text = self.succeeds("run", "tiny.yaml", *form, "--out", out)
            self.assertEqual(self.files_in(out), FILES)
            self.assertEqual((self.folder / out / name).read_text(encoding="utf-8"), text)
        self.assertEqual((self.folder / out / "scenario.yaml").read_text(encoding="utf-8"), TINY)

    def test_out_takes_an_existing_folder_and_leaves_the_rest_of_it_alone(self):
        (self.folder / "out").mkdir()
        self.write("out/mine.txt", "mine")
        self.write("out/results.json", "old")
        self.succeeds("run", "tiny.yaml", "--out", "out")
        self.assertEqual(self.files_in("out"), sorted([*FILES, "mine.txt"]))
        self.assertEqual(json.loads((self.folder / "out/results.json").read_bytes())["scenario"]["name"], "tiny")

    def test_out_has_a_folder_for_each_of_several_scenarios(self):
        self.succeeds("run", "tiny.yaml", SHIPPED / "cost_savings.yaml", "--out", "out")
        self.assertEqual(self.files_in("out"), ["cost-savings", "tiny"])
        for name in self.files_in("out"):
            self.assertEqual(self.files_in(f"out/{name}"), FILES)
        self.refused("run", "tiny.yaml", "tiny.yaml", "--out", "other", says="tiny")

    def test_the_scenario_in_out_repeats_the_run_with_its_options(self):
        options = ["--set", "services.llm.writer.latency={lognormal: {median: 80ms, p95: 1s}, max: 2s}", "--set", "cancel.0.after=30ms",
                   "--policy", "checkpoint", "--policy", "{named: as-ever, never: {}}", "--requests", "33", "--seed", "99"]  # fmt: skip
        first = self.results("tiny.yaml", *options, "--out", "out")
        second = self.results("out/scenario.yaml", "--out", "again")
        first["scenario"]["file"] = "scenario.yaml"
        self.assertEqual(without_run(first), without_run(second))
        self.assertEqual((self.folder / "out/requests.csv").read_bytes(), (self.folder / "again/requests.csv").read_bytes())

    def test_the_scenario_in_out_still_finds_the_data_it_names(self):
        (self.folder / "in").mkdir()
        self.write("in/arrivals.csv", "0\n0.5\n0.75\n")
        self.write("in/traced.yaml", TINY.replace("requests: 20, arrivals: {constant: 200/s}", "arrivals: {trace: arrivals.csv}"))
        first = self.results("in/traced.yaml", "--out", "out", "--policy", "never", "--set", "thresholds=[never.requests.total == 3]")
        second = self.results("out/scenario.yaml")
        self.assertEqual(first["policies"], second["policies"])


class Options(ProgramTest):
    def test_requests_and_seed_replace_those_of_the_scenario(self):
        for text, number in (("1e4", 10000), ("7", 7)):
            scenario = self.results("tiny.yaml", "--requests", text, "--seed", "11")["scenario"]
            self.assertEqual((scenario["requests"], scenario["seed"]), (number, 11))

    def test_requests_replaces_a_duration(self):
        self.write("lasting.yaml", TINY.replace("requests: 20", "duration: 1s"))
        self.assertEqual(self.results("lasting.yaml")["scenario"]["requests"], 200)
        self.assertEqual(self.results("lasting.yaml", "--requests", "30")["scenario"]["requests"], 30)

    def test_set_changes_a_value_and_takes_commas_and_brackets(self):
        value = "services.llm.writer.latency={mixture: [{weight: 1, value: 10ms}, {weight: 3, value: {uniform: [20ms, 30ms]}}], max: 25ms}"
        latency = self.results("tiny.yaml", "--policy", "never", "--set", value, "--set", "load.requests=1e3")["policies"][0]["request_latency_s"]
        self.assertEqual((latency["count"], latency["min"], latency["max"]), (1000, 0.026, 0.056))

    def test_a_set_that_means_nothing_is_refused(self):
        for text, says in [
            ("cancel.0.after", "PATH=VALUE"),
            ("=1", "PATH=VALUE"),
            ("load.request=1", "request.*requests"),
            ("load..requests=1", "empty part"),
            ("cancel.5.after=1s", "no item 5"),
            ("cancel.0.after=1", "needs a unit"),
            ("load.requests=[1", "--set"),
            ("load.requests=", "no value"),
            ("policy=abrt", "abrt.*did you mean 'abort'"),
        ]:
            with self.subTest(text):
                self.refused("run", "tiny.yaml", "--set", text, says=says)

    def test_policy_replaces_the_policies_and_their_thresholds(self):
        document = self.results("tiny.yaml", "--policy", "checkpoint")
        self.assertEqual([policy["policy"] for policy in document["policies"]], ["checkpoint"])
        self.assertEqual([threshold["expression"] for threshold in document["thresholds"]], ["checkpoint.requests.cancelled > 0"])
        names = [policy["policy"] for policy in self.results("tiny.yaml", "--policy", "{named: a, never: {}}", "--policy", "{named: b, checkpoint: {}}")["policies"]]
        self.assertEqual(names, ["a", "b"])

    def test_every_policy_runs_bare_and_with_its_options(self):
        for policy in ("abort", "disconnect", "escalate", "abort: {operations: [tool], detect: 0s}", "disconnect: {detect: 1s}", "escalate: {after: 5s}"):
            document = self.results("tiny.yaml", "--policy", policy)
            self.assertEqual([found["policy"] for found in document["policies"]], [policy.split(":")[0]])

    def test_equal_policies_and_unknown_ones_are_refused(self):
        self.refused("run", "tiny.yaml", "--policy", "never", "--policy", "never", says="never")
        self.refused("run", "tiny.yaml", "--policy", "checkpiont", says="checkpoint")
        self.refused("run", "tiny.yaml", "--policy", "[never, checkpoint]", says="one policy")

    def test_replications_repeat_the_load_with_seeds_of_their_own(self):
        once, thrice = self.results("tiny.yaml"), self.results("tiny.yaml", "--replications", "3")
        self.assertEqual(thrice["scenario"], {"name": "tiny", "file": "tiny.yaml", "seed": 7, "requests": 60, "replications": 3})
        self.assertEqual(without_run(self.results("tiny.yaml", "--replications", "1")), without_run(once))
        for policy in thrice["policies"]:
            self.assertEqual(policy["requests"]["total"], 60)
        self.assertIn("3 replications of seed 7", self.succeeds("run", "tiny.yaml", "--replications", "3"))
        rows = list(csv.DictReader(self.succeeds("run", "tiny.yaml", "--replications", "3", "--csv").splitlines()))
        self.assertEqual([row["request"] for row in rows], 2 * [str(number) for number in range(60)])
        cells = [[cell for column, cell in row.items() if column != "request"] for row in rows]
        first = [list(row.values()) for row in csv.DictReader(self.succeeds("run", "tiny.yaml", "--csv").splitlines())]
        self.assertEqual(cells[:20], [[cell for i, cell in enumerate(row) if i != 1] for row in first[:20]])
        self.assertNotEqual(cells[:20], cells[20:40])

    def test_competing_requests_have_intervals_over_replications_only(self):
        limited = ["tiny.yaml", "--set", "services.llm.writer.concurrency=2", "--set", "thresholds=[]"]
        self.assertIsNone(self.results(*limited)["comparisons"][0]["cost_usd"]["ci95"])
        self.assertIn("--replications 20 gives intervals", " ".join(self.succeeds("run", *limited).split()))
        low, high = self.results(*limited, "--replications", "20")["comparisons"][0]["cost_usd"]["ci95"]
        self.assertLess(low, high)

    def test_engine_and_threads_change_nothing_but_the_run(self):
        reference = self.results("tiny.yaml")
        self.assertEqual(reference["engine"], "caf")
        for engine in ("caf", "direct"):
            for threads in (1, 2, 5):
                document = self.results("tiny.yaml", "--engine", engine, "--threads", threads)
                self.assertEqual((document["engine"], document["run"]["threads"]), (engine, threads))
                self.assertEqual(without_run(document), without_run(reference))

    def test_real_time_runs_on_the_wall_clock(self):
        document = self.results("tiny.yaml", "--engine", "caf-realtime", "--time-scale", "2")
        self.assertEqual(document["engine"], "caf-realtime")
        self.assertGreater(document["run"]["wall_seconds"], 0.15)  # the last request arrives after 95 ms and takes 246 ms, twice as fast
        self.assertEqual([policy["requests"]["total"] for policy in document["policies"]], [20, 20])


class Thresholds(ProgramTest):
    def test_one_that_is_missed_is_exit_status_3_with_the_output_in_full(self):
        self.write("missed.yaml", TINY + "  - checkpoint.requests.cancelled == 1000\n")
        text = self.succeeds("run", "missed.yaml", status=3)
        self.assertRegex(text, r"FAILED  checkpoint\.requests\.cancelled == 1000 \(\d+\)\n")
        self.assertIn("Engine caf", text)
        document = self.results("missed.yaml", "--out", "out", status=3)
        self.assertEqual([threshold["ok"] for threshold in document["thresholds"]], [True, True, False])
        self.assertEqual(self.files_in("out"), FILES)
        self.assertEqual(len(self.results("missed.yaml", "tiny.yaml", status=3)), 2)

    def test_one_on_nothing_is_missed(self):
        self.write("null.yaml", TINY + "  - never.cancel_latency_s.p99 < 1\n")
        self.assertEqual(self.results("null.yaml", status=3)["thresholds"][2], {"expression": "never.cancel_latency_s.p99 < 1", "value": None, "ok": False})

    def test_one_that_cannot_be_judged_is_an_error_before_the_run(self):
        for expression, says in {
            "checkpoint.cancel_latency_s.p98 < 1": "p98",
            "checkpoint.requests < 1": "not a number",
            "abort.requests.total > 1": "unknown policy 'abort'",
            "checkpoint.requests.total = 1": "POLICY.FIELD OP NUMBER",
            "checkpoint.requests.total > many": "many",
        }.items():
            with self.subTest(expression):
                self.write("bad.yaml", TINY + f'  - "{expression}"\n')
                # It would take hours to run.
                self.refused("run", "tiny.yaml", "bad.yaml", "--requests", "1e9", "--out", "out", says=r"bad\.yaml:15:5: .*" + says)


class Sweep(ProgramTest):
    # Under escalate a cancel takes effect after `after` and 25 ms more, and 1 ms on its way; the call would end some 70 ms after it.
    ESCALATE = ("--policy", "escalate: {after: 5ms}", "--vary", "policy.0.escalate.after=10ms,20ms,30ms,40ms")

    def test_it_prints_a_table_and_the_best(self):
        text = self.succeeds("sweep", "tiny.yaml", *self.ESCALATE, "--hold", "cancel_latency_s.max > 0.05")
        self.assertRegex(text, r"^tiny: policy\.0\.escalate\.after, 4 points\n\nafter +policy +cancelled")
        self.assertRegex(text, r"\n10ms .*not held\n20ms .*not held\n30ms .*best\n40ms ")
        self.assertRegex(" ".join(text.split()), r"Best: after 30ms \(escalate\) has the lowest cost_usd\.used")
        self.assertIn("since neither --minimise nor --maximise was given", " ".join(text.split()))
        self.assertIn("Engine direct: 4 runs, 80 requests", text)

    def test_csv_is_a_line_a_point_and_policy(self):
        values = "{uniform: [10ms, 20ms]},'30ms'"
        rows = list(csv.DictReader(self.succeeds("sweep", "tiny.yaml", "--vary", "load.users=1,2", "--vary", f"cancel.0.after={values}", "--csv").splitlines()))
        self.assertEqual(
            [(row["load.users"], row["cancel.0.after"], row["policy"]) for row in rows],
            [(users, value, policy) for users in "12" for value in ("{uniform: [10ms, 20ms]}", "'30ms'") for policy in ("never", "checkpoint")],
        )
        self.assertEqual({row["requests.total"] for row in rows}, {"20"})
        self.assertEqual({row["cancel_latency_s.p99"] for row in rows if row["policy"] == "never"}, {""})

    def test_a_point_is_what_a_run_with_set_is(self):
        document = json.loads(self.succeeds("sweep", "tiny.yaml", "--vary", "services.llm.writer.latency=80ms,300ms", "--vary", "seed=1,2", "--json"))
        self.assertEqual(document["schema"], "caesura.sweep/1")
        self.assertEqual([point["seed"] for point in document["points"]], [1, 2, 1, 2])
        for point in document["points"]:
            options = [word for path, value in point["values"].items() for word in ("--set", f"{path}={value}")]
            self.assertEqual(point["policies"], self.results("tiny.yaml", *options, "--set", "thresholds=[never.requests.total > 0]")["policies"])

    def test_a_value_leaves_the_draws_of_other_places_as_they_were(self):
        # Of tool calls that cost nothing there are ever more; the model call behind them stays what it is.
        self.write("loop.yaml", LOOP)
        text = self.succeeds("sweep", "loop.yaml", "--vary", "workflow.0.repeat.times=0,1,2,3,4", "--minimise", "cost_usd.used", "--json")
        used = [point["policies"][0]["cost_usd"]["used"] for point in json.loads(text)["points"]]
        self.assertEqual(len(used), 5)
        self.assertEqual(len(set(used)), 1, used)
        self.assertGreater(used[0], 0)

    def test_threads_and_engine_change_nothing(self):
        reference = self.succeeds("sweep", "tiny.yaml", *self.ESCALATE, "--csv")
        for options in (["--threads", "1"], ["--threads", "7"], ["--engine", "caf"]):
            self.assertEqual(self.succeeds("sweep", "tiny.yaml", *self.ESCALATE, "--csv", *options), reference)

    def test_thresholds_are_not_judged(self):
        self.write("missed.yaml", TINY + "  - checkpoint.requests.cancelled == 1000\n")
        self.succeeds("sweep", "missed.yaml", "--vary", "load.users=1,2")

    def test_a_mistake_names_its_option_and_value(self):
        for arguments, says in [
            ([], "--vary"),
            (["--vary", "services.llm.writer.latency=1s,2z"], r"^caesura: --vary services\.llm\.writer\.latency=2z: "),
            (["--vary", "load.reqests=1,2"], "--vary load.reqests=1: .*requests"),
            (["--vary", "load.users"], "--vary load.users: .*PATH=V1,V2"),
            (["--vary", "load.users=1,,2"], "empty"),
            (["--vary", "load.users=1,2", "--vary", "load.users=3"], "twice"),
            (["--vary", "load.users=" + ",".join(map(str, range(1, 1001))), "--vary", "seed=" + ",".join(map(str, range(101)))], "over 100000 points"),
            (["--vary", "load.users=1", "--minimise", "cost_usd.usd"], "--minimise: unknown field 'cost_usd.usd'.*cost_usd.used"),
            (["--vary", "load.users=1", "--minimise", "tokens.used", "--maximise", "tokens.used"], "--maximise"),
            (["--vary", "load.users=1", "--hold", "tokens.used"], "--hold: .*FIELD OP NUMBER"),
            (["--vary", "load.users=1", "--engine", "caf-realtime"], "caf-realtime"),
            (["--vary", "load.users=1", "--json", "--csv"], "--json|--csv"),
        ]:
            with self.subTest(arguments):
                self.refused("sweep", "tiny.yaml", *arguments, says=says)
        # All points are checked before the first one runs: it would run for hours.
        self.refused("sweep", "tiny.yaml", "--requests", "1e9", "--vary", "cancel.0.after=1s,2s,3z", says="cancel.0.after=3z")

    def test_it_fits_into_a_terminal(self):
        for columns in (100, 60, 40):
            with Terminal(self.folder, "sweep", "tiny.yaml", *self.ESCALATE, columns=columns, stdout_too=True) as terminal:
                terminal.end()
                for line in ESCAPE.sub("", terminal.seen).splitlines():
                    self.assertLessEqual(len(line), columns, line)


class Advise(ProgramTest):
    VARIED = ("--policy", "escalate: {after: 5ms}", "--vary", "policy.0.escalate.after=10ms,20ms,40ms")

    def advice(self, *arguments, status=0):
        return json.loads(self.succeeds("advise", "tiny.yaml", *self.VARIED, *arguments, "--json", status=status))

    def test_it_recommends_a_point_between_those_of_the_grid(self):
        # A cancel takes some 26 ms more than `after`; a token takes 2.4 ms, and of equals the first is taken.
        arguments = ("--maximise", "tokens.used", "--hold", "cancel_latency_s.max <= 0.055")
        document = self.advice(*arguments)
        self.assertEqual((document["schema"], document["found"], document["held"]), ("caesura.advice/1", True, True))
        best = document["recommended"]
        self.assertLessEqual(best["hold"][0]["value"], 0.055)
        self.assertGreater(best["hold"][0]["value"], 0.052)
        self.assertEqual((best["hold"][0]["verdict"], best["hold"][0]["held_in"]), ("with_room", 10))
        text = self.succeeds("advise", "tiny.yaml", *self.VARIED, *arguments)
        self.assertIn(" ".join(document["advice"].split()), " ".join(text.split()))
        self.assertIn("recommended\n", text)

    def test_nothing_that_holds_is_exit_status_3_with_what_comes_nearest(self):
        document = self.advice("--minimise", "tokens.used", "--hold", "cancel_latency_s.max < 0.03", status=3)
        self.assertEqual((document["found"], document["recommended"]["values"]), (False, {"policy.0.escalate.after": "10ms"}))
        self.assertIn("No point holds cancel_latency_s.max < 0.03", document["advice"])

    def test_threads_change_nothing(self):
        arguments = ("--minimise", "tokens.used", "--hold", "cancel_latency_s.max >= 0.04")
        self.assertEqual(without_run(self.advice(*arguments, "--threads", "1")), without_run(self.advice(*arguments, "--threads", "3")))

    def test_a_mistake_is_usage(self):
        for arguments, says in [
            (["--vary", "load.users=1"], "--minimise FIELD or --maximise FIELD"),
            (["--minimise", "tokens.used"], "--vary"),
            (["--minimise", "tokens.used", "--vary", "seed=1,2"], "--vary seed"),
            (["--minimise", "tokens.use", "--vary", "load.users=1"], "--minimise: .*tokens.used"),
            (["--minimise", "tokens.used", "--vary", "load.users=1,x"], "--vary load.users=x"),
        ]:
            with self.subTest(arguments):
                self.refused("advise", "tiny.yaml", *arguments, says=says)


class BadFiles(ProgramTest):
    def refused_file(self, text, says, place=r"\d+:\d+"):
        self.write("bad.yaml", text)
        self.refused("run", "bad.yaml", "--out", "out", says=rf"^caesura: bad\.yaml:{place}: .*{says}")
        self.refused("run", "tiny.yaml", "bad.yaml", "--out", "out", says=rf"^caesura: bad\.yaml:{place}: ")

    def test_a_file_that_cannot_be_read_is_refused(self):
        self.refused("run", "none.yaml", says=r"none\.yaml:1:1: .*No such file")
        self.refused("run", ".", says=r":1:1: .*directory")
        self.refused("run", "tiny.yaml/none.yaml", says=r":1:1: ")
        self.refused("run", "/dev/null", says=r":1:1: .*regular file")
        os.mkfifo(self.folder / "pipe.yaml")
        self.refused("run", "pipe.yaml", says=r"pipe\.yaml:1:1: .*pipe")

    def test_a_file_without_permission_is_refused(self):
        self.write("secret.yaml", TINY)
        (self.folder / "secret.yaml").chmod(0)
        program, nobody = CAESURA, {}
        if os.geteuid() == 0:  # who may read all
            self.folder.chmod(0o755)
            program = shutil.copy(CAESURA, self.folder)  # from where the other user may run it
            nobody = {"user": 65534, "extra_groups": []}
        with unittest.mock.patch.dict(globals(), CAESURA=program):
            self.refused("run", "secret.yaml", says=r"secret\.yaml:1:1: .*Permission denied", **nobody)

    def test_a_file_that_is_no_scenario_is_refused(self):
        self.refused_file("", "", "1:1")
        self.refused_file("# nothing\n", "", "1:1")
        self.refused_file("hello", "", "1:1")
        self.refused_file(bytes(range(256)), "text file|UTF-8|control", "1:1")
        self.refused_file(TINY.replace("Two", "Tw\xf6").encode("latin-1"), "UTF-8", r"2:16")
        self.refused_file(TINY.encode("utf-16"), "UTF-8|text file")
        self.refused_file(TINY + "---\n" + TINY, "document")

    def test_yaml_made_to_hurt_is_refused(self):
        self.refused_file("[" * 100_000, "nested")
        self.refused_file("a: " * 100_000, "")
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
        self.refused_file(bomb, "aliases|values")
        self.refused_file("a: &a [*a]\n", "alias")
        self.refused_file("scenario: [\n", "not valid YAML|bracket")
        self.refused_file("x: " + "y" * 10_000_000, "")

    def test_a_mistake_in_a_scenario_is_refused_with_its_place(self):
        self.refused_file(TINY.replace("seed: 7", "seed: 7\nseed: 8"), "'seed' appears twice", "4:1")
        self.refused_file(TINY.replace("seed", "sede"), "unknown key 'sede'.*seed", "3:1")
        self.refused_file(TINY.replace("{llm: writer}]", "{llm: wirter}]"), "wirter.*writer", "9:33")
        self.refused_file(TINY.replace("latency: 120ms", "latency: 120"), "needs a unit", "8:23")
        self.refused_file(TINY.replace("  llm:\n", "\tllm:\n"), "tab", "7:1")
        self.refused_file(TINY.replace("requests: 20", "requests: 0"), "whole number from 1", r"4:\d+")
        self.refused_file(TINY.replace("requests: 20", "requests: 2000000000"), "whole number from 1", r"4:\d+")
        self.refused_file("description: x\n", "scenario")

    def test_harmless_differences_of_a_file_do_not_matter(self):
        reference = self.results("tiny.yaml")["policies"]
        for text in (b"\xef\xbb\xbf" + TINY.encode(), TINY.replace("\n", "\r\n"), "---\n" + TINY + "...\n", "%YAML 1.2\n---\n" + TINY,
                     TINY.replace("{llm: writer}, {llm: writer}", "&call {llm: writer}, *call"), TINY.rstrip("\n")):  # fmt: skip
            with self.subTest(text[:20]):
                self.write("other.yaml", text)
                self.assertEqual(self.results("other.yaml")["policies"], reference)


class Trouble(ProgramTest):
    """With the disk, and with who reads the output: exit status 1 or 141, and nothing half-written."""

    READER_GONE = 128 + signal.SIGPIPE

    def everything_that_prints(self):
        self.succeeds("run", "tiny.yaml", "--out", "before")
        sweep = ["tiny.yaml", "--vary", "load.users=1"]
        return [["run", "tiny.yaml"], ["run", "tiny.yaml", "--json"], ["run", "tiny.yaml", "--csv"], ["run", "tiny.yaml", "--markdown"],
                ["validate", "tiny.yaml"], ["trace", "tiny.yaml", "--request", "0"], ["trace", "tiny.yaml", "--request", "0", "--mermaid"],
                ["schema"], ["verify", "tiny.yaml"], ["sweep", *sweep], ["sweep", *sweep, "--csv"], ["sweep", *sweep, "--json"],
                ["advise", *sweep, "--minimise", "tokens.used"], ["advise", *sweep, "--minimise", "tokens.used", "--json"],
                ["compare", "before", "before"], ["compare", "before", "before", "--json"], ["report", "before", "--html", "-"],
                ["--help"], ["--version"], ["run", "--help"], ["serve", "--help"]]  # fmt: skip

    def test_a_full_disk_under_stdout_is_told(self):
        for arguments in self.everything_that_prints():
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                self.refused(*arguments, stdout=full, status=1, says="standard output: No space left")

    def test_a_stdout_that_is_closed_from_the_start_is_told(self):
        for arguments in self.everything_that_prints():
            with self.subTest(arguments):
                self.refused(*arguments, preexec_fn=lambda: os.close(1), status=1, says="standard output: it is closed")

    def test_a_stdout_that_is_closed_from_the_start_is_nothing_to_what_does_not_print(self):
        self.succeeds("run", "tiny.yaml", "--out", "before")
        self.succeeds("report", "before", "--html", "page.html", preexec_fn=lambda: os.close(1))
        self.assertIn("<html", (self.folder / "page.html").read_text())

    def test_files_are_whole_where_stdout_is_closed_from_the_start(self):
        run = self.caesura("run", "tiny.yaml", "--out", "out", preexec_fn=lambda: os.close(1))
        self.assertEqual(run.returncode, 1)
        self.assertEqual(self.files_in("out"), FILES)
        self.assertEqual(json.loads((self.folder / "out/results.json").read_text())["policies"], self.results("tiny.yaml")["policies"])

    def test_a_reader_that_has_left_ends_every_command_quietly(self):
        for arguments in self.everything_that_prints():
            with self.subTest(arguments):
                reading, writing = os.pipe()
                os.close(reading)
                with os.fdopen(writing, "wb") as stdout:
                    run = self.caesura(*arguments, stdout=stdout)
                self.assertEqual((run.returncode, run.stderr), (self.READER_GONE, ""))

    def test_a_reader_that_takes_a_line_and_leaves_ends_a_run_quietly(self):
        # So much that a pipe does not hold it, whoever is quicker.
        script = f"set -o pipefail; {CAESURA} run tiny.yaml --requests 1e5 --engine direct --csv | head -1"
        run = subprocess.run(["bash", "-c", script], cwd=self.folder, timeout=PATIENCE_S, check=False, capture_output=True, encoding="utf-8")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (self.READER_GONE, CSV_HEADER + "\n", ""))

    def test_a_folder_that_cannot_be_written_is_told(self):
        self.write("file", "mine")
        self.refused("run", "tiny.yaml", "--out", "file", status=1, says="cannot write file")
        self.refused("run", "tiny.yaml", "--out", "file/below", status=1, says="cannot write file/below")
        self.refused("run", "tiny.yaml", "--out", "/proc/none", status=1, says="cannot write /proc/none")

    def test_a_full_disk_under_out_leaves_what_was_there(self):
        self.succeeds("run", "tiny.yaml", "--out", "out")
        for most_bytes in (100, 5000, 50_000):
            # A limit on the size of files stands in for the disk. Python ignores SIGXFSZ, and so does then the program.
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))  # noqa: B023, E731
            self.refused("run", "tiny.yaml", "--requests", "1e3", "--out", "out", status=1, says=r"cannot write out/", preexec_fn=limit,
                         restore_signals=False)  # fmt: skip

    def test_a_reader_that_leaves_early_does_not_harm_the_files(self):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as stdout:
            run = self.caesura("run", "tiny.yaml", "--out", "out", stdout=stdout)
        self.assertEqual((run.returncode, run.stderr), (self.READER_GONE, ""))
        self.assertEqual(self.files_in("out"), FILES)

    def test_a_reader_that_leaves_in_the_middle_leaves_no_temporary_files(self):
        command = [CAESURA, "run", "tiny.yaml", "--requests", "1e5", "--csv", "--out", "out"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            self.assertEqual(process.stdout.readline().decode().strip(), CSV_HEADER)
            process.stdout.close()
            self.assertEqual(process.wait(PATIENCE_S), self.READER_GONE)
        self.assertIn(self.files_in("out") if (self.folder / "out").exists() else [], ([], FILES))


class Terminal:
    """The program on a pseudo-terminal, which is its stderr and, if asked for, its stdout."""

    def __init__(self, folder, *arguments, columns=80, stdout_too=False, environment=None):
        self.parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        modes = termios.tcgetattr(child)
        modes[1] &= ~termios.OPOST  # what is written is what is read
        termios.tcsetattr(child, termios.TCSANOW, modes)
        self.stdout = tempfile.TemporaryFile()
        variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"} | (environment or {})
        self.process = subprocess.Popen([CAESURA, *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, env=variables,
                                        stdout=child if stdout_too else self.stdout, stderr=child)  # fmt: skip
        os.close(child)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.parent)
        self.stdout.close()

    def read_until(self, words=None):
        """Until `words` were seen, or, without any, until the program has closed the terminal."""
        deadline = time.monotonic() + PATIENCE_S
        while words is None or words not in self.seen:
            if not select.select([self.parent], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"the terminal stays silent; so far: {self.seen[-200:]!r}")
            try:
                block = os.read(self.parent, 65536)
            except OSError:  # EIO: the other side is closed
                block = b""
            if not block:
                if words is not None:
                    raise AssertionError(f"the program ended before it printed {words!r}: {self.seen[-200:]!r}")
                return self.seen
            self.seen += block.decode()
        return self.seen

    def end(self):
        """The exit status, and how many seconds it took to come."""
        start = time.monotonic()
        self.read_until()
        return self.process.wait(PATIENCE_S), time.monotonic() - start

    def output(self):
        self.stdout.seek(0)
        return self.stdout.read().decode()


class OnATerminal(ProgramTest):
    def test_no_line_is_wider_than_the_terminal(self):
        for columns in (60, 40, 100):
            for scenario in ("tiny.yaml", SHIPPED / "burst.yaml", SHIPPED / "muxi_pipeline.yaml"):
                with Terminal(self.folder, "run", scenario, "--requests", "50", columns=columns, stdout_too=True) as terminal:
                    terminal.end()
                    for line in ESCAPE.sub("", terminal.seen).splitlines():
                        self.assertLessEqual(len(line), columns, line)

    def test_colour_is_for_terminals_without_no_color(self):
        for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with Terminal(self.folder, "run", "tiny.yaml", stdout_too=True, environment=environment) as terminal:
                terminal.end()
                self.assertEqual("\x1b[" in terminal.seen, coloured, environment)

    def test_no_progress_line_means_none(self):
        with Terminal(self.folder, "run", "tiny.yaml", "--requests", "1e5", "--no-progress") as terminal:
            terminal.end()
            self.assertNotIn("requests (", terminal.seen)


class Interrupted(ProgramTest):
    """The progress line tells that the run is under way; it would go on for hours."""

    def interrupt(self, number, *arguments):
        """The status and stdout."""
        with Terminal(self.folder, "run", *arguments, columns=60) as terminal:
            terminal.read_until("requests (")
            for shown in terminal.seen.split("\r\x1b[K"):
                self.assertLess(len(shown), 60)
            terminal.process.send_signal(number)
            status, seconds = terminal.end()
            self.assertLess(seconds, 10)  # a second would do, if the machine is idle
            return status, terminal.output()

    def test_a_run_prints_what_it_has_measured_so_far(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number):
                self.write("long.yaml", TINY.replace("requests: 20", "requests: 1e9").replace("200/s", "1000000/s"))
                ended, text = self.interrupt(number, "long.yaml")
                self.assertEqual(ended, status)
                self.assertRegex(text, r"^Interrupted: partial results of [1-9][0-9,]* of 2,000,000,000 requests;")
                self.assertNotIn("FAILED", text)

    def test_json_and_out_say_that_they_are_partial(self):
        self.write("long.yaml", TINY.replace("requests: 20", "requests: 1e9").replace("200/s", "1000000/s"))
        status, text = self.interrupt(signal.SIGINT, "long.yaml", "--json", "--out", "out", "--policy", "checkpoint")
        self.assertEqual(status, 130)
        self.assertEqual(self.files_in("out"), FILES)
        self.assertEqual((self.folder / "out/results.json").read_text(encoding="utf-8"), text)
        document = json.loads(text)
        self.assertTrue(document["run"]["partial"])
        self.assertEqual([threshold["ok"] for threshold in document["thresholds"]], [None])
        with open(self.folder / "out/requests.csv", "rb") as requests:
            self.assertEqual(sum(1 for _ in requests) - 1, document["policies"][0]["requests"]["total"])
        self.assertIn("partial", (self.folder / "out/report.md").read_text(encoding="utf-8"))

    def test_a_load_that_lasts_so_long_that_its_arrivals_take_time_to_count_is_interrupted_too(self):
        self.write("lasting.yaml", TINY.replace("requests: 20, arrivals: {constant: 200/s}", "duration: 8700h, arrivals: {poisson: 30/s}"))
        status, _ = self.interrupt(signal.SIGINT, "lasting.yaml", "--engine", "direct")
        self.assertEqual(status, 130)

    def test_a_sweep_prints_the_points_that_are_done(self):
        self.write("long.yaml", TINY.replace("200/s", "1000000/s"))
        arguments = ("long.yaml", "--policy", "checkpoint", "--vary", "load.requests=10,1e9")
        for form in ([], ["--json"]):
            with Terminal(self.folder, "sweep", *arguments, *form, columns=60) as terminal:
                terminal.read_until("1 of 2 runs (50 %)")
                terminal.process.send_signal(signal.SIGINT)
                status, seconds = terminal.end()
                self.assertLess(seconds, 10)
                self.assertEqual(status, 130)
                if form:
                    document = json.loads(terminal.output())
                    self.assertEqual((document["run"]["partial"], [point["point"] for point in document["points"]]), (True, [0]))
                else:
                    self.assertIn("Interrupted: partial results of 1 of 2 points\n", terminal.output())

    def test_advice_is_of_the_points_that_are_done(self):
        self.write("long.yaml", TINY.replace("200/s", "1000000/s"))
        arguments = ("long.yaml", "--policy", "checkpoint", "--vary", "load.requests=10,1e9", "--minimise", "tokens.used")
        with Terminal(self.folder, "advise", *arguments, columns=60) as terminal:
            terminal.read_until("1 of 2 runs (50 %)")
            terminal.process.send_signal(signal.SIGTERM)
            self.assertEqual(terminal.end()[0], 143)
            self.assertIn("Interrupted: the best of 1 point so far\n", terminal.output())

    def test_requests_that_compete_and_real_time_are_interrupted_too(self):
        self.write("competing.yaml", TINY.replace("requests: 20", "requests: 1e9").replace("200/s", "1000000/s").replace("120ms,", "120ms, concurrency: 1000000,"))
        self.write("real.yaml", TINY.replace("requests: 20", "requests: 1e6"))
        for arguments in (["competing.yaml", "--engine", "direct"], ["real.yaml", "--engine", "caf-realtime"]):
            with self.subTest(arguments):
                status, text = self.interrupt(signal.SIGTERM, *arguments)
                self.assertEqual(status, 143)
                self.assertIn("Interrupted: partial results of ", text)


def main():
    global CAESURA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    arguments, rest = parser.parse_known_args()
    CAESURA = str(Path(arguments.caesura).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
