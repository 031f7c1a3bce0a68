"""Draws scenarios: of constants, and such as draw from several values, in loops of drawn length too.

Durations are multiples of 4 ns with random digits, so that quarters of them are whole and unrelated moments do not coincide.
"""

from decimal import Decimal

from plan import SECOND, UNITS, plan_of
from policies import KINDS_ABORTED

QUARTERS = (0, 0.25, 0.5, 0.75, 1)
RATES = ("1/s", "2/s", "5/s", "8/s", "20/s", "30/m", "240/m", "1000/s")
AGENTS_WITH_WORKFLOWS = ("squad", "crew", "team")


def text(ns):
    """A duration of the scenario file that means exactly `ns`, in the largest unit that shows no leading zeros."""
    unit = next((unit for unit in ("s", "ms") if ns >= UNITS[unit]), "us")
    return f"{(Decimal(ns) / UNITS[unit]).normalize():f}{unit}"


class Generator:
    """Draws one scenario from one random stream; `depth` is how deep agents with workflows may be nested."""

    def __init__(self, random_stream, depth):
        self.random = random_stream
        self.depth = depth
        self.streams = True
        self.draws = False

    def chance(self, probability):
        return self.random.random() < probability

    def span(self, low, high):
        """Nanoseconds, a multiple of 4, spread evenly over the orders of magnitude from `low` to `high`."""
        return 4 * max(1, round(low * (high / low) ** self.random.random() / 4) + self.random.randrange(-200, 200))

    def duration(self, low=10**6, high=20 * SECOND):
        return text(self.span(low, high))

    def some(self, make):
        """What `make` makes, or one of several of that, drawn in the run."""
        if not self.draws or self.chance(0.5):
            return make()
        return {"empirical": [make() for _ in range(self.random.randint(2, 3))]}

    def times(self):
        """How often a loop goes round."""
        if not self.draws or self.chance(0.3):
            return self.random.randint(1, 3)
        low = self.random.randint(0, 1)
        return {"uniform": [low, low + self.random.randint(1, 2)]}

    def scenario(self, name):
        """A scenario of the general family."""
        self.draws = self.chance(0.4)
        made = {"scenario": name, "seed": self.random.randrange(1, 10**6), "load": self.load()}
        links = {place: self.link() for place in ("client", "llm", "tool", "agent") if self.chance(0.8)}
        if links:
            made["links"] = links
        made["services"] = self.services()
        made["workflow"] = self.workflow(made["services"])
        if self.chance(0.95):
            made["policy"] = self.policies()
        plan = plan_of(made)
        if self.chance(0.3):
            made["timeout"] = text(plan.begin + self.span(max(10**5, plan.end // 20), 2 * plan.end + 10**6))
        sources = [self.source(plan) for _ in range(self.random.choice((0, 1, 1, 1, 1, 2, 2, 3)))]
        if sources:
            made["cancel"] = sources
        return made

    def load(self):
        arriving = self.random.choice(("at_once", "constant", "closed"))
        load = {"requests": self.random.randint(1, 4), "arrivals": arriving}
        if arriving == "constant":
            load["arrivals"] = {"constant": self.random.choice(RATES)}
        if arriving == "closed":
            users = self.random.randint(1, load["requests"])
            load["arrivals"] = {"closed": {"users": users, "think": self.duration()}}
        elif self.chance(0.4):
            load["users"] = self.random.randint(1, 3)
        return load

    def link(self):
        return "0ms" if self.chance(0.35) else self.duration(10**5, SECOND // 10 if self.chance(0.8) else 8 * SECOND)

    def places(self, services):
        """Gives some services few places, and some of these short queues."""
        of_all = [spec for of_kind in services.values() for spec in of_kind.values()]
        for spec in self.random.sample(of_all, self.random.randint(1, len(of_all))):
            spec["concurrency"] = self.random.choice((1, 1, 2, 3))
            if self.chance(0.2):
                spec["queue"] = self.random.randint(0, 2)

    def policies(self):
        """One policy, or several with different names."""
        if self.chance(0.2):
            return self.policy()
        chosen = {}
        for _ in range(self.random.randint(1, 4)):
            policy = self.policy()
            chosen.setdefault(policy if isinstance(policy, str) else policy.get("named", next(iter(policy))), policy)
        return list(chosen.values())

    def policy(self):
        kind = self.random.choice(("never", "checkpoint", "abort", "abort", "abort", "disconnect", "escalate", "escalate"))
        if self.chance(0.15):
            return kind
        options = {}
        if kind in ("abort", "disconnect", "escalate") and self.chance(0.8):
            options["detect"] = "0s" if self.chance(0.5) else self.duration(10**5, 5 * SECOND)
        if kind == "escalate" and self.chance(0.8):
            options["after"] = "0s" if self.chance(0.15) else self.duration(10**6, 10 * SECOND)
        if kind in ("abort", "escalate") and self.chance(0.4):
            options["operations"] = self.random.sample(KINDS_ABORTED, self.random.randint(1, len(KINDS_ABORTED)))
        item = {kind: options or None} if self.chance(0.8) else {kind: options}
        return item | {"named": f"{kind}-{self.random.randint(1, 3)}"} if self.chance(0.4) else item

    def services(self):
        models = {name: self.model() for name in ("planner", "writer", "judge")[: self.random.randint(1, 3)]}
        tools = {name: self.tool() for name in ("search", "ledger")[: self.random.randint(1, 2)]}
        services = {"llm": models, "tool": tools, "agent": {"researcher": self.agent()}}
        for name in AGENTS_WITH_WORKFLOWS[: min(self.depth, self.random.choice((0, 1, 1, 2, 2, 3)))]:
            self.streams, self.operations_left = False, self.random.choice((2, 4, 8))
            services["agent"][name] = self.agent_with_workflow(services)
        self.streams, self.operations_left = True, 14
        return services

    def model(self):
        spec = {"output_tokens": self.some(lambda: self.random.choice((0, 1, 2, 3, 7, 10, 33, 100, 214)))}
        if self.chance(0.5):
            spec["latency"] = self.some(self.duration)
        else:
            spec["time_to_first_token"] = self.some(lambda: self.duration(10**6, 2 * SECOND))
            spec["time_per_output_token"] = self.some(lambda: self.duration(10**5, SECOND // 10))
        if self.chance(0.8):
            spec["input_tokens"] = self.some(lambda: self.random.randrange(2000))
        if self.chance(0.6):
            growing = {"first": self.random.randrange(20000), "per_call": self.random.randrange(1500)}
            spec["cached_input_tokens"] = growing if self.chance(0.7) else self.some(lambda: self.random.randrange(5000))
        spec.update(self.price())
        if self.chance(0.6):
            spec["on_abort"] = self.random.choice(("generated", "full", "input", "none"))
        return spec | self.failure(0.08)

    def tool(self):
        spec = {"latency": self.some(self.duration)} | self.failure(0.2)
        if self.chance(0.25):
            spec["transactional"] = True
        if self.chance(0.5):
            spec["side_effects"] = self.random.choice(("none", "idempotent", "unsafe"))
        return spec

    def agent(self):
        spec = {"latency": self.some(self.duration), "input_tokens": self.some(lambda: self.random.randrange(3000))}
        spec["output_tokens"] = self.some(lambda: self.random.randrange(900))
        if self.chance(0.4):
            spec["on_abort"] = self.random.choice(("generated", "full", "input", "none"))
        return spec | self.price() | self.failure(0.2)

    def agent_with_workflow(self, services):
        """An agent that does a workflow with `services`, which include the agents that may be nested in it."""
        spec = {"workflow": self.workflow(services)}
        if self.chance(0.7):
            spec["propagate"] = self.chance(0.5)
        return spec | self.failure(0.1)

    def price(self):
        if self.chance(0.2):
            return {}
        if self.chance(0.4):
            return {"price": {"per_1k": self.random.randrange(1, 500) / 10000}}
        spec = {"input": self.random.randrange(10, 1000) / 100, "output": self.random.randrange(100, 10**7) / 10000}
        if self.chance(0.6):
            spec["cached_input"] = self.random.randrange(1, 300) / 1000
        return {"price": spec}

    def failure(self, probability):
        if not self.chance(probability):
            return {"failure_rate": 0} if self.chance(0.1) else {}
        spec = {"failure_rate": self.random.choice((0.25, 0.5, 1)) if self.draws else 1}
        if self.chance(0.6):
            spec["on_failure"] = self.random.choice(("continue", "fail"))
        return spec

    def workflow(self, services):
        """A workflow with at least one operation."""
        self.names = {kind: list(of_kind) for kind, of_kind in services.items()}
        self.names["agent"] += self.names["agent"][-1:] * 3
        ending = [{"wait": self.some(self.duration)}] if self.chance(0.1) else []
        return self.items(3) + [self.operation()] + ending

    def items(self, depth, most=3):
        return [self.item(depth) for _ in range(self.random.randint(1, most))]

    def item(self, depth):
        if depth == 0 or self.operations_left < 4 or self.chance(0.5):
            return {"wait": self.some(self.duration)} if self.chance(0.15) else self.operation()
        form = self.random.choice(("repeat", "choose", "parallel", "parallel", "parallel times"))
        if form == "repeat":
            return {"repeat": {"times": self.times(), "do": self.items(depth - 1, 2)}}
        if form == "choose":
            return {"choose": self.choice(depth)}
        if form == "parallel":
            branches = [self.branch(depth) for _ in range(self.random.randint(1, 3))]
            return {"parallel": branches}
        return {"parallel": {"times": self.times(), "do": self.items(depth - 1, 2)}}

    def choice(self, depth):
        chosen = {"weight": self.random.choice((0.3, 1, 5)), "do": self.items(depth - 1, 2)}
        if self.chance(0.5):
            return [chosen]
        other = {"weight": self.random.choice((0.3, 1, 5)) if self.draws else 0, "do": [self.operation()]}
        return [other, chosen] if self.chance(0.5) else [chosen, other]

    def branch(self, depth):
        return self.operation() if self.chance(0.4) else self.items(depth - 1, 2)

    def operation(self):
        self.operations_left -= 1
        kind = self.random.choice(("llm", "llm", "llm", "decompose", "tool", "tool", "agent", "agent", "transaction"))
        if kind == "transaction":
            return {kind: self.some(lambda: self.duration(10**5, SECOND))}
        item = {kind: self.random.choice(self.names["llm" if kind == "decompose" else kind])}
        if kind == "llm" and self.streams and self.chance(0.5):
            item["stream"] = {"chunk_tokens": self.random.choice((1, 2, 3, 4, 5, 7, 16, 250))}
        return item

    def source(self, plan):
        """A cancel source whose moment is likely to be reached in `plan`, or just not."""
        moment = self.random.choice(("after", "after", "chunks", "operation", "kind", "request", "tokens", "cost"))
        operations = plan.operations
        source = {
            "after": lambda: {"after": text(self.span(plan.end // 50 + 10**5, 2 * plan.end + 10**6))},
            "chunks": lambda: {"after_chunks": self.random.choice((1, 1, 2, 3, 5, 10, 20))},
            "operation": lambda: {"during": {"operation": self.random.randint(1, len(operations) + 1), "at": self.share()}},
            "kind": lambda: {"during": {"kind": self.random.choice([op.kind for op in operations]), "at": self.share()}},
            "request": lambda: {"during": {"request": self.share()}},
            "tokens": lambda: {"when": {"tokens_over": self.random.randrange(1 + self.tokens(plan))}},
            "cost": lambda: {"when": {"cost_over": self.budget(plan)}},
        }[moment]()
        if self.chance(0.25):
            source["probability"] = self.random.choice((0, 1, 1, 1))
        if self.chance(0.3):
            source |= {"times": self.random.randint(2, 4), "every": self.duration(10**6, plan.end + 10**7)}
        if self.chance(0.25):
            source["even_if_finished"] = True
        return source

    def share(self):
        return self.random.choice(QUARTERS)

    @staticmethod
    def tokens(plan):
        return sum(op.service.input + op.cached_input + op.service.output for op in plan.leaves())

    def budget(self, plan):
        """USD that the request spends part-way, in whole millionths."""
        cost = sum(op.service.price.of(op.service.input, op.cached_input, op.service.output) for op in plan.leaves())
        return max(100, int(cost * self.random.random() / 10**6)) / 10**6
