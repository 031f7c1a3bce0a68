#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// Values between which there are others.
enum class NumericKind : std::uint8_t {
  whole,     ///< all written without a point: 4, 1e3
  real,      ///< 0.1, 1.0
  duration,  ///< 250ms, 10s
  rate,      ///< 20/s, 90/m
};

/// Empty unless all values are of one kind.
std::optional<NumericKind> numeric_kind(const std::vector<std::string>& values);

/// A value of this kind to compare with others: durations in nanoseconds, rates per second.
double number_of(NumericKind kind, const std::string& value);

/// About half way between two values (in the logarithm, if they are more than a factor of four
/// apart), in as few digits as make sense; none if they are within 1 % of one another, or nothing
/// is between them.
std::optional<std::string> half_way(NumericKind kind, const std::string& a, const std::string& b);

}  // namespace caesura
