"""The plan of a request: its operations, and when each would happen if nobody interfered.

Reads a scenario with constant values only, as if no service's concurrency were limited. Everything is an integer: nanoseconds
(relative to the request's arrival), tokens, and 10^-12 USD. Derived from the specification alone.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

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


def service(kind, spec):
    """The Service that the scenario's `services.<kind>.<name>` describes."""
    output = spec.get("output_tokens", 0)
    if "latency" in spec:
        timing = {"duration": duration(spec["latency"])}
    elif "workflow" in spec:
        timing = {"duration": 0}
    else:
        first, per_token = duration(spec["time_to_first_token"]), duration(spec["time_per_output_token"])
        timing = {"duration": first + max(output - 1, 0) * per_token, "first_token": first, "per_token": per_token}
    cached = spec.get("cached_input_tokens", 0)
    if not isinstance(cached, dict):
        cached = {"first": cached}
    fails = spec.get("failure_rate", 0) == 1
    on_failure = spec.get("on_failure", "fail" if kind == "llm" else "continue")
    return Service(
        **timing,
        input=spec.get("input_tokens", 0),
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


class Planner:
    """Lays the items of a workflow out along time, numbering operations depth first."""

    def __init__(self, scenario, as_planned):
        self.scenario = scenario
        self.as_planned = as_planned
        self.links = {place: duration(value) for place, value in scenario.get("links", {}).items()}
        self.services = scenario.get("services", {})
        self.operations = []
        self.model_calls = 0

    def sequence(self, items, at):
        """Places `items` one after another from `at`; returns when the last is done."""
        for item in items:
            at = self.item(item, at)
        return at

    def item(self, item, at):
        """Places one item of a workflow at `at`; returns when it is done."""
        if "wait" in item:
            return at + duration(item["wait"])
        if "repeat" in item:
            return self.sequence(item["repeat"]["do"] * item["repeat"]["times"], at)
        if "choose" in item:
            (chosen,) = [branch for branch in item["choose"] if branch["weight"] > 0]
            return self.sequence(chosen["do"], at)
        if "parallel" in item:
            return max([self.sequence(branch, at) for branch in self.branches(item["parallel"])], default=at)
        return self.operation(item, at)

    @staticmethod
    def branches(spec):
        """The branches of a `parallel`, each a list of items."""
        if isinstance(spec, dict):
            return [spec["do"]] * spec["times"]
        return [branch if isinstance(branch, list) else [branch] for branch in spec]

    def operation(self, item, at):
        """Places one operation that is asked for at `at`; returns when its reply is there."""
        (kind,) = set(item) & {"llm", "decompose", "tool", "agent", "transaction"}
        family = "llm" if kind == "decompose" else kind
        spec = {"latency": item[kind]} if kind == "transaction" else self.services[family][item[kind]]
        called, child = service(family, spec), None
        if "workflow" in spec:
            child = plan_of_workflow(self.scenario, spec["workflow"], 0)
        planned = child.planned_end if child else called.duration
        cached = called.cached_first + called.cached_per_call * self.model_calls
        self.model_calls += kind in MODEL_CALLS
        placed = Operation(
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
            name=item[kind],
        )
        self.operations.append(placed)
        return placed.reply


def plan_of_workflow(scenario, workflow, begin):
    """The Plan of a request of `scenario`, or of a child, that does `workflow` from `begin` on."""
    planner = Planner(scenario, as_planned=False)
    end = planner.sequence(workflow, begin)
    planned_end = Planner(scenario, as_planned=True).sequence(workflow, begin)
    return Plan(begin, end, planned_end, tuple(planner.operations))


def plan_of(scenario):
    """The Plan that every request of a scenario of constants has."""
    begin = duration(scenario.get("links", {}).get("client", "0s"))
    return plan_of_workflow(scenario, scenario["workflow"], begin)
