#include "scenarios/format/format.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/format_value.hpp"
#include "scenarios/format/loader_yaml.hpp"
#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::json;

/// The root of the sources, of which this file is three levels below.
std::filesystem::path source_folder() { return CAESURA_SOURCE_DIR; }

Json schema() { return Json::parse(scenario_schema()); }

/// As a validator in an editor sees the file.
Json to_json(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::list: {
      Json list = Json::array();
      for (const auto& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case Value::Kind::mapping: {
      Json object = Json::object();
      for (const auto& entry : value.entries) object[entry.key] = to_json(entry.value);
      return object;
    }
    case Value::Kind::scalar:
      break;
  }
  if (value.quoted || !is_not_text(value.text)) return value.text;
  if (std::tolower(value.text[0]) == 't' || std::tolower(value.text[0]) == 'f')
    return std::tolower(value.text[0]) == 't';
  if (value.text.find_first_not_of("0123456789") == std::string::npos && value.text.size() < 20)
    return std::stoull(value.text);
  return std::stod(value.text);
}

/// The part of JSON Schema that scenario_schema() uses; an unknown keyword fails the test.
class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  bool accepts(const Json& value) const { return matches(value, root_); }

 private:
  bool matches(const Json& value, const Json& schema) const {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [keyword, argument] : schema.items()) {
      if (!keyword_holds(keyword, argument, value, schema)) return false;
    }
    return true;
  }

  std::size_t count(const Json& value, const Json& schemas) const {
    std::size_t n = 0;
    for (const auto& schema : schemas) n += matches(value, schema) ? 1 : 0;
    return n;
  }

  bool keyword_holds(const std::string& keyword, const Json& argument, const Json& value,
                     const Json& schema) const {
    static const std::set<std::string> annotations{"$schema", "$defs", "title", "description",
                                                   "default"};
    if (annotations.count(keyword) != 0) return true;
    if (keyword == "$ref")
      return matches(value, root_.at(Json::json_pointer(argument.get<std::string>().substr(1))));
    if (keyword == "type") return has_type(value, argument);
    if (keyword == "const") return value == argument;
    if (keyword == "anyOf") return count(value, argument) > 0;
    if (keyword == "oneOf") return count(value, argument) == 1;
    if (keyword == "allOf") return count(value, argument) == argument.size();
    if (keyword == "minimum")
      return !value.is_number() || value.get<double>() >= argument.get<double>();
    if (keyword == "maximum")
      return !value.is_number() || value.get<double>() <= argument.get<double>();
    if (keyword == "minLength")
      return !value.is_string() || value.get<std::string>().size() >= argument.get<std::size_t>();
    if (keyword == "pattern")
      return !value.is_string() ||
             std::regex_search(value.get<std::string>(), std::regex(argument.get<std::string>()));
    if (keyword == "minItems")
      return !value.is_array() || value.size() >= argument.get<std::size_t>();
    if (keyword == "maxItems")
      return !value.is_array() || value.size() <= argument.get<std::size_t>();
    if (keyword == "minProperties")
      return !value.is_object() || value.size() >= argument.get<std::size_t>();
    if (keyword == "items") return !value.is_array() || count_all(value, argument);
    return !value.is_object() || object_keyword_holds(keyword, argument, value, schema);
  }

  bool count_all(const Json& values, const Json& schema) const {
    return std::all_of(values.begin(), values.end(),
                       [&](const Json& value) { return matches(value, schema); });
  }

  bool object_keyword_holds(const std::string& keyword, const Json& argument, const Json& value,
                            const Json& schema) const {
    const auto all = [&](const std::function<bool(const std::string&, const Json&)>& holds) {
      return std::all_of(value.items().begin(), value.items().end(),
                         [&](const auto& item) { return holds(item.key(), item.value()); });
    };
    if (keyword == "properties") {
      return all([&](const auto& key, const Json& v) {
        return !argument.contains(key) || matches(v, argument.at(key));
      });
    }
    if (keyword == "additionalProperties") {
      return all([&](const auto& key, const Json& v) {
        return (schema.contains("properties") && schema.at("properties").contains(key)) ||
               matches(v, argument);
      });
    }
    if (keyword == "propertyNames")
      return all([&](const auto& key, const Json&) { return matches(key, argument); });
    if (keyword == "required")
      return std::all_of(argument.begin(), argument.end(),
                         [&](const Json& key) { return value.contains(key.get<std::string>()); });
    if (keyword == "dependentRequired") {
      return all([&](const auto& key, const Json&) {
        return !argument.contains(key) ||
               value.contains(argument.at(key).at(0).template get<std::string>());
      });
    }
    ADD_FAILURE() << "unknown keyword " << keyword;
    return false;
  }

  static bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "integer")
      return value.is_number_integer() ||
             (value.is_number() && std::floor(value.get<double>()) == value.get<double>());
    return type == "number" && value.is_number();
  }

  const Json& root_;
};

