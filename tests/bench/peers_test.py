"""The driver of bench/peers: that programs which disagree are found out, that its ratios are right, and that what is missing is skipped by
name. It runs on stand-ins for the programs, so no benchmark need be built."""

import contextlib
import io
import json
import signal
import stat
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "peers"))

import agreement
import programs
import run
import table

BARE = {"requests": 10_000, "cancelled": 2_900, "latency_mean_s": 1.72, "latency_stddev_s": 1.62, "latency_p50_s": 1.286,
        "latency_p99_s": 7.677000001, "planned_s": 191_540.000000007, "used_s": 162_950.000000004, "saved_s": 28_590.000000003,
        "peak_in_flight": 1_750, "seconds": 0.01}


def different(**figures):
    return {**BARE, **figures}


class Agreement(unittest.TestCase):
    def of_same_draws(self, figures):
        return agreement.disagreements("peer", figures, BARE, same_draws=True)

    def of_other_draws(self, figures):
        return agreement.disagreements("peer", figures, BARE, same_draws=False)

    def test_equal_figures_agree_and_speed_does_not_matter(self):
        self.assertEqual(self.of_same_draws(different(seconds=100)), [])
        self.assertEqual(self.of_other_draws(different(seconds=100)), [])

    def test_with_the_same_draws_a_nanosecond_is_a_disagreement(self):
        wrong = self.of_same_draws(different(latency_p99_s=7.677000002))
        self.assertEqual(wrong, ["peer: latency_p99_s is 7.677000002, and of bare 7.677000001"])
        wrong = self.of_same_draws(different(used_s=162_950.000000005, saved_s=28_590.000000002))
        self.assertEqual(len(wrong), 2)
        self.assertEqual(len(self.of_same_draws(different(cancelled=2_901))), 1)

    def test_a_last_bit_of_a_mean_may_differ_and_no_more(self):
        self.assertEqual(self.of_same_draws(different(latency_mean_s=1.72 * (1 + 2e-16))), [])
        self.assertEqual(len(self.of_same_draws(different(latency_mean_s=1.72 * (1 + 1e-12)))), 1)

    def test_with_other_draws_chance_is_allowed_for(self):
        near = different(cancelled=2_950, latency_mean_s=1.75, latency_p50_s=1.31, latency_p99_s=7.9, planned_s=192_000.0,
                         used_s=163_000.0, saved_s=29_000.0)
        self.assertEqual(self.of_other_draws(near), [])

    def test_with_other_draws_what_chance_does_not_explain_is_a_disagreement(self):
        for figures, what in [
            ({"cancelled": 3_200}, "the share of cancelled requests"),
            ({"latency_mean_s": 1.95}, "latency_mean_s"),
            ({"latency_p50_s": 1.5}, "latency_p50_s"),
            ({"latency_p99_s": 10.0}, "latency_p99_s"),
            ({"planned_s": 195_540.0, "used_s": 166_950.0}, "planned_s a request"),
            ({"used_s": 158_950.0, "saved_s": 32_590.0}, "saved_s a request"),
            ({"latency_mean_s": float("nan")}, "latency_mean_s"),
        ]:
            wrong = self.of_other_draws(different(**figures))
            self.assertEqual(len(wrong), 1, (what, wrong))
            self.assertRegex(wrong[0], f"^peer: {what} is .*, and of bare .*: .* standard errors apart$")

    def test_used_and_saved_must_be_planned(self):
        wrong = self.of_other_draws(different(used_s=162_951.000000004))
        self.assertEqual(wrong, ["peer: used and saved are not planned, but +1.000000000 s more"])


