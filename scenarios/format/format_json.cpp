#include "scenarios/format/format_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// The whole of the text, if it is such a number and fits.
template <typename Number, typename... Base>
std::optional<Number> number_from_all(std::string_view text, Base... base) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base...);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Null for what is no number to YAML.
Json number_of(const Value& value) {
  std::string_view text = value.text;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const auto whole = number_from_all<std::uint64_t>(text.substr(2), text[1] == 'x' ? 16 : 8);
    return whole ? Json(*whole) : Json();
  }
  if (!is_not_text(text)) return nullptr;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const auto whole = number_from_all<std::int64_t>(text)) return *whole;
  if (const auto whole = number_from_all<std::uint64_t>(text)) return *whole;
  const auto number = number_from_all<double>(text);
  if (!number || !std::isfinite(*number))
    fail(value.place, cited(value.text) + " is no number that JSON has; write it in quotes");
  return *number;
}

Json scalar(const Value& value) {
  if (value.quoted) return value.text;
  static constexpr std::array<std::string_view, 6> truths{"true",  "True",  "TRUE",
                                                          "false", "False", "FALSE"};
  const auto truth = std::find(truths.begin(), truths.end(), value.text);
  if (truth != truths.end()) return truth - truths.begin() < 3;
  const Json number = number_of(value);
  return number.is_null() ? Json(value.text) : number;
}

/// As deep as YAML texts are nested: deepest_nesting at most.
Json json_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::scalar:
      return scalar(value);
    case Value::Kind::list: {
      Json list = Json::array();
      for (const Value& item : value.items) list.push_back(json_of(item));
      return list;
    }
    case Value::Kind::mapping: {
      Json object = Json::object();
      for (const ValueEntry& entry : value.entries) object[entry.key] = json_of(entry.value);
      return object;
    }
  }
  return nullptr;
}

}  // namespace

std::string json_text(const Value& value) {
  return json_of(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace caesura
