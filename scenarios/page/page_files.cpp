#include "scenarios/page/page_files.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/json_place.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/results/results_file.hpp"
#include "scenarios/run/runner.hpp"
#include "scenarios/report/cancel_rule.hpp"
#include "scenarios/report/explanation.hpp"
#include "scenarios/page/page_data.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::uint64_t sensitivity_requests = 2000;

/// A document with every field that a results.json has; arrays hold at most one element, which
/// stands for all.
Json shape() {
  Results results;
  results.policies.emplace_back();
  Json document = to_json(results);
  Json comparison{{"policy", ""}, {"against", ""}};
  comparison["cancel_latency_s"] = {
      {"mean_difference", nullptr}, {"ci95", Json::array({0, 0})}, {"pairs", 0}};
  comparison["cost_usd"] = {
      {"saved_difference", nullptr}, {"ci95", Json::array({0, 0})}, {"pairs", 0}};
  document["comparisons"].push_back(std::move(comparison));
  document["thresholds"].push_back({{"expression", ""}, {"value", nullptr}, {"ok", true}});
  return document;
}

bool is_interval(const Json& value) {
  return value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
}

/// What a value is, as far as the shape of results goes. What is not known is null: a statistic of
/// nothing, an interval, or the verdict on a threshold that was not judged.
bool is_like(const Json& value, const Json& model) {
  if (model.is_number()) return value.is_number();
  if (model.is_null()) return value.is_number() || value.is_null();
  if (model.is_boolean()) return value.is_boolean() || value.is_null();
  if (is_interval(model)) return is_interval(value) || value.is_null();
  return value.type() == model.type();
}

/// Fails at what is at `path`, its parts joined by dots, in the document that `top` points to.
[[noreturn]] void fail_at(const std::string& file, const std::string& top, std::string path,
                          const std::string& what) {
  std::replace(path.begin(), path.end(), '.', '/');
  throw ScenarioError(json_place(file, top + '/' + path) + ": " + what);
}

void check_shape(const Json& value, const Json& model, const std::string& path,
                 const std::string& file, const std::string& top) {
  if (!is_like(value, model)) fail_at(file, top, path, path + " is not what it should be");
  if (model.is_object()) {
    for (const auto& [key, below] : model.items()) {
      const std::string field = path.empty() ? key : path + '.' + key;
      const auto found = value.find(key);
      if (found == value.end()) {
        fail_at(file, top, field,
                field + " is missing; this is no results.json of this version of Caesura");
      }
      check_shape(*found, below, field, file, top);
    }
  } else if (model.is_array() && !model.empty()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      check_shape(value[i], model[0], fmt::format("{}.{}", path, i), file, top);
  }
}

bool has_policy(const Json& results, const std::string& name) {
  const Json& policies = results["policies"];
  return std::any_of(policies.begin(), policies.end(),
                     [&](const Json& policy) { return policy["policy"] == name; });
}

/// A page shows every number, so that none may be missing where a run has it.
void check_page_results(const std::string& file, const Json& document, const std::string& top) {
  check_results(file, document, top);
  check_shape(document, shape(), "", file, top);
  if (document["policies"].empty()) fail_at(file, top, "policies", "it has no policies");
  for (std::size_t i = 0; i < document["comparisons"].size(); ++i) {
    for (const char* const side : {"policy", "against"}) {
      const auto name = document["comparisons"][i][side].get<std::string>();
      if (!has_policy(document, name)) {
        fail_at(file, top, fmt::format("comparisons.{}.{}", i, side),
                "it compares policy " + cited(name) + ", which it does not have");
      }
    }
  }
}

/// Of the requests.csv beside `results_file`.
CancelledRows read_rows(const std::string& file, const std::string& results_file,
                        const Json& results) {
  CancelledRows rows = read_cancelled_rows(file, expected_rows(results));
  for (std::size_t i = 0; i < results["policies"].size(); ++i) {
    const auto name = results["policies"][i]["policy"].get<std::string>();
    const auto& cancelled = results["policies"][i]["requests"]["cancelled"];
    const std::uint64_t in_rows = rows.contains(name) ? rows[name].size() : 0;
    if (cancelled != in_rows) {
      fail_at(results_file, "", fmt::format("policies.{}.requests.cancelled", i),
              fmt::format("it has {} cancelled requests of policy {}, and requests.csv beside it "
                          "{}: they are not of one run",
                          cancelled.dump(), cited(name), in_rows));
    }
  }
  return rows;
}

