#pragma once

#include "scenarios/format/format.hpp"
#include "scenarios/format/format_value.hpp"

#include <string>

namespace caesura {

/// Throws ScenarioError at the first thing in `root` that the description does not allow. Once it
/// returns, every scalar can be read as its form says, every required key is there, and of every
/// choice one group is whole and the others are absent.
void check(const Value& root, const Format& format);

/// The same for a part of a scenario, which messages call `name`.
void check_part(const Value& part, const Shape& shape, const std::string& name);

}  // namespace caesura
