"""Cancels: when they reach a request, and on which side of what else happens then."""

from dataclasses import dataclass

from plan import Ambiguous, Operation


@dataclass(frozen=True)
class Cancel:
    """One cancel message, and on which side of what happens at the very same instant it falls.

    `moment` is the key of its source; `copy` counts from 0; `trigger` is the operation that a `during` waited for or whose
    reply exceeded a budget. A cancel that a request passes on to a child keeps its place among the messages of an instant, so one
    that precedes everything still does; of others, `relayed` ones, no tie is decided. Every predicate raises Ambiguous for a tie that the specification leaves open.
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
        return self.moment == "during" and self.copy == 0 and op.number == self.trigger.number

    def relayed(self, op):
        """This cancel as it reaches the child of `op`, in the child's time."""
        return self.seen_by_child(op, op.link)

    def seen_by_child(self, op, delay=0):
        """This cancel in the time of the child of `op`, `delay` later."""
        arrives = self.arrives + delay - op.start
        return Cancel("after" if self.precedes_everything() else "relayed", arrives, arrives)

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
        if self.moment == "when" and self.instant_link and op.number == self.trigger.number:
            return False
        return self.undecided(f"reply of operation {op.number}")

    def follows_chunk(self, op, arrival, all_arrivals):
        """Whether the chunk of `op` that reaches the request at `arrival` is there before this; needs the arrivals of all chunks."""
        if arrival != self.arrives:
            return arrival < self.arrives
        if self.precedes_everything():
            return False
        if self.moment == "when" and self.instant_link and op.number == self.trigger.number:
            return True
        if self.moment == "after_chunks" and self.instant_link and all_arrivals.count(arrival) == 1:
            return True
        return self.undecided("chunk")

    def precedes_end(self, run):
        """Whether this arrives before `run`, in which no cancel took effect, is over."""
        if self.arrives != run.stop:
            return self.arrives < run.stop
        if run.outcome == "timed_out":
            return self.moment not in ("when", "relayed") or self.undecided("timeout")
        last = [op for op in run.started if op.reply == run.stop]
        if not last and not self.precedes_everything():
            self.undecided("end of the request")
        return all([self.precedes_reply(op) for op in last])
