#pragma once

#include "sim/time.hpp"
#include "engines/world.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/results.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace caesura {

enum class EngineKind : std::uint8_t { caf, direct, caf_realtime };
/// As on the command line and in results.json.
const char* name_of(EngineKind engine);

/// How far a run is; may be read from another thread.
struct Progress {
  std::atomic<std::uint64_t> requests_done{0};  ///< of all policies
  std::atomic<std::uint64_t> requests_total{0};
};

struct RunOptions {
  EngineKind engine = EngineKind::caf;
  unsigned threads = 1;   ///< at least 1; results do not depend on it
  double time_scale = 1;  ///< caf_realtime only: how many times faster than life
  /// At least 1: so many times the load, each with a seed of its own.
  std::uint32_t replications = 1;
  /// Gets the lines of requests.csv, without header, in order of policy and request number; may be
  /// empty. Called by one thread at a time. Request numbers, here and below, go on from one
  /// replication to the next.
  std::function<void(std::string_view lines)> requests_csv;
  /// Gets every settled request, in any order; may be empty. Called by one thread at a time if
  /// `threads` is 1.
  std::function<void(const RequestReport&, const ClientReport&)> each_request;
};

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
/// fraction of a second with the requests that had ended. Throws BrokenInvariant, and what the
/// plans (PlanTooLong), sums (std::overflow_error) and `requests_csv` throw.
RunOutcome run_scenario(const Scenario& scenario, const RunOptions& options,
                        const std::atomic<bool>& stop, Progress& progress);

/// How many requests the load sends; if `stop` is set while it counts, how many it had counted.
std::uint64_t count_requests(const Model& model, const std::atomic<bool>& stop);

/// A world in virtual time on `engine`; std::logic_error for caf_realtime.
std::unique_ptr<World> make_world(EngineKind engine, const WorldOptions& options);

}  // namespace caesura
