"""Hand-worked cases for the oracle, and the comparison against a stand-in for the program. Run: python3 -m unittest"""

import contextlib
import csv
import io
import json
import sys
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

import check
from by_hand import LINKS, MICRO_USD, MS, SERVICES, STREAM, OracleTest, row_of, scenario
from generate import TIES, TIES_OF_CHILDREN, drawn, generate
from oracle import COLUMNS, results, rows
from plan import SECOND, Ambiguous, duration, plan_of

class Timing(OracleTest):
    def test_a_duration_is_whole_nanoseconds(self):
        self.assertEqual([duration(text) for text in ("250us", "1.5s", "2m", "0.000000001s")], [250000, 1500 * MS, 120 * SECOND, 1])

    def test_a_request_pays_every_link_twice(self):
        row = row_of([{"llm": "slow"}, {"tool": "search"}, {"transaction": "200ms"}, {"wait": "1s"}])
        # 40 ms, 10 s + 2 x 5 ms, 3 s + 2 x 2 ms, 0.2 s, 1 s, 40 ms
        self.expect(row, outcome="completed", stopped_s=14294 * MS, busy_used_s=13200 * MS, operations_done=3, tokens_delivered=50)
        self.expect(row, cost_used_usd=1050 * MICRO_USD, tokens_billed=150, cancel_sent_s=None, acknowledged_s=None, cancelled_in=None)

    def test_parallel_takes_as_long_as_its_longest_branch_and_numbers_depth_first(self):
        flow = [{"parallel": [{"agent": "helper"}, [{"tool": "search"}, {"decompose": "slow"}]]}, {"transaction": "1s"}]
        plan = plan_of(scenario(flow))
        self.assertEqual([op.kind for op in plan.operations], ["agent", "tool", "decompose", "transaction"])
        self.assertEqual(plan.end, (40 + 3004 + 10010 + 1000) * MS)

    def test_repeat_choose_and_counted_parallel_expand(self):
        flow = [
            {"repeat": {"times": 2, "do": [{"choose": [{"weight": 0, "do": []}, {"weight": 2, "do": [{"tool": "search"}]}]}]}},
            {"parallel": {"times": 3, "do": [{"transaction": "1s"}, {"transaction": "2s"}]}},
        ]
        self.expect(row_of(flow, links={}), operations_done=8, stopped_s=9 * SECOND, busy_used_s=15 * SECOND)

    def test_cached_input_grows_with_earlier_model_calls_only(self):
        services = {"llm": {"m": {"latency": "1s", "cached_input_tokens": {"first": 10, "per_call": 3}}}, "tool": {"t": {"latency": "1s"}}}
        flow = [{"decompose": "m"}, {"tool": "t"}, {"llm": "m"}, {"llm": "m"}]
        self.expect(row_of(flow, services=services), cached_input_tokens_used=10 + 13 + 16)

    def test_cached_input_costs_as_much_as_input_unless_priced(self):
        model = {"latency": "1s", "input_tokens": 2, "cached_input_tokens": 5, "output_tokens": 1}
        for price, cost in (({"input": 3, "output": 15}, 36), ({"input": 3, "cached_input": 1, "output": 15}, 26), ({"per_1k": 0.01}, 80)):
            services = {"llm": {"m": model | {"price": price}}}
            self.expect(row_of([{"llm": "m"}], services=services), cost_used_usd=cost * MICRO_USD)

    def test_arrivals(self):
        def arrived(**load):
            return [(row["arrived_s"], row["user"]) for row in rows(scenario([{"transaction": "1s"}], **load))]

        self.assertEqual(arrived(requests=2, arrivals={"constant": "4/s"}), [(0, "user-0"), (250 * MS, "user-0")])
        closed = {"closed": {"users": 2, "think": "5s"}}
        self.assertEqual(arrived(requests=3, arrivals=closed), [(0, "user-0"), (0, "user-1"), (6080 * MS, "user-0")])


