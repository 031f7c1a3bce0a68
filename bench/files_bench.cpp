// What comes before a run and after it: loading a shipped scenario, the smallest and the largest of
// them; and telling the results of 1,000 requests under three policies, as results.json, as a table
// for the terminal, and as Markdown.
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/json_text.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/run/runner.hpp"
#include "scenarios/report/cancel_rule.hpp"
#include "scenarios/report/explanation.hpp"
#include "scenarios/report/markdown.hpp"
#include "scenarios/report/table.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <string>
#include <utility>

namespace caesura::bench {
namespace {

void load(benchmark::State& state, const char* name) {
  const std::string file = std::string(CAESURA_SOURCE_DIR "/scenarios/") + name;
  for (auto _ : state) benchmark::DoNotOptimize(load_scenario(file, {}));
}
BENCHMARK_CAPTURE(load, smallest, "cancel_too_late.yaml")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(load, largest, "agent_tree.yaml")->Unit(benchmark::kMicrosecond);

const Results& results() {
  static const Results all = [] {
    ScenarioOptions changes;
    changes.requests = 1000;
    const Scenario scenario =
        load_scenario(CAESURA_SOURCE_DIR "/scenarios/cancel_after_timeout.yaml", changes);
    const std::atomic<bool> stop{false};
    Progress progress;
    RunOutcome outcome = run_scenario(
        scenario, {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}}, stop,
        progress);
    Results made{.scenario = scenario.name,
                 .file = scenario.file,
                 .seed = scenario.model.seed.value,
                 .requests = outcome.requests,
                 .engine = name_of(EngineKind::direct),
                 .run = {},
                 .policies = std::move(outcome.policies),
                 .comparisons = std::move(outcome.comparisons),
                 .thresholds = parse_thresholds(scenario),
                 .background = {.description = scenario.description,
                                .cancel_rule = describe_cancels(scenario.model),
                                .lateness_max = {}}};
    made.background.explanations = explanations(scenario.model, made.requests, made.policies);
    return made;
  }();
  return all;
}

void as_json(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(json_text(to_json(results())));
}
BENCHMARK(as_json)->Name("report/json")->Unit(benchmark::kMicrosecond);

void as_table(benchmark::State& state) {
  const nlohmann::ordered_json document = to_json(results());
  for (auto _ : state)
    benchmark::DoNotOptimize(
        table_text(document, results().background, {.width = 100, .colour = false}));
}
BENCHMARK(as_table)->Name("report/table")->Unit(benchmark::kMicrosecond);

void as_markdown(benchmark::State& state) {
  const nlohmann::ordered_json document = to_json(results());
  for (auto _ : state) benchmark::DoNotOptimize(markdown_text(document, results().background));
}
BENCHMARK(as_markdown)->Name("report/markdown")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace caesura::bench