class Tables(unittest.TestCase):
    def measured(self):
        block = table.Measured(2000)
        block.rates = {"bare": {1: 1_000_000, 2: 2_000_000, 3: 500_000}, "direct, competing": {1: 500_000, 2: 800_000, 3: 300_000},
                       "SimPy": {1: 20_000, 3: 10_000}}
        return block

    def test_ratios_are_taken_round_by_round(self):
        block = self.measured()
        self.assertEqual(block.ratios("direct, competing", "bare"), [0.5, 0.4, 0.6])
        self.assertEqual(block.ratios("direct, competing", "SimPy"), [25, 30])
        self.assertEqual(block.ratios("direct, competing", "absent"), [])

    def test_the_table_has_medians_and_spreads(self):
        line = next(line for line in table.peers([self.measured()]).splitlines() if "direct, competing" in line)
        self.assertRegex(line, r"500 k +\[300 k–800 k\] +0\.50 +\[0\.40–0\.60\] +27\.5 +—$")

    def test_goals_are_judged_by_the_median(self):
        goals = [programs.Goal("direct, competing", "bare", goal=goal, floor=floor) for goal, floor in [(0.5, 0.3), (0.6, 0.5), (0.9, 0.6)]]
        verdicts = table.judge(goals, [self.measured()], table.RealtimeMeasured(1))
        self.assertEqual([v.verdict for v in verdicts], ["held", "short", "MISSED"])

    def test_of_bytes_and_latencies_less_is_better(self):
        block = self.measured()
        block.bytes["direct, competing"] = 170
        realtime = table.RealtimeMeasured(1, {"ours": {1: {"p50_us": 20}}, "theirs": {1: {"p50_us": 10}, 2: {"p50_us": 30}}})
        goals = [programs.Goal("direct, competing", figure="bytes", goal=160, floor=400),
                 programs.Goal("ours", figure="p50_us", goal="theirs", floor=35), programs.Goal("ours", figure="p50_us", goal="absent", floor=35)]
        verdicts = table.judge(goals, [block], realtime)
        self.assertEqual([(v.wanted, v.verdict) for v in verdicts], [(160, "short"), (20, "held"), (None, "short")])

    def test_no_line_is_wider_than_100_columns(self):
        blocks = []
        for listed in programs.BLOCKS:
            block = table.Measured(listed.in_flight)
            for i, entry in enumerate(listed.entries):
                block.rates[entry.program] = {1: 1.2345e6 * (1 + i), 2: 123_456.0}
                block.bytes[entry.program] = 12_345
            blocks.append(block)
        realtime = table.RealtimeMeasured(100_000)
        for name in programs.realtime_programs(Path("/")):
            realtime.figures[name] = {1: {"p50_us": 12_345.6, "p99_us": 123_456.7, "max_us": 1e6}, 2: {"p50_us": 1, "p99_us": 2, "max_us": 3}}
        verdicts = table.judge(programs.GOALS, blocks, realtime)
        self.assertEqual(len(verdicts), len(programs.GOALS))
        text = "\n".join([table.peers(blocks), table.realtime_table(realtime), table.goals(verdicts)])
        self.assertLessEqual(max(map(len, text.splitlines())), 100, text)

    def test_goals_and_blocks_name_programs_that_exist(self):
        names = {*programs.programs(Path("/")), *programs.realtime_programs(Path("/"))}
        for goal in programs.GOALS:
            self.assertIn(goal.program, names)
            self.assertIn(goal.against or goal.program, names)
        for block in programs.BLOCKS:
            self.assertLessEqual({entry.program for entry in block.entries}, names)


STAND_IN = """#!{python}
import json, os, signal, sys, time
options = dict(zip(sys.argv, sys.argv[1:]))
bare = {bare!r}
bare["requests"] = int(options.get("--requests", 0))
{extra}
print(json.dumps({said}))
"""
PEER = 'bare["peak_in_flight"] = int(options["--in-flight"])'
RESULTS = """{"run": {"peak_in_flight": 7, "wall_seconds": bare["seconds"] * 4, "version": "9.9"}, "policies": [{
    "requests": {"total": bare["requests"], "cancelled": bare["cancelled"]},
    "cancel_latency_s": {name: bare["latency_" + name + "_s"] for name in ("mean", "stddev", "p50", "p99")},
    "busy_s": {"llm": {name: bare[name + "_s"] for name in ("planned", "used", "saved")}}}]}"""


