#pragma once

#include "sim/statistics.hpp"

#include <cstddef>
#include <cstdint>

namespace caesura {

/// Exact decimal fractions: a count of units of 10^-decimals, such as nanoseconds (9) and 10^-12
/// USD (12).
inline constexpr int nanosecond_decimals = 9;
inline constexpr int money_decimals = 12;

/// Never more than this: sign, 19 digits, zero and point.
inline constexpr std::size_t decimal_size_max = 24;

/// Writes units · 10^-decimals exactly, without trailing zeros ("1.5", "3", "0"), and returns the
/// end of what it wrote: at most decimal_size_max characters. `decimals` is 0 to 18.
char* write_decimal(char* to, std::int64_t units, int decimals);

/// The double nearest to units · 10^-decimals: rounded once, whatever the size of `units`.
double nearest_double(int128 units, int decimals);

}  // namespace caesura
