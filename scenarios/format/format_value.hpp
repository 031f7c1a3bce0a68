#pragma once

#include "scenarios/format/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Where YAML text came from: a file, or an option of the command line, which has no lines worth
/// naming.
struct Source {
  std::string name;  ///< the file's path, or the option as given: "--set load.requests=abc"
  bool is_option = false;
};

/// Line and column count from 1. The source must outlive the place.
struct Place {
  const Source* source = nullptr;
  int line = 1;
  int column = 1;
};

/// "file:line:column", or the option.
std::string location(const Place& place);

struct ValueEntry;

/// One node of a YAML tree; aliases are resolved by copying.
struct Value {
  enum class Kind { null, scalar, list, mapping };
  Kind kind = Kind::null;
  Place place;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< of a scalar: always text
  std::vector<Value> items;
  std::vector<ValueEntry> entries;  ///< in the order of the file; keys differ

  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
};

struct ValueEntry {
  std::string key;
  Place place;  ///< of the key
  Value value;
};

/// A null, an empty list, an empty mapping, or an unquoted scalar with this text.
Value make_value(Value::Kind kind, const Place& place, std::string text = "");

/// Whether YAML takes this unquoted scalar as a number, a truth value or null, not as text.
bool is_not_text(std::string_view plain);

/// The text in single quotes, shortened, fit for a message.
std::string cited(std::string_view text);

/// Throws ScenarioError "place: message", in one line.
[[noreturn]] void fail(const Place& place, const std::string& message);

/// The known name nearest to `name` by edit distance, or nullptr if none is near enough to be
/// meant.
const std::string* nearest(std::string_view name, const std::vector<std::string>& known);

/// "; did you mean 'x'?", or else "; known here: a, b, c".
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace caesura
