"""Runs of a request and the cancels that its client sends.

A Run says what became of a planned request: which operations started, how far each got, when and how the request ended.
Times are nanoseconds relative to the request's arrival. There is no queue and no event: a run is the plan, cut off.
"""

from dataclasses import dataclass

from plan import Ambiguous, Operation, Plan, duration, exact, number

POLICIES = ("never", "checkpoint")


@dataclass(frozen=True)
class Cancel:
    """One cancel message, and on which side of what happens at the very same instant it falls.

    `moment` is the key of its source; `copy` counts from 0; `trigger` is the operation that a `during` waited for or whose
    reply exceeded a budget. Every predicate raises Ambiguous for a tie that the specification leaves open.
    """

    moment: str
    sent: int
    arrives: int
    copy: int = 0
    trigger: Operation | None = None

    @property
    def instant_link(self):
        return self.sent == self.arrives

    def precedes_everything(self):
        """An `after` is scheduled at the arrival, hence before all else that is due when it is."""
        return self.moment == "after" and self.copy == 0

    def own_operation(self, op):
        return self.moment == "during" and self.copy == 0 and op == self.trigger

    def undecided(self, what):
        raise Ambiguous(f"{what} at the instant {self.arrives} of a cancel: {self.moment}")

    def finds_started(self, op):
        """Whether `op`, if nothing kept it from starting, is at its service when this arrives at the request."""
        if op.start != self.arrives:
            return op.start < self.arrives
        if self.own_operation(op):
            return True
        asked_now = op.asked == self.arrives
        if asked_now and (self.precedes_everything() or self.moment == "when" and self.instant_link):
            return False
        if asked_now and self.moment == "during" and self.trigger.reply == self.arrives and self.precedes_reply(self.trigger):
            return False
        return self.undecided(f"start of operation {op.number}")

    def precedes_reply(self, op):
        """Whether this arrives at the request before the reply of `op`."""
        if op.reply != self.arrives:
            return self.arrives < op.reply
        if self.precedes_everything() or self.own_operation(op):
            return True
        if self.moment == "when" and self.instant_link and op == self.trigger:
            return False
        return self.undecided(f"reply of operation {op.number}")

    def follows_chunk(self, op, arrival, all_arrivals):
        """Whether the chunk of `op` that reaches the request at `arrival` is there before this; needs the arrivals of all chunks."""
        if arrival != self.arrives:
            return arrival < self.arrives
        if self.precedes_everything():
            return False
        if self.moment == "when" and self.instant_link and op == self.trigger:
            return True
        if self.moment == "after_chunks" and self.instant_link and all_arrivals.count(arrival) == 1:
            return True
        return self.undecided("chunk")

    def precedes_end(self, run):
        """Whether this arrives before `run`, in which no cancel took effect, is over."""
        if self.arrives != run.stop:
            return self.arrives < run.stop
        if run.outcome == "timed_out":
            return self.moment != "when" or self.undecided("timeout")
        last = [op for op in run.started if op.reply == run.stop]
        if not last and not self.precedes_everything():
            self.undecided("end of the request")
        return all([self.precedes_reply(op) for op in last])


@dataclass(frozen=True)
class Ending:
    """How far a started operation got: served `until` then; whether its reply reached the request; whether it was cut off."""

    until: int
    replied: bool
    cut: bool


@dataclass(frozen=True)
class Run:
    """What became of a request. `cancel` is the effective cancel; `aborts` says when it aborts operations, by number."""

    plan: Plan
    outcome: str
    stop: int
    started: tuple
    cancel: Cancel | None = None
    aborts: tuple = ()

    @property
    def answered(self):
        """When the client has the final answer."""
        return self.stop + self.plan.begin

    def ending(self, op):
        """The Ending of a started operation; a reply comes before an abort or a timeout of the same instant."""
        limit = min(self.stop, dict(self.aborts).get(op.number, self.stop))
        if op.reply <= limit:
            return Ending(op.end, replied=True, cut=False)
        if op.end <= limit or op.uninterruptible:
            return Ending(op.end, replied=False, cut=False)
        return Ending(limit, replied=False, cut=True)

    def done(self):
        """The operations whose replies reached the request, in the order in which they did."""
        replied = [op for op in self.started if self.ending(op).replied]
        return sorted(replied, key=lambda op: (op.reply, op.number))

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
        return [op for op in self.started if self.cancel.precedes_reply(op)]