class Driver(unittest.TestCase):
    """Its main program, on a build folder with stand-ins."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)

    def stand_in(self, name, said="bare", extra=""):
        path = self.build / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(STAND_IN.format(python=sys.executable, bare=BARE, said=said, extra=extra))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_driver(self, *only, options=()):
        arguments = ["--build", str(self.build), "--rounds", "2", *options]
        for program in only:
            arguments += ["--only", program]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run.main(arguments)
        return status, out.getvalue(), err.getvalue()

    def test_programs_that_agree_are_compared(self):
        self.stand_in("bench/caesura_peer_bare", extra=PEER)
        self.stand_in("caesura", RESULTS)
        status, out, err = self.run_driver("bare", "direct, independent", options=["--json", str(self.build / "all.json")])
        self.assertEqual((status, err), (0, ""), out)
        self.assertRegex(out, r"direct, independent +7\.50 M +\[7\.50 M–7\.50 M\] +0\.15 +\[0\.15–0\.15\]")
        self.assertIn("direct, independent / bare", out)
        self.assertIn("All did the same work", out)
        self.assertIn("Caesura 9.9", out)
        document = json.loads((self.build / "all.json").read_text())
        self.assertEqual(document["blocks"][0]["rates"]["bare"], {"1": 500_000 / 0.01, "2": 500_000 / 0.01})

    def test_one_that_did_other_work_fails_the_run(self):
        self.stand_in("bench/caesura_peer_bare", extra=PEER)
        self.stand_in("caesura", RESULTS, 'bare["cancelled"] += 1')
        status, out, err = self.run_driver("bare", "direct, independent")
        self.assertEqual(status, 1)
        self.assertIn("WRONG: direct, independent: cancelled is 2901, and of bare 2900 (300,000 requests, 2,000 in flight)", err)
        self.assertIn("do not trust", out)
        self.assertNotIn("All did the same work", out)

    def test_one_that_fails_fails_the_run_and_says_why(self):
        self.stand_in("bench/caesura_peer_bare", extra=PEER)
        self.stand_in("caesura", RESULTS, 'sys.exit("no such luck")')
        status, _, err = self.run_driver("bare", "direct, independent")
        self.assertEqual(status, 1)
        self.assertIn("direct, independent: exit status 1: no such luck", err)
        self.stand_in("caesura", '{"policies": []}')
        status, _, err = self.run_driver("bare", "direct, independent")
        self.assertEqual(status, 1)
        self.assertIn("direct, independent: cannot read its output", err)

    def test_one_that_is_missing_is_skipped_by_name(self):
        status, out, _ = self.run_driver("bare", "caf-realtime")
        self.assertEqual(status, 0)
        self.assertIn("Skipped: bare: bench/caesura_peer_bare is not built.", out)
        self.assertIn("Skipped: caf-realtime: bench/caesura_realtime is not built.", out)

    def test_real_time_has_a_table_of_its_own(self):
        self.stand_in("bench/caesura_realtime", '{"p50_us": 30, "p99_us": 90, "max_us": 400, "in_flight": 100000, "cancels": 2000}',
                      'assert options["--in-flight"] == "100000"')
        self.stand_in("bench/realtime_go", '{"p50_us": 10, "p99_us": 50, "max_us": 300, "in_flight": 100000, "cancels": 1999}')
        status, out, err = self.run_driver("caf-realtime", "Go, contexts")
        self.assertEqual(status, 1)
        self.assertIn("Go, contexts: cancels is 1999, and 2000 was asked for", err)
        self.assertRegex(out, r"caf-realtime: p50, in us +30\.0 +\[30\.0–30\.0\] +10\.0 +35\.0 +short")

    def test_an_interrupt_shows_what_there_is(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where tests run in the background
        self.addCleanup(signal.signal, signal.SIGINT, before)
        self.stand_in("bench/caesura_peer_bare", extra=PEER)
        self.stand_in("caesura", RESULTS, "os.kill(os.getppid(), signal.SIGINT); time.sleep(60)")
        status, out, _ = self.run_driver("bare", "direct, independent")
        self.assertEqual(status, 130)
        self.assertRegex(out, r"  bare +50\.0 M")
        self.assertIn("Interrupted", out)


if __name__ == "__main__":
    unittest.main()
