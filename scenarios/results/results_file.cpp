#include "scenarios/results/results_file.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/results/json_place.hpp"
#include "scenarios/results/threshold_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* schema = "caesura.results/1";

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw ScenarioError(file + ": " + what);
}

/// A document in a file, or a part of it.
struct Part {
  const std::string& file;
  const Json& json;
  std::string pointer;  ///< to it, from the top of the file

  /// At what is `below` it.
  [[noreturn]] void refuse(const std::string& below, const std::string& what) const {
    fail(json_place(file, pointer + below), what);
  }
};

const Json& member(const Part& part, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!part.json.contains(path))
    part.refuse(pointer, std::string("is no results.json: it has no ") + (pointer + 1));
  return part.json.at(path);
}

void check_policy(const Part& part, std::set<std::string>& names) {
  const Json& policy = part.json;
  if (!policy.is_object() || !policy.contains("policy") || !policy["policy"].is_string())
    part.refuse("/policy", "a policy has no name");
  const auto name = policy["policy"].get<std::string>();
  if (!names.insert(name).second) part.refuse("/policy", "has two policies named " + cited(name));
  for (const std::string& field : known_fields()) {
    std::string path = "/" + field;
    std::replace(path.begin(), path.end(), '.', '/');
    const Json::json_pointer pointer(path);
    if (!policy.contains(pointer)) continue;
    const Json& value = policy.at(pointer);
    if (!value.is_number() && !value.is_null())
      part.refuse(path, field + " of policy " + cited(name) + " is not a number");
  }
  if (!member(part, "/requests/total").is_number_unsigned())
    part.refuse("/requests/total", "requests.total of policy " + cited(name) + " is no count");
}

/// Files of one run, or of the scenarios of one run.
std::vector<std::string> files_in(const std::string& folder) {
  if (fs::exists(fs::path(folder) / "results.json"))
    return {(fs::path(folder) / "results.json").string()};
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path file = entry.path() / "results.json";
    if (fs::exists(file, error)) files.push_back(file.string());
  }
  if (files.empty()) fail(folder, "has no results.json; run --out writes one");
  std::sort(files.begin(), files.end());
  return files;
}

void load_file(const std::string& file, std::vector<SavedResults>& all) {
  Json document = read_results_json(file);
  if (!document.is_array()) {
    check_results(file, document);
    const fs::path requests = fs::path(file).parent_path() / "requests.csv";
    const bool has_rows = fs::path(file).filename() == "results.json" && fs::exists(requests);
    Evidence evidence =
        has_rows ? read_evidence(requests.string(), expected_rows(document)) : Evidence();
    all.push_back({file, std::move(document), std::move(evidence)});
    return;
  }
  if (document.empty()) fail(file, "is an empty array; it has no results");
  for (std::size_t i = 0; i < document.size(); ++i) {
    check_results(file, document[i], "/" + std::to_string(i));
    all.push_back({file, std::move(document[i]), {}});
  }
}

}  // namespace

void check_results(const std::string& file, const Json& document, const std::string& pointer) {
  const Part part{file, document, pointer};
  if (!document.is_object()) part.refuse("", "is no results.json: it is not an object");
  if (member(part, "/schema") != schema) {
    part.refuse("/schema", "has another schema than " + std::string(schema) +
                               "; compare results of programs that agree in it");
  }
  if (!member(part, "/scenario/name").is_string())
    part.refuse("/scenario/name", "the scenario's name is no text");
  for (const char* const count : {"/scenario/seed", "/scenario/requests"}) {
    if (!member(part, count).is_number_unsigned())
      part.refuse(count, std::string(count + 1) + " is no count");
  }
  if (part.json["scenario"].contains("served") && !part.json["scenario"]["served"].is_boolean())
    part.refuse("/scenario/served", "scenario/served is neither true nor false");
  if (!member(part, "/engine").is_string()) part.refuse("/engine", "the engine is no text");
  if (!member(part, "/run/partial").is_boolean())
    part.refuse("/run/partial", "run/partial is neither true nor false");
  const Json& policies = member(part, "/policies");
  if (!policies.is_array()) part.refuse("/policies", "policies is no list");
  std::set<std::string> names;
  for (std::size_t i = 0; i < policies.size(); ++i)
    check_policy({file, policies[i], pointer + "/policies/" + std::to_string(i)}, names);
}

Json read_results_json(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in || in.peek() == std::ifstream::traits_type::eof()) {
    fail(file,
         errno != 0 ? "cannot be read: " + std::generic_category().message(errno) : "is empty");
  }
  try {
    return Json::parse(in);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": the place is worth
    // telling, the rest is the parser's own.
    unsigned line = 1, column = 1;
    const std::string words = error.what();
    const auto at = std::min(words.find("at line"), words.size());
    static_cast<void>(
        std::sscanf(words.c_str() + at, "at line %u, column %u", &line, &column));  // NOLINT
    fail(file + ':' + std::to_string(line) + ':' + std::to_string(column),
         "is not JSON, or is cut off");
  } catch (const Json::out_of_range& error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    const std::string words = error.what();
    const auto quote = std::min(words.find('\''), words.size() - 1);
    const std::string number = words.substr(quote + 1, words.rfind('\'') - quote - 1);
    fail(json_place_of_number(file, number), "the number " + cited(number) + " is too large");
  }
}

std::vector<std::string> results_files_at(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? files_in(path) : std::vector<std::string>{path};
}

std::vector<SavedResults> load_results(const std::string& path) {
  std::vector<SavedResults> all;
  for (const auto& file : results_files_at(path)) load_file(file, all);
  return all;
}

}  // namespace caesura
