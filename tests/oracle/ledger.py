"""The ledger of a request and its children: what was planned, used, saved and forgone, cut off and left to run on.

Values are integers: ns, tokens, and 10^-12 USD. None is an amount that the rules leave open.
"""

from dataclasses import dataclass

from cancels import Cancel
from plan import Operation
from runs import Run

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
    if run is None or run.as_ran(op) is None:
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


def used_after(op, run, cancel):
    """Of what `op` used, what came after `cancel`: (tokens by type, cost, busy); None where the rules are silent."""
    if cancel is None or run is None or run.as_ran(op) is None:
        return (0, 0, 0), 0, 0
    share, ending = used(op, run), run.ending(op)
    tokens, busy = share.tokens, share.busy
    if cancel.finds_started(op):
        tokens = (0, 0, max(0, tokens[2] - op.tokens_by(cancel.arrives)))
        busy = max(0, ending.until - cancel.arrives)
    cost = op.service.price.of(*tokens)
    if ending.cut and op.service.on_abort != "generated":
        cost = None
    if ending.until > run.stop:
        busy = None
    return tokens, cost, busy


@dataclass(frozen=True)
class Leaf:
    """An operation that uses something, in the `run` (None: never started) of a request or of one of its children.

    `cancel` is the one that the request received, in the time of `run`; `saved` says whether what is left unused was saved,
    `orphaned` whether it belongs to an orphan.
    """

    op: Operation
    run: Run | None
    cancel: Cancel | None
    saved: bool = False
    orphaned: bool = False


def leaves(plan, run, cancel=None, saving=False, orphaned=False):
    """Every Leaf of a tree; `saving` says whether it was a cancel that kept a `plan` without a run from starting."""
    for planned in plan.operations:
        ran = run and run.as_ran(planned)
        started, op = ran is not None, ran or planned
        reached = plan.reaches(planned) and not (run and run.failed_before)
        saved = (run.outcome == "cancelled" if run else saving) and (reached or started)
        if op.child is None:
            yield Leaf(op, run, cancel, saved, orphaned)
            continue
        child = run.children[op.number] if started else None
        left = orphaned or started and run.orphaned(op)
        yield from leaves(op.child, child, cancel and cancel.seen_by_child(op), saved, left)


def leaves_of(op, run):
    """Every Leaf of one started operation: itself, or those of its child."""
    return leaves(op.child, run.children[op.number]) if op.child else [Leaf(op, run, None)]


def ledger(run, received):
    """{measure: {account: amount}} of one request: planned = used + saved + forgone in every measure."""
    books = {measure: dict.fromkeys(ACCOUNTS, 0) for measure in MEASURES}

    def enter(measure, planned, spent, after, rest):
        book = books[measure]
        for account, amount in (("planned", planned), ("used", spent), (rest, planned - spent), ("used_after_cancel", after)):
            book[account] = added((book[account], amount))

    for leaf in leaves(run.plan, run, received):
        op, all_of_it, share = leaf.op, whole(leaf.op), used(leaf.op, leaf.run)
        tokens_after, cost_after, busy_after = used_after(op, leaf.run, leaf.cancel)
        rest = "saved" if leaf.saved else "forgone"
        for token_type, *amounts in zip(TOKENS, all_of_it.tokens, share.tokens, tokens_after):
            enter(token_type, *amounts, rest)
        price = op.service.price
        enter("cost", price.of(*all_of_it.billed), price.of(*share.billed), cost_after, rest)
        enter(op.kind, all_of_it.busy, share.busy, busy_after, rest)
    return books


def total(books, measures, account):
    """One account summed over several measures."""
    return added(books[measure][account] for measure in measures)


def billed(run):
    """Tokens that a request and its children are billed for."""
    return sum(sum(used(leaf.op, leaf.run).billed) for leaf in leaves(run.plan, run))


def interrupted(run):
    """How many operations of each kind, of a request and its children, were cut off, and of them the unsafe ones.

    An agent whose child is told is not cut off itself: what is cut off is in the child.
    """
    cut = [op for op in run.started if run.ending(op).cut and not op.told]
    counts = {kind: sum(op.kind == kind for op in cut) for kind in KINDS if kind != "transaction"}
    counts["unsafe"] = sum(op.service.unsafe for op in cut)
    for child in run.children.values():
        counts = {key: counts[key] + more for key, more in interrupted(child).items()}
    return counts


@dataclass(frozen=True)
class Orphans:
    """How many children were left to run on, for how many ns together, and what they used from then on."""

    count: int = 0
    time: int = 0
    tokens: int = 0
    cost: int = 0

    def __add__(self, other):
        return Orphans(self.count + other.count, self.time + other.time, self.tokens + other.tokens, self.cost + other.cost)


def orphans(run):
    """The Orphans of a request and of its children; what an orphan starts is part of it."""
    found = Orphans()
    for op in run.started:
        if run.orphaned(op):
            found += orphan(op, run.children[op.number], run.ending(op).until)
        elif op.child:
            found += orphans(run.children[op.number])
    return found


def orphan(op, child, left):
    """The Orphans that the child of `op` is by itself, left at the instant `left`."""
    leaving = Cancel("leaving", left, left).seen_by_child(op)
    after = [used_after(leaf.op, leaf.run, leaf.cancel) for leaf in leaves(child.plan, child, leaving)]
    return Orphans(1, op.end - left, sum(sum(tokens) for tokens, _, _ in after), sum(cost for _, cost, _ in after))
