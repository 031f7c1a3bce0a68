#include "scenarios/format/format.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/scenario.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

class SchemaWriter {
 public:
  Json document(const Shape& root) {
    Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "Caesura scenario"},
                {"description",
                 "A load, services, the workflow of a request, who cancels and when, the policies "
                 "to compare, and thresholds."}};
    schema.update(written_out(root));
    schema["$defs"] = std::move(definitions_);
    return schema;
  }

 private:
  /// A reference, if the shape has a name.
  Json shape(const Shape& shape) {
    if (shape.id.empty()) return written_out(shape);
    if (defined_.insert(shape.id).second) {
      auto definition = written_out(
          shape);  // before the name is looked up: it may contain itself, and definitions_ may move
      definitions_[shape.id] = std::move(definition);
    }
    return {{"$ref", "#/$defs/" + shape.id}};
  }

  Json written_out(const Shape& shape) {
    Json forms = Json::array();
    for (const auto& form : shape.scalar) forms.push_back(scalar(form));
    for (const auto& form : shape.mapping) forms.push_back(mapping(form));
    for (const auto& form : shape.list) forms.push_back(list(form));
    if (shape.null_is_empty) forms.push_back({{"type", "null"}});
    return forms.size() == 1 ? forms.front() : Json{{"anyOf", std::move(forms)}};
  }

  static Json number(int128 n) {
    return n > INT64_MAX ? Json(static_cast<std::uint64_t>(n)) : Json(static_cast<std::int64_t>(n));
  }

  /// Whole if it is, so that a schema says 1 and not 1.0.
  static Json number(double x) {
    return x == static_cast<double>(static_cast<std::int64_t>(x))
               ? Json(static_cast<std::int64_t>(x))
               : Json(x);
  }

  static Json scalar(const ScalarForm& form) {
    switch (form.kind) {
      case ScalarForm::Kind::text:
        return {{"type", "string"}, {"minLength", 1}};
      case ScalarForm::Kind::slug:
        return {{"type", "string"}, {"pattern", slug_pattern}};
      case ScalarForm::Kind::boolean:
        return {{"type", "boolean"}};
      case ScalarForm::Kind::yes:
        return {{"const", true}};
      case ScalarForm::Kind::whole:
        return whole(form);
      case ScalarForm::Kind::number:
        return {{"type", "number"}, {"minimum", number(form.low)}, {"maximum", number(form.high)}};
      case ScalarForm::Kind::duration:
        return {{"type", "string"}, {"pattern", duration_pattern}};
      case ScalarForm::Kind::rate:
        return {{"type", "string"}, {"pattern", rate_pattern}};
      case ScalarForm::Kind::operation:
        return {{"anyOf",
                 {Json{{"type", "integer"}, {"minimum", 1}, {"maximum", 1'000'000}},
                  Json{{"type", "string"}, {"pattern", operation_pattern}}}}};
      case ScalarForm::Kind::word:
        break;
    }
    if (std::any_of(form.words.begin(), form.words.end(),
                    [](const Word& word) { return is_number(word.name); }))
      return {{"oneOf", words(form)}};
    return {{"type", "string"}, {"oneOf", words(form)}};
  }

  static Json words(const ScalarForm& form) {
    Json words = Json::array();
    for (const auto& word : form.words) {
      if (!word.refusal.empty()) continue;
      words.push_back({{"const", word.name}, {"description", word.doc}});
      if (is_number(word.name))
        words.push_back({{"const", number_from(word.name)}, {"description", word.doc}});
    }
    return words;
  }

  static Json whole(const ScalarForm& form) {
    Json numbers{
        {"type", "integer"}, {"minimum", number(form.least)}, {"maximum", number(form.most)}};
    if (form.words.empty()) return numbers;
    Json forms = words(form);
    forms.insert(forms.begin(), std::move(numbers));
    return {{"anyOf", std::move(forms)}};
  }

  Json list(const ListForm& form) {
    Json schema{{"type", "array"}, {"items", shape(*form.item)}};
    if (form.least != 0) schema["minItems"] = form.least;
    if (form.most != 0) schema["maxItems"] = form.most;
    return schema;
  }

  Json mapping(const MappingForm& form) {
    Json schema{{"type", "object"}};
    if (form.names != MappingForm::Names::none) {
      const char* pattern =
          form.names == MappingForm::Names::slugs ? slug_pattern : percentile_pattern;
      schema["propertyNames"] = {{"pattern", pattern}};
      schema["additionalProperties"] = shape(*form.named);
      if (form.least_names != 0) schema["minProperties"] = form.least_names;
      return schema;
    }
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& key : form.keys) {
      if (!key.refusal.empty()) continue;
      auto property = shape(*key.shape);
      property["description"] = key.doc;
      if (!key.fallback.empty()) property["default"] = Json::parse(key.fallback);
      properties[key.name] = std::move(property);
      if (key.required) required.push_back(key.name);
    }
    schema["properties"] = std::move(properties);
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = std::move(required);
    for (const auto& needs : form.needs) schema["dependentRequired"][needs.key] = {needs.other};
    for (const auto& choice : form.choices)
      schema["allOf"].push_back({{"oneOf", alternatives(choice)}});
    return schema;
  }

  /// For each group: its keys are there, and those of no other group. An editor that shows the
  /// alternatives shows this.
  static Json alternatives(const Choice& choice) {
    Json result = Json::array();
    std::set<std::string> all;
    bool single = true;
    for (const auto& group : choice.groups) {
      all.insert(group.begin(), group.end());
      single = single && group.size() == 1;
    }
    const auto without = [](const std::set<std::string>& keys) {
      Json no = Json::object();
      for (const auto& key : keys) no[key] = false;
      return no;
    };
    for (const auto& group : choice.groups) {
      Json alternative{{"required", group}};
      auto others = all;
      for (const auto& key : group) others.erase(key);
      if (!single)
        // where each group is one key, oneOf itself excludes the others
        alternative["properties"] = without(others);
      result.push_back(std::move(alternative));
    }
    if (!choice.required) result.push_back({{"properties", without(all)}});
    return result;
  }

  Json definitions_ = Json::object();
  std::set<std::string> defined_;
};

}  // namespace

std::string scenario_schema() {
  return SchemaWriter().document(*scenario_format().root).dump(2) + "\n";
}

}  // namespace caesura
