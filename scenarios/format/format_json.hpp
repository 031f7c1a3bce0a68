#pragma once

#include "scenarios/format/format_value.hpp"

#include <string>

namespace caesura {

/// The value as JSON text, keys in their order. A scalar in quotes is text; one without is what
/// YAML's core schema takes it for: null, true, 12, -3, +5, 0x1f, 0o17, 1.5, .5, 1e3, or text.
/// Throws ScenarioError for a number that JSON does not have: .inf, .nan, or one beyond what a
/// double is.
std::string json_text(const Value& value);

}  // namespace caesura
