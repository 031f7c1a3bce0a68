"""What the hand-worked cases share: services, links, and a scenario of them."""

import unittest

from oracle import results

MS = 10**6
MICRO_USD = 10**6

# One call of `slow`: asked at t, starts at t + 5 ms, ends at t + 10.005 s, reply at t + 10.010 s; a token every 200 ms.
SERVICES = {
    "llm": {
        "slow": {"latency": "10s", "input_tokens": 100, "output_tokens": 50, "price": {"input": 3, "output": 15}},
        "streamer": {"time_to_first_token": "1s", "time_per_output_token": "100ms", "output_tokens": 10},
        "broken": {"latency": "1s", "output_tokens": 4, "failure_rate": 1},
    },
    "tool": {
        "search": {"latency": "3s"},
        "flaky": {"latency": "2s", "failure_rate": 1},
        "ledger": {"latency": "4s", "transactional": True},
        "mailer": {"latency": "6s", "side_effects": "unsafe"},
    },
    "agent": {"helper": {"latency": "8s", "input_tokens": 20, "output_tokens": 80, "price": {"per_1k": 0.02}}},
}
LINKS = {"client": "40ms", "llm": "5ms", "tool": "2ms", "agent": "30ms"}
STREAM = {"llm": "streamer", "stream": {"chunk_tokens": 4}}


def scenario(workflow, links=LINKS, policy="checkpoint", requests=1, arrivals="at_once", **more):
    """A scenario of the services above."""
    load = {"requests": requests, "arrivals": arrivals}
    fixed = {"scenario": "by-hand", "load": load, "links": links, "services": SERVICES}
    return fixed | {"workflow": workflow, "policy": policy} | more


def result_of(workflow, **more):
    """The only Result of a scenario with one request and one policy."""
    ((result,),) = results(scenario(workflow, **more)).values()
    return result


def row_of(workflow, **more):
    """The only row of a scenario with one request and one policy."""
    return result_of(workflow, **more).row


class OracleTest(unittest.TestCase):
    def expect(self, row, **values):
        """Asserts some columns of a row."""
        self.assertEqual({column: row[column] for column in values}, values)