class Cancelling(OracleTest):
    def test_a_cancel_waits_for_the_checkpoint(self):
        row = row_of([{"llm": "slow"}, {"llm": "slow"}], cancel=[{"after": "5s"}])
        self.expect(row, cancel_sent_s=5 * SECOND, acknowledged_s=5080 * MS, stopped_s=10050 * MS, outcome="cancelled")
        # It arrives 4.995 s after the call started: 24 tokens exist, 26 come after it.
        self.expect(row, cancelled_in="llm", operations_done=1, operations_planned=2, tokens_used_after_cancel=26)
        self.expect(row, tokens_saved=150, tokens_forgone=0, cost_saved_usd=1050 * MICRO_USD, busy_saved_s=10 * SECOND)
        self.expect(row, tokens_delivered=0, cancels_sent=1, cancels_too_late=0, interrupted=0)

    def test_never_runs_on_and_counts_what_came_after(self):
        row = row_of([{"llm": "slow"}, {"llm": "slow"}], cancel=[{"after": "5s"}], policy="never")
        self.expect(row, outcome="completed", stopped_s=20100 * MS, cancels_ignored=1, tokens_used_after_cancel=176, tokens_saved=0)

    def test_a_wait_is_cancelled_at_once(self):
        row = row_of([{"wait": "10s"}, {"llm": "slow"}], cancel=[{"after": "2s"}])
        self.expect(row, outcome="cancelled", stopped_s=2040 * MS, cancelled_in="none", input_tokens_used=0, tokens_saved=150)

    def test_a_queued_operation_is_withdrawn(self):
        row = row_of([{"llm": "slow"}], cancel=[{"after": "4ms"}])
        self.expect(row, stopped_s=44 * MS, cancelled_in="none", operations_done=0, tokens_saved=150, busy_saved_s=10 * SECOND)

    def test_a_cancel_right_behind_its_request_stops_it_before_anything_starts(self):
        row = row_of([{"transaction": "1s"}], cancel=[{"after": "0s"}])
        self.expect(row, stopped_s=40 * MS, cancelled_in="none", busy_used_s=0)

    def test_parallel_operations_in_progress_run_on_and_the_last_names_the_cancel(self):
        flow = [{"parallel": [[{"tool": "search"}, {"llm": "slow"}], {"agent": "helper"}, {"wait": "1m"}]}]
        row = row_of(flow, cancel=[{"after": "1s"}])
        self.expect(row, stopped_s=8100 * MS, cancelled_in="agent", operations_done=2, busy_used_s=11 * SECOND)

    def test_a_reply_on_the_wire_is_still_in_progress(self):
        row = row_of([{"llm": "slow"}], cancel=[{"after": "10.007s"}])  # arrives at 10.047 s, after the end at 10.045 s
        self.expect(row, outcome="cancelled", stopped_s=10050 * MS, cancelled_in="llm", tokens_used_after_cancel=0, tokens_delivered=0)

    def test_a_cancel_that_crosses_the_answer_is_too_late(self):
        row = row_of([{"llm": "slow"}], cancel=[{"after": "10.02s"}])
        self.expect(row, outcome="completed", cancels_sent=1, cancels_too_late=1, acknowledged_s=10100 * MS, cancelled_in=None)

    def test_no_cancel_is_sent_once_the_answer_is_there_unless_asked_for(self):
        self.expect(row_of([{"llm": "slow"}], cancel=[{"after": "10.1s"}]), cancels_sent=0, cancel_sent_s=None)
        row = row_of([{"llm": "slow"}], cancel=[{"after": "10.1s", "even_if_finished": True}])
        self.expect(row, cancels_sent=1, cancels_too_late=1, cancel_sent_s=10100 * MS)

    def test_copies_are_already_cancelled(self):
        source = {"after": "5s", "times": 9, "every": "1s"}  # the client has its answer at 10.09 s: sent at 5, 6, … 10 s
        self.expect(row_of([{"llm": "slow"}], cancel=[source]), cancels_sent=6, cancels_already_cancelled=5)
        self.expect(row_of([{"llm": "slow"}], cancel=[source | {"even_if_finished": True}]), cancels_sent=9, cancels_already_cancelled=8)
        self.expect(row_of([{"llm": "slow"}], cancel=[source], policy="never"), cancels_ignored=6, cancels_too_late=0)

    def test_the_first_of_several_sources_decides(self):
        sources = [{"after": "8s"}, {"during": {"kind": "llm", "at": 0.25}}, {"probability": 0, "after": "1s"}]
        row = row_of([{"tool": "search"}, {"llm": "slow"}], cancel=sources)
        self.expect(row, cancel_sent_s=5549 * MS, stopped_s=13054 * MS, cancels_sent=2, cancels_already_cancelled=1)

    def test_during_an_operation_that_never_starts_sends_nothing(self):
        flow = [{"llm": "broken"}, {"llm": "slow"}]
        self.expect(row_of(flow, cancel=[{"during": {"operation": 2, "at": 0}}]), outcome="failed", cancels_sent=0)

    def test_during_request_counts_from_the_server(self):
        row = row_of([{"transaction": "4s"}, {"wait": "4s"}], cancel=[{"during": {"request": 0.25}}])
        self.expect(row, cancel_sent_s=2040 * MS, stopped_s=4040 * MS, cancelled_in="transaction")


