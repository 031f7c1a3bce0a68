"""The plan of a request: its operations, and when each would happen if nobody interfered.

Reads a scenario whose values are constant or one of several, as if no service's concurrency were limited. Everything is an
integer: nanoseconds (relative to the request's arrival), tokens, and 10^-12 USD. Derived from the specification alone.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import draws
from draws import Draws

SECOND = 10**9
USD = 10**12
UNITS = {"us": 10**3, "ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
MODEL_CALLS = ("llm", "decompose")


class Ambiguous(Exception):
    """Raised where the specification does not decide: an order at one instant, or a rounding."""


def exact(value, what):
    """The whole number that `value` (a Fraction) is; raises Ambiguous if it is none."""
    if value.denominator != 1:
        raise Ambiguous(f"{what} is not whole: {value}")
    return value.numerator


def number(value):
    """A number of a scenario file as the decimal that was written there."""
    return Fraction(Decimal(str(value)))


def duration(text):
    """Nanoseconds of a duration such as 1.5s."""
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return exact(number(text[: -len(unit)]) * UNITS[unit], "a duration in ns")
    raise ValueError(f"not a duration: {text!r}")


def interval(rate):
    """Nanoseconds between two arrivals at a constant rate such as 20/s, as a Fraction."""
    count, unit = rate.split("/")
    return UNITS[unit] / number(count)


@dataclass(frozen=True)
class Price:
    """10^-12 USD of one token."""

    input: int = 0
    cached_input: int = 0
    output: int = 0

    def of(self, input_tokens, cached_input_tokens, output_tokens):
        return self.input * input_tokens + self.cached_input * cached_input_tokens + self.output * output_tokens


def price(spec):
    """The Price that a service's `price` means, in either of its two forms."""
    if "per_1k" in spec:
        flat = exact(number(spec["per_1k"]) * USD / 1000, "a price")
        return Price(flat, flat, flat)
    per_token = {key: exact(number(value) * USD / 10**6, "a price") for key, value in spec.items()}
    per_token.setdefault("cached_input", per_token.get("input", 0))
    return Price(**per_token)


@dataclass(frozen=True)
class Service:
    """What one call of a service takes, makes and costs; `first_token` is None for one that is given by its latency.

    An agent with a workflow takes, makes and costs nothing itself: its child does. `propagates`: is the child told of cancels?
    """

    duration: int
    first_token: int | None = None
    per_token: int = 0
    input: int = 0
    cached_first: int = 0
    cached_per_call: int = 0
    output: int = 0
    price: Price = Price()
    on_abort: str = "generated"
    fails: bool = False
    ends_request: bool = False
    transactional: bool = False
    unsafe: bool = False
    propagates: bool = True


def service(kind, spec, drawn, key):
    """The Service that the scenario's `services.<kind>.<name>` describes, as `drawn` (Draws) for the step at `key`."""

    def time(name, purpose):
        return drawn.value(spec[name], duration, key, purpose)

    def tokens(name, purpose):
        return drawn.value(spec.get(name, 0), int, key, purpose)

    output = tokens("output_tokens", draws.OUTPUT)
    if "latency" in spec:
        timing = {"duration": time("latency", draws.LATENCY)}
    elif "transaction" in spec:
        timing = {"duration": time("transaction", draws.TRANSACTION)}
    elif "workflow" in spec:
        timing = {"duration": 0}
    else:
        first = time("time_to_first_token", draws.FIRST_TOKEN)
        per_token = time("time_per_output_token", draws.PER_TOKEN)
        timing = {"duration": first + max(output - 1, 0) * per_token, "first_token": first, "per_token": per_token}
    cached = spec.get("cached_input_tokens", 0)
    if not isinstance(cached, dict) or "first" not in cached:
        cached = {"first": tokens("cached_input_tokens", draws.CACHED_INPUT)}
    fails = drawn.is_below(number(spec.get("failure_rate", 0)), key, draws.FAILURE)
    on_failure = spec.get("on_failure", "fail" if kind == "llm" else "continue")
    return Service(
        **timing,
        input=tokens("input_tokens", draws.INPUT),
        cached_first=cached["first"],
        cached_per_call=cached.get("per_call", 0),
        output=output,
        price=price(spec.get("price", {})),
        on_abort=spec.get("on_abort", "generated"),
        fails=fails,
        ends_request=on_failure == "fail",
        transactional=spec.get("transactional", False),
        unsafe=spec.get("side_effects") == "unsafe",
        propagates=spec.get("propagate", True),
    )


