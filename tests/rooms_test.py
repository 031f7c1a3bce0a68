"""The sources keep the folder rule (rooms.py), and the rule notices when one of them does not."""

import tempfile
import unittest
from pathlib import Path

from rooms import broken_rules, circles

ROOT = Path(__file__).resolve().parents[1]


class Tree:
    """A small tree of sources, gone at the end."""

    def __init__(self, **files):
        self.folder = tempfile.TemporaryDirectory()
        for name, lines in files.items():
            folder, _, file = name.rpartition("__")
            path = Path(self.folder.name) / folder.replace("__", "/") / (file.replace("_hpp", ".hpp").replace("_cpp", ".cpp"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"#include {line}\n" for line in lines), encoding="utf-8")

    def __enter__(self):
        return self.folder.name

    def __exit__(self, *_):
        self.folder.cleanup()


class FolderRule(unittest.TestCase):
    def test_the_sources_keep_it(self):
        self.assertEqual(broken_rules(ROOT), [])

    def test_a_folder_may_know_those_to_its_left(self):
        with Tree(sim__time_hpp=[], app__main_cpp=['"sim/time.hpp"', "<CLI/CLI.hpp>"]) as root:
            self.assertEqual(broken_rules(root), [])

    def test_an_edge_to_the_right_is_named(self):
        with Tree(sim__time_hpp=['"model/plan.hpp"'], model__plan_hpp=[]) as root:
            self.assertEqual(broken_rules(root), ["sim/time.hpp includes model/plan.hpp: sim may not know model"])

    def test_rooms_side_by_side_may_not_know_each_other(self):
        with Tree(doors__muxi__a_cpp=['"doors/world/b.hpp"'], doors__world__b_hpp=[]) as root:
            self.assertEqual(broken_rules(root), ["doors/muxi/a.cpp includes doors/world/b.hpp: doors/muxi may not know doors/world"])

    def test_http_knows_nothing_of_ours_and_the_live_run_nothing_of_http(self):
        with Tree(
            doors__http__a_cpp=['"sim/time.hpp"'], doors__live__b_cpp=['"doors/http/a.hpp"'], sim__time_hpp=[]
        ) as root:
            self.assertEqual(
                broken_rules(root),
                [
                    "doors/http/a.cpp includes sim/time.hpp: doors/http may not know sim",
                    "doors/live/b.cpp includes doors/http/a.hpp: doors/live may not know doors/http",
                ],
            )

    def test_header_and_source_count_as_one_file_in_a_circle(self):
        with Tree(sim__a_hpp=[], sim__a_cpp=['"sim/a.hpp"', '"sim/b.hpp"'], sim__b_hpp=['"sim/a.hpp"']) as root:
            self.assertEqual(broken_rules(root), ["a circle of files: sim/a sim/b"])

    def test_a_long_circle_is_found_once(self):
        graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"a"}}
        self.assertEqual(circles(graph), [["a", "b", "c"]])

    def test_a_library_out_of_its_place_is_named(self):
        with Tree(actors__a_cpp=["<caf/actor.hpp>"]) as root:
            self.assertEqual(broken_rules(root), ["actors/a.cpp includes <caf/actor.hpp>, which is for engines"])

    def test_a_test_to_the_left_of_what_it_includes_is_named(self):
        with Tree(tests__sim__a_test_cpp=['"model/plan.hpp"'], model__plan_hpp=[]) as root:
            self.assertEqual(
                broken_rules(root), ["tests/sim/a_test.cpp includes model/plan.hpp: a test of sim may not know model"]
            )

    def test_a_file_without_a_room_is_named(self):
        with Tree(scenarios__a_cpp=[], doors__attic__b_hpp=[]) as root:
            self.assertEqual(
                broken_rules(root),
                [
                    "scenarios/a.cpp: its folder has no place in the rule",
                    "doors/attic/b.hpp: its folder has no place in the rule",
                ],
            )


if __name__ == "__main__":
    unittest.main()
