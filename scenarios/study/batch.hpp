#pragma once

#include "engines/engine.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/run/runner.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// One policy's results as numbers alone, in a tenth of the memory.
struct PolicyFigures {
  std::string policy;
  std::vector<double> figures;  ///< in the order of known_fields(); NaN for null
};
PolicyFigures figures_of(const nlohmann::ordered_json& policy);

/// One element of `policies` in results.json again. (A whole number above 2^53 is the nearest
/// double.)
nlohmann::ordered_json policy_json(const PolicyFigures& policy);

/// The index of a field in known_fields(). Throws std::out_of_range if there is no such field.
std::size_t field_index(const std::string& field);

/// Many runs of one scenario file, each with options of its own.
struct Batch {
  std::string file;
  std::size_t runs = 0;
  std::function<ScenarioOptions(std::size_t run)> options;  ///< called from several threads at once
  std::string only_policy = {};                             ///< of the scenario's; empty: all
  EngineKind engine = EngineKind::direct;                   ///< in virtual time
  unsigned threads = 1;
};

/// How far a batch is; may be read from another thread.
struct BatchProgress {
  std::atomic<std::uint64_t> runs_done{0};
  std::atomic<std::uint64_t> runs_total{0};
};

struct BatchResult {
  std::uint64_t seed = 0;
  std::uint64_t requests = 0;  ///< of each policy
  std::vector<PolicyFigures> policies;
};

/// Loads every scenario, and forgets it: a thousand may name a thousand times the data. Throws the
/// ScenarioError of the first run that has one. Returns the warnings that all of them have, as
/// those of the file itself are. Returns before the end if `stop` is set.
std::vector<std::string> check_batch(const Batch& batch, const std::atomic<bool>& stop,
                                     BatchProgress& progress);

/// Runs all, spread over the threads. A function of the batch alone, threads aside, as long as
/// `stop` is not set; after that, runs that had not ended have no result. Throws what load_scenario
/// and run_scenario throw for the first run that has a fault; a PlanTooLong or an overflow, which
/// only the run shows, as a ScenarioError with the options of the run.
std::vector<std::optional<BatchResult>> run_batch(const Batch& batch, const std::atomic<bool>& stop,
                                                  BatchProgress& progress);

}  // namespace caesura