bool schema_accepts(const std::string& yaml) {
  static const Json root = schema();
  const Source source{"s.yaml"};
  return Validator(root).accepts(to_json(parse_yaml(yaml, source)));
}

/// Calls `visit` with every key of the description and whether it is to be had in this version.
void for_each_key(const std::function<void(const KeyForm&, bool)>& visit) {
  std::set<const Shape*> seen;
  const std::function<void(const Shape*, bool)> walk = [&](const Shape* shape, bool available) {
    if (shape == nullptr || !seen.insert(shape).second) return;
    for (const auto& form : shape->mapping) {
      for (const auto& key : form.keys) {
        visit(key, available && key.refusal.empty());
        if (key.refusal.empty()) walk(key.shape, available);
      }
      walk(form.named, available);
    }
    for (const auto& form : shape->list) walk(form.item, available);
  };
  walk(scenario_format().root, true);
}

std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Schema, IsAJsonSchemaOfDraft202012) {
  const auto root = schema();
  EXPECT_EQ(root.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(root.at("type"), "object");
  EXPECT_EQ(root.at("required"), (Json{"scenario", "load", "workflow"}));
  EXPECT_EQ(root.at("additionalProperties"), false);
}

TEST(Schema, IsTheSameEveryTime) { EXPECT_EQ(scenario_schema(), scenario_schema()); }

TEST(Schema, HasEveryAvailableKeyWithItsDescription) {
  const auto text = scenario_schema();
  for_each_key([&](const KeyForm& key, bool available) {
    EXPECT_FALSE(key.doc.empty()) << key.name;
    EXPECT_EQ(key.doc.back(), '.') << key.name << ": " << key.doc;
    if (!available) return;
    EXPECT_NE(text.find("\"" + key.name + "\": {"), std::string::npos) << key.name;
    EXPECT_NE(text.find("\"description\": " + Json(key.doc).dump()), std::string::npos) << key.name;
  });
}

TEST(Schema, EveryReferenceInItHasATarget) {
  const auto root = schema();
  const std::function<void(const Json&)> walk = [&](const Json& node) {
    if (node.is_object() && node.contains("$ref")) {
      EXPECT_NO_THROW(root.at(Json::json_pointer(node.at("$ref").get<std::string>().substr(1))))
          << node.at("$ref");
    }
    for (const auto& child : node) {
      if (child.is_structured()) walk(child);
    }
  };
  walk(root);
}

TEST(Schema, TheManualNamesEveryAvailableKey) {
  const auto manual = slurp(source_folder() / "docs" / "scenario-format.md");
  ASSERT_FALSE(manual.empty());
  for_each_key([&](const KeyForm& key, bool available) {
    if (available) {
      EXPECT_TRUE(std::regex_search(manual, std::regex("\\b" + key.name + "\\b"))) << key.name;
    }
  });
}

TEST(Schema, AcceptsEveryShippedScenarioAsTheLoaderDoes) {
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(source_folder() / "scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_NO_THROW(load_scenario(entry.path().string(), {})) << entry.path();
    EXPECT_TRUE(schema_accepts(slurp(entry.path()))) << entry.path();
  }
}

TEST(Schema, AgreesWithTheLoader) {
  const ScenarioFolder folder;
  const std::vector<std::string> lines{
      "seed: 5",
      "seed: 1e3",
      "seed: -1",
      "seed: x",
      "seed: \"5\"",
      "seed: 1.5",
      "scenario: a-b_1",
      "scenario: a b",
      "scenario: 5",
      "zebra: 1",
      "timeout: 30s",
      "timeout: 1.5h",
      "timeout: 30",
      "timeout: 3d",
      "timeout: 1e3s",
      "timeout: [1s]",
      "load: {requests: 5, arrivals: at_once}",
      "load: {requests: 5, arrivals: at_twice}",
      "load: {requests: 5, duration: 1h, arrivals: {poisson: 1/s}}",
      "load: {requests: 5}",
      "load: {requests: 0, arrivals: at_once}",
      "load: {requests: 5, arrivals: {poisson: 1/s, constant: 1/s}}",
      "load: {requests: 5, arrivals: {gamma: {rate: 1/s, cv: 2}}}",
      "load: {requests: 5, arrivals: {poisson: 20}}",
      "cancel: []",
      "cancel: {after: 30s}",
      "cancel: [{after: 30s}, {after_chunks: 3}]",
      "cancel: [{after: 30s, after_chunks: 3}]",
      "cancel: [{times: 2}]",
      "cancel: [{after: 1s, every: 1s}]",
      "cancel: [{during: {operation: 1, at: 0.5}}]",
      "cancel: [{during: {kind: tool, at: 0.5}}]",
      "cancel: [{during: {request: 0.5}}]",
      "cancel: [{during: {request: 0.5, at: 1}}]",
      "cancel: [{during: {at: 1}}]",
      "cancel: [{during: {kind: tol, at: 0.5}}]",
      "cancel: [{during: {operation: 1, kind: tool, at: 0.5}}]",
      "cancel: [{when: {cost_over: 1}}]",
      "policy: never",
      "policy: [never, checkpoint]",
      "policy: abort",
      "policy: {abort: {detect: 1s, operations: [llm, tool]}}",
      "policy: {abort: {operations: [transaction]}}",
      "policy: [{named: x, escalate: {after: 5s, detect: 0s}}, disconnect]",
      "policy: {escalate: {after: 5}}",
      "policy: {disconnect: {operations: [llm]}}",
      "policy: [{named: x, checkpoint: {}}]",
      "policy: {never: }",
      "policy: [{named: x}]",
      "policy: [{never: {}, checkpoint: {}}]",
      "policy: []",
      "policy: [{checkpoint: {a: 1}}]",
      "workflow: []",
      "workflow: [{wait: {exponential: {mean: 5s}}}]",
      "workflow: [{wait: {exponential: {mean: 5}}}]",
      "workflow: [{wait: {uniform: [1s]}}]",
      "workflow: [{wait: {geometric: {mean: 5s}}}]",
      "workflow: [{wait: {min: 1s}}]",
      "workflow: [{wait: {lognormal: {median: 1s, sigma: 1}}}]",
      "workflow: [{wait: {lognormal: {median: 1s, p95: 2s}}}]",
      "workflow: [{wait: {lognormal: {mean: 1s, cv: 1}}}]",
      "workflow: [{wait: {lognormal: {median: 1s}}}]",
      "workflow: [{wait: {lognormal: {median: 1s, cv: 1}}}]",
      "workflow: [{wait: {lognormal: {median: 1s, sigma: 1, p95: 2s}}}]",
      "workflow: [{wait: {quantiles: {p50: 1s, p99.9: 2s}}}]",
      "workflow: [{wait: {quantiles: {p50: 1s}}}]",
      "workflow: [{wait: {quantiles: {p50: 1s, p101: 2s}}}]",
      "workflow: [{wait: {quantiles: {p50: 1s, p100.0: 2s}}}]",
      "workflow: [{wait: {quantiles: {p50: 1s, p5.: 2s}}}]",
      "workflow: [{wait: {empirical: [1s, 2s]}}]",
      "workflow: [{llm: m, tool: t}]",
      "workflow: [{llm: m, stream: {chunk_tokens: 4}}]",
      "workflow: [{tool: t, stream: {chunk_tokens: 4}}]",
      "workflow: [{parallel: [{llm: m}, [{tool: t}]]}]",
      "workflow: [{parallel: {times: 2, do: [{llm: m}]}}]",
      "workflow: [{parallel: []}]",
      "workflow: [{repeat: {times: 2, do: []}}]",
      "workflow: [{repeat: {times: 2}}]",
      "workflow: [{choose: [{weight: 1, do: [{llm: m}]}]}]",
      "world: {}",
      "world: {tools: {era: both}}",
      "world: {tools: {era: 2025-11-25}, agents: {version: 0.3}}",
      "world: {agents: {version: \"1.0\"}}",
      "world: {agents: {version: 2}}",
      "world: {agents: {version: 1.5}}",
      "world: {tools: {era: 2025}}",
      "world: {lenient: yes}",
      "world: {faults: []}",
      "world: {faults: [{operation: 1}]}",
      "world: {faults: [{hang: true}]}",
      "world: {faults: [{operation: 1, hang: true}]}",
      "world: {faults: [{operation: 1, hang: false}]}",
      "world: {faults: [{operation: 1, hang: \"true\"}]}",
      "world: {faults: [{operation: \"1\", hang: true}]}",
      "world: {faults: [{operation: \"0\", hang: true}]}",
      "world: {faults: [{operation: \"1.\", hang: true}]}",
      "world: {faults: [{operation: 0, hang: true}]}",
      "world: {faults: [{operation: 1.5, hang: true}]}",
      "world: {faults: [{operation: 1, attempt: every, hang: true}]}",
      "world: {faults: [{operation: 1, attempt: 3, hang: true}]}",
      "world: {faults: [{operation: 1, attempt: \"3\", hang: true}]}",
      "world: {faults: [{operation: 1, attempt: some, hang: true}]}",
      "world: {faults: [{operation: 1, hang: true, lost: true}]}",
      "world: {faults: [{operation: 1, status: 429, retry_after: 6s}]}",
      "world: {faults: [{operation: 1, status: 429, retry_after: 6}]}",
      "world: {faults: [{operation: 1, hang: true, retry_after: 6s}]}",
      "world: {faults: [{operation: 1, reset: true}]}",
      "world: {faults: [{operation: 1, reset: {token: 5}}]}",
      "world: {faults: [{operation: 1, reset: {token: 0}}]}",
      "world: {faults: [{operation: 1, stall: {token: 5, for: 10s}}]}",
      "world: {faults: [{operation: 1, stall: {for: 10s}}]}",
      "world: {faults: [{operation: 1, slow: {factor: 10}}]}",
      "world: {faults: [{operation: 1, slow: {factor: 0}}]}",
      "world: {faults: [{operation: 1, error: \"disk full\"}]}",
      "exam: {}",
      "exam:",
      "exam: {at: {event: run.made}}",
      "exam: {at: {operation: 1}}",
      "exam: {at: {event: operation.started, operation: \"2.1\", attempt: 2, after: 200ms}}",
      "exam: {at: {event: operation.started, operation: 2.5}}",
      "exam: {at: {event: operation.started, attempt: 2}}",
      "exam: {at: {event: operation.token, operation: 1, token: 5, after: {within: 3}}}",
      "exam: {at: {event: operation.token, operation: 1, token: 0}}",
      "exam: {at: {event: run.made, after: {}}}",
      "exam: {at: {event: run.made, after: 5}}",
      "exam: {timeout: 1s, watch: 7s, next_turn: true}",
      "exam: {timeout: 1s, at: {event: run.made}}",
      "exam: {timeout: 1s, twice: true}",
      "exam: {at: {event: run.made}, twice: true}",
      "exam: {at: {event: run.made}, twice: true, leave: true}",
      "exam: {at: {event: run.made}, leave: false}",
      "exam: {clauses: [told, nothing-starts]}",
      "exam: {clauses: [tld]}",
      "exam: {clauses: []}",
      "services: {llm: {m: {latency: 1s, time_to_first_token: 1s}}}",
      "services: {llm: {m: {time_to_first_token: 1s}}}",
      "services: {llm: {m: {time_to_first_token: 1s, time_per_output_token: 1ms}}}",
      "services: {llm: {m: {}}}",
      "services: {llm: {m: {latency: 1s, queue: 1}}}",
      "services: {llm: {m: {latency: 1s, queue: 1, concurrency: 1}}}",
      "services: {llm: {m: {latency: 1s, price: {per_1k: 0.5}}}}",
      "services: {llm: {m: {latency: 1s, price: {input: 1}}}}",
      "services: {llm: {m: {latency: 1s, price: {input: 1, cached_input: 0.1, output: 2}}}}",
      "services: {llm: {m: {latency: 1s, price: {per_1k: 0.5, cached_input: 1}}}}",
      "services: {llm: {m: {latency: 1s, transactional: true}}}",
      "services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 1, per_call: 2}}}}",
      "services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 1, per_call: 1, min: 2}}}}",
      "services: {llm: {m: {latency: 1s, cached_input_tokens: {uniform: [1, 3], min: 2, max: 3}}}}",
      "services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 1}}}}",
      "services: {llm: {m: {latency: 1s, output_tokens: 1e9}}}",
      "services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s, price: {per_1k: 1}}}}",
      "services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{llm: m}]}}}",
      "services: {llm: {m: {latency: 1s}, a.b: {latency: 1s}}}"};
  for (const auto& line : lines) {
    const auto yaml = scenario_with({line});
    EXPECT_EQ(schema_accepts(yaml), folder.error(yaml).empty()) << line << "\n"
                                                                << folder.error(yaml);
  }
}

}  // namespace
}  // namespace caesura
