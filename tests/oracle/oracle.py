"""The oracle: the rows of requests.csv that a scenario of constants must give, computed without simulating an event.

rows(scenario) is the whole interface for rows; results(scenario) also gives what the totals of results.json are made of.
Values are integers: ns in the columns `…_s`, 10^-12 USD in the columns `…_usd`, and counts. None is an empty field.
"""

from dataclasses import dataclass

from cancels import Cancel, Story, story
from plan import MODEL_CALLS, Ambiguous, duration, exact, interval, plan_of

COLUMNS = (
    "policy request user arrived_s cancel_sent_s acknowledged_s stopped_s outcome cancelled_in operations_done operations_planned "
    "input_tokens_planned input_tokens_used cached_input_tokens_planned cached_input_tokens_used "
    "output_tokens_planned output_tokens_used tokens_saved tokens_forgone tokens_used_after_cancel tokens_delivered tokens_billed "
    "chunks_sent cancels_sent cancels_too_late cancels_already_cancelled cancels_ignored "
    "cost_planned_usd cost_used_usd cost_saved_usd busy_planned_s busy_used_s busy_saved_s interrupted orphan_s"
).split()
KINDS = ("llm", "decompose", "tool", "agent", "transaction")
TOKENS = ("input", "cached_input", "output")
MEASURES = TOKENS + ("cost",) + KINDS
ACCOUNTS = ("planned", "used", "saved", "forgone", "used_after_cancel")


def added(values):
    """The sum of `values`; None, for unknown, if one of them is unknown."""
    values = list(values)
    return None if None in values else sum(values)


@dataclass(frozen=True)
class Share:
    """Part of one operation: its tokens (input, cached input, output), those of them that are billed, and its service time."""

    tokens: tuple = (0, 0, 0)
    billed: tuple = (0, 0, 0)
    busy: int = 0


def whole(op):
    """All that `op` would use if it ran to its end."""
    tokens = (op.service.input, op.cached_input, op.service.output)
    return Share(tokens, tokens, op.service.duration)


def used(op, run):
    """What `op` used in `run`, up to its end or to where it was cut off."""
    if op not in run.started:
        return Share()
    ending = run.ending(op)
    if not ending.cut:
        return whole(op)
    given = (op.service.input, op.cached_input)
    tokens = given + (op.tokens_by(ending.until),)
    billed = {
        "generated": tokens,
        "full": given + (op.service.output,),
        "input": given + (0,),
        "none": (0, 0, 0),
    }[op.service.on_abort]
    return Share(tokens, billed, ending.until - op.start)


def used_after(op, story):
    """Of what `op` used, what came after the received cancel: (tokens by type, cost, busy); None where the rules are silent."""
    if story.received is None or op not in story.run.started:
        return (0, 0, 0), 0, 0
    share, ending, cancel = used(op, story.run), story.run.ending(op), story.received
    tokens, busy = share.tokens, share.busy
    if cancel.finds_started(op):
        tokens = (0, 0, max(0, tokens[2] - op.tokens_by(cancel.arrives)))
        busy = max(0, ending.until - cancel.arrives)
    cost = op.service.price.of(*tokens)
    if ending.cut and op.service.on_abort != "generated":
        cost = None
    if ending.until > story.run.stop:
        busy = None
    return tokens, cost, busy


def reached(op, run):
    """Whether the request would have got as far as `op` without its cancel."""
    failure = run.plan.first_fatal_reply()
    return failure is None or op.start < failure or op in run.started


def ledger(story):
    """{measure: {account: amount}} of one request: planned = used + saved + forgone in every measure."""
    books = {measure: dict.fromkeys(ACCOUNTS, 0) for measure in MEASURES}

    def enter(measure, planned, spent, after, rest):
        book = books[measure]
        for account, amount in (("planned", planned), ("used", spent), (rest, planned - spent), ("used_after_cancel", after)):
            book[account] = added((book[account], amount))

    run = story.run
    for op in run.plan.operations:
        all_of_it, share = whole(op), used(op, run)
        tokens_after, cost_after, busy_after = used_after(op, story)
        rest = "saved" if run.outcome == "cancelled" and reached(op, run) else "forgone"
        for token_type, *amounts in zip(TOKENS, all_of_it.tokens, share.tokens, tokens_after):
            enter(token_type, *amounts, rest)
        price = op.service.price
        enter("cost", price.of(*all_of_it.billed), price.of(*share.billed), cost_after, rest)
        enter(op.kind, all_of_it.busy, share.busy, busy_after, rest)
    return books


def total(books, measures, account):
    """One account summed over several measures."""
    return added(books[measure][account] for measure in measures)


