"""caesura compare from outside: two runs' results side by side, the gate on their differences, and files that are not what they should be."""

import json

import command_line_test as program


class Comparing(program.ProgramTest):
    """Of two runs: a and b."""

    def two_runs(self, *of_b):
        self.succeeds("run", "tiny.yaml", "--requests", "400", "--out", "a")
        self.succeeds("run", "tiny.yaml", "--requests", "400", *of_b, "--out", "b")

    def test_a_run_does_not_differ_from_itself_nor_from_the_other_engine(self):
        self.two_runs("--engine", "direct", "--threads", "1")
        self.assertIn("No differences: all ", self.succeeds("compare", "a", "a/results.json"))
        text = self.succeeds("compare", "a", "b", "--fail-on", "requests.cancelled != 0")
        self.assertIn("No differences: all ", text)
        self.assertIn("The two differ in engine.", text)

    def test_the_figures_that_differ_are_shown_with_the_noise_that_paired_requests_leave(self):
        self.two_runs("--set", "services.llm.writer.latency=121ms")
        text = self.succeeds("compare", "a", "b")
        row = next(line for line in text.splitlines() if line.startswith("checkpoint  cancel_latency_s.mean"))
        self.assertRegex(row, r"73 ms +74 ms +\+1 ms +\+1.37 % +yes$")
        self.assertIn("of the same requests, so their differences are paired", " ".join(text.split()))
        self.assertNotIn("cost_usd.planned", text)
        self.assertIn("cost_usd.planned", self.succeeds("compare", "a", "b", "--all"))

    def test_without_requests_csv_it_does_not_pretend_to_know(self):
        self.two_runs("--seed", "8")
        (self.folder / "b/requests.csv").unlink()
        text = " ".join(self.succeeds("compare", "a", "b").split())
        self.assertIn("Without requests.csv beside both files only means and counts of requests can be judged", text)

    def test_json_has_every_figure(self):
        self.two_runs("--set", "services.llm.writer.latency=121ms")
        document = json.loads(self.succeeds("compare", "a", "b", "--json", "--fail-on", "cancel_latency_s.p50 > +5%"))
        self.assertEqual(document["schema"], "caesura.comparison/1")
        self.assertFalse(document["fail_on"][0]["fired"])
        checkpoint = document["comparisons"][0]["policies"][1]
        self.assertTrue(checkpoint["paired"])
        figures = {figure["field"]: figure for figure in checkpoint["figures"]}
        mean = figures["cancel_latency_s.mean"]
        self.assertAlmostEqual(mean["difference"], 0.001)
        self.assertEqual((mean["beyond_noise"], mean["test"]), (True, "paired-blocks"))
        self.assertEqual(figures["requests.total"]["difference"], 0)

    def test_a_change_that_must_not_be_ends_with_status_3(self):
        self.two_runs("--set", "services.llm.writer.latency=240ms")
        held = ["--fail-on", "cost_usd.planned > 0", "--fail-on", "never.cancel_latency_s.p99 > 0"]
        self.succeeds("compare", "a", "b", *held)
        text = self.succeeds("compare", "a", "b", *held, "--fail-on", "cancel_latency_s.p99 > +10%", status=3)
        says = "FAILED cancel_latency_s.p99 > +10% (checkpoint.cancel_latency_s.p99: 0.073 in A, 0.193 in B, a change of +164.3836 %)"
        self.assertIn(says, " ".join(text.split()))
        document = json.loads(self.succeeds("compare", "a", "b", "--json", "--fail-on", "cancel_latency_s.p99 > 0.1", status=3))
        self.assertTrue(document["fail_on"][0]["fired"])

    def test_policies_and_scenarios_of_one_file_only_are_named(self):
        self.write("other.yaml", program.TINY.replace("scenario: tiny", "scenario: other"))
        self.succeeds("run", "tiny.yaml", "--policy", "never", "--out", "a")
        self.succeeds("run", "tiny.yaml", "other.yaml", "--policy", "checkpoint", "--out", "b")
        text = self.succeeds("compare", "a", "b")
        for words in ("Only in A: never.", "Only in B: checkpoint.", "Scenarios only in B: other."):
            self.assertIn(words, text)
        self.assertIn("(policy never is in A only)", self.succeeds("compare", "a", "b", "--fail-on", "never.tokens.used > 0", status=3))

    def test_bad_input_is_refused_with_file_and_fault(self):
        self.two_runs()
        text = (self.folder / "a/results.json").read_text()
        self.write("cut.json", text[: len(text) // 2])
        self.write("other.json", json.dumps(json.loads(text) | {"schema": "caesura.results/9"}))
        self.write("empty.json", "")
        self.write("list.json", "[]")
        self.write("word.json", text.replace('"total": 400', '"total": "many"', 1))
        for file, says in {
            "cut.json": r"cut\.json:\d+:\d+: is not JSON, or is cut off",
            "other.json": r"other\.json:\d+: .*schema",
            "empty.json": r"empty\.json: is empty",
            "list.json": r"list\.json: is an empty array",
            "word.json": r"word\.json:\d+: requests\.total of policy 'never' is not a number",
            "missing.json": r"missing\.json: cannot be read",
        }.items():
            with self.subTest(file):
                self.refused("compare", file, "a", says=says)
                self.refused("compare", "a", file, says=says)
        requests = (self.folder / "b/requests.csv").read_text()
        for broken, says in (
            (requests[:-5], r"requests\.csv:801: the file is cut off"),
            (requests.replace("never,7,", "never,x,"), r"requests\.csv:9: request is 'x'"),
            (requests.replace("stopped_s", "ended_s", 1), r"requests\.csv:1: .*'stopped_s'"),
            ("\n".join(requests.splitlines()[:300]) + "\n", r"requests\.csv:301: the file ends; it has .* not of one run"),
        ):
            self.write("b/requests.csv", broken)
            with self.subTest(says):
                self.refused("compare", "a", "b", says=says)

    def test_a_gate_on_what_is_not_there_is_refused(self):
        self.two_runs()
        for expression, says in {
            "cancel_latncy_s.p99 > 1": "'cancel_latency_s.p99'",
            "chekpoint.tokens.used > 1": "unknown policy 'chekpoint'; did you mean 'checkpoint'",
            "tokens.used > 1 token": "is no change",
            "tokens.used": "POLICY",
        }.items():
            with self.subTest(expression):
                self.refused("compare", "a", "b", "--fail-on", expression, says=says)


if __name__ == "__main__":
    program.main()