@dataclass(frozen=True)
class Operation:
    """One operation of the plan. It is asked for, starts and ends at its service, and its reply reaches the request.

    `lasts` is its time at the service if nobody interferes, `planned` the same if nothing failed either: they differ only for a
    `child`, the plan of the agent's workflow, which counts from the operation's start.
    """

    number: int
    kind: str
    service: Service
    cached_input: int
    chunk_tokens: int | None
    link: int
    asked: int
    lasts: int
    planned: int
    child: "Plan | None" = None
    name: str = ""

    @property
    def start(self):
        return self.asked + self.link

    @property
    def end(self):
        return self.start + self.lasts

    @property
    def reply(self):
        return self.end + self.link

    @property
    def fatal(self):
        """Whether it fails, and the request with it."""
        failed = self.service.fails or self.child is not None and self.child.failure is not None
        return failed and self.service.ends_request

    @property
    def told(self):
        """Whether it has a child that is told of cancels, and ends with its parent at the timeout."""
        return self.child is not None and self.service.propagates

    @property
    def uninterruptible(self):
        return self.kind == "transaction" or self.service.transactional

    def token_due(self, k):
        """When token k (from 1) of this operation exists."""
        made = self.service
        if made.first_token is None:
            return self.start + made.duration * k // made.output
        return self.start + made.first_token + (k - 1) * made.per_token

    def tokens_by(self, instant):
        """How many output tokens exist at `instant`, one due just then included."""
        low, high = 0, self.service.output
        while low < high:
            middle = (low + high + 1) // 2
            if self.token_due(middle) <= instant:
                low = middle
            else:
                high = middle - 1
        return low

    def chunks(self):
        """(arrival at the request, tokens) of each chunk of a streamed call that is left to itself."""
        if self.chunk_tokens is None:
            return []
        total, size = self.service.output, self.chunk_tokens
        lasts = [min(sent + size, total) for sent in range(0, total, size)]
        return [(self.token_due(last) + self.link, (last - 1) % size + 1) for last in lasts]


@dataclass(frozen=True)
class Plan:
    """The whole workflow of a request that arrived at 0: it reaches the server at `begin`.

    It is done there at `end` if nobody interferes and no failure ends it; at `planned_end` if its children did not fail either.
    """

    begin: int
    end: int
    planned_end: int
    operations: tuple

    @property
    def failure(self):
        """When the first failure that ends the request is known to it; None if there is no such failure."""
        return min((op.reply for op in self.operations if op.fatal), default=None)

    def reaches(self, op):
        """Whether `op` starts if nobody interferes."""
        return self.failure is None or op.start < self.failure

    @property
    def stop(self):
        """When the request stops if nobody interferes."""
        if self.failure is None:
            return self.end
        return max([self.failure] + [op.reply for op in self.operations if self.reaches(op)])

    def leaves(self):
        """The operations that use anything: of the request, and of its children instead of the agents that they run at."""
        for op in self.operations:
            yield from op.child.leaves() if op.child else [op]


@dataclass(frozen=True)
class Step:
    """An item of a workflow's text with its place there, and what is inside it: the body of a loop, or each branch."""

    place: int
    item: dict
    inside: tuple


def inside(item):
    """The lists of items that stand in an item of a workflow."""
    if "repeat" in item:
        return [item["repeat"]["do"]]
    if "choose" in item:
        return [branch["do"] for branch in item["choose"]]
    branches = item.get("parallel", [])
    if isinstance(branches, dict):
        return [branches["do"]]
    return [branch if isinstance(branch, list) else [branch] for branch in branches]


def placed(items, before=0):
    """(the Steps of `items`, the last place): depth first from 1, after the `before` places that have been given."""
    steps = []
    for item in items:
        place, bodies = before + 1, []
        before = place
        for body in inside(item):
            placed_body, before = placed(body, before)
            bodies.append(placed_body)
        steps.append(Step(place, item, tuple(bodies)))
    return tuple(steps), before


