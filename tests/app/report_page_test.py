#!/usr/bin/env python3
"""The page of `caesura report`, in a browser: its charts are drawn, its tables are those of the results, it asks the network for nothing,
and what comes from a scenario is only ever text."""

import argparse
import copy
import html.parser
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CAESURA = None  # set by main
CHROMIUM = "chromium"
PATIENCE_S = 120  # of a browser on a slow machine

MATRIX = """\
scenario: page-test
description: A planner, a tool and an agent; cancelled anywhere.
seed: 3
load: {requests: 600, arrivals: {poisson: 2/s}}
links: {client: 40ms}
services:
  llm:
    planner: {latency: {lognormal: {median: 4s, sigma: 1}, max: 300s}, input_tokens: 900, output_tokens: 200, price: {per_1k: 0.02}}
  tool:
    search: {latency: {exponential: {mean: 3s}}, side_effects: unsafe}
  agent:
    researcher: {latency: {uniform: [5s, 40s]}, output_tokens: 800, price: {per_1k: 0.02}}
workflow:
  - decompose: planner
  - parallel: [{agent: researcher}, [{tool: search}, {tool: search}]]
  - llm: planner
cancel: [{probability: 0.5, during: {request: {uniform: [0, 1]}}}]
policy: [never, checkpoint, abort, escalate: {after: 2s}]
thresholds: [checkpoint.cancel_latency_s.p99 < 500]
"""
SECTIONS = ["policies", "latency", "wait", "ledger", "moment", "pareto", "timeline", "sensitivity", "run", "scenario"]
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"console.error('owned')\"><b>'&amp;\u2028{{data}}"


