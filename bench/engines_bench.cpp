#include <benchmark/benchmark.h>

#include <atomic>

#include "scenarios/runner.hpp"

namespace caesura {
namespace {

/// The reference workload: about 2,000 requests in flight, 8 operations each of lognormal(2 s, 0.6), 30 % cancelled uniformly in 16 s.
Scenario reference_workload(std::uint64_t requests, bool compete) {
  Scenario scenario;
  scenario.policies = {{.name = "checkpoint", .kind = PolicyKind::checkpoint}};
  Model& model = scenario.model;
  model.load = {.requests = requests, .duration = {}, .arrivals = RandomArrivals{Distribution::exponential(1e7)}};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency = WholeLatency{Distribution::lognormal_median_sigma(2e9, 0.6)};
  if (compete) llm.concurrency = 1'000'000'000;
  model.services = {llm};
  model.workflow.assign(8, {ServiceCall{}});
  CancelSource source;
  source.probability = 0.3;
  source.moment = CancelAfter{Distribution::uniform(0, 16e9)};
  model.cancels = {source};
  return scenario;
}

void requests(benchmark::State& state, EngineKind engine, bool compete) {
  const Scenario scenario = reference_workload(static_cast<std::uint64_t>(state.range(0)), compete);
  const std::atomic<bool> stop{false};
  std::uint64_t messages = 0;
  for (auto _ : state) {
    Progress progress;
    messages += run_scenario(scenario, {.engine = engine, .requests_csv = {}, .each_request = {}}, stop, progress).messages;
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["messages/s"] = benchmark::Counter(static_cast<double>(messages), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(requests, direct_independent, EngineKind::direct, false)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(requests, direct_competing, EngineKind::direct, true)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(requests, caf_independent, EngineKind::caf, false)->Arg(50'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(requests, caf_competing, EngineKind::caf, true)->Arg(50'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace caesura
