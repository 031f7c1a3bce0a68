"""Hand-worked cases for agents with workflows.

Alone in a request, an agent is asked at 40 ms and its child starts at 70 ms. The child of `team` calls the model from 75 ms to
10.075 s, knows it at 10.08 s, searches from 10.082 s to 13.082 s, and ends at 13.084 s; the request knows it at 13.114 s.
`company` is the same, but is not told of cancels.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import LINKS, MICRO_USD, MS, SERVICES, OracleTest, result_of, row_of, scenario
from ledger import Orphans
from plan import SECOND, Ambiguous, plan_of

AT_ONCE = {"abort": {"detect": "0s"}}
TEAM, COMPANY = {"agent": "team"}, {"agent": "company"}
TREE = [{"llm": "slow"}, {"tool": "search"}]


def agents(**specs):
    """The services by hand, and these agents."""
    return SERVICES | {"agent": SERVICES["agent"] | specs}


def tree_of(workflow, team=None, **more):
    """The Result of a request; `team` is the workflow of both agents."""
    work = team or TREE
    services = agents(team={"workflow": work}, company={"workflow": work, "propagate": False})
    return result_of(workflow, **{"services": services} | more)


class Planning(OracleTest):
    def test_a_child_is_one_operation_that_uses_what_its_own_do(self):
        found = tree_of([TEAM])
        self.expect(found.row, outcome="completed", stopped_s=13154 * MS, operations_done=1, operations_planned=1)
        self.expect(found.row, input_tokens_used=100, output_tokens_used=50, cost_used_usd=1050 * MICRO_USD, tokens_delivered=0)
        self.assertEqual([found.books[kind]["used"] for kind in ("agent", "llm", "tool")], [0, 10 * SECOND, 3 * SECOND])

    def test_the_context_of_a_child_starts_anew(self):
        model = {"llm": {"m": {"latency": "1s", "cached_input_tokens": {"first": 10, "per_call": 3}}}}
        services = agents(team={"workflow": [{"llm": "m"}] * 2}) | model
        found = tree_of([{"llm": "m"}, TEAM, {"llm": "m"}], services=services)
        self.expect(found.row, cached_input_tokens_used=10 + (10 + 13) + 13)

    def test_the_operations_of_a_child_are_not_its_parents(self):
        row = tree_of([TEAM, {"llm": "slow"}], cancel=[{"during": {"kind": "llm", "at": 0}}], policy=AT_ONCE).row
        self.expect(row, cancel_sent_s=13119 * MS, stopped_s=13159 * MS)

    def test_a_share_of_an_agent_is_of_its_childs_plan(self):
        # The child would take 1.01 s + 10.01 s, and half of it is over at 70 ms + 5.51 s; but it fails after 1.01 s.
        flow = [TEAM, {"transaction": "10s"}]
        row = tree_of(flow, [{"llm": "broken"}, {"llm": "slow"}], cancel=[{"during": {"operation": 1, "at": 0.5}}]).row
        self.expect(row, cancel_sent_s=5580 * MS, stopped_s=11110 * MS, cancelled_in="transaction")

    def test_a_budget_counts_a_child_when_its_agent_replies(self):
        for limit, sent in ((149, 13114), (150, 23124)):
            row = tree_of([TEAM, {"llm": "slow"}, {"llm": "slow"}], cancel=[{"when": {"tokens_over": limit}}]).row
            self.expect(row, cancel_sent_s=sent * MS)


class Failing(OracleTest):
    work = [{"llm": "broken"}, {"llm": "slow"}]

    def test_a_failed_child_is_fed_back_by_default(self):
        # The child knows of its failure after 1.01 s, at 1.08 s; the request does at 1.11 s.
        row = tree_of([TEAM, {"transaction": "1s"}], self.work).row
        self.expect(row, outcome="completed", stopped_s=2150 * MS, operations_done=2, tokens_forgone=150, output_tokens_used=4)

    def test_a_failed_child_may_end_its_parent(self):
        services = agents(team={"workflow": self.work, "on_failure": "fail"})
        row = tree_of([TEAM, {"transaction": "1s"}], services=services).row
        self.expect(row, outcome="failed", stopped_s=1110 * MS, tokens_forgone=150)

    def test_an_agent_may_fail_when_its_child_did_not(self):
        services = agents(team={"workflow": TREE, "on_failure": "fail", "failure_rate": 1})
        row = tree_of([TEAM, {"llm": "slow"}], services=services).row
        self.expect(row, outcome="failed", stopped_s=13114 * MS, tokens_forgone=150, tokens_billed=150)

    def test_of_a_child_that_was_kept_from_starting_only_what_it_would_have_reached_is_saved(self):
        row = tree_of([{"tool": "search"}, TEAM], self.work, cancel=[{"after": "1s"}]).row
        self.expect(row, stopped_s=3044 * MS, tokens_saved=4, tokens_forgone=150, busy_saved_s=1 * SECOND)


    def test_what_is_reached_is_judged_by_when_a_child_really_fails(self):
        # The child fails after 1 s, so the failure of the tool ends the request at 2 s: the model's call at 5 s is not reached.
        services = agents(team={"workflow": self.work}) | {"tool": {"flaky": {"latency": "1s", "failure_rate": 1, "on_failure": "fail"}}}
        flow = [{"parallel": [[TEAM, {"tool": "flaky"}], [{"wait": "5s"}, {"llm": "slow"}]]}]
        more = {"services": services, "links": {}, "cancel": [{"after": "500ms"}]}
        self.expect(tree_of(flow, **more).row, stopped_s=1 * SECOND, output_tokens_used=4, tokens_saved=0, tokens_forgone=300)
        row = tree_of(flow, policy="never", **more).row
        self.expect(row, outcome="failed", stopped_s=2 * SECOND, tokens_forgone=300)

    def test_a_failing_child_replies_when_its_other_operations_have_ended(self):
        # The child's first call fails after 1 s, its second ends after 10 s: by then the request has made its own at 5 s.
        services = agents(team={"workflow": [{"parallel": [{"llm": "broken"}, {"llm": "slow"}]}], "on_failure": "fail"})
        flow = [{"parallel": [TEAM, [{"wait": "5s"}, {"llm": "slow"}]]}]
        more = {"services": services, "links": {}, "cancel": [{"after": "500ms"}]}
        # Half a second into the calls: 2 tokens of each 4 and 50.
        self.expect(tree_of(flow, policy=AT_ONCE, **more).row, tokens_billed=104, tokens_saved=2 + 48 + 150, tokens_forgone=0)
        self.expect(tree_of(flow, policy="never", **more).row, outcome="failed", stopped_s=15 * SECOND, tokens_forgone=0)


class Telling(OracleTest):
    def test_a_child_stops_at_its_own_checkpoint(self):
        # The cancel arrives at 5.04 s, 4.965 s into the call: 24 tokens. The child hears at 5.07 s, and stops after its call.
        row = tree_of([TEAM], cancel=[{"after": "5s"}]).row
        self.expect(row, outcome="cancelled", stopped_s=10110 * MS, cancelled_in="agent", interrupted=0, tokens_used_after_cancel=26)
        self.expect(row, busy_used_s=10 * SECOND, busy_saved_s=3 * SECOND, orphan_s=0)

    def test_a_child_aborts_its_own_operations_counted_from_when_it_hears(self):
        # It hears at 5.07 s and aborts at 5.095 s, 5.02 s into the call: 25 tokens. The request knows at 5.125 s.
        found = tree_of([TEAM], cancel=[{"after": "5s"}], policy="abort")
        self.expect(found.row, stopped_s=5125 * MS, tokens_used_after_cancel=1, tokens_saved=25, cost_used_usd=675 * MICRO_USD)
        self.assertEqual(found.interrupted, {"llm": 1, "decompose": 0, "tool": 0, "agent": 0, "unsafe": 0})
        self.assertEqual(found.orphans, Orphans())

    def test_each_link_of_a_nested_tree_is_paid(self):
        # head: 70 ms, team: 100 ms, its call: 105 ms. The cancel: 5.04, 5.07 and 5.1 s, 4.995 s into the call; then back.
        services = agents(head={"workflow": [TEAM, {"llm": "slow"}]}, team={"workflow": TREE})
        row = tree_of([{"agent": "head"}], services=services, cancel=[{"after": "5s"}], policy=AT_ONCE).row
        self.expect(row, stopped_s=5160 * MS, output_tokens_used=24, tokens_saved=26 + 150, tokens_used_after_cancel=0, interrupted=1)

    def test_a_transaction_of_a_child_runs_to_its_end_and_a_wait_does_not(self):
        for work, stop in (([{"transaction": "4s"}, {"llm": "slow"}], 4100), ([{"wait": "4s"}, {"llm": "slow"}], 1100)):
            row = tree_of([TEAM], work, cancel=[{"after": "1s"}], policy=AT_ONCE).row
            self.expect(row, stopped_s=stop * MS, tokens_saved=150, interrupted=0)

    def test_a_cancel_that_finds_the_child_done_changes_nothing(self):
        # It arrives at 13.09 s, and would reach the child at 13.12 s; the child ended at 13.084 s.
        row = tree_of([TEAM], cancel=[{"after": "13.05s"}], policy=AT_ONCE).row
        self.expect(row, outcome="cancelled", stopped_s=13114 * MS, operations_done=1, interrupted=0, tokens_saved=0)

    def test_a_cancel_passed_on_keeps_its_place_before_a_reply_of_its_instant(self):
        # It arrives at 10.05 s, and at the child at 10.08 s, with the model's reply.
        row = tree_of([TEAM], cancel=[{"after": "10.01s"}], policy=AT_ONCE).row
        self.expect(row, stopped_s=10110 * MS, interrupted=0, busy_saved_s=3 * SECOND, tokens_saved=0)


    def test_a_budget_that_the_cancel_itself_exceeds_sends_another(self):
        # Without links the child stops at the cancel, at 5 s: 100 + 25 tokens.
        sources = [{"when": {"tokens_over": 124}}, {"after": "5s"}]
        row = tree_of([TEAM], cancel=sources, policy=AT_ONCE, links={}).row
        self.expect(row, stopped_s=5 * SECOND, cancel_sent_s=5 * SECOND, cancels_sent=2, cancels_already_cancelled=1)

    def test_whether_an_ended_child_or_the_timeout_is_first_is_left_open(self):
        with self.assertRaises(Ambiguous):
            tree_of([TEAM], cancel=[{"after": "5s"}], policy=AT_ONCE, links={}, timeout="5s")


class Leaving(OracleTest):
    def test_a_parent_that_does_not_abort_agents_waits_for_the_whole_child(self):
        for policy in ("checkpoint", "disconnect", {"abort": {"operations": ["llm"]}}, {"escalate": {"after": "10s"}}):
            found = tree_of([COMPANY], cancel=[{"after": "5s"}], policy=policy)
            self.expect(found.row, outcome="cancelled", stopped_s=13114 * MS, interrupted=0, tokens_used_after_cancel=26)
            self.assertEqual(found.orphans, Orphans())

    def test_an_orphan_runs_to_its_end_and_all_of_it_is_used(self):
        # Left at 5.065 s, 4.99 s into the call: 24 tokens, so 26 are to come, at 15 millionths of a dollar. It ends at 13.084 s.
        found = tree_of([COMPANY], cancel=[{"after": "5s"}], policy="abort")
        self.expect(found.row, stopped_s=5065 * MS, operations_done=0, orphan_s=8019 * MS, interrupted=1, cancelled_in="agent")
        self.expect(found.row, tokens_saved=0, busy_saved_s=0, tokens_used_after_cancel=26, tokens_billed=150)
        self.assertEqual(found.interrupted["agent"], 1)
        self.assertEqual(found.orphans, Orphans(1, 8019 * MS, 26, 390 * MICRO_USD))
        # From the cancel's arrival at 5.04 s to the call's end at 10.075 s, and the whole search.
        self.assertEqual([found.books[kind]["used_after_cancel"] for kind in ("llm", "tool")], [5035 * MS, 3 * SECOND])

    def test_what_an_orphan_starts_later_is_used_after_the_cancel_too(self):
        # It searches from 72 ms to 3.072 s, calls the model at 3.079 s, and ends at 13.084 s.
        found = tree_of([COMPANY], TREE[::-1], cancel=[{"after": "1s"}], policy=AT_ONCE)
        self.expect(found.row, stopped_s=1040 * MS, tokens_used_after_cancel=150, orphan_s=12044 * MS)
        self.assertEqual(found.orphans, Orphans(1, 12044 * MS, 150, 1050 * MICRO_USD))
        self.assertEqual([found.books[kind]["used_after_cancel"] for kind in ("llm", "tool")], [10 * SECOND, 2032 * MS])

    def test_a_failure_of_an_orphan_is_its_own(self):
        # Left at 0.5 s; it fails at 1.08 s, and never makes its second call.
        found = tree_of([COMPANY], [{"llm": "broken"}, {"llm": "slow"}], cancel=[{"after": "460ms"}], policy=AT_ONCE)
        self.expect(found.row, outcome="cancelled", tokens_saved=0, tokens_forgone=150, orphan_s=580 * MS)

    def test_a_child_that_was_told_leaves_the_child_that_is_not(self):
        # head hears at 5.07 s and leaves company, which started at 100 ms, 4.965 s into its call. It ends at 13.114 s.
        services = agents(head={"workflow": [COMPANY]}, company={"workflow": TREE, "propagate": False})
        found = tree_of([{"agent": "head"}], services=services, cancel=[{"after": "5s"}], policy=AT_ONCE)
        self.expect(found.row, stopped_s=5100 * MS, interrupted=1, tokens_saved=0)
        self.assertEqual(found.orphans, Orphans(1, 8044 * MS, 26, 390 * MICRO_USD))

    def test_what_an_orphan_starts_is_part_of_it(self):
        # bureau, left at 5.04 s, waits for team, which ends at 13.114 s, and ends when it knows, at 13.144 s.
        services = agents(bureau={"workflow": [TEAM], "propagate": False}, team={"workflow": TREE})
        found = tree_of([{"agent": "bureau"}], services=services, cancel=[{"after": "5s"}], policy=AT_ONCE)
        self.expect(found.row, stopped_s=5040 * MS, interrupted=1)
        self.assertEqual(found.orphans, Orphans(1, 8104 * MS, 26, 390 * MICRO_USD))

    def test_a_reply_is_before_the_leaving_of_its_instant(self):
        found = tree_of([COMPANY], cancel=[{"after": "13.074s"}], policy=AT_ONCE)
        self.expect(found.row, stopped_s=13114 * MS, operations_done=1, interrupted=0, orphan_s=0)

    def test_a_child_whose_reply_is_on_the_wire_is_no_orphan(self):
        found = tree_of([COMPANY], cancel=[{"after": "13.05s"}], policy=AT_ONCE)
        self.expect(found.row, stopped_s=13090 * MS, operations_done=1, interrupted=0)
        self.assertEqual(found.orphans, Orphans())

    def test_the_end_of_a_child_at_the_leaving_is_left_open(self):
        with self.assertRaises(Ambiguous):
            tree_of([COMPANY], cancel=[{"after": "13.044s"}], policy=AT_ONCE)


class TimingOut(OracleTest):
    def test_a_child_that_is_told_ends_with_its_parent(self):
        # The child's call is cut off, 5 s into it; the agent's operation is not counted beside it.
        found = tree_of([TEAM], timeout="5.075s")
        self.expect(found.row, outcome="timed_out", stopped_s=5075 * MS, output_tokens_used=25, tokens_forgone=25, orphan_s=0)
        self.assertEqual(found.interrupted, {"llm": 1, "decompose": 0, "tool": 0, "agent": 0, "unsafe": 0})
        self.assertEqual(found.books["tool"]["forgone"], 3 * SECOND)

    def test_a_child_that_is_not_told_becomes_an_orphan(self):
        found = tree_of([COMPANY], timeout="5.075s", policy="never", cancel=[{"after": "1.035s"}])  # it arrives 1 s into the call
        self.expect(found.row, outcome="timed_out", tokens_forgone=0, interrupted=1, tokens_used_after_cancel=45, cancels_ignored=1)
        self.assertEqual(found.orphans, Orphans(1, 8009 * MS, 25, 375 * MICRO_USD))

    def test_a_told_child_of_a_cancelling_parent_is_cut_off_as_cancelled(self):
        # It hears at 2.07 s and would stop at 10.08 s.
        row = tree_of([TEAM], timeout="5.075s", cancel=[{"after": "2s"}]).row
        self.expect(row, outcome="cancelled", stopped_s=5075 * MS, tokens_saved=25, tokens_forgone=0, busy_saved_s=8 * SECOND)

    def test_a_child_that_has_not_heard_yet_is_cancelled_with_its_parent(self):
        row = tree_of([TEAM], timeout="5.075s", cancel=[{"after": "5.025s"}]).row  # it would hear at 5.095 s
        self.expect(row, outcome="cancelled", stopped_s=5075 * MS, tokens_saved=25, tokens_forgone=0)


class Timelines(unittest.TestCase):
    def test_a_child_that_fails_ends_early_but_not_in_the_plan(self):
        services = agents(team={"workflow": [{"llm": "broken"}, {"llm": "slow"}]})
        plan = plan_of(scenario([TEAM, {"transaction": "1s"}], links=LINKS, services=services))
        self.assertEqual((plan.end, plan.planned_end), (2110 * MS, 12120 * MS))


if __name__ == "__main__":
    unittest.main()
