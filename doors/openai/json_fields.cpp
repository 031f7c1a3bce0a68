#include "doors/openai/json_fields.hpp"

#include <fmt/format.h>

#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::json;

std::string_view type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "an integer";
    case Json::value_t::number_float:
      return "a decimal number";
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return "nothing";
}

}  // namespace

std::string JsonPlace::text() const {
  if (outer_ == nullptr) return {};
  const std::string outer = outer_->text();
  if (name_.empty()) return fmt::format("{}[{}]", outer, index_);
  return outer.empty() ? std::string(name_) : fmt::format("{}.{}", outer, name_);
}

Refusal bad_request(const std::string& message, std::string param) {
  return {RefusalKind::bad_request, 400, message, std::move(param)};
}

Refusal wrong_type(const JsonPlace& place, std::string_view expected, const Json& value) {
  const std::string param = place.text();
  if (param.empty())
    return bad_request(fmt::format("Invalid type for the body: expected {}, but got {} instead.",
                                   expected, type_of(value)),
                       {});
  return bad_request(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", param,
                                 expected, type_of(value)),
                     param);
}

Refusal missing(const JsonPlace& place) {
  const std::string param = place.text();
  return bad_request(fmt::format("Missing required parameter: '{}'.", param), param);
}

JsonFields::JsonFields(Json& value, const JsonPlace& place) : object_(value), place_(place) {
  if (!value.is_object()) throw wrong_type(place, "an object", value);
}

Json* JsonFields::find(std::string_view name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

Json* JsonFields::list(std::string_view name) const {
  Json* value = find(name);
  if (value != nullptr && !value->is_array())
    throw wrong_type(place_.member(name), "an array of objects", *value);
  return value;
}

Json* JsonFields::object(std::string_view name) const {
  Json* value = find(name);
  if (value != nullptr && !value->is_object())
    throw wrong_type(place_.member(name), "an object", *value);
  return value;
}

std::string JsonFields::text(std::string_view name) const {
  Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) throw wrong_type(place_.member(name), "a string", *value);
  return std::move(value->get_ref<std::string&>());
}

std::string JsonFields::required_text(std::string_view name) const {
  if (find(name) == nullptr) throw missing(place_.member(name));
  return text(name);
}

bool JsonFields::flag(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) throw wrong_type(place_.member(name), "a boolean", *value);
  return value->get<bool>();
}

}  // namespace caesura