const Policy* find_policy(const Scenario& scenario, const std::string& name) {
  const auto found = std::find_if(scenario.policies.begin(), scenario.policies.end(),
                                  [&](const Policy& p) { return p.name == name; });
  return found == scenario.policies.end() ? nullptr : &*found;
}

/// Those of the first replication: the others have other seeds.
std::vector<CancelledRow> rows_to_observe(const Scenario& scenario,
                                          std::vector<CancelledRow> rows) {
  const std::atomic<bool> stop{false};
  const std::uint64_t requests = count_requests(scenario.model, stop);
  std::erase_if(rows, [&](const CancelledRow& row) { return row.request >= requests; });
  return rows;
}

/// The lives of the same requests under every policy that cancelled any.
std::vector<PolicyTimelines> timelines_of(const Scenario& scenario, const Json& results,
                                          const CancelledRows& rows) {
  std::vector<RequestNumber> numbers;
  std::vector<PolicyTimelines> all;
  for (const Json& result : results["policies"]) {
    const auto name = result["policy"].get<std::string>();
    const auto found = rows.find(name);
    const Policy* policy = find_policy(scenario, name);
    if (policy == nullptr || found == rows.end() || found->second.empty()) continue;
    if (numbers.empty()) numbers = requests_to_show(rows_to_observe(scenario, found->second));
    all.push_back({name, observe_requests(scenario, *policy, numbers)});
  }
  return all;
}

std::optional<Sensitivity> sensitivity_of(const Scenario& scenario, const Json& results) {
  for (const Json& result : results["policies"]) {
    const Policy* policy = find_policy(scenario, result["policy"].get<std::string>());
    if (policy == nullptr || result["requests"]["cancelled"] == 0) continue;
    return analyse_sensitivity(scenario, *policy, sensitivity_requests);
  }
  return std::nullopt;
}

/// As the run's own report has them: they look at the first requests only, which are run again.
std::vector<std::string> explanations_of(Scenario scenario) {
  const std::atomic<bool> stop{false};
  Progress progress;
  scenario.model.load.requests = std::min(scenario.model.load.requests, explained_requests);
  const RunOutcome outcome =
      run_scenario(scenario, {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}},
                   stop, progress);
  return explanations(scenario.model, outcome.requests, outcome.policies);
}

ScenarioPart read_scenario_part(const std::string& file, const Json& results,
                                const std::optional<CancelledRows>& rows) {
  const Scenario scenario = load_scenario(file, {});
  const Json& of = results["scenario"];
  if (of["name"] != scenario.name || of["seed"] != scenario.model.seed.value) {
    throw ScenarioError(
        fmt::format("{}: it is scenario {} with seed {}, and results.json beside it is of {} with "
                    "seed {}: they are not of one run",
                    file, scenario.name, scenario.model.seed.value, of["name"].get<std::string>(),
                    of["seed"].dump()));
  }
  return {
      .description = scenario.description,
      .cancel_rule = describe_cancels(scenario.model),
      .yaml = scenario.yaml,
      .timelines = rows ? timelines_of(scenario, results, *rows) : std::vector<PolicyTimelines>{},
      .explanations = explanations_of(scenario),
      .sensitivity = sensitivity_of(scenario, results)};
}

/// `file` is named results.json: what lies beside it belongs to it.
PageScenario with_files_beside(const std::string& file, Json results) {
  PageScenario scenario{
      .results = std::move(results), .rows = std::nullopt, .scenario = std::nullopt};
  const fs::path folder = fs::path(file).parent_path();
  const std::string requests = (folder / "requests.csv").string();
  if (fs::exists(requests)) scenario.rows = read_rows(requests, file, scenario.results);
  const std::string yaml = (folder / "scenario.yaml").string();
  if (fs::exists(yaml))
    scenario.scenario = read_scenario_part(yaml, scenario.results, scenario.rows);
  return scenario;
}

}  // namespace

std::vector<PageScenario> read_page_scenarios(const std::string& path) {
  std::vector<PageScenario> all;
  for (const std::string& file : results_files_at(path)) {
    Json documents = read_results_json(file);
    const bool is_one = !documents.is_array();
    if (is_one) documents = Json::array({std::move(documents)});
    if (documents.empty())
      throw ScenarioError(fmt::format("{}: is an empty array; it has no results", file));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      Json& document = documents[i];
      check_page_results(file, document, is_one ? "" : fmt::format("/{}", i));
      if (is_one && fs::path(file).filename() == "results.json") {
        all.push_back(with_files_beside(file, std::move(document)));
      } else {
        all.push_back(
            {.results = std::move(document), .rows = std::nullopt, .scenario = std::nullopt});
      }
    }
  }
  return all;
}

}  // namespace caesura
