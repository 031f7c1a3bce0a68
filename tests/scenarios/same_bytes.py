"""Every shipped scenario gives the same bytes on both engines and any number of threads, and its totals follow from its requests.

results.json (but for `engine` and `run`) and requests.csv are compared as bytes; then every count, latency, token and money total of
results.json is recomputed from requests.csv, in whole numbers of tokens, nanoseconds and 10^-12 dollars; so are the comparisons of
policies.
"""

import argparse
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
OUTCOMES = ("completed", "cancelled", "failed", "timed_out", "rejected")
KINDS = ("llm", "decompose", "tool", "agent", "transaction", "none")
NANO, PICO = 10**9, 10**12
RUNS = {
    "caf, 1 thread": ["--engine", "caf", "--threads", "1"],
    "caf, 2 threads": ["--engine", "caf", "--threads", "2"],
    "direct, 1 thread": ["--engine", "direct", "--threads", "1"],
    "direct, 3 threads": ["--engine", "direct", "--threads", "3"],
    "caf, 1 thread, again": ["--engine", "caf", "--threads", "1"],
}


class Problems(list):
    """One line each; the first few of a scenario are enough."""

    def equal(self, what, actual, expected):
        if actual != expected:
            self.append(f"{what} is {actual!r}, and {expected!r} by requests.csv")

    def close(self, what, actual, expected):
        """`expected` is a Fraction or None."""
        if actual is None or expected is None:
            if actual is not expected:
                self.append(f"{what} is {actual!r}, and {expected!r} by requests.csv")
        elif abs(Fraction(actual) - expected) > abs(expected) * Fraction(1, 10**12):
            self.append(f"{what} is {actual!r}, and {float(expected)!r} by requests.csv")


# --- the same bytes ---

WHAT_MAY_DIFFER = [re.compile(rb'^  "engine": "[a-z-]+",\n', re.MULTILINE), re.compile(rb'^  "run": \{\n(?:    .*\n)+  \},\n', re.MULTILINE)]


def without_run(results):
    for pattern in WHAT_MAY_DIFFER:
        results, found = pattern.subn(b"", results)
        if found != 1:
            raise ValueError("results.json has no single 'engine' and 'run' at its top level")
    return results