def delivered(run):
    """Tokens that the client received: in chunks, and in the answer of a completed request whose last model call did not stream."""
    tokens = sum(tokens for _, tokens in run.chunks())
    calls = [op for op in run.plan.operations if op.kind in MODEL_CALLS]
    if run.outcome == "completed" and calls and calls[-1].chunk_tokens is None:
        tokens += calls[-1].service.output
    return tokens


def kind_cancelled_in(run):
    """The kind in progress when the effective cancel arrived; of several, that of the one that ended last."""
    in_progress = run.in_progress()
    if not in_progress:
        return "none"
    lasted = {op: min(op.reply, run.stop, dict(run.aborts).get(op.number, run.stop)) for op in in_progress}
    kinds = {op.kind for op in in_progress if lasted[op] == max(lasted.values())}
    if len(kinds) > 1:
        raise Ambiguous("operations of two kinds ended last")
    return kinds.pop()


def discarded_answer(run):
    """1 if the cancel was seen at the checkpoint after the last operation, else 0; None where the rules are silent."""
    if run.outcome != "cancelled" or len(run.done()) < len(run.plan.operations):
        return 0
    if run.in_progress() and run.stop == run.plan.end and run.plan.first_fatal_reply() is None:
        return 1
    return None


@dataclass(frozen=True)
class Result:
    """One request under one policy: its row, its ledger, and what results.json counts beside them."""

    row: dict
    books: dict
    interrupted: dict
    discarded: int | None
    effective: int
    cancel_latency: int | None


def interrupted(run):
    """How many operations of each kind were cut off, and of them the unsafe ones."""
    cut = [op for op in run.started if run.ending(op).cut]
    counts = {kind: sum(op.kind == kind for op in cut) for kind in KINDS if kind != "transaction"}
    return counts | {"unsafe": sum(op.service.unsafe for op in cut)}


def result(story, policy, request, user, arrived):
    """The Result of the request that arrived at `arrived`."""
    run, books, answers = story.run, ledger(story), story.answers()
    first: Cancel | None = story.sent[0] if story.sent else None
    cut = interrupted(run)
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
        "operations_done": len(run.done()),
        "operations_planned": len(run.plan.operations),
    }
    for token_type in TOKENS:
        for account in ("planned", "used"):
            row[f"{token_type}_tokens_{account}"] = books[token_type][account]
    for account in ("saved", "forgone", "used_after_cancel"):
        row[f"tokens_{account}"] = total(books, TOKENS, account)
    row["tokens_delivered"] = delivered(run)
    row["tokens_billed"] = sum(sum(used(op, run).billed) for op in run.plan.operations)
    row["chunks_sent"] = len(run.chunks())
    row["cancels_sent"] = len(story.sent)
    for answer in ("too_late", "already_cancelled", "ignored"):
        row[f"cancels_{answer}"] = answers[answer]
    for account in ("planned", "used", "saved"):
        row[f"cost_{account}_usd"] = books["cost"][account]
    for account in ("planned", "used", "saved"):
        row[f"busy_{account}_s"] = total(books, KINDS, account)
    row["interrupted"] = sum(cut[kind] for kind in KINDS if kind in cut)
    row["orphan_s"] = 0
    latency = run.stop - first.sent if run.cancel else None
    return Result(row, books, cut, discarded_answer(run), answers["effective"], latency)


def policies(scenario):
    """The names of the policies that a scenario compares, in its order."""
    given = scenario.get("policy", "checkpoint")
    return given if isinstance(given, list) else [given]


def arrivals(load, ended_after):
    """(arrival, number of users) of every request, in order; `ended_after` is from arrival to the client's final answer."""
    count, arriving = int(load["requests"]), load["arrivals"]
    if arriving == "at_once":
        return [0] * count, load.get("users", 1)
    if "constant" in arriving:
        gap = interval(arriving["constant"])
        return [exact(n * gap, "an arrival in ns") for n in range(count)], load.get("users", 1)
    users = arriving["closed"]["users"]
    cycle = ended_after + duration(arriving["closed"]["think"])
    return [n // users * cycle for n in range(count)], users


def results(scenario):
    """{policy: [Result of request 0, of request 1, …]}; raises Ambiguous if the specification leaves something open."""
    plan = plan_of(scenario)
    timeout = duration(scenario["timeout"]) if "timeout" in scenario else None
    found = {}
    for policy in policies(scenario):
        told: Story = story(plan, timeout, scenario.get("cancel", []), policy)
        arrived, users = arrivals(scenario["load"], told.run.answered)
        found[policy] = [result(told, policy, n, f"user-{n % users}", at) for n, at in enumerate(arrived)]
    return found


def rows(scenario):
    """The lines of requests.csv as dictionaries by column, policy after policy."""
    return [found.row for of_policy in results(scenario).values() for found in of_policy]
