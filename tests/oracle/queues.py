"""Requests that wait for places: a run of a whole scenario, instant by instant.

Where a service has a `concurrency`, what becomes of a request depends on who else asks. So these scenarios are played, event
after event, by rules that are written down here once more: who waits is served in the order of asking; who ends withdraws what
waits, cuts off what is in progress, down to the last of its tree, and only then places go to others.
"""

import heapq
from dataclasses import dataclass, field, replace

from cancels import Cancel
from plan import Operation, Plan, duration, number, plan_of
from policies import Policy
from runs import Ending, Run

TIMELY, LAST, AFTERWARDS = range(3)


class Clock:
    """What is to happen, in order: at one instant the `TIMELY` first, as they were scheduled, then limits and aborts, then the rest."""

    def __init__(self):
        self.now = 0
        self.agenda = []
        self.count = 0
        self.place = None  # of what happens now; what follows from limits and aborts counts as new

    def at(self, when, what, rank=TIMELY, place=None):
        self.count += 1
        heapq.heappush(self.agenda, (when, rank, place or self.count, self.count, what))

    def passed_on(self, when, what):
        """Schedules what keeps the place of what happens now: a reply or a cancel on its link."""
        self.at(when, what, place=self.place)

    def run(self):
        while self.agenda:
            self.now, rank, place, _, what = heapq.heappop(self.agenda)
            self.place = place if rank == TIMELY else None
            what()


@dataclass(eq=False)
class Job:
    """An operation that a member of a tree has asked for."""

    op: Operation
    member: "Member"
    then: object
    state: str = "asked"  # waiting, serving, ended, refused, gone
    started: int | None = None
    ended: int | None = None
    left: int | None = None  # when its request cut it off, or left its child
    replied: bool = False
    child: "Member | None" = None

    @property
    def in_progress(self):
        return self.state in ("serving", "ended")


class Server:
    """A service: its places, and those who wait for one."""

    def __init__(self, clock, spec):
        self.clock = clock
        self.places = spec.get("concurrency")
        self.queue = spec.get("queue")
        self.busy = 0
        self.waiting = []

    def ask(self, job):
        if job.state == "gone":
            return
        if self.places is None or self.busy < self.places and not self.waiting:
            self.serve(job)
        elif self.queue is None or len(self.waiting) < self.queue + self.places - self.busy:
            job.state = "waiting"
            self.waiting.append(job)
        else:
            job.state = "refused"
            job.member.hear_later(job, "rejected")

    def serve(self, job):
        self.busy += 1
        job.state, job.started = "serving", self.clock.now
        if job.op.child is not None:
            job.child = Member(job.member.world, job.op.child, job.member.policy, job)
            self.clock.passed_on(self.clock.now, job.child.begin)
        else:
            self.clock.at(self.clock.now + job.op.service.duration, lambda: self.end(job, job.op.service.fails))

    def end(self, job, fails):
        """Its place goes to another at once; if replies may end requests, after what it ends."""
        if job.state != "serving":
            return
        job.state, job.ended = "ended", self.clock.now
        job.member.hear_later(job, "failed" if fails else "ok")
        if job.member.world.replies_end_requests:
            self.leave()
        else:
            self.busy -= 1
            self.let_in()

    def leave(self, rank=TIMELY):
        self.busy -= 1
        if self.waiting:
            self.clock.at(self.clock.now, self.let_in, rank)

    def let_in(self):
        if self.waiting and self.busy < self.places:
            self.serve(self.waiting.pop(0))