class Budgets(OracleTest):
    def test_a_budget_is_exceeded_not_met(self):
        for limit, sent in ((150, 20060), (149, 10050)):
            row = row_of([{"llm": "slow"}] * 3, cancel=[{"when": {"tokens_over": limit}}])
            self.expect(row, cancel_sent_s=sent * MS, outcome="cancelled", stopped_s=(sent + 10010) * MS)

    def test_without_a_client_link_the_next_operation_is_not_started(self):
        row = row_of([{"llm": "slow"}] * 3, cancel=[{"when": {"cost_over": 0.00105}}], links={})
        self.expect(row, cancel_sent_s=20 * SECOND, stopped_s=20 * SECOND, cancelled_in="none", operations_done=2, tokens_saved=150)

    def test_after_the_last_operation_it_is_too_late(self):
        for links in ({}, LINKS):
            row = row_of([{"llm": "slow"}], cancel=[{"when": {"tokens_over": 1}}], links=links)
            self.expect(row, outcome="completed", cancels_sent=1, cancels_too_late=1)


class Streaming(OracleTest):
    def test_chunks_and_tokens_of_a_stream(self):
        row = row_of([{"llm": "slow"}, STREAM])
        self.expect(row, chunks_sent=3, tokens_delivered=10)
        self.expect(row_of([STREAM, {"llm": "slow"}]), chunks_sent=3, tokens_delivered=60)

    def test_no_chunk_follows_a_cancel(self):
        # It starts at 45 ms; tokens 4, 8 and 10 reach the request at 1.35, 1.75 and 1.95 s, the client 40 ms later.
        row = row_of([STREAM], cancel=[{"after_chunks": 2}])
        self.expect(row, cancel_sent_s=1790 * MS, chunks_sent=2, tokens_delivered=8, stopped_s=1950 * MS, outcome="cancelled")
        self.expect(row, tokens_used_after_cancel=2)  # sent 1.79, received 1.83: tokens 9 (1.845) and 10 are still to come
        row = row_of([STREAM], cancel=[{"after_chunks": 2}], policy="never")
        self.expect(row, chunks_sent=3, tokens_delivered=10, tokens_used_after_cancel=2)

    def test_the_last_chunk_is_there_before_the_answer(self):
        self.expect(row_of([STREAM], cancel=[{"after_chunks": 3}]), cancels_sent=1, cancels_too_late=1, outcome="completed")
        self.expect(row_of([STREAM], cancel=[{"after_chunks": 4}]), cancels_sent=0)


