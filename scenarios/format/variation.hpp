#pragma once

#include "scenarios/format/scenario.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

/// One --vary: a path in the scenario, and the values that it takes.
struct Variation {
  std::string path;
  std::vector<std::string> values;  ///< YAML, as given; at least one, all different
};

/// One value of each variation.
using Point = std::vector<std::string>;

inline constexpr std::size_t most_points = 100'000;

/// Reads `PATH=V1,V2,…`. Commas inside brackets, braces and quotes do not separate. Throws
/// ScenarioError that names the option.
Variation parse_variation(const std::string& text);

/// All of a command's. Throws ScenarioError also for a path that is varied twice, one that a later
/// one overwrites, and a grid of more than most_points.
std::vector<Variation> parse_variations(const std::vector<std::string>& texts);

/// How many points the grid has: the product of the numbers of values.
std::size_t points_in(const std::vector<Variation>& variations);

/// The points in order: the first variation changes slowest.
Point point_of(const std::vector<Variation>& variations, std::size_t index);

/// `options`, and the values of the point after them.
ScenarioOptions options_at(ScenarioOptions options, const std::vector<Variation>& variations,
                           const Point& point);

/// What to call the variations in a table: of each path as many of its last parts as tell it from
/// the others, from a name on and not from a number.
std::vector<std::string> short_names(const std::vector<Variation>& variations);

}  // namespace caesura