class Member:
    """A request, or a child of one, at its work."""

    def __init__(self, world, plan, policy, job=None):
        self.world, self.clock = world, world.clock
        self.plan, self.policy, self.job = plan, policy, job
        self.state, self.outcome = "running", None
        self.open, self.jobs = {}, {}
        self.begun = self.stopped = self.cancelled_at = None
        self.failed = self.failed_before_cancel = False
        self.waited = ()

    def begin(self):
        self.begun = self.clock.now
        numbers = iter(self.plan.operations)
        work = steps(self.world.workflow_of(self), numbers)
        self.do(work, lambda: self.stop("completed"))

    def do(self, work, then):
        """Does steps one after another."""
        if not work:
            return then()
        (what, *rest), following = work[0], work[1:]
        goes_on = lambda: self.state == "running" and self.do(following, then)
        if what == "operation":
            self.ask(rest[0], goes_on)
        elif what == "wait":
            self.clock.at(self.clock.now + rest[0], goes_on)
        else:
            self.fork(rest[0], goes_on)

    def fork(self, branches, then):
        left = [len(branches)]

        def one_done():
            left[0] -= 1
            if left[0] == 0:
                then()

        if not branches:
            return then()
        for branch in branches:
            self.do(branch, one_done)

    def ask(self, op, then):
        job = self.open[op.number] = self.jobs[op.number] = Job(op, self, then)
        server = self.world.server_of(op)
        self.clock.at(self.clock.now + op.link, lambda: server.ask(job))

    def hear_later(self, job, result):
        self.clock.passed_on(self.clock.now + job.op.link, lambda: self.hear(job, result))

    def hear(self, job, result):
        """The reply to `job`."""
        if self.open.get(job.op.number) is not job:
            return
        del self.open[job.op.number]
        job.replied = result != "rejected"
        ends_it = result == "rejected" or result == "failed" and job.op.service.ends_request
        self.failed |= ends_it
        if ends_it and self.state == "running":
            self.state, self.outcome = "failing", result
            self.drain()
        if self.state == "running":
            job.then()
        elif not self.open:
            self.stop(self.outcome)

    def drain(self):
        """Withdraws what has not started."""
        for job in list(self.open.values()):
            if job.in_progress:
                continue
            if job.state == "waiting":
                self.world.server_of(job.op).waiting.remove(job)
            job.state = "gone"
            del self.open[job.op.number]

    def cancel(self):
        """The answer to a cancel."""
        if self.state == "ended":
            return "already_cancelled" if self.outcome == "cancelled" else "too_late"
        if self.cancelled_at is None:
            self.cancelled_at, self.failed_before_cancel = self.clock.now, self.failed
        if not self.policy.cancels:
            return "ignored"
        if self.state == "cancelling":
            return "already_cancelled"
        self.state, self.outcome = "cancelling", "cancelled"
        self.drain()
        self.waited = tuple(self.open)
        if not self.open:
            self.stop("cancelled")
            return "effective"
        self.clock.at(self.clock.now + self.policy.delay, self.abort, LAST)
        for job in self.open.values():
            if job.op.told:
                self.clock.at(self.clock.now + job.op.link, job.child.told)
        return "effective"

    def told(self):
        if self.state != "ended":
            self.cancel()

    def abort(self):
        if self.state != "cancelling":
            return
        for job in list(self.open.values()):
            if not job.op.uninterruptible and not job.op.told and job.op.kind in self.policy.aborts:
                self.cut(job)
        if not self.open:
            self.stop("cancelled")

    def cut(self, job):
        del self.open[job.op.number]
        if job.state != "serving" or job.op.uninterruptible:
            return
        job.state, job.left = "gone", self.clock.now
        if job.op.told:
            job.child.end_with_parent(self.outcome)
        self.world.server_of(job.op).leave(AFTERWARDS)

    def time_out(self):
        if self.state != "ended":
            self.stop("cancelled" if self.state == "cancelling" else "timed_out")

    def end_with_parent(self, outcome):
        if self.state != "ended":
            self.stop(outcome if self.state != "cancelling" else "cancelled")

    def stop(self, outcome):
        self.state, self.outcome, self.stopped = "ended", outcome, self.clock.now
        self.drain()
        for job in list(self.open.values()):
            self.cut(job)
        if self.job is None:
            return
        server = self.world.server_of(self.job.op)
        server.end(self.job, self.job.op.service.fails or outcome not in ("completed", "cancelled"))


def steps(items, operations):
    """A workflow with its repeats and choices carried out: ("operation", op), ("wait", ns), ("fork", branches)."""
    made = []
    for item in items:
        if "wait" in item:
            made.append(("wait", duration(item["wait"])))
        elif "repeat" in item:
            made += steps(item["repeat"]["do"] * item["repeat"]["times"], operations)
        elif "choose" in item:
            (chosen,) = [branch for branch in item["choose"] if branch["weight"] > 0]
            made += steps(chosen["do"], operations)
        elif "parallel" in item:
            spec = item["parallel"]
            branches = [spec["do"]] * spec["times"] if isinstance(spec, dict) else spec
            made.append(("fork", [steps(b if isinstance(b, list) else [b], operations) for b in branches]))
        else:
            made.append(("operation", next(operations)))
    return made


def may_fail_its_request(kind, spec):
    """Whether an operation of this service may."""
    on_failure = spec.get("on_failure", "fail" if kind == "llm" else "continue")
    return on_failure == "fail" and number(spec.get("failure_rate", 0)) > 0


