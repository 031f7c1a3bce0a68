"""Compares Caesura with the oracle on random scenarios.

    check.py --caesura PATH [--scenarios 3000] [--seed 1] [--keep DIR] [--depth 3]

Exit status 0 and one closing line if all agree; 1 at the first mismatch, which is printed with its scenario; 2 if the program
fails by itself.
"""

import argparse
import csv
import json
import math
import subprocess
import sys
import tempfile
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from generate import generate
from ledger import ACCOUNTS, KINDS, TOKENS, Orphans, added, total
from oracle import COLUMNS

SCALES = {"_s": 10**9, "_usd": 10**12}
OUTCOMES = ("completed", "cancelled", "failed", "timed_out", "rejected")


class PlainDumper(yaml.SafeDumper):
    """Writes every value out, without anchors."""

    def ignore_aliases(self, data):
        return True


def yaml_of(scenario):
    """The scenario file's text."""
    return yaml.dump(scenario, Dumper=PlainDumper, sort_keys=False, width=120)


class Mismatch(Exception):
    """Something of a scenario's output that is not what the oracle says."""

    def __init__(self, scenario, where, what, expected, got):
        super().__init__(f"{yaml_of(scenario)}\n{where}, {what}: expected {expected}, got {got}")


class ProgramFailed(Exception):
    """The program did not do its work on valid scenarios."""


def scale_of(name):
    """The factor from the unit that is printed under `name` to the oracle's whole unit."""
    return next((scale for suffix, scale in SCALES.items() if name.endswith(suffix)), None)


def shown(column, value):
    """An oracle's value as requests.csv would show it, for messages."""
    scale = scale_of(column)
    if value is None:
        return "(empty)"
    return f"{(Decimal(value) / scale).normalize():f}" if scale else str(value)


def same_field(column, expected, got):
    """Whether a field of requests.csv is exactly the oracle's value, or one of several; trailing zeros do not matter."""
    scale = scale_of(column)
    if column == "cancelled_in" and expected is not None:
        return got in expected.split("|")
    if expected is None or scale is None:
        return got == ("" if expected is None else str(expected))
    try:
        return Decimal(got) * scale == expected
    except InvalidOperation:
        return False


