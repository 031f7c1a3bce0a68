"""Numbers of scenario files, against exact fractions.

Whatever a program prints for a number is taken as that number or refused: thousands of decimals, as
Python, C, JavaScript and Go print doubles and as people write them, go through the readers
(read_numbers.cpp) and through Python's fractions. The seed is fixed.
"""

import argparse
import math
import random
import re
import subprocess
import sys
import unittest
from fractions import Fraction

ARGUMENTS = None
NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
YEAR = 365 * 24 * NANOSECONDS["h"]
TAKEN_DIGITS = 2**63 - 1


def javascript(x):
    """As JavaScript prints it: the digits of repr, exponents from 1e21 and below 1e-6."""
    digits, exponent = re.fullmatch(r"([-\d.]+?)(?:\.0)?e([-+]\d+)", f"{x!r}e+0" if "e" not in repr(x) else repr(x)).groups()
    if "e" not in repr(x):
        return digits
    power = int(exponent)
    if 1e-6 <= abs(x) < 1e21:
        return format(Fraction(repr(x)).numerator, "d") if power > 0 else f"{x:.30f}".rstrip("0")
    return f"{digits}e{power:+d}"


def printed(rng, x):
    """The double, as some program prints it."""
    return rng.choice((repr, lambda x: f"{x:.17g}", lambda x: f"{x:g}", lambda x: f"{x:.16e}", lambda x: f"{x:.15E}", lambda x: f"{x:f}", lambda x: f"{x:.40f}", javascript))(x)


def written(rng):
    """A decimal of any shape, as a person may write it: long, with zeros at both ends, with an exponent."""
    whole = "0" * rng.choice((0, 0, 0, 1, 40)) + str(rng.randrange(10 ** rng.choice((1, 1, 2, 3, 9, 19, 30))))
    fraction = "".join(rng.choice("0123456789") for _ in range(rng.choice((0, 0, 1, 2, 3, 9, 12, 16, 25, 60)))) + "0" * rng.choice((0, 0, 1, 30))
    exponent = rng.choice(("", "", "", "", "e3", "E-07", "e+16", "e-12", f"e{rng.randint(-40, 40)}", "e-000003"))
    return whole + ("." + fraction if fraction else "") + exponent


def decimals(rng, count, lowest, highest):
    """Decimals about as large as these powers of ten, and some that are not."""
    for _ in range(count):
        if rng.random() < 0.6:
            x = 10 ** rng.uniform(lowest, highest)
            yield printed(rng, rng.choice((x, x, round(x, 3), float(round(x)), 1 / x, x / 3)))
        else:
            yield written(rng)


