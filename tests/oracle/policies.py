"""The cancellation policies: which operations each of them aborts, and when."""

from dataclasses import dataclass

from plan import duration

KINDS_ABORTED = ("llm", "decompose", "tool", "agent")
DETECT = "25ms"
DETECT_OF_DISCONNECT = "2s"
AFTER = "5s"


@dataclass(frozen=True)
class Policy:
    """What a cancel does: operations of the kinds in `aborts` are aborted `delay` ns after it."""

    name: str
    kind: str
    aborts: frozenset = frozenset()
    delay: int = 0

    @property
    def cancels(self):
        """Whether a cancel takes effect at all."""
        return self.kind != "never"


def policy_from(item):
    """The Policy that an item of a scenario's `policy` means: a word, or a kind with options and perhaps a name."""
    if isinstance(item, str):
        item = {item: None}
    (kind,) = set(item) - {"named"}
    options = item[kind] or {}
    name = item.get("named", kind)
    aborts = frozenset(options.get("operations", KINDS_ABORTED))
    if kind == "abort":
        return Policy(name, kind, aborts, duration(options.get("detect", DETECT)))
    if kind == "disconnect":
        return Policy(name, kind, frozenset(("llm", "decompose")), duration(options.get("detect", DETECT_OF_DISCONNECT)))
    if kind == "escalate":
        delay = duration(options.get("after", AFTER)) + duration(options.get("detect", DETECT))
        return Policy(name, kind, aborts, delay)
    return Policy(name, kind)


def policies_of(scenario):
    """The policies that a scenario compares, in its order."""
    given = scenario.get("policy", "checkpoint")
    return [policy_from(item) for item in (given if isinstance(given, list) else [given])]


def abort_of(op, cancel, policy):
    """When `policy` aborts `op`, in progress when `cancel` arrived; None: never.

    An agent whose child is told of the cancel is not aborted: it ends when the child does.
    """
    if op.uninterruptible or op.told or op.kind not in policy.aborts:
        return None
    return cancel.arrives + policy.delay