class TimeoutsAndFailures(OracleTest):
    def test_a_timeout_cuts_off_and_bills_as_the_service_says(self):
        # Cut 5 s after the start: 25 of 50 tokens.
        for on_abort, billed in (("generated", 125), ("full", 150), ("input", 100), ("none", 0)):
            services = {"llm": {"slow": SERVICES["llm"]["slow"] | {"on_abort": on_abort}}}
            row = row_of([{"llm": "slow"}], services=services, timeout="5.045s")
            self.expect(row, outcome="timed_out", stopped_s=5045 * MS, output_tokens_used=25, input_tokens_used=100)
            self.expect(row, tokens_billed=billed, tokens_forgone=25, tokens_saved=0, interrupted=1, busy_used_s=5 * SECOND)
            self.expect(row, operations_done=0, tokens_delivered=0)

    def test_a_timeout_counts_transactions_in_full_and_withdraws_what_is_queued(self):
        flow = [{"parallel": [{"transaction": "9s"}, {"tool": "ledger"}, {"tool": "mailer"}, [{"wait": "2.999s"}, {"tool": "search"}]]}]
        (found,) = results(scenario(flow, timeout="3.04s"))["checkpoint"]
        # The mailer has worked from 0.042 to 3.04 s; the search, asked for at 3.039 s, starts only at 3.041 s.
        self.expect(found.row, outcome="timed_out", interrupted=1, operations_done=0, busy_used_s=(9000 + 4000 + 2998) * MS)
        self.assertEqual(found.interrupted, {"llm": 0, "decompose": 0, "tool": 1, "agent": 0, "unsafe": 1})

    def test_a_reply_on_the_wire_at_the_timeout_is_whole_and_done(self):
        row = row_of([{"agent": "helper"}], timeout="8.08s")  # the agent is done at 8.07 s, its reply is there at 8.1 s
        self.expect(row, outcome="timed_out", interrupted=0, operations_done=1, output_tokens_used=80, tokens_forgone=0)

    def test_a_request_whose_time_is_up_as_it_arrives_starts_nothing(self):
        for flow in ([{"llm": "slow"}], [{"transaction": "1s"}], [{"wait": "0s"}]):
            for timeout in ("10ms", "40ms"):
                row = row_of(flow, timeout=timeout)
                self.expect(row, outcome="timed_out", stopped_s=duration(timeout), operations_done=0, busy_used_s=0, tokens_billed=0)

    def test_a_cancel_is_too_late_for_a_request_whose_time_was_up_but_not_at_its_very_end(self):
        row = row_of([{"llm": "slow"}], timeout="39ms", cancel=[{"after": "0s"}])
        self.expect(row, outcome="timed_out", cancels_sent=1, cancels_too_late=1)
        self.expect(row_of([{"llm": "slow"}], timeout="40ms", cancel=[{"after": "0s"}]), outcome="cancelled", stopped_s=40 * MS)

    def test_a_cancelling_request_is_cut_off_by_its_timeout_and_stays_cancelled(self):
        row = row_of([{"llm": "slow"}, {"llm": "slow"}], cancel=[{"after": "2s"}], timeout="5.045s")
        self.expect(row, outcome="cancelled", stopped_s=5045 * MS, interrupted=1, tokens_saved=175, tokens_used_after_cancel=16)

    def test_a_failing_tool_is_fed_back_and_a_failing_model_ends_the_request(self):
        row = row_of([{"tool": "flaky"}, {"llm": "broken"}, {"llm": "slow"}])
        self.expect(row, outcome="failed", operations_done=2, stopped_s=3054 * MS, tokens_forgone=150, output_tokens_used=4)

    def test_siblings_of_a_failure_run_to_their_end_and_nothing_starts(self):
        flow = [{"parallel": [{"llm": "broken"}, [{"tool": "search"}, {"llm": "slow"}], [{"wait": "2s"}, {"tool": "mailer"}]]}]
        self.expect(row_of(flow), outcome="failed", stopped_s=3044 * MS, operations_done=2, operations_planned=4)
        row = row_of(flow, cancel=[{"after": "2s"}])  # the failure is known at 1.05 s, the search is waited for
        self.expect(row, outcome="cancelled", stopped_s=3044 * MS, cancelled_in="tool", tokens_saved=0, tokens_forgone=150)

    def test_only_what_would_have_been_reached_is_saved(self):
        flow = [{"tool": "search"}, {"agent": "helper"}, {"llm": "broken"}, {"llm": "slow"}]
        row = row_of(flow, cancel=[{"after": "1s"}])
        self.expect(row, outcome="cancelled", tokens_saved=104, tokens_forgone=150, busy_saved_s=9 * SECOND)


