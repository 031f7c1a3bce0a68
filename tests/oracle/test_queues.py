"""Hand-worked cases of requests that wait for places; a model's call takes 10 s and has 1000 tokens of input at 10 USD a million."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import MICRO_USD, OracleTest, scenario
from generate import QUEUES, generate
from ledger import Orphans
from oracle import results
from plan import SECOND

MODEL = {"latency": "10s", "input_tokens": 1000, "price": {"input": 10, "output": 10}}


def played(workflow, model=None, worker=None, requests=1, **more):
    """The Results of a scenario's requests; `worker` is an agent that calls the model."""
    agent = {"workflow": [{"llm": "m"}]} | (worker or {})
    services = {"llm": {"m": MODEL | (model or {})}, "agent": {"w": agent}}
    (found,) = results(scenario(workflow, links={}, requests=requests, services=services, **more)).values()
    return found


def times(count, item):
    return [{"parallel": {"times": count, "do": [item]}}]


class Waiting(OracleTest):
    def test_who_asks_first_is_served_first(self):
        found = played([{"llm": "m"}], model={"concurrency": 1}, requests=3)
        self.assertEqual([one.row["stopped_s"] for one in found], [10 * SECOND, 20 * SECOND, 30 * SECOND])

    def test_who_finds_the_queue_full_is_rejected(self):
        found = played([{"llm": "m"}], model={"concurrency": 1, "queue": 1}, requests=3)
        self.assertEqual([one.row["outcome"] for one in found], ["completed", "completed", "rejected"])

    def test_a_cancel_withdraws_what_waits(self):
        (found,) = played(times(3, {"llm": "m"}), model={"concurrency": 1}, cancel=[{"after": "3s"}])
        self.expect(found.row, outcome="cancelled", stopped_s=10 * SECOND, operations_done=1, tokens_saved=2000)


class Ending(OracleTest):
    def test_a_timeout_cuts_off_what_has_a_place_and_bills_nothing_of_what_waits(self):
        for item in ({"llm": "m"}, {"agent": "w"}):
            (found,) = played(times(5, item), model={"concurrency": 1}, timeout="3s")
            self.expect(found.row, outcome="timed_out", tokens_billed=1000, cost_used_usd=10000 * MICRO_USD, interrupted=1)

    def test_a_timeout_leaves_the_one_child_that_has_a_place(self):
        (found,) = played(times(3, {"agent": "w"}), worker={"propagate": False, "concurrency": 1}, timeout="3s")
        self.expect(found.row, interrupted=1, tokens_billed=1000, tokens_forgone=2000)
        self.assertEqual(found.orphans, Orphans(1, 7 * SECOND, 0, 0))

    def test_a_failure_withdraws_the_children_that_wait_for_its_place(self):
        failing = {"failure_rate": 1, "on_failure": "fail"}
        for propagate in (True, False):
            worker = {"propagate": propagate, "concurrency": 1} | failing
            (found,) = played(times(3, {"agent": "w"}), worker=worker)
            self.expect(found.row, outcome="failed", stopped_s=10 * SECOND, tokens_billed=1000, orphan_s=0)

    def test_requests_that_time_out_together_leave_their_places_to_others_alone(self):
        found = played([{"llm": "m"}], model={"concurrency": 1}, requests=3, timeout="3s")
        self.assertEqual([one.row["tokens_billed"] for one in found], [1000, 0, 0])


class Generated(unittest.TestCase):
    def test_scenarios_with_queues_are_played_whose_requests_wait(self):
        made = [generate(1, number) for number in range(120)]
        queues = [(s, found) for s, found in made if s["description"] == QUEUES]
        self.assertGreater(len(queues), 20)
        outcomes = {one.row["outcome"] for _, found in queues for of_policy in found.values() for one in of_policy}
        self.assertLessEqual({"completed", "cancelled", "timed_out", "rejected"}, outcomes)


if __name__ == "__main__":
    unittest.main()
