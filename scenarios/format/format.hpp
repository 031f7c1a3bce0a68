#pragma once

#include "scenarios/format/shapes.hpp"

#include <string>

namespace caesura {

/// The format of scenario files, described once, as data: the checker walks a file against it, the
/// JSON Schema is printed from it, and a test holds the reference manual to it.
const Format& scenario_format();

/// Continues "must be".
std::string expected(const Shape& shape);

inline constexpr const char* slug_pattern = "^[A-Za-z0-9_-]{1,64}$";
inline constexpr const char* duration_pattern =
    "^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?(ns|us|ms|s|m|h)$";
inline constexpr const char* rate_pattern = "^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?/[smh]$";
inline constexpr const char* operation_pattern =
    "^([1-9][0-9]{0,5}|1000000)(\\.([1-9][0-9]{0,5}|1000000)){0,99}$";
inline constexpr const char* percentile_pattern = "^p(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)$";

}  // namespace caesura
