#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {

/// A JSON Schema, as far as it must be known to meet it: references within the document are
/// followed, up to a bound, and the type names of OpenAPI (`STRING`) are those of JSON. Whatever is
/// malformed says nothing.
class SchemaView {
 public:
  /// `document` outlives the view.
  explicit SchemaView(const nlohmann::json& document) : document_(document) {}

  /// `schema`, or what it refers to; null if that is nowhere.
  const nlohmann::json& resolved(const nlohmann::json& schema) const;
  /// Those of an object, by name, its `allOf` included.
  std::vector<std::pair<std::string_view, const nlohmann::json*>> properties(
      const nlohmann::json& schema) const;
  /// That property of an object, its `allOf` included; null if there is none.
  const nlohmann::json* property(const nlohmann::json& schema, std::string_view name) const;
  /// Names that an object requires, in its order, its `allOf` included; at most some thousands.
  std::vector<std::string_view> required(const nlohmann::json& schema) const;
  /// Whether it says that null is a value.
  bool allows_null(const nlohmann::json& schema) const;
  /// Tells each text of its `enum` or `const`, those of alternatives too; false if it has neither.
  bool each_listed_text(const nlohmann::json& schema,
                        const std::function<void(const std::string&)>& tell) const;

  /// The first type but null that it names, in lower case, or that its members imply; empty: none.
  static std::string type_of(const nlohmann::json& schema);
  /// The member of that name if it is an array; else an empty one.
  static const nlohmann::json& list_of(const nlohmann::json& schema, std::string_view member);
  /// The member of that name; null if there is none.
  static const nlohmann::json* member_of(const nlohmann::json& schema, std::string_view member);
  /// The first alternative (`anyOf`, `oneOf`) but null; null if there is none.
  const nlohmann::json* first_alternative(const nlohmann::json& schema) const;

 private:
  bool allows_null(const nlohmann::json& schema, int depth, int& looks) const;

  const nlohmann::json& document_;
};

}  // namespace caesura
