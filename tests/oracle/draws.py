"""What a request draws: a number for each (place and round, purpose), from the counter-based generator Philox-4x32-10.

Written after J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). A number is exact: a fraction of 2^53.
"""

from dataclasses import dataclass

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
WORD = 2**32

LATENCY, FIRST_TOKEN, PER_TOKEN, INPUT, CACHED_INPUT, OUTPUT, FAILURE = range(1, 8)
REPEAT_TIMES, CHOICE, PARALLEL_TIMES, WAIT, TRANSACTION = range(8, 13)
CHILD_REQUEST = 25


def philox(counter, key):
    """The four words of the block `counter` (four words) under `key` (two)."""
    for number in range(10):
        (high_0, low_0), (high_1, low_1) = (divmod(m * word, WORD) for m, word in zip(MULTIPLIERS, counter[::2]))
        keys = [(word + number * weyl) % WORD for word, weyl in zip(key, WEYL)]
        counter = (high_1 ^ counter[1] ^ keys[0], low_1, high_0 ^ counter[3] ^ keys[1], low_0)
    return counter


@dataclass(frozen=True)
class Draws:
    """Those of one request, or child, of a run with `seed`."""

    seed: int
    request: int

    def bits(self, key, purpose):
        """64 random bits for the step at `key`."""
        counter = (self.request % WORD, self.request // WORD, key, purpose)
        low, high, _, _ = philox(counter, (self.seed % WORD, self.seed // WORD))
        return high * WORD + low

    def odd(self, key, purpose):
        """An odd number below 2^53: as a fraction of that, uniform between 0 and 1."""
        return 2 * (self.bits(key, purpose) >> 12) + 1

    def below(self, n, key, purpose):
        """One of 0, …, n - 1, each as likely; n is small."""
        return self.odd(key, purpose) * n >> 53

    def is_below(self, share, key, purpose):
        """Whether the number is below `share` (a Fraction)."""
        return self.odd(key, purpose) < share * 2**53

    def value(self, spec, measure, key, purpose):
        """What a value of a scenario file comes to, measured by `measure`: a plain one, one of several, or a count from a to b."""
        if not isinstance(spec, dict):
            return measure(spec)
        if "empirical" in spec:
            values = sorted(map(measure, spec["empirical"]))
            return values[self.below(len(values), key, purpose)]
        low, high = spec["uniform"]
        return low + self.below(high - low + 1, key, purpose)

    def child(self, key):
        """The Draws of the child of the operation at `key`."""
        return Draws(self.seed, 2**63 | self.bits(key, CHILD_REQUEST))
