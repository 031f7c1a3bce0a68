#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "scenarios/results/cancel_waits.hpp"
#include "scenarios/results/results.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

// Why a cancel takes as long as it does: long operations are in progress for longer, so they are
// hit more often than they are many.

/// The planned service times of all operations that requests start if nobody cancels them.
struct OperationTimes {
  std::uint64_t requests = 0;       ///< so many requests, from the first on
  std::vector<Duration> durations;  ///< ascending
  bool has_parallel_steps = false;
  bool has_children = false;  ///< agents with a workflow, whose times are not among `durations`
};

/// Of the first requests of a load of `requests`: fewer than explained_requests if these have very
/// many operations. A pure function. Throws PlanTooLong.
OperationTimes operation_times(const Model& model, std::uint64_t requests);

struct WaitFigures {
  std::uint64_t cancels = 0;          ///< that came while an operation was in progress
  Duration median{0};                 ///< operation
  double hit_longer_than_median = 0;  ///< share of the cancels
  bool biased = false;                ///< which is more than a half by more than chance allows
  double mean_wait_s = 0;
  double half_mean_operation_s = 0;
  double random_wait_s = 0;  ///< E[X²] / 2E[X]: to the end of the operation that is in progress at
                             ///< an instant drawn at random
  bool at_random = false;    ///< the cancels wait that long, as far as chance allows
  Duration long_from{0};    ///< the 99th percentile of operations; long ones last so long or longer
  double long_share = 0;    ///< of all operations: more than 1 % where many last equally long
  double wait_in_long = 0;  ///< their share of all waiting
};

/// Empty if there are fewer than 30 cancels, which would say little.
std::optional<WaitFigures> wait_figures(const CancelWaits& waits, const OperationTimes& operations);

/// A few sentences that begin with the policy's name. Empty if nothing can be said, or if the
/// policy cuts off what is in progress, so that it is not operations that a cancel waits for.
std::string explanation(const Policy& policy, const CancelWaits& waits,
                        const OperationTimes& operations);

/// Those of a run of `requests` under each policy (of the first replication, if there are several)
/// that are not empty. None if a source of cancels looks at operations, chunks or what was used: it
/// hits what it is meant to hit, and length has no part in that.
std::vector<std::string> explanations(const Model& model, std::uint64_t requests,
                                      const std::vector<PolicyResult>& policies);

}  // namespace caesura
