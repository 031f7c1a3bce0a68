#include "doors/world/schema_view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace caesura {
namespace {

using nlohmann::json;

/// A chain of references longer than this is taken for one that never ends.
constexpr int most_references = 16;
/// Alternatives within alternatives are looked at so deep, and so many of each.
constexpr int deepest_alternatives = 4;
constexpr std::size_t most_alternatives = 16;
/// So many schemas in all: alternatives may refer to each other, and to themselves.
constexpr int most_looks = 64;
/// Longer lists are looked at no further where every value may have one.
constexpr std::size_t most_listed = 4'000;
constexpr std::array<const char*, 2> alternatives{"anyOf", "oneOf"};

const json nothing = nullptr;
const json no_values = json::array();

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_null_type(const json& type) {
  return type.is_string() && lower(type.get<std::string>()) == "null";
}

/// Whether one of the first values is such a one.
template <class Is>
bool has_among(const json& values, Is is) {
  const auto end =
      values.begin() + static_cast<json::difference_type>(std::min(values.size(), most_listed));
  return std::any_of(values.begin(), end, is);
}

/// What a reference within the document points to; null if nothing.
const json* target_of(const json& document, const std::string& reference) {
  if (reference.empty() || reference.front() != '#' || reference.size() > 1000) return nullptr;
  try {
    const json::json_pointer pointer(reference.substr(1));
    return document.contains(pointer) ? &document.at(pointer) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

}  // namespace

const json* SchemaView::member_of(const json& schema, std::string_view member) {
  if (!schema.is_object()) return nullptr;
  const auto found = schema.find(member);
  return found == schema.end() ? nullptr : &*found;
}

const json& SchemaView::list_of(const json& schema, std::string_view member) {
  const json* list = member_of(schema, member);
  return list && list->is_array() ? *list : no_values;
}

const json& SchemaView::resolved(const json& schema) const {
  const json* at = &schema;
  for (int i = 0; i < most_references; ++i) {
    const json* reference = member_of(*at, "$ref");
    if (!reference || !reference->is_string()) return *at;
    at = target_of(document_, reference->get_ref<const std::string&>());
    if (!at) return nothing;
  }
  return nothing;
}

std::vector<std::pair<std::string_view, const json*>> SchemaView::properties(
    const json& schema) const {
  std::vector<std::pair<std::string_view, const json*>> all;
  const auto add = [&](const json& part) {
    const json* properties = member_of(part, "properties");
    if (!properties || !properties->is_object()) return;
    for (auto property = properties->begin(); property != properties->end(); ++property)
      all.emplace_back(property.key(), &*property);
  };
  const json& whole = resolved(schema);
  add(whole);
  for (const json& part : list_of(whole, "allOf")) add(resolved(part));
  return all;
}

const json* SchemaView::property(const json& schema, std::string_view name) const {
  const auto in = [&](const json& part) -> const json* {
    const json* properties = member_of(part, "properties");
    return properties ? member_of(*properties, name) : nullptr;
  };
  const json& whole = resolved(schema);
  if (const json* own = in(whole)) return own;
  const json& parts = list_of(whole, "allOf");
  for (std::size_t i = 0; i < std::min(parts.size(), most_alternatives); ++i) {
    if (const json* found = in(resolved(parts[i]))) return found;
  }
  return nullptr;
}

std::vector<std::string_view> SchemaView::required(const json& schema) const {
  std::vector<std::string_view> names;
  const auto add = [&](const json& part) {
    for (const json& name : list_of(part, "required")) {
      if (names.size() == most_listed) return;
      if (name.is_string()) names.emplace_back(name.get_ref<const std::string&>());
    }
  };
  const json& whole = resolved(schema);
  add(whole);
  const json& parts = list_of(whole, "allOf");
  for (std::size_t i = 0; i < std::min(parts.size(), most_alternatives); ++i)
    add(resolved(parts[i]));
  return names;
}

bool SchemaView::allows_null(const json& schema) const {
  int looks = most_looks;
  return allows_null(schema, 0, looks);
}

bool SchemaView::allows_null(const json& schema, int depth, int& looks) const {
  if (depth > deepest_alternatives || looks-- <= 0) return false;
  const json& whole = resolved(schema);
  if (!whole.is_object()) return false;
  if (const json* type = member_of(whole, "type")) {
    if (is_null_type(*type)) return true;
    if (type->is_array() && has_among(*type, is_null_type)) return true;
  }
  const json* nullable = member_of(whole, "nullable");
  if (nullable && *nullable == true) return true;
  const json* constant = member_of(whole, "const");
  if (constant && constant->is_null()) return true;
  if (has_among(list_of(whole, "enum"), [](const json& value) { return value.is_null(); }))
    return true;
  for (const char* sort : alternatives) {
    const json& options = list_of(whole, sort);
    for (std::size_t i = 0; i < std::min(options.size(), most_alternatives); ++i) {
      if (allows_null(options[i], depth + 1, looks)) return true;
    }
  }
  return false;
}

bool SchemaView::each_listed_text(const json& schema,
                                  const std::function<void(const std::string&)>& tell) const {
  bool has_list = false;
  const auto tell_of = [&](const json& part) {
    if (const json* constant = member_of(part, "const")) {
      has_list = true;
      if (constant->is_string()) tell(constant->get_ref<const std::string&>());
    }
    const json& values = list_of(part, "enum");
    has_list = has_list || !values.empty();
    for (const json& value : values) {
      if (value.is_string()) tell(value.get_ref<const std::string&>());
    }
  };
  const json& whole = resolved(schema);
  tell_of(whole);
  for (const char* sort : {"anyOf", "oneOf", "allOf"}) {
    for (const json& part : list_of(whole, sort)) tell_of(resolved(part));
  }
  return has_list;
}

std::string SchemaView::type_of(const json& schema) {
  if (const json* type = member_of(schema, "type")) {
    if (type->is_string()) return lower(type->get<std::string>());
    if (type->is_array()) {
      for (const json& option : *type) {
        if (option.is_string() && !is_null_type(option)) return lower(option.get<std::string>());
      }
    }
  }
  if (member_of(schema, "properties") || member_of(schema, "required")) return "object";
  if (member_of(schema, "items") || member_of(schema, "prefixItems")) return "array";
  return {};
}

const json* SchemaView::first_alternative(const json& schema) const {
  for (const char* sort : alternatives) {
    for (const json& option : list_of(schema, sort)) {
      if (type_of(resolved(option)) != "null") return &option;
    }
  }
  return nullptr;
}

}  // namespace caesura
