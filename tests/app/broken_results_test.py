"""Results whose files are broken somewhere: refused with file and line, or the same report; never a crash, never a library's words."""

import json
import random
import re
import unittest

import command_line_test as program

BAD_CELLS = ("", "x", "-1", "1.5.2", "1e999", "9" * 30, "nan", "\x1b[31m", "0x10")
BAD_VALUES = ("1e999", "-1e999", "null", "true", '"x"', "[]", "{}", "-1", "1.5", "9" * 40, '"\\u001b"')
PLACE = r"^caesura: .*(results\.json|requests\.csv):\d+(:\d+)?: ."


class BrokenResults(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.succeeds("run", "tiny.yaml", "--requests", "12", "--out", "good", "--engine", "direct")
        (self.folder / "good" / "scenario.yaml").unlink()  # what is in it is another test's
        self.succeeds("run", "tiny.yaml", "--requests", "12", "--out", "broken", "--engine", "direct")
        (self.folder / "broken" / "scenario.yaml").unlink()
        self.files = {name: (self.folder / "good" / name).read_text() for name in ("results.json", "requests.csv")}
        self.write("broken/results.json", self.files["results.json"])

    def outcome(self, *arguments):
        """(exit status, stdout), of what has ended as it may."""
        run = self.caesura(*arguments)
        self.assertIn(run.returncode, (0, 2), run)
        self.assertNotIn("json.exception", run.stderr)
        if run.returncode == 2:
            self.assertEqual((run.stdout, len(run.stderr.splitlines())), ("", 1))
            self.assertRegex(run.stderr, PLACE)
        else:
            self.assertEqual(run.stderr, "")
        return run.returncode, run.stdout

    def report(self):
        return self.outcome("report", "broken", "--html", "-")

    def compare(self):
        return self.outcome("compare", "good", "broken", "--all")

    def test_a_line_of_requests_csv_that_is_missing_doubled_or_out_of_order_is_refused(self):
        lines = self.files["requests.csv"].splitlines(keepends=True)
        self.assertEqual(len(lines), 1 + 2 * 12)
        for i in range(1, len(lines)):
            swapped = lines[:i] + lines[i : i + 2][::-1] + lines[i + 2 :]
            for what, broken in {"missing": lines[:i] + lines[i + 1 :], "doubled": lines[: i + 1] + lines[i:], "swapped": swapped}.items():
                if broken == lines:
                    continue
                self.write("broken/requests.csv", "".join(broken))
                with self.subTest(what, line=i + 1):
                    self.assertEqual(self.report()[0], 2)
                    self.assertEqual(self.compare()[0], 2)
        self.write("broken/requests.csv", "".join(lines[:4] + lines[5:]))
        self.refused("report", "broken", "--html", "page.html", says=r"broken/requests\.csv:5: request 3 of policy 'never' is missing before this line")

    def test_a_cell_of_requests_csv_is_refused_or_does_not_matter(self):
        rng = random.Random(5)
        self.write("broken/requests.csv", self.files["requests.csv"])
        page = self.report()
        self.assertEqual(page[0], 0)
        lines = [line.split(",") for line in self.files["requests.csv"].splitlines()]
        refused = 0
        for column in range(len(lines[0])):
            for row in (0, rng.randrange(1, 13), rng.randrange(13, 25)):
                cells = [list(line) for line in lines]
                cells[row][column] = rng.choice(BAD_CELLS)
                self.write("broken/requests.csv", "".join(",".join(line) + "\n" for line in cells))
                with self.subTest(row=row, column=lines[0][column], cell=cells[row][column]):
                    status, shown = self.report()
                    self.assertTrue(status == 2 or shown == page[1])
                    refused += status == 2
                    self.compare()
        self.assertGreater(refused, 10)

    def test_a_line_of_results_json_is_refused_or_can_be_read(self):
        rng = random.Random(6)
        lines = self.files["results.json"].splitlines()
        for _ in range(150):
            broken = list(lines)
            i = rng.randrange(len(lines))
            what = rng.choice(("value", "value", "value", "missing", "doubled", "swapped", "cut"))
            if what == "value":
                broken[i] = re.sub(r'(": )[^{\[,]+', lambda match: match.group(1) + rng.choice(BAD_VALUES), broken[i])
            elif what == "missing":
                del broken[i]
            elif what == "doubled":
                broken.insert(i, broken[i])
            elif what == "swapped":
                broken[i : i + 2] = broken[i : i + 2][::-1]
            else:
                broken = broken[: i + 1]
            self.write("broken/results.json", "\n".join(broken))
            with self.subTest(what, line=i + 1, is_now=broken[min(i, len(broken) - 1)]):
                self.report()
                self.compare()

    def test_a_number_that_is_too_large_is_named_with_its_line(self):
        text = self.files["results.json"]
        number = json.loads(text)["run"]["wall_seconds"]
        line = next(i for i, l in enumerate(text.splitlines(), 1) if "wall_seconds" in l)
        self.write("broken/results.json", text.replace(f'"wall_seconds": {number}', '"wall_seconds": 1e999'))
        for arguments in (("report", "broken", "--html", "page.html"), ("compare", "broken", "good")):
            self.refused(*arguments, says=rf"broken/results\.json:{line}: the number '1e999' is too large$")

    def test_what_is_missing_is_named_with_the_line_of_what_it_is_missing_in(self):
        text = self.files["results.json"]
        lines = text.splitlines()
        line = next(i for i, l in enumerate(lines, 1) if '"cost_usd": {' in l)
        del lines[line]  # its first member
        self.write("broken/results.json", "\n".join(lines))
        self.refused("report", "broken", "--html", "page.html", says=rf"broken/results\.json:{line}: policies\.0\.cost_usd\.planned is missing")


if __name__ == "__main__":
    program.main()
