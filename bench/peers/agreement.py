"""Did two programs do the same work? Exactly, where they draw the same numbers; else as far as chance allows."""

import math

# Of one request, or one latency, of the reference workload: how far it strays. With n of them a mean strays by this over the root of n.
# That of the planned time follows from the distributions; the others were taken from runs of bare with 300 seeds.
PLANNED_DEVIATION_S = math.sqrt(8 * (math.exp(0.36) - 1) * math.exp(0.36)) * 2
SAVED_DEVIATION_S = 5.8
P50_DEVIATION = 1.3  # relative
P99_DEVIATION = 2.6

STANDARD_ERRORS = 4
EXACT = ("requests", "cancelled", "latency_p50_s", "latency_p99_s", "planned_s", "used_s", "saved_s")
ROUNDED = ("latency_mean_s", "latency_stddev_s")  # from exact sums, but a last bit may be rounded in another way
LAST_BITS = 1e-13


def disagreements(name, found, expected, same_draws):
    """What is wrong with the figures `found` by the program `name`, a sentence each; nothing if they are as `expected`."""
    wrong = _of_itself(name, found)
    return wrong + (_exact(name, found, expected) if same_draws else _by_chance(name, found, expected))


def _of_itself(name, found):
    difference = found["used_s"] + found["saved_s"] - found["planned_s"]
    if abs(difference) <= 1e-9 * found["planned_s"]:
        return []
    return [f"{name}: used and saved are not planned, but {difference:+.9f} s more"]


def _exact(name, found, expected):
    wrong = [f"{name}: {field} is {found[field]!r}, and of bare {expected[field]!r}" for field in EXACT if found[field] != expected[field]]
    for field in ROUNDED:
        if not math.isclose(found[field], expected[field], rel_tol=LAST_BITS):
            wrong.append(f"{name}: {field} is {found[field]!r}, and of bare {expected[field]!r}")
    return wrong


def _by_chance(name, found, expected):
    requests = math.sqrt(1 / found["requests"] + 1 / expected["requests"])
    cancels = math.sqrt(1 / max(found["cancelled"], 1) + 1 / max(expected["cancelled"], 1))
    share = expected["cancelled"] / expected["requests"]
    stddev = expected["latency_stddev_s"]
    p50, p99 = expected["latency_p50_s"], expected["latency_p99_s"]

    def per_request(figures, field):
        return figures[field] / figures["requests"]

    compared = [
        ("the share of cancelled requests", per_request(found, "cancelled"), share, math.sqrt(share * (1 - share)) * requests),
        ("latency_mean_s", found["latency_mean_s"], expected["latency_mean_s"], stddev * cancels),
        ("latency_p50_s", found["latency_p50_s"], p50, p50 * P50_DEVIATION * cancels),
        ("latency_p99_s", found["latency_p99_s"], p99, p99 * P99_DEVIATION * cancels),
        ("planned_s a request", per_request(found, "planned_s"), per_request(expected, "planned_s"), PLANNED_DEVIATION_S * requests),
        ("saved_s a request", per_request(found, "saved_s"), per_request(expected, "saved_s"), SAVED_DEVIATION_S * requests),
    ]
    return [
        f"{name}: {what} is {mine:.6g}, and of bare {theirs:.6g}: {abs(mine - theirs) / error:.1f} standard errors apart"
        for what, mine, theirs, error in compared if not abs(mine - theirs) <= STANDARD_ERRORS * error
    ]
