#include "scenarios/results/results_file.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/results/threshold_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
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

const Json& member(const std::string& file, const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path))
    fail(file, std::string("is no results.json: it has no ") + (pointer + 1));
  return object.at(path);
}

void check_policy(const std::string& file, const Json& policy, std::set<std::string>& names) {
  if (!policy.is_object() || !policy.contains("policy") || !policy["policy"].is_string())
    fail(file, "a policy has no name");
  const auto name = policy["policy"].get<std::string>();
  if (!names.insert(name).second) fail(file, "has two policies named " + cited(name));
  for (std::string path : known_fields()) {
    std::replace(path.begin(), path.end(), '.', '/');
    const Json::json_pointer pointer("/" + path);
    if (!policy.contains(pointer)) continue;
    const Json& value = policy.at(pointer);
    if (!value.is_number() && !value.is_null()) {
      std::replace(path.begin(), path.end(), '/', '.');
      fail(file, path + " of policy " + cited(name) + " is not a number");
    }
  }
  if (!member(file, policy, "/requests/total").is_number_unsigned())
    fail(file, "requests.total of policy " + cited(name) + " is no count");
}

/// How many requests each policy has.
std::map<std::string, std::uint64_t> requests_of(const Json& document) {
  std::map<std::string, std::uint64_t> requests;
  for (const auto& policy : document["policies"]) {
    requests[policy["policy"].get<std::string>()] =
        policy["requests"]["total"].get<std::uint64_t>();
  }
  return requests;
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
        has_rows ? read_evidence(requests.string(), requests_of(document)) : Evidence();
    all.push_back({file, std::move(document), std::move(evidence)});
    return;
  }
  if (document.empty()) fail(file, "is an empty array; it has no results");
  for (auto& one : document) {
    check_results(file, one);
    all.push_back({file, std::move(one), {}});
  }
}

}  // namespace

void check_results(const std::string& file, const Json& document) {
  if (!document.is_object()) fail(file, "is no results.json: it is not an object");
  if (member(file, document, "/schema") != schema) {
    fail(file, "has another schema than " + std::string(schema) +
                   "; compare results of programs that agree in it");
  }
  if (!member(file, document, "/scenario/name").is_string())
    fail(file, "the scenario's name is no text");
  for (const char* const count : {"/scenario/seed", "/scenario/requests"}) {
    if (!member(file, document, count).is_number_unsigned())
      fail(file, std::string(count + 1) + " is no count");
  }
  if (!member(file, document, "/engine").is_string()) fail(file, "the engine is no text");
  if (!member(file, document, "/run/partial").is_boolean())
    fail(file, "run/partial is neither true nor false");
  const Json& policies = member(file, document, "/policies");
  if (!policies.is_array()) fail(file, "policies is no list");
  std::set<std::string> names;
  for (const auto& policy : policies) check_policy(file, policy, names);
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
    const std::string words = error.what();
    const auto at = words.find("at line");
    fail(file,
         "is not JSON, or is cut off" +
             (at == std::string::npos ? ""
                                      : ": wrong " + words.substr(at, words.find(':', at) - at)));
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