class Ties(OracleTest):
    def test_an_after_cancel_is_seen_by_the_checkpoint_of_its_instant(self):
        (found,) = results(scenario([{"llm": "slow"}], cancel=[{"after": "10.01s"}]))["checkpoint"]
        self.expect(found.row, outcome="cancelled", stopped_s=10050 * MS, cancelled_in="llm", operations_done=1)
        self.assertEqual(found.discarded, 1)

    def test_during_at_the_end_is_before_the_reply(self):
        for links in ({}, {"client": "5ms", "llm": "5ms"}):
            row = row_of([{"llm": "slow"}, {"llm": "slow"}], cancel=[{"during": {"operation": 1, "at": 1}}], links=links)
            self.expect(row, outcome="cancelled", cancelled_in="llm", operations_done=1, tokens_saved=150, tokens_used_after_cancel=0)

    def test_a_reply_is_before_the_timeout(self):
        self.expect(row_of([{"llm": "slow"}], timeout="10.05s"), outcome="completed", stopped_s=10090 * MS)
        row = row_of([{"llm": "slow"}, {"llm": "slow"}], timeout="10.05s")
        self.expect(row, outcome="timed_out", operations_done=1, tokens_forgone=150, interrupted=0)

    def test_a_cancel_is_before_the_timeout(self):
        row = row_of([{"llm": "slow"}], timeout="5.045s", cancel=[{"after": "5.005s"}])
        self.expect(row, outcome="cancelled", stopped_s=5045 * MS, interrupted=1, tokens_saved=25, tokens_used_after_cancel=0)

    def test_an_after_cancel_due_with_the_answer_is_sent(self):
        self.expect(row_of([{"llm": "slow"}], cancel=[{"after": "10.09s"}]), cancels_sent=1, cancels_too_late=1)

    def test_what_the_rules_leave_open_is_refused(self):
        with self.assertRaises(Ambiguous):
            row_of([{"llm": "slow"}, {"llm": "slow"}], links={}, timeout="10s")


class Generated(unittest.TestCase):
    def test_every_generated_scenario_survives_the_file_and_balances(self):
        for number in range(300):
            made, found = generate(7, number)
            self.assertEqual(yaml.safe_load(check.yaml_of(made)), made)
            for result in (result for of_policy in found.values() for result in of_policy):
                self.assertEqual(list(result.row), COLUMNS)
                for book in result.books.values():
                    self.assertEqual(book["planned"], book["used"] + book["saved"] + book["forgone"])
                    self.assertGreaterEqual(min(value for value in book.values() if value is not None), 0)
                    self.assertLessEqual(book["used_after_cancel"] or 0, book["used"])

    def test_the_generator_is_a_function_of_seed_and_number(self):
        self.assertEqual(generate(3, 17)[0], generate(3, 17)[0])
        self.assertNotEqual(drawn(3, 17, 0), drawn(4, 17, 0))

    def test_every_family_of_ties_occurs(self):
        seen = {generate(1, number)[0]["description"] for number in range(600)}
        self.assertLessEqual({family.__doc__ for family in TIES + TIES_OF_CHILDREN}, seen)


def stand_in(spoil):
    """A replacement for check.run_program that writes what the oracle says, after `spoil(rows, document)`."""

    def run(_, files, out):
        for file in files:
            made = yaml.safe_load(file.read_text())
            found = results(made)
            lines = [dict(result.row) for of_policy in found.values() for result in of_policy]
            document = {"policies": [{"policy": name} | check.expected_totals(rs) for name, rs in found.items()]}
            spoil(lines, document)
            folder = out / made["scenario"]
            folder.mkdir(parents=True)
            (folder / "results.json").write_text(json.dumps(document))
            with (folder / "requests.csv").open("w", newline="") as stream:
                writer = csv.DictWriter(stream, COLUMNS)
                writer.writeheader()
                writer.writerows({c: printed(c, value) for c, value in line.items()} for line in lines)

    return run


def printed(column, value):
    """A field as the program would print it."""
    scale = check.scale_of(column)
    return "" if value is None else str(Decimal(value) / scale) if scale else str(value).split("|")[0]


class Comparing(unittest.TestCase):
    def compare(self, spoil):
        """The number of rows compared by a check of a stand-in that spoils its output."""
        self.addCleanup(setattr, check, "run_program", check.run_program)
        check.run_program = stand_in(spoil)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            return check.check("stand-in", 20, 5, Path(folder))

    def test_equal_output_passes(self):
        self.assertGreater(self.compare(lambda lines, document: None), 20)

    def test_one_nanosecond_is_noticed(self):
        def spoil(lines, _):
            lines[-1]["stopped_s"] += 1

        with self.assertRaisesRegex(check.Mismatch, "stopped_s: expected"):
            self.compare(spoil)

    def test_a_wrong_total_is_noticed(self):
        def spoil(_, document):
            document["policies"][0]["tokens"]["used"] += 1

        with self.assertRaisesRegex(check.Mismatch, "tokens, used: expected"):
            self.compare(spoil)


if __name__ == "__main__":
    unittest.main()
