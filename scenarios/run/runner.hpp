#pragma once

#include "sim/time.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/run/run_options.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace caesura {

struct RunOutcome {
  std::vector<PolicyResult> policies;  ///< in the scenario's order; over all replications
  /// Of the others with the first that can cancel; none if partial.
  std::vector<PolicyComparison> comparisons;
  std::uint64_t requests = 0;  ///< of each policy, as the load wants them; of all replications
  std::uint64_t messages = 0;
  std::uint64_t peak_in_flight = 0;  ///< requests at the server at one (simulated) time, at most
  bool partial = false;              ///< `stop` was set before the end
  std::optional<Duration> lateness_max;  ///< caf_realtime only: simulated time
};

/// Runs every policy of the scenario on the same requests; replication r with replication_seed(the
/// scenario's, r). In virtual time the outcome, but for `messages`, `peak_in_flight` and `partial`,
/// is a function of scenario and replications alone. Once `stop` is set it returns within a
/// fraction of a second with the requests that had ended. Throws BrokenInvariant, TooLittleMemory
/// before it begins, and what the plans (PlanTooLong), sums (std::overflow_error) and
/// `requests_csv` throw.
RunOutcome run_scenario(const Scenario& scenario, const RunOptions& options,
                        const std::atomic<bool>& stop, Progress& progress);

/// How many requests the load sends; if `stop` is set while it counts, how many it had counted.
std::uint64_t count_requests(const Model& model, const std::atomic<bool>& stop);

}  // namespace caesura