class Page(html.parser.HTMLParser):
    """What a page shows, once its script has run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.canvases, self.tables, self.texts, self.body = [], [], {}, [], {}
        self.section = None
        self.cell = None
        self.quiet = 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag in ("script", "style"):
            self.quiet += 1
        elif tag == "section":
            self.section = attributes["data-section"]
        elif tag == "body":
            self.body = attributes
        elif tag == "canvas":
            self.canvases.append((self.section, attributes))
        elif tag == "table":
            self.tables.setdefault(self.section, []).append({"label": attributes["aria-label"], "rows": []})
        elif tag == "tr":
            self.tables[self.section][-1]["rows"].append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.quiet -= 1
        elif tag in ("td", "th"):
            self.tables[self.section][-1]["rows"][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.quiet:
            return
        self.texts.append(data.replace("\u00a0", " "))
        if self.cell is not None:
            self.cell += data

    def rows(self, section, label):
        """Of the table by column title; the first column tells the row."""
        table = next(t for t in self.tables[section] if t["label"] == label)
        header, *rows = table["rows"]
        return [dict(zip(header, row)) for row in rows]

    @property
    def text(self):
        return "".join(self.texts)


def count(n):
    return f"{n:,}"


def seconds(text):
    """A duration as people read it, back to a number; good to its three digits."""
    number, unit = text.split(" ")
    return float(number.replace(",", "")) * {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}[unit]


def usd(text):
    return float(text.replace("$", "").replace(",", ""))


def asked_by_pages(net_log):
    """The addresses that pages asked for. What the browser wants for itself (updates, the time) has no origin, and is none of their doing."""
    events = json.loads(net_log.read_text())["events"]
    started = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return {start["url"] for start in started if start["initiator"] != "not an origin" and not start["url"].startswith("data:")}


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        (cls.folder / "matrix.yaml").write_text(MATRIX)
        cls.caesura("run", "matrix.yaml", "--engine", "direct", "--out", "out", "--no-progress")
        cls.results = json.loads((cls.folder / "out" / "results.json").read_text())
        cls.page = cls.shown("out")

    @classmethod
    def caesura(cls, *arguments, status=0):
        done = subprocess.run([CAESURA, *arguments], cwd=cls.folder, capture_output=True, encoding="utf-8", timeout=PATIENCE_S)
        assert done.returncode == status, (arguments, done)
        return done

    @classmethod
    def browser(cls, *arguments):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0",
                   "--virtual-time-budget=10000"]
        with tempfile.TemporaryDirectory() as profile:
            command = [CHROMIUM, *options, f"--user-data-dir={profile}", *arguments]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done

    @classmethod
    def shown(cls, *results):
        """The page of these results, as the browser shows it; with what it logged and which addresses it asked for."""
        file = cls.folder / "page.html"
        cls.caesura("report", *results, "--html", str(file))
        net_log = cls.folder / "net.json"
        done = cls.browser(f"--log-net-log={net_log}", "--dump-dom", file.as_uri())
        page = Page(done.stdout)
        page.source = file.read_text()
        page.console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        page.asked = asked_by_pages(net_log)
        return page

    def expect_drawn(self, page):
        self.assertEqual(page.console, [])
        self.assertEqual(int(page.body["data-charts"]), len(page.canvases))
        for section, canvas in page.canvases:
            with self.subTest(section=section, chart=canvas["aria-label"]):
                self.assertGreater(int(canvas["data-marks"]), 0)
                self.assertGreater(int(canvas["data-looked"]), 0)
                # A bar so short that its middle falls between two pixels may be missed.
                self.assertGreaterEqual(int(canvas["data-painted"]), 0.9 * int(canvas["data-looked"]))

    def test_every_chart_is_drawn_and_the_console_is_silent(self):
        self.expect_drawn(self.page)
        of_section = [section for section, _ in self.page.canvases]
        self.assertEqual([(s, of_section.count(s)) for s in dict.fromkeys(of_section)],
                         [("latency", 1), ("wait", 1), ("ledger", 3), ("moment", 2), ("pareto", 1), ("timeline", 6), ("sensitivity", 1)])

    def test_there_is_every_section_and_a_table_under_every_chart(self):
        sections = [attributes["data-section"] for tag, attributes in self.page.tags if tag == "section"]
        self.assertEqual(sections, SECTIONS)
        for section in dict.fromkeys(section for section, _ in self.page.canvases):
            charts = [canvas for of, canvas in self.page.canvases if of == section]
            self.assertGreaterEqual(len(self.page.tables[section]), len(charts), section)
        for _, canvas in self.page.canvases:
            self.assertEqual(canvas["role"], "img")

    def test_the_tables_have_the_figures_of_the_results(self):
        policies = {policy["policy"]: policy for policy in self.results["policies"]}
        shown = self.page.rows("policies", "All policies")
        self.assertEqual([row["policy"] for row in shown], list(policies))
        for row in shown:
            policy = policies[row["policy"]]
            cut_off = sum(n for kind, n in policy["interrupted"].items() if kind != "unsafe")
            self.assertEqual(row["requests"], count(policy["requests"]["total"]))
            self.assertEqual(row["cancelled"], count(policy["requests"]["cancelled"]))
            self.assertEqual(row["cut off (unsafe)"], f"{count(cut_off)} ({count(policy['interrupted']['unsafe'])})")
            self.assertAlmostEqual(usd(row["$ saved"]), policy["cost_usd"]["saved"], delta=0.01)
        for row in self.page.rows("latency", "Cancellation latency"):
            latency = policies[row["policy"]]["cancel_latency_s"]
            for title, field in [("mean", "mean"), ("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99.9", "p99_9"), ("max", "max")]:
                if latency[field] is None:
                    self.assertEqual(row[title], "—")
                else:
                    self.assertAlmostEqual(seconds(row[title]), latency[field], delta=0.006 * latency[field])
        for title, field in [("Tokens", "tokens"), ("Cost", "cost_usd")]:
            for row in self.page.rows("ledger", f"Ledger: {title}"):
                ledger = policies[row["policy"]][field]
                before = ledger["used"] - ledger["used_after_cancel"]
                expected = [ledger["planned"], before, ledger["used_after_cancel"], ledger["saved"], ledger["forgone"]]
                for value, text in zip(expected, list(row.values())[1:]):
                    if field == "tokens":
                        self.assertEqual(text, count(value))
                    else:
                        self.assertAlmostEqual(usd(text), value, delta=0.01)
        for row in self.page.rows("wait", "The wait by operation in progress"):
            kind = "none" if row["cancelled in"] == "nothing in progress" else row["cancelled in"]
            latency = policies[row["policy"]]["cancel_latency_by_operation_s"][kind]
            self.assertEqual(row["cancels"], count(latency["count"]))
            if latency["count"]:
                waited = latency["count"] * latency["mean"]
                self.assertAlmostEqual(seconds(row["waited in all"]), waited, delta=0.006 * waited)

    def test_nothing_is_asked_for(self):
        self.assertEqual(self.page.asked, set())
        for tag, attributes in self.page.tags:
            for name in ("src", "href", "srcset", "action", "data"):
                self.assertRegex(attributes.get(name) or "#", "^(#|data:,$)", tag)
        policy = next(a["content"] for tag, a in self.page.tags if tag == "meta" and a.get("http-equiv"))
        self.assertIn("default-src 'none'", policy)

    def test_the_policy_of_the_page_stops_what_would_ask_for_something(self):
        """So that the check above can fail: the same page with an image and a request put in."""
        file = self.folder / "asking.html"
        planted = "<img src='http://example.test/a.png'><script>fetch('http://example.test/b').catch(() => {});</script></body>"
        file.write_text(self.page.source.replace("</body>", planted))
        net_log = self.folder / "asking.json"
        done = self.browser(f"--log-net-log={net_log}", "--dump-dom", file.as_uri())
        self.assertEqual(asked_by_pages(net_log), set())
        self.assertIn("violates the following Content Security Policy directive", done.stderr)
        # Without the policy it is asked for, and seen.
        file.write_text(re.sub("<meta http-equiv[^>]*>", "", file.read_text()))
        self.browser(f"--log-net-log={net_log}", "--dump-dom", file.as_uri())
        self.assertEqual(asked_by_pages(net_log), {"http://example.test/a.png", "http://example.test/b"})

    def test_hostile_text_is_shown_as_text(self):
        results = copy.deepcopy(self.results)
        results["scenario"]["name"] = HOSTILE
        for policy in results["policies"]:
            policy["policy"] += HOSTILE
        for comparison in results["comparisons"]:
            comparison["policy"] += HOSTILE
            comparison["against"] += HOSTILE
        results["thresholds"][0]["expression"] = HOSTILE
        (self.folder / "hostile.json").write_text(json.dumps(results))
        page = self.shown("hostile.json")
        self.expect_drawn(page)
        self.assertNotIn("img", [tag for tag, _ in page.tags])
        self.assertNotIn("b", [tag for tag, _ in page.tags])
        self.assertEqual([tag for tag, _ in page.tags].count("script"), 3)
        self.assertIn(HOSTILE, page.text)
        self.assertIn("checkpoint" + HOSTILE, [row["policy"] for row in page.rows("policies", "All policies")])
        self.assertNotIn("owned</title>", page.source)

        described = self.folder / "described.yaml"
        described.write_text(MATRIX.replace("A planner, a tool and an agent; cancelled anywhere.", json.dumps(HOSTILE)).replace("600", "60"))
        self.caesura("run", str(described), "--engine", "direct", "--out", "described", "--no-progress")
        page = self.shown("described")
        self.expect_drawn(page)
        self.assertNotIn("img", [tag for tag, _ in page.tags])
        self.assertEqual([tag for tag, _ in page.tags].count("script"), 3)
        self.assertGreaterEqual(page.text.count("<img src=x"), 2)  # the description, and the scenario itself

    def test_results_without_their_files_say_what_is_missing(self):
        printed = self.caesura("run", "matrix.yaml", "--engine", "direct", "--json", "--no-progress").stdout
        (self.folder / "printed.json").write_text(printed)
        page = self.shown("printed.json")
        self.expect_drawn(page)
        sections = [attributes["data-section"] for tag, attributes in page.tags if tag == "section"]
        self.assertEqual(sections, [s for s in SECTIONS if s not in ("moment", "timeline", "sensitivity", "scenario")])
        self.assertIn("Run with --out DIR", page.text)
        self.assertNotIn("Run with --out DIR", self.page.text)

    def test_several_scenarios_share_a_page(self):
        page = self.shown("out", "out/results.json")
        self.expect_drawn(page)
        self.assertEqual([tag for tag, _ in page.tags].count("article"), 2)

    def test_the_page_is_the_same_every_time_and_may_go_to_standard_output(self):
        self.assertEqual(self.caesura("report", "out", "--html", "-").stdout, self.page.source)

    def test_bad_input_is_one_clear_line_and_nothing_is_written(self):
        broken = self.folder / "broken"
        broken.mkdir()
        results = (self.folder / "out" / "results.json").read_text()
        rows = (self.folder / "out" / "requests.csv").read_text()
        for name, files, says in [
            ("truncated", {"results.json": results[: len(results) // 2]}, r"results\.json:\d+:\d+: is not JSON, or is cut off"),
            ("schema", {"results.json": results.replace("caesura.results/1", "caesura.results/9")}, r"results\.json:\d+: has another schema"),
            ("header", {"results.json": results, "requests.csv": "a,b\n1,2\n"}, r"requests\.csv:1: "),
            ("line", {"results.json": results, "requests.csv": rows.replace("user-0,", "", 1)}, r"requests\.csv:2: has 34 cells where the header has 35"),
            ("policy", {"results.json": results, "requests.csv": rows.replace("never", "ever")}, r"requests\.csv:\d+: results\.json beside it has no policy 'ever'"),
            ("cut", {"results.json": results, "requests.csv": rows[:-5]}, r"requests\.csv:\d+: "),
            ("yaml", {"results.json": results, "scenario.yaml": "scenario: ["}, r"scenario\.yaml:\d+:\d+: "),
            ("nothing", {}, r"has no results\.json"),
        ]:
            with self.subTest(name):
                folder = broken / name
                folder.mkdir()
                for file, text in files.items():
                    (folder / file).write_text(text)
                done = self.caesura("report", str(folder), "--html", str(folder / "page.html"), status=2)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr, r"\Acaesura: [^\n]*\n\Z")
                self.assertRegex(done.stderr, says)
                self.assertEqual(sorted(file.name for file in folder.iterdir()), sorted(files))

    def test_a_page_that_cannot_be_written_is_said_to_be(self):
        done = self.caesura("report", "out", "--html", "no/such/folder/page.html", status=1)
        self.assertRegex(done.stderr, r"\Acaesura: cannot write no/such/folder/page\.html: [^\n]*\n\Z")
        self.caesura("report", "out", status=2)
        self.caesura("report", "--html", "page.html", status=2)


def main():
    global CAESURA, CHROMIUM
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--chromium", default=CHROMIUM, help="the browser")
    arguments, rest = parser.parse_known_args()
    CAESURA, CHROMIUM = str(Path(arguments.caesura).resolve()), arguments.chromium
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