class World:
    """All requests of a scenario under one policy, and the services that they share."""

    def __init__(self, scenario, policy):
        self.scenario, self.policy = scenario, policy
        self.clock = Clock()
        self.plan = plan_of(scenario)
        self.timeout = duration(scenario["timeout"]) if "timeout" in scenario else None
        self.servers = {}
        self.replies_end_requests = any(
            "queue" in spec or may_fail_its_request(kind, spec)
            for kind, of_kind in scenario.get("services", {}).items()
            for spec in of_kind.values()
        )

    def workflow_of(self, member):
        if member.job is None:
            return self.scenario["workflow"]
        return self.scenario["services"]["agent"][member.job.op.name]["workflow"]

    def server_of(self, op):
        key = ("llm" if op.kind == "decompose" else op.kind, op.name)
        if key not in self.servers:
            spec = {} if op.kind == "transaction" else self.scenario["services"][key[0]][op.name]
            self.servers[key] = Server(self.clock, spec)
        return self.servers[key]

    def play(self, arrivals):
        """The Played of every request."""
        played = [Played(self, at) for at in arrivals]
        self.expect_next(iter(played))
        self.clock.run()
        return played

    def expect_next(self, coming):
        """Schedules the next arrival; the one after it counts as scheduled when this one comes."""
        request = next(coming, None)
        if request is None:
            return

        def arrive():
            request.send()
            self.expect_next(coming)

        self.clock.at(request.arrived, arrive)


class Played:
    """One request of a World, and the cancels of its client."""

    def __init__(self, world, arrived):
        self.world, self.arrived = world, arrived
        self.member = Member(world, world.plan, world.policy)
        self.sent = []
        self.counts = dict.fromkeys(("effective", "too_late", "already_cancelled", "ignored"), 0)

    @property
    def link(self):
        return self.world.plan.begin

    def send(self):
        clock, timeout = self.world.clock, self.world.timeout
        clock.at(self.arrived + self.link, self.begin)
        for source in self.world.scenario.get("cancel", []):
            after = duration(source["after"])
            for copy in range(source.get("times", 1)):
                gap = copy * duration(source["every"]) if copy else 0
                clock.at(self.arrived + after + gap, lambda late=source.get("even_if_finished", False): self.send_cancel(late))

    def begin(self):
        timeout, member = self.world.timeout, self.member
        left = None if timeout is None else timeout - self.link
        if left is not None:
            self.world.clock.at(max(self.arrived + timeout, self.world.clock.now), member.time_out, LAST)
        if left is None or left > 0:
            return member.begin()
        member.begun = self.world.clock.now
        if left < 0:
            member.time_out()
            member.stopped = self.arrived + timeout

    def send_cancel(self, even_if_finished):
        clock, member = self.world.clock, self.member
        answered = member.state == "ended" and clock.now > max(member.stopped, member.begun) + self.link
        if answered and not even_if_finished:
            return
        sent = clock.now - self.arrived
        self.sent.append(Cancel("after", sent, sent + self.link))
        clock.passed_on(clock.now + self.link, self.hear_cancel)

    def hear_cancel(self):
        self.counts[self.member.cancel()] += 1

    # What the ledger and the rows ask of a Story:

    @property
    def run(self):
        return played_run(self.member, self.arrived)

    @property
    def received(self):
        at = self.member.cancelled_at
        return None if at is None else next(c for c in self.sent if c.arrives == at - self.arrived)

    def answers(self):
        return self.counts


@dataclass(frozen=True)
class PlayedRun(Run):
    """The Run of a member that was played: what became of its operations is known."""

    endings: dict = field(default_factory=dict)
    lasted: dict = field(default_factory=dict)
    of_children: dict = field(default_factory=dict)

    @property
    def answered(self):
        return max(self.stop, self.plan.begin) + self.plan.begin

    @property
    def children(self):
        return self.of_children

    def ending(self, op):
        return self.endings[op.number]

    def limit(self, op):
        return self.lasted[op.number]


def played_run(member, origin):
    """The PlayedRun of a member, in ns from `origin`: a request's arrival, a child's start."""
    started, endings, lasted, children = [], {}, {}, {}
    for number, job in sorted(member.jobs.items()):
        if job.started is None:
            continue
        lasts = job.op.service.duration
        if job.child is not None:
            lasts = job.child.stopped - job.started
            children[number] = played_run(job.child, job.started)
        ran = replace(job.op, asked=job.started - job.op.link - origin, lasts=lasts)
        started.append(ran)
        cut = job.left is not None
        endings[number] = Ending(job.left - origin if cut else ran.end, job.replied, cut)
        lasted[number] = job.left - origin if cut else member.stopped - origin
    cancel = None
    if member.outcome == "cancelled" and member.cancelled_at is not None:
        cancel = Cancel("after", member.cancelled_at - origin - member.plan.begin, member.cancelled_at - origin)
    return PlayedRun(
        member.plan, member.outcome, member.stopped - origin, tuple(started), cancel, member.policy, member.waited,
        failed_before=member.failed_before_cancel, endings=endings, lasted=lasted, of_children=children,
    )  # fmt: skip


def has_queues(scenario):
    """Whether requests of the scenario may have to wait for places."""
    return any("concurrency" in spec for of_kind in scenario.get("services", {}).values() for spec in of_kind.values())


def played(scenario, policy, arrivals):
    """The Played of every request that arrives at `arrivals`, under one policy."""
    return World(scenario, policy).play(arrivals)