def undisturbed(plan, timeout):
    """The Run without an effective cancel: failures and the timeout (None: none) alone decide."""
    failure = plan.first_fatal_reply()
    started = [op for op in plan.operations if failure is None or op.start < failure]
    stop, outcome = plan.end, "completed"
    if failure is not None:
        stop, outcome = max([failure] + [op.reply for op in started]), "failed"
    if timeout is not None and timeout < stop:
        if any(op.start == timeout for op in started):
            raise Ambiguous("service start at the instant of the timeout")
        stop, outcome = timeout, "timed_out"
        started = [op for op in started if op.start < timeout]
    return Run(plan, outcome, stop, tuple(started))


def abort_of(op, cancel, policy):
    """When `policy` aborts `op`, in progress when `cancel` arrived; None: never. (Other policies will answer here.)"""
    if policy == "checkpoint":
        return None
    raise NotImplementedError(policy)


def cancelled(plan, timeout, cancel, policy):
    """The Run that `cancel`, known to arrive before the end, leads to: nothing starts any more, what is in progress ends."""
    failure = plan.first_fatal_reply()
    started = [op for op in plan.operations if (failure is None or op.start < failure) and cancel.finds_started(op)]
    in_progress = [op for op in started if cancel.precedes_reply(op)]
    aborts = {op.number: abort_of(op, cancel, policy) for op in in_progress if not op.uninterruptible}
    aborts = {key: at for key, at in aborts.items() if at is not None}
    stop = max([cancel.arrives] + [min(op.reply, aborts.get(op.number, op.reply)) for op in in_progress])
    stop = stop if timeout is None else min(stop, timeout)
    return Run(plan, "cancelled", stop, tuple(started), cancel, tuple(aborts.items()))


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
        share = exact(number(during["request"]) * (run.plan.end - run.plan.begin), "a share of a request in ns")
        return run.plan.begin + share, "during request", None
    op = operation_meant(during, run.plan)
    if op not in run.started:
        return None
    return op.start + exact(number(during["at"]) * op.service.duration, "a share of an operation in ns"), "during", op


def operation_meant(during, plan):
    """The operation that a `during: {operation}` or `{kind}` is about, or None."""
    if "operation" in during:
        return next((op for op in plan.operations if op.number == during["operation"]), None)
    return next((op for op in plan.operations if op.kind == during["kind"]), None)


def budget_moment(when, run):
    """The first reply after which the ended operations exceed the budget; operations that ended well or failed both count."""
    spent = 0
    for op in run.done():
        tokens = (op.service.input, op.cached_input, op.service.output)
        if "tokens_over" in when:
            spent, limit = spent + sum(tokens), when["tokens_over"]
        else:
            spent, limit = spent + op.service.price.of(*tokens), number(when["cost_over"]) * 10**12
        if spent > limit:
            if sum(other.reply == op.reply for other in run.done()) > 1:
                raise Ambiguous("operations that end together, one of which exceeds a budget")
            return op.reply, "when", op
    return None


def cancels_sent(sources, run):
    """Every Cancel that the client of `run` sends, in order."""
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
    return sorted(sent, key=lambda cancel: cancel.sent)


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
    if timeout is not None and timeout <= plan.begin:
        raise Ambiguous("a timeout before the request reaches the server")
    run = undisturbed(plan, timeout)
    first = first_cancel(sources, run)
    received = first if first and first.precedes_end(run) else None
    if received and policy != "never":
        run = cancelled(plan, timeout, received, policy)
    sent = cancels_sent(sources, run)
    assert first == (sent[0] if sent else None), "the past must not depend on what a cancel does"
    return Story(run, sent, received)
