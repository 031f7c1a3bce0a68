#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "actors/reports.hpp"
#include "scenarios/results/comparison.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/run/run_options.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace caesura {

/// One policy's run of one load: what it is to do, then what came of it.
struct PolicyRun {
  const Model& model;
  const Policy& policy;
  const RunOptions& options;
  const std::atomic<bool>& stop;
  Progress& progress;
  std::uint64_t requests = 0;  ///< of the whole load
  /// What request 0 is called outside, after the requests of earlier replications.
  RequestNumber first_number = 0;
  /// Gets its first requests, as many as it has elements; may be null.
  PairedRequests* record = nullptr;
  /// Those of the policy to compare with, complete; may be null.
  const PairedRequests* reference = nullptr;

  /// What adds up over requests; in any order, to the same sums.
  struct Sums {
    PolicyTotals totals;
    PairedDifferences differences;  ///< to `reference`
    std::uint64_t noted = 0;        ///< requests that one thread has added
    void merge(Sums&& other);
  };
  Sums sums{};
  std::uint64_t messages = 0;
  std::uint64_t peak_in_flight = 0;
  bool partial = false;
  std::optional<Duration> lateness_max{};
};

/// Whether the run has a world for each request (or user), and so may use several threads; if not,
/// all share one world on one thread.
bool runs_apart(const Model& model, EngineKind engine);

/// Fills in what came of it. Throws as run_scenario() does.
void run_policy(PolicyRun& run);

}  // namespace caesura
