"""Random scenarios, each a pure function of (seed, number).

Some families make two moments coincide on purpose, where the specification says which comes first. A scenario whose outcome
the specification leaves open (Ambiguous) is drawn again.
"""

import random
from dataclasses import replace

from draw import Generator, text
from oracle import results
from plan import SECOND, Ambiguous, duration, plan_of
from runs import undisturbed


def answered(scenario):
    """When the client of a request has its answer, cancels apart, after its arrival."""
    timeout = duration(scenario["timeout"]) if "timeout" in scenario else None
    return undisturbed(plan_of(scenario), timeout).answered


def without_times(draw, scenario):
    scenario.pop("timeout", None)
    scenario.pop("cancel", None)
    return plan_of(scenario), draw.random.choice(plan_of(scenario).operations)


def after_at_reply(draw, scenario):
    """An `after` cancel that arrives with a reply: the cancel is first."""
    plan, op = without_times(draw, scenario)
    scenario["cancel"] = [{"after": text(op.reply - plan.begin)}]


def during_at_end(draw, scenario):
    """A `during` cancel that arrives with the reply of its own operation: the cancel is first."""
    scenario["links"] = dict.fromkeys(("client", "llm", "tool", "agent"), draw.link())
    plan, op = without_times(draw, scenario)
    scenario["links"]["client"] = text(op.link)
    scenario["cancel"] = [{"during": {"operation": op.number, "at": 1}}]


