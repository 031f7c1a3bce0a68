"""Cancel sources: the cancels that the client of a run sends, and the story that they make of a plan."""

from dataclasses import dataclass

from cancels import Cancel
from ledger import leaves_of, used
from plan import USD, Ambiguous, duration, exact, number
from runs import Run, run_of, undisturbed


def first_moment(source, run):
    """(instant, moment, triggering operation) of a cancel source in `run`; None if its moment is never reached."""
    if "after" in source:
        return duration(source["after"]), "after", None
    if "after_chunks" in source:
        chunks, wanted = run.chunks(), source["after_chunks"]
        return (chunks[wanted - 1][0] + run.plan.begin, "after_chunks", None) if len(chunks) >= wanted else None
    if "when" in source:
        return budget_moment(source["when"], run)
    during = source["during"]
    if "request" in during:
        share = exact(number(during["request"]) * (run.plan.planned_end - run.plan.begin), "a share of a request in ns")
        return run.plan.begin + share, "during request", None
    op = operation_meant(during, run.plan)
    if op is None or run.as_ran(op) is None:
        return None
    return op.start + exact(number(during["at"]) * op.planned, "a share of an operation in ns"), "during", op


def operation_meant(during, plan):
    """The operation that a `during: {operation}` or `{kind}` is about, or None."""
    if "operation" in during:
        return next((op for op in plan.operations if op.number == during["operation"]), None)
    return next((op for op in plan.operations if op.kind == during["kind"]), None)


def budget_moment(when, run):
    """The first reply after which the ended operations exceed the budget; operations that ended well or failed both count.

    Left open is whether, and when, what was aborted by then counts, and a child that has left an orphan.
    """
    limit = when["tokens_over"] if "tokens_over" in when else number(when["cost_over"]) * USD
    spent, in_doubt = 0, 0
    for op in run.done():
        if any(leaf.orphaned for leaf in leaves_of(op, run)):
            in_doubt += spent_on(op, run, when)
        else:
            spent += spent_on(op, run, when)
        aborted = sum(spent_on(cut, run, when) for cut in run.started if run.ending(cut).cut and run.limit(cut) <= op.reply)
        if in_doubt + aborted > 0 and spent + in_doubt + aborted > limit:
            raise Ambiguous("what was aborted or orphaned may exceed a budget")
        if spent > limit:
            if sum(other.reply == op.reply for other in run.done()) > 1:
                raise Ambiguous("operations that end together, one of which exceeds a budget")
            return op.reply, "when", op
    return None


def spent_on(op, run, when):
    """What the started operation `op`, and its child, used of a budget's measure."""
    shares = [(leaf.op.service.price, used(leaf.op, leaf.run)) for leaf in leaves_of(op, run)]
    if "tokens_over" in when:
        return sum(sum(share.tokens) for _, share in shares)
    return sum(price.of(*share.billed) for price, share in shares)


def cancels_sent(sources, run):
    """Every Cancel that the client of `run` sends, in order; one that the effective cancel leads to at its instant is after it."""
    sent = []
    for source in sources:
        reached = first_moment(source, run) if source.get("probability", 1) == 1 else None
        if reached is None:
            continue
        instant, moment, trigger = reached
        gap = duration(source["every"]) if "every" in source else 0
        for copy in range(source.get("times", 1)):
            cancel = Cancel(moment, instant + copy * gap, instant + copy * gap + run.plan.begin, copy, trigger)
            if cancel == run.cancel or source.get("even_if_finished") or sent_before_answer(cancel, run):
                sent.append(cancel)
    return sorted(sent, key=lambda cancel: (cancel.sent, cancel != run.cancel))


def sent_before_answer(cancel, run):
    """Whether the client still lacks the final answer when `cancel` is due."""
    if cancel.sent != run.answered:
        return cancel.sent < run.answered
    if cancel.copy > 0 or cancel.moment == "during request":
        raise Ambiguous("a cancel due when the answer arrives")
    return True


def first_cancel(sources, run):
    """The Cancel that arrives first in `run`, or None; raises Ambiguous if which one that is might matter."""
    sent = cancels_sent(sources, run)
    if not sent:
        return None
    rivals = [cancel for cancel in sent if cancel.sent == sent[0].sent]
    if len(rivals) > 1 and not all(cancel.precedes_everything() for cancel in rivals):
        raise Ambiguous("two cancels sent at one instant")
    if sent[0].arrives == run.plan.begin and (run.plan.begin == 0 or not sent[0].precedes_everything()):
        raise Ambiguous("a cancel that arrives together with its request")
    return sent[0]


@dataclass(frozen=True)
class Story:
    """A run, all cancels sent in it, and the one that reached the request before its end (`received`, effective or ignored)."""

    run: Run
    sent: list
    received: Cancel | None

    def answers(self):
        """How many of the cancels were answered in each way."""
        counts = dict.fromkeys(("effective", "too_late", "already_cancelled", "ignored"), 0)
        if self.run.cancel:
            counts["effective"], counts["already_cancelled"] = 1, len(self.sent) - 1
            return counts
        early = [cancel for cancel in self.sent if cancel.precedes_end(self.run)]
        counts["ignored"], counts["too_late"] = len(early), len(self.sent) - len(early)
        return counts


def story(plan, timeout, sources, policy):
    """What happens to one request of `plan` under `policy`."""
    run = undisturbed(plan, timeout)
    first = first_cancel(sources, run)
    received = first if first and first.precedes_end(run) else None
    run = run_of(plan, timeout, received, policy)
    sent = cancels_sent(sources, run)
    assert first == (sent[0] if sent else None), "the past must not depend on what a cancel does"
    return Story(run, sent, received)
