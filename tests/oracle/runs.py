"""Runs: what becomes of a planned request, or of a child, under a policy.

A Run says which operations started, how far each got, when and how the request ended, and what became of its children.
Times are nanoseconds relative to the request's arrival; for a child, to its start. There is no queue and no event: a run is
the plan, cut off.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from cancels import Cancel
from plan import Ambiguous, Plan
from policies import Policy, abort_of


@dataclass(frozen=True)
class Ending:
    """How far a started operation got: served `until` then; whether its reply reached the request; whether it was cut off."""

    until: int
    replied: bool
    cut: bool


@dataclass(frozen=True)
class Run:
    """What became of a request. `started` are its operations as they ran.

    `cancel` is the effective cancel, `waited` the numbers of the operations that were in progress when it arrived, and `aborts`
    says when the policy aborts operations, by number. `failed_before`: it had failed when the cancel came.
    """

    plan: Plan
    outcome: str
    stop: int
    started: tuple
    cancel: Cancel | None = None
    policy: Policy | None = None
    waited: tuple = ()
    aborts: tuple = ()
    failed_before: bool = False

    @property
    def answered(self):
        """When the client has the final answer; not before the server has the request, though its time may be up by then."""
        return max(self.stop, self.plan.begin) + self.plan.begin

    def as_ran(self, op):
        """The started operation that `op` of the plan became, or None."""
        return next((ran for ran in self.started if ran.number == op.number), None)

    def limit(self, op):
        """When a started operation is cut off, if it is still going then."""
        return min(self.stop, dict(self.aborts).get(op.number, self.stop))

    def ending(self, op):
        """The Ending of a started operation; a reply comes before an abort or a timeout of the same instant."""
        limit = self.limit(op)
        if op.reply <= limit:
            return Ending(op.end, replied=True, cut=False)
        if op.end <= limit or op.uninterruptible:
            return Ending(op.end, replied=False, cut=False)
        return Ending(limit, replied=False, cut=True)

    def done(self):
        """The operations whose replies reached the request, in the order in which they did."""
        replied = [op for op in self.started if self.ending(op).replied]
        return sorted(replied, key=lambda op: (op.reply, op.number))

    def ended(self):
        """The operations that had run to their end by the stop, whether or not their replies were there."""
        return [op for op in self.started if not self.ending(op).cut and op.end <= self.limit(op)]

    def chunks(self):
        """(instant, tokens) of every chunk that the request forwarded to its client, in order."""
        sent = [(arrival, tokens, op) for op in self.started for arrival, tokens in op.chunks()]
        arrivals = [arrival for arrival, _, _ in sent]
        return sorted((arrival, tokens) for arrival, tokens, op in sent if self.forwards(arrival, op, arrivals))

    def forwards(self, arrival, op, arrivals):
        """Whether a chunk of `op` is sent on: the request has not ended, nor received its cancel."""
        if arrival == self.stop and self.outcome == "timed_out" and arrival != op.reply:
            raise Ambiguous("chunk at the instant of the timeout")
        return arrival <= self.stop and (self.cancel is None or self.cancel.follows_chunk(op, arrival, arrivals))

    def in_progress(self):
        """The operations that were in progress when the effective cancel arrived."""
        return [op for op in self.started if op.number in self.waited]

    def orphaned(self, op):
        """Whether the child of the started operation `op` was left to run on."""
        return op.child is not None and not op.told and self.ending(op).cut

    @cached_property
    def children(self):
        """The Run of every child that was started, by the number of its operation."""
        return {op.number: child_of(self, op) for op in self.started if op.child}


def child_of(run, op):
    """The Run of the child of the started operation `op`; who is not told runs to the end.

    A child that ends with its parent at the timeout of a cancelled request was cancelled with it, whether it had heard or not.
    """
    if not op.told:
        return undisturbed(op.child, None)
    timeout = run.stop - op.start if run.ending(op).cut else None
    cancel = run.cancel.relayed(op) if op.number in run.waited else None
    child = run_of(op.child, timeout, cancel, run.policy)
    with_parent = child.outcome == "timed_out" and run.outcome == "cancelled"
    return replace(child, outcome="cancelled") if with_parent else child


def undisturbed(plan, timeout):
    """The Run without an effective cancel: failures and the timeout (None: none) alone decide.

    A request whose time is up when it reaches the server, or before, starts nothing.
    """
    if timeout is not None and timeout <= plan.begin and plan.begin > 0:
        return Run(plan, "timed_out", timeout, ())
    started = [op for op in plan.operations if plan.reaches(op)]
    stop, outcome = plan.stop, "completed" if plan.failure is None else "failed"
    if timeout is not None and timeout < stop:
        if any(op.start == timeout for op in started):
            raise Ambiguous("service start at the instant of the timeout")
        stop, outcome = timeout, "timed_out"
        started = [op for op in started if op.start < timeout]
    return Run(plan, outcome, stop, tuple(started))


def after_cancel(op, cancel, policy):
    """`op`, in progress when `cancel` arrived, as it then runs: an agent whose child is told ends when the child stops."""
    if not op.told:
        return op
    return replace(op, lasts=run_of(op.child, None, cancel.relayed(op), policy).stop)


def cancelled(plan, timeout, cancel, policy):
    """The Run that `cancel`, known to arrive before the end, leads to: nothing starts any more, what is in progress ends."""
    found = [op for op in plan.operations if plan.reaches(op) and cancel.finds_started(op)]
    waited = {op.number for op in found if cancel.precedes_reply(op)}
    started = [after_cancel(op, cancel, policy) if op.number in waited else op for op in found]
    in_progress = [op for op in started if op.number in waited]
    aborts = {op.number: abort_of(op, cancel, policy) for op in in_progress}
    aborts = {key: at for key, at in aborts.items() if at is not None}
    if any(op.child and op.end == aborts.get(op.number) < op.reply for op in in_progress):
        raise Ambiguous("end of a child at the instant at which it is left")
    if any(op.told and op.reply == timeout and op not in found for op in in_progress):
        raise Ambiguous("a child that its cancel has ended replies at the instant of the timeout")
    stop = max([cancel.arrives] + [min(op.reply, aborts.get(op.number, op.reply)) for op in in_progress])
    stop = stop if timeout is None else min(stop, timeout)
    return Run(plan, "cancelled", stop, tuple(started), cancel, policy, tuple(waited), tuple(aborts.items()))


def run_of(plan, timeout, cancel, policy):
    """The Run of a request or child that `cancel` (None: none) reaches, unless it has ended by then."""
    run = undisturbed(plan, timeout)
    if cancel is None or not policy.cancels or not cancel.precedes_end(run):
        return run
    return cancelled(plan, timeout, cancel, policy)
