"""Hand-worked cases for what is drawn: the generator's known answers, and places and rounds."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import draws
from by_hand import scenario
from draws import Draws, philox
from plan import SECOND, Planner, duration, plan_of

LLM, TOOL, WAIT = {"llm": "slow"}, {"tool": "search"}, {"wait": "1s"}


class KeysSeen(Planner):
    """Notes the key of each operation."""

    def __init__(self, made):
        super().__init__(made, Draws(1, 0), as_planned=False)
        self.keys = []

    def operation(self, step, at):
        self.keys.append(self.key(step))
        return super().operation(step, at)


def keys_of(workflow):
    planner = KeysSeen(scenario(workflow))
    planner.whole(workflow, 0)
    return planner.keys


def repeat(times, *do):
    return {"repeat": {"times": times, "do": list(do)}}


class Generator(unittest.TestCase):
    def test_philox_gives_the_known_answers_of_its_authors(self):
        answers = (
            ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
            ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        )
        for counter, key, words in answers:
            self.assertEqual(philox(counter, key), words)

    def test_one_of_several_is_drawn_from_the_least_to_the_greatest(self):
        drawn = [Draws(1, n) for n in range(200)]
        one = [draw.value({"empirical": ["1m", "2s", "1s"]}, duration, 1, draws.LATENCY) for draw in drawn]
        self.assertEqual(set(one), {SECOND, 2 * SECOND, 60 * SECOND})
        by_number = [found for _, found in sorted((draw.odd(1, draws.LATENCY), found) for draw, found in zip(drawn, one))]
        self.assertEqual(by_number, sorted(one))
        counts = {draw.value({"uniform": [2, 4]}, int, 1, draws.REPEAT_TIMES) for draw in drawn}
        self.assertEqual(counts, {2, 3, 4})


class PlacesAndRounds(unittest.TestCase):
    def test_a_plain_list_goes_by_running_numbers(self):
        self.assertEqual(keys_of([LLM, TOOL, {"transaction": "1s"}]), [1, 2, 3])

    def test_steps_of_every_kind_have_a_place(self):
        self.assertEqual(keys_of([WAIT, LLM, {"parallel": [[TOOL, WAIT], LLM]}, TOOL]), [2, 4, 6, 7])
        self.assertEqual(keys_of([{"choose": [{"weight": 0, "do": [LLM, LLM]}, {"weight": 1, "do": [TOOL]}]}, LLM]), [4, 5])

    def test_a_round_is_all_places_on_and_counts_over_the_whole_plan(self):
        self.assertEqual(keys_of([repeat(3, LLM, TOOL), LLM]), [2, 3, 6, 7, 10, 11, 4])
        self.assertEqual(keys_of([{"parallel": {"times": 2, "do": [LLM]}}, TOOL]), [2, 5, 3])
        self.assertEqual(keys_of([repeat(2, LLM, repeat(3, TOOL), LLM)]), [2, 4, 9, 14, 5, 7, 19, 24, 29, 10])
        self.assertEqual(keys_of([repeat(0, LLM), TOOL]), [3])

    def test_other_rounds_do_not_move_a_step(self):
        services = {"llm": {"m": {"latency": {"empirical": ["1s", "2s", "3s", "5s"]}}}, "tool": {"t": {"latency": "1s"}}}
        for request in range(20):
            lasts = set()
            for times in range(5):
                made = scenario([repeat(times, {"tool": "t"}), {"llm": "m"}], services=services)
                lasts.add(plan_of(made, request).operations[-1].lasts)
            self.assertEqual(len(lasts), 1)


if __name__ == "__main__":
    unittest.main()
