#pragma once

#include "doors/world/refusal.hpp"
#include "doors/world/shortened.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace caesura {

/// Where something is in a body: a member of an object or a value of a list, and where that is.
/// Names it as errors do: messages[3].content. It refers to what it is made of.
class JsonPlace {
 public:
  JsonPlace() = default;
  JsonPlace member(std::string_view name) const { return {this, name, 0}; }
  JsonPlace at(std::size_t index) const { return {this, {}, index}; }
  std::string text() const;

 private:
  JsonPlace(const JsonPlace* outer, std::string_view name, std::size_t index)
      : outer_(outer), name_(name), index_(index) {}
  const JsonPlace* outer_ = nullptr;  ///< null: the body itself
  std::string_view name_;             ///< empty: of a list, by index
  std::size_t index_ = 0;
};

Refusal bad_request(const std::string& message, std::string param);
/// "Invalid type for 'n': expected an integer, but got a string instead."
Refusal wrong_type(const JsonPlace& place, std::string_view expected, const nlohmann::json& value);
/// "Missing required parameter: 'messages[0].role'."
Refusal missing(const JsonPlace& place);

/// The members of an object of a body. What they hold may be moved out. A member that is null is
/// as good as none. All throw Refusal where the type is another.
class JsonFields {
 public:
  /// `place` outlives it.
  JsonFields(nlohmann::json& value, const JsonPlace& place);

  nlohmann::json* find(std::string_view name) const;    ///< null: none
  nlohmann::json* list(std::string_view name) const;    ///< null: none
  nlohmann::json* object(std::string_view name) const;  ///< null: none
  std::string text(std::string_view name) const;        ///< moved out; empty: none
  std::string required_text(std::string_view name) const;
  bool flag(std::string_view name) const;  ///< false: none
  const JsonPlace& place() const { return place_; }

 private:
  nlohmann::json& object_;
  const JsonPlace& place_;
};

}  // namespace caesura