class Planner:
    """Lays the items of a workflow out along time, numbering operations depth first, as `drawn` for one request.

    Whatever is drawn for a step belongs to its place in the text, and to the round: how often the body of the innermost loop
    around it had begun before.
    """

    def __init__(self, scenario, drawn, as_planned):
        self.scenario = scenario
        self.drawn = drawn
        self.as_planned = as_planned
        self.links = {place: duration(value) for place, value in scenario.get("links", {}).items()}
        self.services = scenario.get("services", {})
        self.operations = []
        self.model_calls = 0
        self.begun = Counter()
        self.round = 0

    def whole(self, workflow, at):
        """Places all of a workflow from `at`; returns when it is done."""
        steps, self.places = placed(workflow)
        return self.sequence(steps, at)

    def key(self, step):
        """What the draws for a step go by."""
        return (step.place + self.places * self.round) % 2**32

    def sequence(self, steps, at):
        """Places `steps` one after another from `at`; returns when the last is done."""
        for step in steps:
            at = self.step(step, at)
        return at

    def step(self, step, at):
        """Places one step at `at`; returns when it is done."""
        item = step.item
        if "wait" in item:
            return at + self.drawn.value(item["wait"], duration, self.key(step), draws.WAIT)
        if "repeat" in item:
            for _ in range(self.times(step, item["repeat"], draws.REPEAT_TIMES)):
                at = self.body(step, at)
            return at
        if "choose" in item:
            return self.sequence(step.inside[self.choice(step)], at)
        if "parallel" not in item:
            return self.operation(step, at)
        if isinstance(item["parallel"], dict):
            times = self.times(step, item["parallel"], draws.PARALLEL_TIMES)
            return max([self.body(step, at) for _ in range(times)], default=at)
        return max([self.sequence(branch, at) for branch in step.inside], default=at)

    def times(self, step, spec, purpose):
        """How often the body of a loop begins."""
        return self.drawn.value(spec["times"], int, self.key(step), purpose)

    def body(self, loop, at):
        """Places the body of `loop` once more."""
        outer, self.round = self.round, self.begun[loop.place]
        self.begun[loop.place] += 1
        end = self.sequence(loop.inside[0], at)
        self.round = outer
        return end

    def choice(self, step):
        """The number of the branch that is drawn, by weight."""
        weights = [number(branch["weight"]) for branch in step.item["choose"]]
        so_far = 0
        for chosen, weight in enumerate(weights):
            so_far += weight
            if self.drawn.is_below(so_far / sum(weights), self.key(step), draws.CHOICE):
                return chosen
        raise AssertionError("a number below 1 is below the sum of all shares")

    def operation(self, step, at):
        """Places one operation that is asked for at `at`; returns when its reply is there."""
        item, key = step.item, self.key(step)
        (kind,) = set(item) & {"llm", "decompose", "tool", "agent", "transaction"}
        family = "llm" if kind == "decompose" else kind
        spec = item if kind == "transaction" else self.services[family][item[kind]]
        called, child = service(family, spec, self.drawn, key), None
        if "workflow" in spec:
            child = plan_of_workflow(self.scenario, spec["workflow"], 0, self.drawn.child(key))
        planned = child.planned_end if child else called.duration
        cached = called.cached_first + called.cached_per_call * self.model_calls
        self.model_calls += kind in MODEL_CALLS
        placed_at = Operation(
            number=len(self.operations) + 1,
            kind=kind,
            service=called,
            cached_input=cached,
            chunk_tokens=item.get("stream", {}).get("chunk_tokens"),
            link=self.links.get(family, 0),
            asked=at,
            lasts=child.stop if child and not self.as_planned else planned,
            planned=planned,
            child=child,
            name="" if kind == "transaction" else item[kind],
        )
        self.operations.append(placed_at)
        return placed_at.reply


def plan_of_workflow(scenario, workflow, begin, drawn):
    """The Plan of a request of `scenario`, or of a child, that does `workflow` from `begin` on."""
    planner = Planner(scenario, drawn, as_planned=False)
    end = planner.whole(workflow, begin)
    planned_end = Planner(scenario, drawn, as_planned=True).whole(workflow, begin)
    return Plan(begin, end, planned_end, tuple(planner.operations))


def plan_of(scenario, request=0):
    """The Plan of a request of a scenario; every one has the same if all values are constant."""
    begin = duration(scenario.get("links", {}).get("client", "0s"))
    return plan_of_workflow(scenario, scenario["workflow"], begin, Draws(scenario.get("seed", 1), request))