def reply_at_timeout(draw, scenario):
    """A reply at the instant of the timeout: the reply is first."""
    _, op = without_times(draw, scenario)
    scenario["timeout"] = text(op.reply)
    if draw.chance(0.5):
        scenario["cancel"] = [{"after": text(op.reply // 8 * 4)}]


def cancel_at_timeout(draw, scenario):
    """A cancel that arrives at the instant of the timeout: the cancel is first."""
    plan, _ = without_times(draw, scenario)
    at = plan.begin + draw.span(plan.end // 20 + 10**5, plan.end)
    scenario |= {"timeout": text(at), "cancel": [{"after": text(at - plan.begin)}]}


def after_at_answer(draw, scenario):
    """An `after` cancel due when the answer reaches the client: it is sent."""
    without_times(draw, scenario)
    scenario["cancel"] = [{"after": text(answered(scenario))}]


def budget_just_met(draw, scenario):
    """A budget that the replies so far meet exactly: it is not exceeded, the next one may."""
    plan, op = without_times(draw, scenario)
    replied = [done for done in plan.operations if done.reply <= op.reply]
    tokens = sum(draw.tokens(replace(plan, operations=(done,))) for done in replied)
    scenario["cancel"] = [{"when": {"tokens_over": tokens}}]


def budget_without_link(draw, scenario):
    """A budget cancel that travels in no time: it arrives before the next operation starts."""
    scenario.setdefault("links", {})["client"] = "0ms"
    plan, _ = without_times(draw, scenario)
    scenario["cancel"] = [{"when": {"tokens_over": draw.random.randrange(1 + draw.tokens(plan))}}]


def at_once(draw, scenario):
    """A cancel sent right after its request: both arrive together, the request first."""
    scenario.setdefault("links", {})["client"] = draw.duration(10**5, SECOND // 10)
    without_times(draw, scenario)
    scenario["cancel"] = [{"after": "0s"}]


def abort_at(draw, scenario, instant):
    """Makes a policy of `scenario` abort at `instant`, if it is late enough."""
    begin = plan_of(scenario).begin
    detect = 0 if draw.chance(0.3) else draw.span(10**5, max(10**6, instant // 2))
    if instant - begin - detect < 0:
        raise Ambiguous("an abort before the request has reached the server")
    scenario["policy"] = ["checkpoint", {"abort": {"detect": text(detect) if detect else "0s"}}]
    scenario["cancel"] = [{"after": text(instant - begin - detect)}]


def reply_at_abort(draw, scenario):
    """A reply at the instant of an abort: the reply is first."""
    _, op = without_times(draw, scenario)
    abort_at(draw, scenario, op.reply)


def token_at_abort(draw, scenario):
    """A token due at the instant of an abort: it exists."""
    plan, _ = without_times(draw, scenario)
    calls = [op for op in plan.operations if op.service.output]
    if not calls:
        raise Ambiguous("no operation makes tokens")
    op = draw.random.choice(calls)
    abort_at(draw, scenario, op.token_due(draw.random.randint(1, op.service.output)))


def time_up_before_arrival(draw, scenario):
    """A request whose time is up when it reaches the server: it starts nothing."""
    scenario.setdefault("links", {})["client"] = draw.duration(10**5, SECOND)
    plan, _ = without_times(draw, scenario)
    scenario["timeout"] = text(plan.begin if draw.chance(0.3) else min(plan.begin, draw.span(10**4, plan.begin)))
    if draw.chance(0.5):
        scenario["cancel"] = [{"after": "0s" if draw.chance(0.5) else draw.duration(10**4, plan.begin)}]


def on_its_way(draw, scenario):
    """(plan, an operation, a moment at which its reply is on its link)."""
    place = draw.random.choice(("llm", "tool", "agent"))
    scenario.setdefault("links", {})[place] = draw.duration(SECOND, 8 * SECOND)
    plan, _ = without_times(draw, scenario)
    slow = [op for op in plan.operations if op.link >= SECOND]
    if not slow:
        raise Ambiguous("no operation has a slow link")
    op = draw.random.choice(slow)
    return plan, op, op.end + draw.span(1000, op.link)


def timeout_on_the_way(draw, scenario):
    """A timeout while a reply is on its link: that operation has run to its end."""
    _, _, moment = on_its_way(draw, scenario)
    scenario["timeout"] = text(moment)


def abort_on_the_way(draw, scenario):
    """An abort while a reply is on its link: that operation has run to its end."""
    _, _, moment = on_its_way(draw, scenario)
    abort_at(draw, scenario, moment)


def budget_on_the_way(draw, scenario):
    """A budget, of which something is spent by a child whose reply is on its link: the request does not know of that yet."""
    scenario.setdefault("links", {})["agent"] = draw.duration(SECOND, 8 * SECOND)
    plan, _ = without_times(draw, scenario)
    scenario["cancel"] = [{"when": {"tokens_over": draw.random.randrange(1 + draw.tokens(plan))}}]


def in_child(draw, scenario):
    """(agent's operation, one of its child's operations), cancels and timeout removed."""
    plan, _ = without_times(draw, scenario)
    parents = [op for op in plan.operations if op.child and op.child.operations]
    if not parents:
        raise Ambiguous("no operation has a child")
    parent = draw.random.choice(parents)
    return parent, draw.random.choice(parent.child.operations)


def after_at_reply_in_child(draw, scenario):
    """An `after` cancel that is passed on and reaches the child with a reply: the cancel is first."""
    parent, op = in_child(draw, scenario)
    sent = parent.start + op.reply - parent.link - plan_of(scenario).begin
    if sent < 0:
        raise Ambiguous("a cancel before its request")
    scenario["cancel"] = [{"after": text(sent) if sent else "0s"}]


def reply_in_child_at_timeout(draw, scenario):
    """A reply to a child at the instant of the timeout: the reply is first."""
    parent, op = in_child(draw, scenario)
    scenario["timeout"] = text(parent.start + op.reply)


TIES = (
    after_at_reply, during_at_end, reply_at_timeout, cancel_at_timeout,
    after_at_answer, budget_just_met, budget_without_link, at_once, reply_at_abort, token_at_abort,
    time_up_before_arrival, timeout_on_the_way, abort_on_the_way, budget_on_the_way,
)  # fmt: skip
TIES_OF_CHILDREN = (after_at_reply_in_child, reply_in_child_at_timeout)


def without_streams(items):
    """A workflow, or a part of one, in which no call is streamed."""
    if isinstance(items, list):
        return [without_streams(item) for item in items]
    if not isinstance(items, dict):
        return items
    return {key: without_streams(value) for key, value in items.items() if key != "stream"}


QUEUES = "Requests and their children wait for places."


def with_queues(draw, scenario):
    """Gives services few places; of what is sent and when, only what is known beforehand is left."""
    draw.places(scenario["services"])
    scenario["workflow"] = without_streams(scenario["workflow"])
    if "closed" in scenario["load"]["arrivals"]:
        scenario["load"]["arrivals"] = "at_once"
    if draw.chance(0.4):
        plan = plan_of(scenario)
        scenario["timeout"] = text(plan.begin + draw.span(10**5, plan.end + 10**6))
    scenario["cancel"] = [source for source in scenario.get("cancel", []) if "after" in source and "probability" not in source]
    scenario["description"] = QUEUES


def drawn(seed, number, attempt, depth=3):
    """One attempt at scenario `number`; parts of all are of a family of ties, or have queues."""
    draw = Generator(random.Random(f"{seed}/{number}/{attempt}"), depth)
    scenario = draw.scenario(f"oracle-{number:06d}")
    scenario["description"] = "general"
    if not draw.draws and draw.chance(0.5):  # what waits is played with constants alone
        with_queues(draw, scenario)
    elif draw.chance(0.3):
        family = draw.random.choice(TIES + TIES_OF_CHILDREN if depth else TIES)
        family(draw, scenario)
        scenario["description"] = family.__doc__
    return scenario


def generate(seed, number, depth=3):
    """(scenario, its results by policy): the first attempt that the specification decides in full."""
    for attempt in range(1000):
        try:
            scenario = drawn(seed, number, attempt, depth)
            return scenario, results(scenario)
        except Ambiguous:
            continue
    raise RuntimeError(f"no attempt at scenario {number} of seed {seed} is unambiguous")
