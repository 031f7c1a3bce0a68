"""The reference workload in SimPy: a process per request, as its documentation teaches it.

The cancel is a flag that a timeout's callback sets, not an interrupt: a request only looks at it between two operations, and no process
has to be started for it, which is faster. Draws are Python's own, by the faster of its two normal generators. Whatever can be bound to a
local name is. With --service a request asks a model that counts its places and never runs out of them, as requests that compete do in
Caesura: a simpy.Container, for a simpy.Resource would look through all of its users when one leaves. Run it with Debian's /usr/bin/python3, for which python3-simpy3 is packaged.
"""

import argparse
import json
import math
import random
import time

import simpy

OPERATIONS = 8
LOG_MEDIAN_S, SIGMA = math.log(2.0), 0.6
CANCEL_PROBABILITY, CANCEL_WITHIN_S = 0.3, 16.0


class Cancel:
    """Of one request: when it was sent, once it was."""

    __slots__ = ("env", "sent")

    def __init__(self, env):
        self.env = env
        self.sent = None

    def send(self, _):
        self.sent = self.env.now


class Workload:
    def __init__(self, options):
        self.env = simpy.Environment()
        self.random = random.Random(options.seed)
        self.requests = options.requests
        self.mean_gap_s = 20.0 / options.in_flight
        self.latencies = []
        self.planned = self.used = 0.0
        self.in_flight = self.peak_in_flight = 0
        self.model = simpy.Container(self.env, init=1_000_000_000) if options.service else None

    def arrivals(self):
        env, draws = self.env, self.random
        rate = 1 / self.mean_gap_s
        for _ in range(self.requests):
            yield env.timeout(draws.expovariate(rate))
            cancel = Cancel(env)
            if draws.random() < CANCEL_PROBABILITY:
                env.timeout(draws.random() * CANCEL_WITHIN_S).callbacks.append(cancel.send)
            env.process(self.request(cancel))

    def request(self, cancel):
        timeout, gauss, exp, model = self.env.timeout, self.random.gauss, math.exp, self.model
        self.in_flight += 1
        if self.in_flight > self.peak_in_flight:
            self.peak_in_flight = self.in_flight
        used = 0.0
        for operation in range(1, OPERATIONS + 1):
            duration = exp(LOG_MEDIAN_S + SIGMA * gauss(0.0, 1.0))
            used += duration
            if model is None:
                yield timeout(duration)
            else:
                yield model.get(1)
                yield timeout(duration)
                yield model.put(1)
            if cancel.sent is not None:
                break
        self.in_flight -= 1
        self.used += used
        self.planned += used
        if cancel.sent is not None:
            self.latencies.append(self.env.now - cancel.sent)
            for _ in range(operation, OPERATIONS):
                self.planned += exp(LOG_MEDIAN_S + SIGMA * gauss(0.0, 1.0))

    def figures(self):
        ordered = sorted(self.latencies)

        def percentile(p):
            return ordered[-(-p * len(ordered) // 100) - 1]

        mean = math.fsum(ordered) / len(ordered)
        return {
            "requests": self.requests, "cancelled": len(ordered), "latency_mean_s": mean,
            "latency_stddev_s": math.sqrt(math.fsum((x - mean) ** 2 for x in ordered) / (len(ordered) - 1)),
            "latency_p50_s": percentile(50), "latency_p99_s": percentile(99), "planned_s": self.planned, "used_s": self.used,
            "saved_s": self.planned - self.used, "peak_in_flight": self.peak_in_flight,
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=15000)
    parser.add_argument("--in-flight", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--service", action="store_true")
    workload = Workload(parser.parse_args())
    started = time.perf_counter()
    workload.env.process(workload.arrivals())
    workload.env.run()
    figures = workload.figures()
    print(json.dumps({**figures, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
