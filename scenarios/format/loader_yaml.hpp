#pragma once

#include "scenarios/format/format_value.hpp"

#include <string>

namespace caesura {

/// No YAML text is nested deeper, and none has more nodes once its aliases are written out.
inline constexpr std::size_t deepest_nesting = 100;
inline constexpr std::size_t most_nodes = 200'000;

/// The one document in `text`, which is UTF-8. Throws ScenarioError for anything else: bad YAML, no
/// or several documents, duplicate keys, keys that are not plain text, tags, tabs as indentation,
/// binary bytes, too much nesting, too many nodes.
Value parse_yaml(const std::string& text, const Source& source);

/// YAML that parses to the same tree, places aside.
std::string to_yaml(const Value& value);

}  // namespace caesura
