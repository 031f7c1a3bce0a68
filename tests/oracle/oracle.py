"""The oracle: the rows of requests.csv that a scenario must give, computed without simulating an event.

rows(scenario) is the whole interface for rows; results(scenario) also gives what the totals of results.json are made of.
Values are integers: ns in the columns `…_s`, 10^-12 USD in the columns `…_usd`, and counts. None is an empty field.
"""

from dataclasses import dataclass

from cancels import Cancel
from ledger import KINDS, TOKENS, Orphans, billed, interrupted, ledger, orphans, total
from plan import MODEL_CALLS, Plan, duration, exact, interval, plan_of
from policies import policies_of
from queues import has_queues, played
from sources import Story, story

COLUMNS = (
    "policy request user arrived_s cancel_sent_s acknowledged_s stopped_s outcome cancelled_in operations_done operations_planned "
    "input_tokens_planned input_tokens_used cached_input_tokens_planned cached_input_tokens_used "
    "output_tokens_planned output_tokens_used tokens_saved tokens_forgone tokens_used_after_cancel tokens_delivered tokens_billed "
    "chunks_sent cancels_sent cancels_too_late cancels_already_cancelled cancels_ignored "
    "cost_planned_usd cost_used_usd cost_saved_usd busy_planned_s busy_used_s busy_saved_s interrupted orphan_s"
).split()


def delivered(run):
    """Tokens that the client received: in chunks, and in the answer of a completed request whose last model call did not stream."""
    tokens = sum(tokens for _, tokens in run.chunks())
    calls = [op for op in run.plan.operations if op.kind in MODEL_CALLS]
    if run.outcome == "completed" and calls and calls[-1].chunk_tokens is None:
        tokens += calls[-1].service.output
    return tokens


def kind_cancelled_in(run):
    """The kind in progress when the effective cancel arrived; of several, that of the one that ended last.

    Where operations of several kinds ended last: all of them, joined by |, as any of them would do.
    """
    lasted = {op: min(op.reply, run.limit(op)) for op in run.in_progress()}
    kinds = {op.kind for op, until in lasted.items() if until == max(lasted.values())}
    return "|".join(kind for kind in KINDS if kind in kinds) or "none"


def discarded_answer(run):
    """1 if the cancel was seen at the checkpoint after the last operation, else 0; None where the rules are silent."""
    if run.outcome != "cancelled" or len(run.done()) < len(run.plan.operations):
        return 0
    if any(child.outcome == "cancelled" for child in run.children.values()):
        return None
    if run.in_progress() and run.stop == run.plan.end and run.plan.failure is None:
        return 1
    return None


@dataclass(frozen=True)
class Result:
    """One request under one policy: its row, its ledger, and what results.json counts beside them."""

    row: dict
    books: dict
    interrupted: dict
    orphans: Orphans
    discarded: int | None
    effective: int
    cancel_latency: int | None


def result(story, policy, request, user, arrived):
    """The Result of the request that arrived at `arrived`."""
    run, books, answers = story.run, ledger(story.run, story.received), story.answers()
    first: Cancel | None = story.sent[0] if story.sent else None
    cut, left = interrupted(run), orphans(run)
    row = {
        "policy": policy,
        "request": request,
        "user": user,
        "arrived_s": arrived,
        "cancel_sent_s": arrived + first.sent if first else None,
        "acknowledged_s": arrived + first.arrives + run.plan.begin if first else None,
        "stopped_s": arrived + (run.answered if run.outcome == "completed" else run.stop),
        "outcome": run.outcome,
        "cancelled_in": kind_cancelled_in(run) if run.cancel else None,
        "operations_done": len(run.ended()),
        "operations_planned": len(run.plan.operations),
    }
    for token_type in TOKENS:
        for account in ("planned", "used"):
            row[f"{token_type}_tokens_{account}"] = books[token_type][account]
    for account in ("saved", "forgone", "used_after_cancel"):
        row[f"tokens_{account}"] = total(books, TOKENS, account)
    row["tokens_delivered"] = delivered(run)
    row["tokens_billed"] = billed(run)
    row["chunks_sent"] = len(run.chunks())
    row["cancels_sent"] = len(story.sent)
    for answer in ("too_late", "already_cancelled", "ignored"):
        row[f"cancels_{answer}"] = answers[answer]
    for account in ("planned", "used", "saved"):
        row[f"cost_{account}_usd"] = books["cost"][account]
    for account in ("planned", "used", "saved"):
        row[f"busy_{account}_s"] = total(books, KINDS, account)
    row["interrupted"] = sum(cut[kind] for kind in KINDS if kind in cut)
    row["orphan_s"] = left.time
    latency = run.stop - first.sent if run.cancel else None
    return Result(row, books, cut, left, discarded_answer(run), answers["effective"], latency)


def arrivals(load, ended_after):
    """(arrival, number of users) of every request, in order; `ended_after`: from each one's arrival to its client's final answer."""
    count, arriving = int(load["requests"]), load["arrivals"]
    if arriving == "at_once":
        return [0] * count, load.get("users", 1)
    if "constant" in arriving:
        gap = interval(arriving["constant"])
        return [exact(n * gap, "an arrival in ns") for n in range(count)], load.get("users", 1)
    users = arriving["closed"]["users"]
    arrived, think = [0] * count, duration(arriving["closed"]["think"])
    for n in range(users, count):
        arrived[n] = arrived[n - users] + ended_after[n - users] + think
    return arrived, users


def results(scenario):
    """{policy: [Result of request 0, of request 1, …]}; raises Ambiguous if the specification leaves something open."""
    if has_queues(scenario):
        return results_with_queues(scenario)
    plans = [plan_of(scenario, n) for n in range(int(scenario["load"]["requests"]))]
    timeout = duration(scenario["timeout"]) if "timeout" in scenario else None
    found = {}
    for policy in policies_of(scenario):
        by_plan: dict[Plan, Story] = {}
        for plan in plans:
            if plan not in by_plan:
                by_plan[plan] = story(plan, timeout, scenario.get("cancel", []), policy)
        told = [by_plan[plan] for plan in plans]
        arrived, users = arrivals(scenario["load"], [each.run.answered for each in told])
        found[policy.name] = [
            result(told[n], policy.name, n, f"user-{n % users}", at) for n, at in enumerate(arrived)
        ]
    return found


def results_with_queues(scenario):
    """The same where requests may have to wait for places."""
    found = {}
    for policy in policies_of(scenario):
        arrived, users = arrivals(scenario["load"], None)
        told = played(scenario, policy, arrived)
        found[policy.name] = [result(one, policy.name, n, f"user-{n % users}", one.arrived) for n, one in enumerate(told)]
    return found


def rows(scenario):
    """The lines of requests.csv as dictionaries by column, policy after policy."""
    return [found.row for of_policy in results(scenario).values() for found in of_policy]
