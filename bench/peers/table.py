"""From the rounds of a session to ratios, verdicts on goals, and tables of at most 100 columns."""

import statistics
from dataclasses import dataclass, field

BARE = "bare"
SIMPY = "SimPy"


@dataclass
class Measured:
    """Of a block: by program, the rate in each round that it took part in, and the bytes a request in flight."""

    in_flight: int
    rates: dict = field(default_factory=dict)  # {program: {round: requests/s}}
    bytes: dict = field(default_factory=dict)

    def ratios(self, program, against):
        """Round by round, as a machine that drifts drifts for both."""
        mine, theirs = self.rates.get(program, {}), self.rates.get(against, {})
        return [mine[r] / theirs[r] for r in sorted(mine.keys() & theirs.keys())]


@dataclass
class RealtimeMeasured:
    in_flight: int
    figures: dict = field(default_factory=dict)  # {program: {round: figures}}

    def values(self, program, figure):
        return [figures[figure] for _, figures in sorted(self.figures.get(program, {}).items())]


@dataclass(frozen=True)
class Verdict:
    goal: object
    values: list  # by round; of memory a single one
    wanted: object  # None if it is another program's figure, and that was not measured
    verdict: str  # held; short: not held, but not below the floor; MISSED


def judge(goals, blocks, realtime):
    """The verdict on each goal of which something was measured."""
    verdicts = []
    for goal in goals:
        values = _values(goal, blocks, realtime)
        if not values:
            continue
        wanted = goal.goal
        if isinstance(wanted, str):
            others = realtime.values(wanted, goal.figure)
            wanted = statistics.median(others) if others else None
        value = statistics.median(values)
        holds = (lambda limit: value <= limit) if goal.less_is_better else (lambda limit: value >= limit)
        if wanted is not None and holds(wanted):
            verdict = "held"
        else:
            verdict = "short" if holds(goal.floor) else "MISSED"
        verdicts.append(Verdict(goal, values, wanted, verdict))
    return verdicts


def _values(goal, blocks, realtime):
    if goal.figure.endswith("_us"):
        return realtime.values(goal.program, goal.figure)
    for block in blocks:
        if block.in_flight == goal.in_flight:
            if goal.figure == "bytes":
                return [block.bytes[goal.program]] if goal.program in block.bytes else []
            return block.ratios(goal.program, goal.against)
    return []


def text(rows, markdown):
    """Rows of cells, the first a heading; the first column to the left, the others to the right."""
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|---" + "|---:" * (len(rows[0]) - 1) + "|", *lines[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]).rstrip()
                     for row in rows)


def peers(blocks, markdown=False):
    """One table of all blocks."""
    rows = [["program", "requests/s", "[min–max]", "to bare", "[min–max]", "to SimPy", "bytes"]]
    for block in blocks:
        if not block.rates:
            continue
        rows.append([f"{block.in_flight:,} in flight", *[""] * 6])
        for program, by_round in block.rates.items():
            rates = list(by_round.values())
            to_bare, to_simpy = block.ratios(program, BARE), block.ratios(program, SIMPY)
            rows.append([
                "  " + program, rate(statistics.median(rates)), spread(rates, rate),
                ratio(statistics.median(to_bare)) if to_bare else "—", spread(to_bare, ratio) if to_bare else "—",
                ratio(statistics.median(to_simpy)) if to_simpy else "—",
                f"{block.bytes[program]:,.0f}" if program in block.bytes else "—"])
    return text(rows, markdown)


def realtime_table(realtime, markdown=False):
    rows = [["program", "p50 us", "[min–max]", "p99 us", "[min–max]", "max us"]]
    for program in realtime.figures:
        p50, p99, most = (realtime.values(program, figure) for figure in ("p50_us", "p99_us", "max_us"))
        rows.append(["  " + program, number(statistics.median(p50)), spread(p50, number), number(statistics.median(p99)),
                     spread(p99, number), number(statistics.median(most))])
    return text(rows, markdown)


def goals(verdicts, markdown=False):
    rows = [["goal", "measured", "[min–max]", "goal", "floor", ""]]
    for verdict in verdicts:
        goal = verdict.goal
        show = number if goal.less_is_better else ratio
        rows.append(["  " + name_of(goal), show(statistics.median(verdict.values)),
                     spread(verdict.values, show) if len(verdict.values) > 1 else "", show(verdict.wanted) if verdict.wanted else "—",
                     show(goal.floor), verdict.verdict])
    return text(rows, markdown)


def name_of(goal):
    """What a goal is about, in at most 50 characters."""
    if goal.figure == "bytes":
        return f"{goal.program}: bytes a request in flight"
    if goal.figure:
        return f"{goal.program}: {goal.figure.removesuffix('_us')}, in us"
    at = f", {goal.in_flight:,}" if goal.in_flight != 2000 else ""
    return f"{goal.program} / {goal.against}{at}"


def rate(x):
    return f"{x / 1e6:.1f} M" if x >= 1e7 else f"{x / 1e6:.2f} M" if x >= 1e6 else f"{x / 1e3:.0f} k" if x >= 1e5 else f"{x / 1e3:.1f} k"


def ratio(x):
    return f"{x:.0f}" if x >= 99.5 else f"{x:.1f}" if x >= 9.95 else f"{x:.2f}" if x >= 0.0995 else f"{x:.3f}"


def number(x):
    return f"{x:,.0f}" if x >= 99.5 else f"{x:.1f}"


def spread(values, show):
    return f"[{show(min(values))}–{show(max(values))}]"
