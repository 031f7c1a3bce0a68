#include "bench/reference_scenario.hpp"

namespace caesura::bench {

Scenario reference_scenario(const ReferenceOptions& options) {
  ScenarioOptions changes;
  changes.requests = options.requests;
  if (options.compete) changes.sets.emplace_back("services.llm.model.concurrency=1000000000");
  Scenario scenario = load_scenario(CAESURA_SOURCE_DIR "/bench/peers/reference.yaml", changes);
  Model& model = scenario.model;
  const double operations_ns = 2e9 * options.operations;
  // As the peers have it: an operation and what comes with it counts as 2.5 s.
  model.load.arrivals = RandomArrivals{
      Distribution::exponential(1.25 * operations_ns / static_cast<double>(options.in_flight))};
  model.workflow.resize(options.operations, model.workflow.front());
  model.cancels.front().moment = CancelAfter{Distribution::uniform(0, operations_ns)};
  return scenario;
}

}  // namespace caesura::bench