class Numbers(unittest.TestCase):
    maxDiff = None

    def ask(self, lines):
        run = subprocess.run([ARGUMENTS.numbers], input="".join(f"{kind} {text}\n" for kind, text in lines), capture_output=True, text=True, check=True)
        answers = run.stdout.splitlines()
        self.assertEqual(len(answers), len(lines))
        return zip(lines, answers)

    def taken(self, answer):
        """The whole numbers, or None if it is refused; what is refused is refused with a reason."""
        if answer.startswith("! "):
            self.assertGreater(len(answer), 10, "refused without a word")
            return None
        return [int(n) for n in answer[2:].split()]

    def test_rates_are_exact_or_within_10_to_the_minus_18(self):
        rng = random.Random(1)
        texts = [("41.666666666666664", "s"), ("7.0710678118654755", "m"), ("1e-07", "s"), ("1e+16", "h"), ("0.1", "s"), ("1", "h"), ("1e9", "s"), ("3.6e12", "h")]
        texts += [(text, rng.choice("smh")) for text in decimals(rng, 6000, -6, 13)]
        kept = 0
        for (_, text), answer in self.ask([("rate", f"{number}/{unit}") for number, unit in texts]):
            number, unit = text.split("/")
            exact = Fraction(number) / NANOSECONDS[unit]
            taken = self.taken(answer)
            if taken is None:
                self.assertTrue(exact > 1 or exact < Fraction(1, YEAR), f"{text}: {answer}")
                continue
            kept += 1
            requests, per = taken
            self.assertTrue(0 < requests <= per <= TAKEN_DIGITS, f"{text}: {answer}")
            self.assertEqual(math.gcd(requests, per), 1, text)
            rate = Fraction(requests, per)
            if exact.denominator <= TAKEN_DIGITS and len(number.strip("0").replace(".", "")) <= 20:
                self.assertEqual(rate, exact, text)
            self.assertLessEqual(abs(rate / exact - 1), Fraction(1, 10**18), text)
        self.assertGreater(kept, 3000)

    def test_durations_are_exact_or_refused(self):
        rng = random.Random(2)
        lines = [("duration", "1e-07s"), ("duration", "1e+16ns"), ("duration", "0.1s"), ("duration", "0.30000000000000004s")]
        lines += [("duration", text + rng.choice(list(NANOSECONDS))) for text in decimals(rng, 6000, -9, 9)]
        kept = 0
        for (_, text), answer in self.ask(lines):
            number, unit = re.fullmatch(r"(.*?)([a-z]+)", text).groups()
            exact = Fraction(number) * NANOSECONDS[unit]
            taken = self.taken(answer)
            if exact.denominator == 1 and exact <= YEAR:
                self.assertEqual(taken, [exact.numerator], text)
                kept += 1
            else:
                self.assertIsNone(taken, text)
        self.assertGreater(kept, 1000)

    def test_seconds_of_traces_are_rounded_to_the_nearest_nanosecond(self):
        rng = random.Random(3)
        for (_, text), answer in self.ask([("seconds", text) for text in decimals(rng, 4000, -10, 10)]):
            nearest = math.floor(Fraction(text) * 10**9 + Fraction(1, 2))
            self.assertEqual(self.taken(answer), [nearest] if nearest <= 100 * YEAR else None, text)

    def test_whole_numbers_are_exact_or_refused(self):
        rng = random.Random(4)
        texts = ["1e+16", "1e22", "1e-07", "123456789.0"] + list(decimals(rng, 4000, 0, 25))
        kept = 0
        for (_, text), answer in self.ask([("whole", sign + text) for text in texts for sign in ("", "-")]):
            exact = Fraction(text)
            taken = self.taken(answer)
            if abs(exact) >= 10**23:
                # Beyond any limit: it need not be exact, but must not become small.
                self.assertTrue(taken is None or abs(taken[0]) >= 10**23, text)
            else:
                self.assertEqual(taken, [exact.numerator] if exact.denominator == 1 else None, text)
                kept += taken is not None
        self.assertGreater(kept, 1000)

    def test_an_exponent_may_make_up_for_any_number_of_zeros(self):
        zeros = "0" * 200_000
        for (_, text), answer in self.ask([("whole", f"0.{zeros}1e200003"), ("whole", f"7{zeros}e-200000"), ("rate", f"0.{zeros}5e200002/s"), ("duration", f"3{zeros}e-200001s")]):
            self.assertEqual(self.taken(answer), {"0": [100], "7": [7], "3": [300_000_000]}[text[0]] if "/" not in text else [1, 20_000_000], text[:5])

    def test_prices_and_amounts_are_exact_or_refused(self):
        rng = random.Random(5)
        tokens = {"price_per_million": 10**6, "price_per_thousand": 10**3, "amount": 1}
        kept = 0
        for (kind, text), answer in self.ask([(rng.choice(list(tokens)), text) for text in decimals(rng, 4000, -6, 4)]):
            picos = Fraction(text) * 10**12 / tokens[kind]
            taken = self.taken(answer)
            if picos.denominator == 1 and picos <= TAKEN_DIGITS:
                self.assertEqual(taken, [picos.numerator], f"{kind} {text}")
                kept += 1
            else:
                self.assertIsNone(taken, f"{kind} {text}")
        self.assertGreater(kept, 500)

    def test_numbers_are_the_nearest_double(self):
        rng = random.Random(6)
        texts = list(decimals(rng, 3000, -20, 20)) + list(decimals(rng, 1000, -300, 300)) + ["5e-324", "2.2250738585072011e-308", "1.7976931348623157e+308", "1e-400"]
        for (_, text), answer in self.ask([("number", sign + text) for text in texts for sign in ("", "-", "+")]):
            self.assertEqual(float.fromhex(answer[2:]), float(text), text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--numbers", required=True, help="the program read_numbers")
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
