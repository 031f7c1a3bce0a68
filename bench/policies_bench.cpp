// What a matrix of policies costs: the shipped policy matrix with all its policies, compared pair
// by pair, and with each of them alone.
#include "scenarios/format/scenario.hpp"
#include "scenarios/run/runner.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <vector>

namespace caesura::bench {
namespace {

/// `chosen` as on the command line; none: the file's own.
void policies(benchmark::State& state, EngineKind engine, const std::vector<std::string>& chosen) {
  ScenarioOptions changes;
  changes.policies = chosen;
  const Scenario scenario =
      load_scenario(CAESURA_SOURCE_DIR "/scenarios/policy_matrix.yaml", changes);
  const std::atomic<bool> stop{false};
  for (auto _ : state) {
    Progress progress;
    benchmark::DoNotOptimize(run_scenario(
        scenario, {.engine = engine, .requests_csv = {}, .each_request = {}}, stop, progress));
  }
  const std::uint64_t requests = scenario.model.load.requests * scenario.policies.size();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(requests));
}

const bool added = [] {
  const auto add = [](const std::string& name, EngineKind engine,
                      const std::vector<std::string>& chosen) {
    benchmark::RegisterBenchmark(("policies/" + name).c_str(), policies, engine, chosen)
        ->Unit(benchmark::kMillisecond);
  };
  for (const char* policy : {"never", "checkpoint", "abort", "disconnect", "escalate"}) {
    add(std::string("direct/") + policy, EngineKind::direct, {policy});
  }
  add("direct/all_six", EngineKind::direct, {});
  add("caf/all_six", EngineKind::caf, {});
  return true;
}();

}  // namespace
}  // namespace caesura::bench