def check_rows(scenario, found, file):
    """Raises Mismatch unless the CSV has exactly the oracle's rows; returns their number."""
    with file.open(newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames != COLUMNS:
            raise Mismatch(scenario, "requests.csv", "header", COLUMNS, reader.fieldnames)
        got = {(row["policy"], row["request"]): row for row in reader}
    expected = {(row["policy"], str(row["request"])): row for row in (r.row for rs in found.values() for r in rs)}
    if set(got) != set(expected):
        raise Mismatch(scenario, "requests.csv", "(policy, request) of its lines", sorted(expected), sorted(got))
    for key, row in expected.items():
        for column in COLUMNS:
            if not same_field(column, row[column], got[key][column]):
                where = f"policy {key[0]}, request {key[1]}"
                raise Mismatch(scenario, where, column, shown(column, row[column]), got[key][column] or "(empty)")
    return len(expected)


def close(expected, got):
    """Whether a printed double is what one last division of an exact sum gives, up to its rounding."""
    return isinstance(got, (int, float)) and math.isclose(expected, got, rel_tol=1e-15 * 4, abs_tol=0)


def summary(sample):
    """What the statistics of a sample must say of it exactly."""
    ordered = sorted(sample)
    if not ordered:
        return {"count": 0, "min": None, "p50": None, "p90": None, "p99": None, "max": None}
    at = {f"p{p}": ordered[-(-p * len(ordered) // 100) - 1] / 10**9 for p in (50, 90, 99)}
    return {"count": len(ordered), "min": ordered[0] / 10**9, **at, "max": ordered[-1] / 10**9}


def account_totals(results, measures, scale=None, accounts=ACCOUNTS):
    """{account: total} of all requests; None where the oracle does not know."""
    sums = {account: added(total(result.books, measures, account) for result in results) for account in accounts}
    return {account: value if value is None or scale is None else value / scale for account, value in sums.items()}


def fractions(sums):
    """The two derived figures of an account's totals, where they are defined."""
    derived = {"saved_fraction": sums["saved"] / sums["planned"] if sums["planned"] else 0}
    if sums["used_after_cancel"] is not None and sums["saved"] + sums["used_after_cancel"]:
        derived["saved_of_avoidable"] = sums["saved"] / (sums["saved"] + sums["used_after_cancel"])
    return derived


def cancelled_in(kind, rows):
    """How many requests were cancelled in an operation of `kind`; None if one of them perhaps was."""
    kinds = [(row["cancelled_in"] or "").split("|") for row in rows]
    return None if any(kind in several and len(several) > 1 for several in kinds) else kinds.count([kind])


def expected_totals(results):
    """What one policy's part of results.json must say, as far as the oracle knows; None fields are not compared."""
    rows = [result.row for result in results]

    def sum_of(column):
        return sum(row[column] for row in rows)

    tokens = account_totals(results, TOKENS)
    cost = account_totals(results, ["cost"])
    firsts = [row for row in rows if row["cancel_sent_s"] is not None]
    cut = {kind: sum(result.interrupted[kind] for result in results) for kind in results[0].interrupted}
    orphans = sum((result.orphans for result in results), Orphans())
    in_kind = {kind: {"count": cancelled_in(kind, rows)} for kind in KINDS + ("none",)}
    return {
        "requests": {"total": len(rows)} | {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES},
        "cancels": {
            "sent": sum_of("cancels_sent"),
            "effective": sum(result.effective for result in results),
            "too_late": sum_of("cancels_too_late"),
            "already_cancelled": sum_of("cancels_already_cancelled"),
            "ignored": sum_of("cancels_ignored"),
        },
        "cancel_latency_s": summary([result.cancel_latency for result in results if result.cancel_latency is not None]),
        "cancel_latency_by_operation_s": in_kind,
        "acknowledge_latency_s": summary([row["acknowledged_s"] - row["cancel_sent_s"] for row in firsts]),
        "request_latency_s": summary(
            [row["stopped_s"] - row["arrived_s"] for row in rows if row["outcome"] == "completed"]
        ),
        "discarded_answers": added(result.discarded for result in results),
        "interrupted": cut,
        "tokens": tokens
        | fractions(tokens)
        | {"delivered": sum_of("tokens_delivered"), "billed": sum_of("tokens_billed")}
        | {token_type: account_totals(results, [token_type], accounts=ACCOUNTS[:4]) for token_type in TOKENS},
        "cost_usd": account_totals(results, ["cost"], 10**12) | fractions(cost),
        "busy_s": {kind: account_totals(results, [kind], 10**9) for kind in KINDS},
        "orphans": {
            "count": orphans.count,
            "seconds": orphans.time / 10**9,
            "tokens": orphans.tokens,
            "cost_usd": orphans.cost / 10**12,
        },
    }


def check_totals(scenario, where, expected, got):
    """Raises Mismatch unless `got` has every field of `expected` with its value; integers exactly, doubles to their rounding."""
    for name, value in expected.items():
        if not isinstance(got, dict) or name not in got:
            raise Mismatch(scenario, where, name, value, "no such field")
        if isinstance(value, dict):
            check_totals(scenario, f"{where}.{name}", value, got[name])
        elif value is None:
            if where.endswith("latency_s") and got[name] is not None:
                raise Mismatch(scenario, where, name, "null", got[name])
        elif not (close(value, got[name]) if isinstance(value, float) else got[name] == value):
            raise Mismatch(scenario, where, name, value, got[name])


def check_balance(scenario, where, got):
    """Raises Mismatch unless planned = used + saved + forgone in every account that is printed below `got`."""
    if {"planned", "used", "saved", "forgone"} <= set(got):
        parts = [got["used"], got["saved"], got["forgone"]]
        if not math.isclose(got["planned"], math.fsum(parts), rel_tol=1e-14):
            raise Mismatch(scenario, where, "planned = used + saved + forgone", got["planned"], " + ".join(map(str, parts)))
    for name, value in got.items():
        if isinstance(value, dict):
            check_balance(scenario, f"{where}.{name}", value)


def check_results(scenario, found, file):
    """Raises Mismatch unless results.json agrees with the oracle's totals."""
    document = json.loads(file.read_text())
    policies = {part["policy"]: part for part in document["policies"]}
    if list(policies) != list(found):
        raise Mismatch(scenario, "results.json", "policies", list(found), list(policies))
    for policy, results in found.items():
        where = f"results.json of {policy}"
        check_totals(scenario, where, expected_totals(results), policies[policy])
        check_balance(scenario, where, policies[policy])


def run_program(caesura, files, out):
    """Runs the program on scenario files; raises ProgramFailed with what it said unless it exits with 0 within minutes."""
    command = [caesura, "run", *map(str, files), "--engine", "direct", "--out", str(out), "--no-progress"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        raise ProgramFailed("still running after 300 s") from None
    if done.returncode != 0:
        raise ProgramFailed(f"exit status {done.returncode}\n{done.stderr[-4000:]}")


def blame(caesura, files, out):
    """Raises ProgramFailed for the first file on which the program fails alone."""
    for file in files:
        try:
            run_program(caesura, [file], out)
        except ProgramFailed as failure:
            raise ProgramFailed(f"{file.read_text()}\n{failure}") from None


def check_batch(caesura, batch, folder):
    """Runs and compares a batch of (scenario, results by policy); returns the number of rows compared."""
    out, files = folder / "out", []
    for scenario, _ in batch:
        files.append(folder / f"{scenario['scenario']}.yaml")
        files[-1].write_text(yaml_of(scenario))
    try:
        run_program(caesura, files, out)
    except ProgramFailed:
        blame(caesura, files, out)
        raise
    compared = 0
    for scenario, found in batch:
        results = out / scenario["scenario"] if len(batch) > 1 else out
        if not (results / "requests.csv").is_file() or not (results / "results.json").is_file():
            raise ProgramFailed(f"exit status 0, but requests.csv or results.json is missing in {results}")
        compared += check_rows(scenario, found, results / "requests.csv")
        check_results(scenario, found, results / "results.json")
    return compared


def check(caesura, scenarios, seed, folder, depth=3, batch_size=200):
    """Checks `scenarios` random scenarios in batches; returns the number of rows compared."""
    compared = 0
    for first in range(0, scenarios, batch_size):
        numbers = range(first, min(first + batch_size, scenarios))
        compared += check_batch(caesura, [generate(seed, number, depth) for number in numbers], folder)
    return compared


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--scenarios", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write scenarios and results here and leave them")
    parser.add_argument("--depth", type=int, default=3, choices=range(4), help="how deep agents with workflows are nested")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caesura-oracle-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            rows = check(options.caesura, options.scenarios, options.seed, folder, options.depth)
        except (Mismatch, ProgramFailed) as failure:
            print(failure)
            return 1 if isinstance(failure, Mismatch) else 2
    print(f"{options.scenarios} scenarios, {rows} requests, {len(COLUMNS)} columns: all agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
