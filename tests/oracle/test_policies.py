"""Hand-worked cases for the policies. Cancels are sent at `after` and arrive 40 ms later; `slow` starts at 45 ms."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import LINKS, MICRO_USD, MS, SERVICES, OracleTest, result_of, row_of, scenario
from oracle import results
from plan import SECOND, Ambiguous

AT_ONCE = {"abort": {"detect": "0s"}}


class Aborting(OracleTest):
    def test_a_call_is_stopped_25_ms_after_the_cancel(self):
        # The cancel arrives at 5.04 s, 4.995 s into the call: 24 tokens exist. At 5.065 s, 5.02 s into it, there are 25.
        row = row_of([{"llm": "slow"}, {"llm": "slow"}], cancel=[{"after": "5s"}], policy="abort")
        self.expect(row, outcome="cancelled", stopped_s=5065 * MS, cancelled_in="llm", operations_done=0, interrupted=1)
        self.expect(row, input_tokens_used=100, output_tokens_used=25, tokens_used_after_cancel=1, tokens_saved=175)
        self.expect(row, cost_used_usd=675 * MICRO_USD, cost_saved_usd=1425 * MICRO_USD)
        self.expect(row, busy_used_s=5020 * MS, busy_saved_s=14980 * MS)

    def test_a_token_due_at_the_abort_exists(self):
        # The cancel arrives at 5.045 s, 5 s into the call: token 25 is due then.
        row = row_of([{"llm": "slow"}], cancel=[{"after": "5.005s"}], policy=AT_ONCE)
        self.expect(row, stopped_s=5045 * MS, output_tokens_used=25, tokens_used_after_cancel=0, busy_used_s=5 * SECOND)
        row = row_of([{"llm": "slow"}], cancel=[{"after": "5.004999999s"}], policy=AT_ONCE)
        self.expect(row, stopped_s=5045 * MS - 1, output_tokens_used=24)

    def test_what_is_billed_is_the_services_affair(self):
        # 100 input tokens at 3 and 25 or 50 output tokens at 15 millionths of a dollar; 1050 were planned.
        for on_abort, tokens, cost in (("generated", 125, 675), ("full", 150, 1050), ("input", 100, 300), ("none", 0, 0)):
            services = {"llm": {"slow": SERVICES["llm"]["slow"] | {"on_abort": on_abort}}}
            row = row_of([{"llm": "slow"}], cancel=[{"after": "5.005s"}], policy=AT_ONCE, services=services)
            self.expect(row, tokens_billed=tokens, cost_used_usd=cost * MICRO_USD, cost_saved_usd=(1050 - cost) * MICRO_USD)
            self.expect(row, output_tokens_used=25, tokens_saved=25)

    def test_only_the_kinds_named_are_aborted(self):
        # Both start by 45 ms; the tool is cut off at 1.04 s, 0.998 s into its work, the model is waited for.
        flow = [{"parallel": [{"llm": "slow"}, {"tool": "search"}]}, {"tool": "search"}]
        row = row_of(flow, cancel=[{"after": "1s"}], policy={"abort": {"operations": ["tool"], "detect": "0s"}})
        self.expect(row, stopped_s=10050 * MS, cancelled_in="llm", operations_done=1, interrupted=1, busy_used_s=10998 * MS)

    def test_a_decomposition_is_a_kind_of_its_own(self):
        for operations, stop in ((["llm"], 10050), (["decompose"], 1040)):
            row = row_of([{"decompose": "slow"}], cancel=[{"after": "1s"}], policy={"abort": {"operations": operations, "detect": "0s"}})
            self.expect(row, stopped_s=stop * MS, cancelled_in="decompose")

    def test_transactions_run_to_their_end(self):
        for flow, stop in (([{"transaction": "4s"}], 4040), ([{"tool": "ledger"}], 4044)):
            row = row_of(flow + [{"llm": "slow"}], cancel=[{"after": "1s"}], policy=AT_ONCE)
            self.expect(row, stopped_s=stop * MS, operations_done=1, interrupted=0, busy_used_s=4 * SECOND, tokens_saved=150)

    def test_queued_operations_and_waits_end_at_once(self):
        flow = [{"parallel": [{"llm": "slow"}, [{"wait": "4.999s"}, {"tool": "search"}], {"wait": "1m"}]}]
        row = row_of(flow, cancel=[{"after": "5s"}], policy=AT_ONCE)  # the search, asked for at 5.039 s, would start at 5.041 s
        self.expect(row, stopped_s=5040 * MS, interrupted=1, output_tokens_used=24, busy_used_s=4995 * MS)
        row = row_of([{"wait": "10s"}, {"llm": "slow"}], cancel=[{"after": "2s"}], policy="abort")
        self.expect(row, stopped_s=2040 * MS, cancelled_in="none", interrupted=0)

    def test_further_cancels_are_already_cancelled(self):
        row = row_of([{"llm": "slow"}], cancel=[{"after": "5s", "times": 3, "every": "20ms"}], policy="abort")
        self.expect(row, stopped_s=5065 * MS, cancels_sent=3, cancels_already_cancelled=2)  # the answer arrives at 5.105 s

    def test_the_timeout_does_not_wait_for_the_abort(self):
        row = row_of([{"llm": "slow"}], cancel=[{"after": "5s"}], timeout="5.05s", policy="abort")
        self.expect(row, outcome="cancelled", stopped_s=5050 * MS, interrupted=1, output_tokens_used=25, tokens_saved=25)

    def test_what_an_aborted_call_used_toward_a_budget_is_left_open(self):
        flow = [{"parallel": [{"llm": "slow"}, {"transaction": "6s"}]}]
        sources = [{"after": "5s"}, {"when": {"tokens_over": 100}}]
        with self.assertRaises(Ambiguous):
            row_of(flow, cancel=sources, policy=AT_ONCE)


class AbortsAndReplies(OracleTest):
    """The search is asked for at 40 ms, done at 3.042 s, and its reply is there at 3.044 s."""

    flow = [{"tool": "search"}, {"llm": "slow"}]

    def test_a_reply_is_before_the_abort_of_its_instant(self):
        row = row_of(self.flow, cancel=[{"after": "2.96s"}], policy={"abort": {"detect": "44ms"}})
        self.expect(row, stopped_s=3044 * MS, operations_done=1, interrupted=0, tokens_saved=150, busy_used_s=3 * SECOND)

    def test_a_reply_on_the_wire_is_left_behind_whole(self):
        row = row_of(self.flow, cancel=[{"after": "2.96s"}], policy={"abort": {"detect": "43ms"}})
        self.expect(row, stopped_s=3043 * MS, operations_done=1, interrupted=0, cancelled_in="tool", busy_used_s=3 * SECOND)

    def test_a_cancel_and_its_abort_at_the_instant_of_a_reply_cut_nothing_off(self):
        found = result_of([{"tool": "search"}], cancel=[{"after": "3.004s"}], policy=AT_ONCE)
        self.expect(found.row, outcome="cancelled", stopped_s=3044 * MS, operations_done=1, interrupted=0, cancelled_in="tool")
        self.assertEqual(found.discarded, 1)

    def test_a_cancel_at_the_start_of_its_operation_aborts_it(self):
        links = LINKS | {"client": "0s"}  # the search starts at 2 ms, having worked for no time when it is cut off
        row = row_of(self.flow, cancel=[{"during": {"operation": 1, "at": 0}}], policy=AT_ONCE, links=links)
        self.expect(row, stopped_s=2 * MS, operations_done=0, interrupted=1, busy_used_s=0, busy_saved_s=13 * SECOND)


class Disconnecting(OracleTest):
    def test_a_model_notices_two_seconds_later(self):
        # At 7.04 s, 6.995 s into the call, 34 tokens exist; 24 did when the cancel came.
        row = row_of([{"llm": "slow"}], cancel=[{"after": "5s"}], policy="disconnect")
        self.expect(row, stopped_s=7040 * MS, interrupted=1, output_tokens_used=34, tokens_used_after_cancel=10, tokens_saved=16)

    def test_tools_and_agents_do_not_notice(self):
        for item, stop in (({"tool": "search"}, 3044), ({"agent": "helper"}, 8100)):
            row = row_of([item, {"llm": "slow"}], cancel=[{"after": "1s"}], policy={"disconnect": {"detect": "0s"}})
            self.expect(row, stopped_s=stop * MS, interrupted=0, operations_done=1, tokens_saved=150)


class Escalating(OracleTest):
    def test_it_is_a_checkpoint_at_first(self):
        row = row_of([{"tool": "search"}, {"llm": "slow"}], cancel=[{"after": "1s"}], policy="escalate")
        self.expect(row, stopped_s=3044 * MS, interrupted=0, operations_done=1)

    def test_what_is_still_in_progress_is_aborted_after_both_delays(self):
        # It starts at 42 ms. The cancel arrives at 0.54 s; 5 s and 25 ms later it has worked for 5.523 s.
        found = result_of([{"tool": "mailer"}], cancel=[{"after": "500ms"}], policy="escalate")
        self.expect(found.row, stopped_s=5565 * MS, operations_done=0, busy_used_s=5523 * MS)
        self.assertEqual(found.interrupted, {"llm": 0, "decompose": 0, "tool": 1, "agent": 0, "unsafe": 1})
        row = row_of([{"tool": "mailer"}], cancel=[{"after": "500ms"}], policy={"escalate": {"after": "1s", "detect": "0s"}})
        self.expect(row, stopped_s=1540 * MS, busy_used_s=1498 * MS)

    def test_a_reply_between_the_two_delays_is_in_time(self):
        # after ends at 3.04 s, before the reply at 3.044 s; the abort would take until 3.065 s.
        row = row_of([{"tool": "search"}], cancel=[{"after": "1s"}], policy={"escalate": {"after": "2s"}})
        self.expect(row, stopped_s=3044 * MS, operations_done=1, interrupted=0)


class Naming(unittest.TestCase):
    def test_one_kind_appears_under_several_names(self):
        given = ["checkpoint", {"abort": None}, {"named": "late", "abort": {"detect": "1s"}}, {"escalate": {}, "named": "patient"}]
        found = results(scenario([{"llm": "slow"}], cancel=[{"after": "5s"}], policy=given))
        stops = {name: result.row["stopped_s"] // MS for name, (result,) in found.items()}
        self.assertEqual(stops, {"checkpoint": 10050, "abort": 5065, "late": 6040, "patient": 10050})
        self.assertEqual([result.row["policy"] for (result,) in found.values()], list(found))


if __name__ == "__main__":
    unittest.main()
