#pragma once

#include "sim/statistics.hpp"
#include "sim/time.hpp"
#include "model/quantities.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Numbers as scenario files write them, read exactly: decimal text to integers, with no floating
/// point on the way.
///
/// All readers throw std::invalid_argument. Its message continues a sentence that begins with the
/// value's name ("must be positive"), or is empty if the text is simply no such thing.

/// 12, 1.5, .5, 1e6, -3; also .inf and .nan, which is_finite_number refuses.
bool is_number(std::string_view text);

/// Any decimal that is a whole number: 10000, 1e4, 1.5e3.
int128 whole_from(std::string_view text);

double number_from(std::string_view text);

/// 250us, 10ms, 1.5s, 2m, 1h, 1e3ns: a whole number of nanoseconds, 0 to longest_duration.
Duration duration_from(std::string_view text);

/// A number of seconds without a unit, rounded to the nearest nanosecond, as in trace files; 0 to
/// 100 years.
Duration seconds_from(std::string_view text);

/// So many in this time, in lowest terms.
struct Rate {
  std::int64_t requests = 1;
  Duration per{1};
  double mean_gap_ns() const {
    return static_cast<double>(per.count()) / static_cast<double>(requests);
  }
};

/// 20/s, 1.5/m, 3e-2/h: positive, at most one a nanosecond, at least one a year. Exact where both
/// parts fit in 63 bits (20/s, 1.5/m), else within 10^-18 of what is written, relatively.
Rate rate_from(std::string_view text);

/// An operation of a plan, as marks name it: 2, or 2.1 for the first of what its second does. Up to
/// 100 numbers, each from 1 to a million, without leading zeros.
std::vector<std::uint32_t> operation_from(std::string_view text);

/// US dollars for `tokens` tokens; the price of one. `tokens` divides 10^12.
Money price_from(std::string_view dollars, std::int64_t tokens);

}  // namespace caesura