def execute(caesura, scenario, options, out):
    """results.json and requests.csv, as bytes. Raises ValueError if the program fails."""
    command = [caesura, "run", str(scenario), *options, "--json", "--out", str(out)]
    run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=250, check=False)
    if run.returncode not in (0, 3):  # with fewer requests a threshold may be missed
        raise ValueError(f"exit status {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
    results = (out / "results.json").read_bytes()
    if run.stdout != results:
        raise ValueError("--json prints something else than --out writes to results.json")
    return results, (out / "requests.csv").read_bytes()


def first_difference(one, other):
    lines, others = one.decode(errors="replace").splitlines(), other.decode(errors="replace").splitlines()
    for number, (line, another) in enumerate(zip(lines, others), 1):
        if line != another:
            return f"line {number}: {line.strip()!r} and {another.strip()!r}"
    return f"{len(lines)} and {len(others)} lines"


def compare(files, problems):
    names = list(files)
    for name in names[1:]:
        for index, what in enumerate(("results.json", "requests.csv")):
            reference, other = files[names[0]][index], files[name][index]
            if index == 0:
                reference, other = without_run(reference), without_run(other)
            if reference != other:
                problems.append(f"{what} differs between {names[0]} and {name}: {first_difference(reference, other)}")


# --- the totals follow from the requests ---


def units(text, unit):
    """'1.5' with unit 10^9 is 1500000000; exactly. None if empty."""
    if not text:
        return None
    whole, _, fraction = text.partition(".")
    value = int(whole) * unit
    if not fraction:
        return value
    if 10 ** len(fraction) > unit:
        raise ValueError(f"{text} has more decimals than it may have")
    part = int(fraction) * (unit // 10 ** len(fraction))
    return value - part if text.startswith("-") else value + part


def read_rows(text):
    """By policy, in the file's order; numbers as integers."""
    policies = {}
    for row in csv.DictReader(io.StringIO(text.decode())):
        numbers = {}
        for column, cell in row.items():
            if column.endswith("_s"):
                numbers[column] = units(cell, NANO)
            elif column.endswith("_usd"):
                numbers[column] = units(cell, PICO)
            elif column in ("policy", "user", "outcome", "cancelled_in"):
                numbers[column] = cell
            else:
                numbers[column] = int(cell)
        policies.setdefault(row["policy"], []).append(numbers)
    return policies


def check_row(row, number, users):
    """None, or what is wrong with it."""
    planned = sum(row[f"{kind}_tokens_planned"] for kind in ("input", "cached_input", "output"))
    used = sum(row[f"{kind}_tokens_used"] for kind in ("input", "cached_input", "output"))
    cancelled = row["outcome"] == "cancelled"
    answered = row["cancels_too_late"] + row["cancels_already_cancelled"] + row["cancels_ignored"] + cancelled
    sent, acknowledged = row["cancel_sent_s"], row["acknowledged_s"]
    rules = {
        "its number is not its place": row["request"] == number,
        "its user is another": row["user"] == f"user-{number % users}",
        "tokens planned = used + saved + forgone": planned == used + row["tokens_saved"] + row["tokens_forgone"],
        "cost planned >= used + saved": row["cost_planned_usd"] >= row["cost_used_usd"] + row["cost_saved_usd"],
        "busy planned >= used + saved": row["busy_planned_s"] >= row["busy_used_s"] + row["busy_saved_s"],
        "only a cancelled request saves": cancelled or row["tokens_saved"] == row["cost_saved_usd"] == row["busy_saved_s"] == 0,
        "a completed request uses what was planned": row["outcome"] != "completed" or (planned, row["cost_planned_usd"]) == (used, row["cost_used_usd"]),
        "no more is used after the cancel than at all": row["tokens_used_after_cancel"] <= used,
        "no more is done than planned": row["operations_done"] <= row["operations_planned"],
        "every cancel is answered once": row["cancels_sent"] == answered,
        "times are in order": sent is None or row["arrived_s"] <= sent <= acknowledged,
        "a sent cancel is acknowledged": (sent is None) == (acknowledged is None) == (row["cancels_sent"] == 0),
        "it stops after its cancel": not cancelled or row["stopped_s"] >= sent,
        "cancelled_in is for cancelled requests": cancelled == (row["cancelled_in"] in KINDS) and cancelled == bool(row["cancelled_in"]),
    }
    return next((rule for rule, holds in rules.items() if not holds), None)


def square_root(x):
    with localcontext() as context:
        context.prec = 50
        return Fraction((Decimal(x.numerator) / Decimal(x.denominator)).sqrt())


def check_statistic(name, statistic, samples, problems):
    n = len(samples)
    problems.equal(f"{name}.count", statistic["count"], n)
    samples = sorted(samples)
    total = sum(samples)
    problems.close(f"{name}.mean", statistic["mean"], Fraction(total, n * NANO) if n else None)
    squares = sum(x * x for x in samples)
    variance = Fraction(n * squares - total * total, n * (n - 1)) if n > 1 else None
    problems.close(f"{name}.stddev", statistic["stddev"], square_root(variance) / NANO if n > 1 else None)
    ranks = {"min": 1, "max": n}
    ranks |= {key: -(-share * n // 1000) for key, share in {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}.items()}
    for key, rank in ranks.items():
        problems.equal(f"{name}.{key}", statistic[key], samples[rank - 1] / NANO if n else None)


def check_shares(name, column, saved, planned, after, problems):
    problems.close(f"{name}.saved_fraction", column["saved_fraction"], Fraction(saved, planned) if planned else Fraction(0))
    if after is not None:
        problems.close(f"{name}.saved_of_avoidable", column["saved_of_avoidable"], Fraction(saved, saved + after) if saved + after else Fraction(0))


def check_tokens(name, tokens, total, problems):
    kinds = ("input", "cached_input", "output")
    for kind in kinds:
        for part in ("planned", "used"):
            problems.equal(f"{name}.{kind}.{part}", tokens[kind][part], total(f"{kind}_tokens_{part}"))
        entry = tokens[kind]
        problems.equal(f"{name}.{kind}.planned", entry["planned"], entry["used"] + entry["saved"] + entry["forgone"])
        check_shares(f"{name}.{kind}", entry, entry["saved"], entry["planned"], entry["used_after_cancel"], problems)
    for part in ("planned", "used"):
        problems.equal(f"{name}.{part}", tokens[part], sum(total(f"{kind}_tokens_{part}") for kind in kinds))
    for part in ("saved", "forgone", "used_after_cancel", "delivered", "billed"):
        problems.equal(f"{name}.{part}", tokens[part], total(f"tokens_{part}"))
        if part != "delivered":
            problems.equal(f"{name}.{part}", tokens[part], sum(tokens[kind][part] for kind in kinds))
    problems.equal(f"{name}.output.delivered", tokens["output"]["delivered"], tokens["delivered"])
    problems.equal(f"{name}.planned", tokens["planned"], tokens["used"] + tokens["saved"] + tokens["forgone"])
    check_shares(name, tokens, tokens["saved"], tokens["planned"], tokens["used_after_cancel"], problems)


def check_money_and_time(name, policy, total, problems):
    cost = policy["cost_usd"]
    amounts = {part: total(f"cost_{part}_usd") for part in ("planned", "used", "saved")}
    amounts["forgone"] = amounts["planned"] - amounts["used"] - amounts["saved"]
    for part, picos in amounts.items():
        problems.equal(f"{name}.cost_usd.{part}", cost[part], picos / PICO)  # the one double that is nearest
    check_shares(f"{name}.cost_usd", cost, amounts["saved"], amounts["planned"], None, problems)
    for part in ("planned", "used", "saved"):
        kinds = sum(Fraction(kind[part]) for kind in policy["busy_s"].values())
        problems.close(f"the sum of {name}.busy_s.*.{part}", kinds, Fraction(total(f"busy_{part}_s"), NANO))
    for kind, busy in policy["busy_s"].items():
        problems.close(f"{name}.busy_s.{kind}.planned", busy["planned"], sum(Fraction(busy[part]) for part in ("used", "saved", "forgone")))


def check_policy(policy, rows, problems):
    name = policy["policy"]

    def total(column):
        return sum(row[column] for row in rows)

    outcomes = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES}
    problems.equal(f"{name}.requests", policy["requests"], {"total": len(rows), **outcomes})
    cancels = {"sent": total("cancels_sent"), "effective": outcomes["cancelled"]}
    cancels |= {verdict: total(f"cancels_{verdict}") for verdict in ("too_late", "already_cancelled", "ignored")}
    problems.equal(f"{name}.cancels", policy["cancels"], cancels)
    problems.equal(f"{name}.cancels.sent", cancels["sent"], sum(cancels.values()) - cancels["sent"])

    latencies = {kind: [row["stopped_s"] - row["cancel_sent_s"] for row in rows if row["cancelled_in"] == kind] for kind in KINDS}
    check_statistic(f"{name}.cancel_latency_s", policy["cancel_latency_s"], sum(latencies.values(), []), problems)
    for kind, samples in latencies.items():
        check_statistic(f"{name}.cancel_latency_by_operation_s.{kind}", policy["cancel_latency_by_operation_s"][kind], samples, problems)
    acknowledged = [row["acknowledged_s"] - row["cancel_sent_s"] for row in rows if row["cancel_sent_s"] is not None]
    check_statistic(f"{name}.acknowledge_latency_s", policy["acknowledge_latency_s"], acknowledged, problems)
    completed = [row["stopped_s"] - row["arrived_s"] for row in rows if row["outcome"] == "completed"]
    check_statistic(f"{name}.request_latency_s", policy["request_latency_s"], completed, problems)

    check_tokens(f"{name}.tokens", policy["tokens"], total, problems)
    check_money_and_time(name, policy, total, problems)
    interrupted = sum(policy["interrupted"][kind] for kind in ("llm", "decompose", "tool", "agent"))
    problems.equal(f"{name}.interrupted", interrupted, total("interrupted"))


def t95(degrees):
    """97.5th percentile of Student's t, by its expansion in 1/degrees (Abramowitz and Stegun 26.7.5): good to six digits from 30 on."""
    x = 1.959963984540054
    terms = (x, (x**3 + x) / 4, (5 * x**5 + 16 * x**3 + 3 * x) / 96, (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384)
    return sum(term / degrees**power for power, term in enumerate(terms))


def check_estimate(name, estimate, difference, samples, scale, unit, independent, problems):
    """`scale`: how many times the samples' mean is estimated."""
    n = len(samples)
    problems.equal(f"{name}.pairs", estimate["pairs"], n)
    mean = Fraction(sum(samples), n * unit) * scale if n else None
    problems.close(f"{name}.{difference}", estimate[difference], mean)
    problems.equal(f"whether {name} has an interval", estimate["ci95"] is not None, independent and n > 1)
    if not independent or n < 31:
        return
    variance = Fraction(n * sum(x * x for x in samples) - sum(samples) ** 2, n * (n - 1))
    half_width = t95(n - 1) * float(square_root(variance / n)) / unit * scale
    for end, sign in zip(estimate["ci95"], (-1, 1)):
        if abs(end - (float(mean) + sign * half_width)) > 1e-5 * half_width + 1e-12 * abs(float(mean)):
            problems.append(f"{name}.ci95 is {estimate['ci95']!r}, and {float(mean)!r} ± {half_width!r} by requests.csv")


def check_comparisons(document, policies, independent, problems):
    """With the first policy that cancels anything, of which all others are compared on the same requests."""
    names = [policy["policy"] for policy in document["policies"]]
    able = [name for name in names if not name.startswith("never")]
    expected = [(name, able[0]) for name in names if name != able[0]] if able else []
    found = [(comparison["policy"], comparison["against"]) for comparison in document["comparisons"]]
    problems.equal("the list of comparisons", found, expected)
    for comparison, (name, reference) in zip(document["comparisons"], expected):
        rows = list(zip(policies[name], policies[reference]))
        both = [[row["stopped_s"] - row["cancel_sent_s"] for row in pair] for pair in rows if all(row["cancelled_in"] for row in pair)]
        latencies = [one - other for one, other in both]
        saved = [one["cost_saved_usd"] - other["cost_saved_usd"] for one, other in rows]
        where = f"{name} against {reference}: "
        check_estimate(where + "cancel_latency_s", comparison["cancel_latency_s"], "mean_difference", latencies, 1, NANO, independent, problems)
        check_estimate(where + "cost_usd", comparison["cost_usd"], "saved_difference", saved, len(saved), PICO, independent, problems)


def without_comments(scenario):
    return re.sub(r"#.*", "", scenario.read_text(encoding="utf-8"))


def users_of(scenario):
    """How many users, as in the file: `users: N` of an open or a closed load; else 1."""
    found = re.search(r"\busers: (\d+)", without_comments(scenario))
    return int(found.group(1)) if found else 1


def recompute(scenario, results, requests, problems):
    document, policies = json.loads(results), read_rows(requests)
    problems.equal("the list of policies", [policy["policy"] for policy in document["policies"]], list(policies))
    users = users_of(scenario)
    for policy in document["policies"]:
        rows = policies.get(policy["policy"], [])
        problems.equal(f"{policy['policy']}: the number of requests", document["scenario"]["requests"], len(rows))
        for number, row in enumerate(rows):
            if wrong := check_row(row, number, users):
                problems.append(f"requests.csv, {policy['policy']}, request {row['request']}: {wrong}")
                break
        check_policy(policy, rows, problems)
    check_comparisons(document, policies, "concurrency:" not in without_comments(scenario), problems)
    for threshold in document["thresholds"]:
        policy, _, path = threshold["expression"].split(" ")[0].partition(".")
        value = next(p for p in document["policies"] if p["policy"] == policy)
        for key in path.split("."):
            value = value[key]
        problems.equal(f"the value of threshold {threshold['expression']!r}", threshold["value"], value)


def check_scenario(caesura, scenario, extra, folder):
    problems = Problems()
    try:
        files = {}
        for index, (name, options) in enumerate(RUNS.items()):
            files[name] = execute(caesura, scenario, [*options, *extra], folder / f"{scenario.stem}-{index}")
        compare(files, problems)
        recompute(scenario, *files["caf, 1 thread"], problems)
        if not extra and (folder / f"{scenario.stem}-0" / "scenario.yaml").read_bytes() != scenario.read_bytes():
            problems.append("--out's scenario.yaml is not the scenario, though no option changes it")
    except (ValueError, KeyError, OSError) as problem:
        problems.append(f"{type(problem).__name__}: {problem}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--requests", help="so many of each scenario, for slow builds")
    arguments = parser.parse_args()
    extra = ["--requests", arguments.requests] if arguments.requests else []

    scenarios = sorted(SCENARIOS.rglob("*.yaml"))
    wrong = not scenarios
    if wrong:
        print(f"same_bytes: no scenarios in {SCENARIOS}")
    most_shown = 5
    with tempfile.TemporaryDirectory() as folder:
        for scenario in scenarios:
            problems = check_scenario(arguments.caesura, scenario, extra, Path(folder))
            wrong = wrong or bool(problems)
            for problem in problems[:most_shown]:
                print(f"same_bytes: {scenario.stem}: {problem}")
            if len(problems) > most_shown:
                print(f"same_bytes: {scenario.stem}: ... and {len(problems) - most_shown} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
