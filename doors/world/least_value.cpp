#include "doors/world/least_value.hpp"

#include "doors/world/schema_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace caesura {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int deepest = 32;
constexpr std::size_t most_values = 4'000;
constexpr std::size_t most_bytes = 256 * 1024;
/// Beyond it a double is no whole number for sure.
constexpr double most_exact = 9'007'199'254'740'992;
constexpr const char* run_argument = "caesura_run";

std::optional<double> number_of(const json& schema, std::string_view member) {
  const json* number = SchemaView::member_of(schema, member);
  if (!number || !number->is_number()) return std::nullopt;
  const double value = number->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::size_t count_of(const json& schema, std::string_view member, std::size_t otherwise) {
  const auto count = number_of(schema, member);
  if (!count) return otherwise;
  return static_cast<std::size_t>(std::clamp(*count, 0.0, 1e9));
}

/// The least number that a schema allows: its minimum, else 0 as far as its maximum lets it.
double least_number(const json& schema, bool is_whole) {
  const auto highest = number_of(schema, "maximum");
  double least = std::min(0.0, highest.value_or(0));
  if (const auto minimum = number_of(schema, "minimum")) least = *minimum;
  auto above = number_of(schema, "exclusiveMinimum");
  const json* is_exclusive = SchemaView::member_of(schema, "exclusiveMinimum");
  if (is_exclusive && *is_exclusive == true) above = least;  // as in draft 4
  if (above) {
    const double below =
        number_of(schema, "exclusiveMaximum").value_or(highest.value_or(*above + 2));
    least = is_whole               ? std::floor(*above) + 1
            : below - *above > 1.0 ? *above + 1
                                   : *above + (below - *above) / 2;
  }
  const auto step = number_of(schema, "multipleOf");
  if (step && *step > 0) least = std::ceil(least / *step) * *step;
  return is_whole ? std::ceil(least) : least;
}

/// Makes values of one document, all together no larger than the bounds.
class LeastValues {
 public:
  LeastValues(const json& document, const std::string& text) : schema_(document), text_(text) {}

  const SchemaView& schema() const { return schema_; }

  ordered_json value(const json& unresolved, int depth) {
    if (depth > deepest || !take(1)) return nullptr;
    const json& schema = schema_.resolved(unresolved);
    if (schema_.allows_null(schema)) return nullptr;
    if (const json* constant = SchemaView::member_of(schema, "const"))
      return copy(*constant, depth);
    const json& values = SchemaView::list_of(schema, "enum");
    if (!values.empty()) return copy(values.front(), depth);
    const std::string type = SchemaView::type_of(schema);
    if (type.empty()) {
      if (const json* option = schema_.first_alternative(schema)) return value(*option, depth + 1);
      const json& parts = SchemaView::list_of(schema, "allOf");
      if (!parts.empty() && SchemaView::type_of(schema_.resolved(parts.front())) != "object")
        return value(parts.front(), depth + 1);
      if (!parts.empty()) return object(schema, depth);
      return string(schema);
    }
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "number" || type == "integer") return number(schema, type == "integer");
    if (type == "boolean") return false;
    return string(schema);
  }

  ordered_json object(const json& schema, int depth) {
    ordered_json made = ordered_json::object();
    for (const std::string_view name : schema_.required(schema)) {
      if (!take(name.size())) break;
      if (made.contains(name)) continue;
      const json* property = schema_.property(schema, name);
      made[std::string(name)] = property ? value(*property, depth + 1) : string(json());
    }
    return made;
  }

 private:
  /// Whether there is room for a value of so many bytes.
  bool take(std::size_t bytes) {
    if (values_ >= most_values || bytes > most_bytes - bytes_) return false;
    ++values_;
    bytes_ += bytes;
    return true;
  }

  ordered_json array(const json& schema, int depth) {
    ordered_json made = ordered_json::array();
    const json* items = SchemaView::member_of(schema, "items");
    const json& first =
        items && items->is_array() ? *items : SchemaView::list_of(schema, "prefixItems");
    const std::size_t least = count_of(schema, "minItems", 0);
    const json any;
    while (made.size() < least && values_ < most_values) {
      const json& item = made.size() < first.size()    ? first[made.size()]
                         : items && items->is_object() ? *items
                                                       : any;
      made.push_back(value(item, depth + 1));
    }
    return made;
  }

  ordered_json string(const json& schema) {
    const std::size_t most = count_of(schema, "maxLength", text_.size());
    const std::size_t least = std::min(count_of(schema, "minLength", 0), most_bytes);
    std::string made = text_.substr(0, most);
    if (made.size() < least) made.resize(least, '.');
    if (!take(made.size())) return "";
    return made;
  }

  static ordered_json number(const json& schema, bool is_whole) {
    const double least = least_number(schema, is_whole);
    if (std::floor(least) == least && std::abs(least) < most_exact)
      return static_cast<std::int64_t>(least);
    const json* minimum = SchemaView::member_of(schema, "minimum");
    if (is_whole && minimum && minimum->is_number_integer()) return ordered_json(*minimum);
    return least;
  }

  /// As deep and large as the bounds allow; the library's own copy would go as deep as it is.
  ordered_json copy(const json& original, int depth) {
    if (depth > deepest || !take(1)) return nullptr;
    if (original.is_object()) {
      ordered_json made = ordered_json::object();
      for (auto member = original.begin(); member != original.end(); ++member) {
        if (!take(member.key().size())) break;
        made[member.key()] = copy(*member, depth + 1);
      }
      return made;
    }
    if (original.is_array()) {
      ordered_json made = ordered_json::array();
      for (const json& item : original) {
        if (values_ >= most_values) break;
        made.push_back(copy(item, depth + 1));
      }
      return made;
    }
    if (original.is_string() && !take(original.get_ref<const std::string&>().size())) return "";
    return ordered_json(original);
  }

  SchemaView schema_;
  const std::string& text_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

ordered_json least_arguments(const json& schema, const std::string& text,
                             const std::string& reference, const ToolMatch& match) {
  LeastValues values(schema, text);
  ordered_json arguments = values.object(schema, 0);
  if (values.schema().property(schema, run_argument)) arguments[run_argument] = reference;
  if (!match.selector.empty()) arguments[match.selector] = match.selected;
  return arguments;
}

ordered_json least_value(const json& schema, const std::string& text) {
  LeastValues values(schema, text);
  const bool says_nothing =
      !schema.is_object() ||
      (SchemaView::type_of(schema).empty() && !schema.contains("$ref") &&
       !schema.contains("enum") && !schema.contains("const") && !schema.contains("anyOf") &&
       !schema.contains("oneOf") && !schema.contains("allOf"));
  if (says_nothing) return ordered_json::object();
  return values.value(schema, 0);
}

std::string json_text_of(const ordered_json& value) {
  return value.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace caesura
