"""Hand-worked cases of requests that wait for places; a model's call takes 10 s and has 1000 tokens of input at 10 USD a million."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import MICRO_USD, MS, OracleTest, scenario
from generate import QUEUES, generate
from ledger import Orphans
from oracle import results
from plan import SECOND

MODEL = {"latency": "10s", "input_tokens": 1000, "price": {"input": 10, "output": 10}}


def played(workflow, model=None, worker=None, **more):
    """The Results of a scenario's requests; agent `w` calls the model, agent `o` asks `w`."""
    worker = {"workflow": [{"llm": "m"}]} | (worker or {})
    agents = {"w": worker, "o": {"workflow": [{"agent": "w"}]}}
    services = {"llm": {"m": MODEL | (model or {})}, "agent": agents}
    (found,) = results(scenario(workflow, services=services, **{"links": {}} | more)).values()
    return found


def stops(found):
    """When the requests stopped, in ms."""
    return [one.row["stopped_s"] / MS for one in found]


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


class OneInstant(OracleTest):
    BOTH = [{"parallel": [{"agent": "w"}, {"llm": "m"}]}]

    def test_a_request_and_its_child_ask_before_the_next_that_arrives_with_it(self):
        # The model serves request 0, its child, request 1, its child.
        for link in ("0ms", "1ms"):
            found = played(self.BOTH, model={"concurrency": 1}, requests=2, links={"llm": link})
            both_ways = 2 * int(link[0])
            self.assertEqual(stops(found), [20000 + both_ways, 40000 + both_ways])

    def test_requests_that_are_together_on_their_clients_links_start_before_any_asks(self):
        # The model serves request 0, request 1, the child of 0, the child of 1.
        found = played(self.BOTH, model={"concurrency": 1}, requests=2, links={"client": "40ms"})
        self.assertEqual(stops(found), [30080, 40080])

    def test_a_reply_keeps_the_place_of_its_start_on_its_link(self):
        # Both branches ask the model at 14 s, when the transaction ends that began at 9 s. What
        # the child's reply passes on is the end of a wait that began at 4 s, so it is first.
        with_link = [{"agent": "w"}, {"llm": "m"}, {"wait": "5s"}]
        without = [{"wait": "9s"}, {"transaction": "5s"}, {"llm": "m"}]
        worker = {"workflow": [{"wait": "6s"}]}
        for branches in ([with_link, without], [without, with_link]):
            workflow = [{"parallel": branches}]
            found = played(workflow, {"concurrency": 1}, worker, links={"agent": "4s"})
            self.assertEqual(stops(found), [34000])

    def test_a_cancel_keeps_the_place_of_its_requests_arrival(self):
        # It arrives with the reply that completes the request, and is first.
        for link in ("0s", "4s"):
            cancelled = {"cancel": [{"after": "10s"}], "links": {"client": link}}
            (found,) = played([{"llm": "m"}], {"concurrency": 1}, **cancelled)
            self.expect(found.row, outcome="cancelled", operations_done=1)

    def test_a_place_goes_on_before_an_agent_replies_in_turn_if_no_reply_may_end_a_request(self):
        # At 20 s the first `w` ends, and `o` with it. Then the second `w` asks the model, and so
        # does the branch that asked `o`.
        in_turn = [{"agent": "o"}, {"llm": "m"}, {"wait": "5s"}]
        workflow = [{"parallel": [in_turn, [{"wait": "1s"}, {"agent": "w"}]]}]
        worker = {"concurrency": 1, "workflow": [{"llm": "m"}, {"wait": "10s"}]}
        self.assertEqual(stops(played(workflow, {"concurrency": 1}, worker)), [45000])
        self.assertEqual(stops(played(workflow, {"concurrency": 1, "queue": 9}, worker)), [50000])


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
