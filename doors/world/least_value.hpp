#pragma once

#include "doors/world/offered_tools.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace caesura {

/// The least arguments that a JSON Schema of type object allows: what it requires and no more.
/// Texts get `text`, what may be null is null, numbers their minimum, lists are empty, of an enum
/// the first. A property called caesura_run gets `reference`, required or not: it tells equal calls
/// apart. The selector of `match`, if it has one, gets what is selected. Bounded in depth and size,
/// whatever the schema (references to itself included); beyond that, texts are empty and what
/// remains is null.
nlohmann::ordered_json least_arguments(const nlohmann::json& schema, const std::string& text,
                                       const std::string& reference, const ToolMatch& match);
/// Likewise the least value of any schema: what an answer of JSON is; of one that says nothing, an
/// empty object.
nlohmann::ordered_json least_value(const nlohmann::json& schema, const std::string& text);
/// As text, in one line and of ASCII alone, so that it may be cut anywhere.
std::string json_text_of(const nlohmann::ordered_json& value);

}  // namespace caesura
