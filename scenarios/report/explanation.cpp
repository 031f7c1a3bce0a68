#include "scenarios/report/explanation.hpp"

#include "sim/statistics.hpp"
#include "model/plan.hpp"
#include "scenarios/report/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

namespace caesura {
namespace {

constexpr std::size_t fewest_cancels = 30;
/// What differs by more is not put down to chance.
constexpr double standard_errors = 3;
constexpr std::size_t most_operations_sampled = 1'000'000;
/// Where more operations than that are "the longest 1 %", because many are equally long, there is
/// no tail to tell of.
constexpr double most_long_share = 0.05;

/// What the request starts if nobody cancels it: nothing after an operation that fails it. A child
/// request is no operation to wait for: what a cancel hits then is the child.
void add_operations(const Model& model, RequestNumber request, const Plan& plan,
                    std::vector<Duration>& durations) {
  const bool may_end_early =
      std::any_of(plan.steps.begin(), plan.steps.end(), [&](const PlanStep& step) {
        return step.what == PlanStep::What::operation && step.kind != OperationKind::transaction &&
               model.services[step.service].on_failure == OnFailure::fail;
      });
  const PlannedTimes times = may_end_early ? planned_times(model, request, plan) : PlannedTimes();
  for (const PlanStep& step : plan.steps) {
    if (step.what != PlanStep::What::operation || step.is_child) continue;
    if (times.fatal && times.starts[step.number - 1] >= *times.fatal) continue;
    durations.push_back(sample_of(model, request, step).duration);
  }
}

std::string counted(std::uint64_t n, const char* what) {
  return count_figure(static_cast<std::int64_t>(n)) + what;
}

/// Element ceil(n · per_mille / 1000) of the sorted durations, counted from 1.
Duration percentile(const std::vector<Duration>& sorted, std::size_t per_mille) {
  return sorted[(sorted.size() * per_mille + 999) / 1000 - 1];
}

double share(int128 part, int128 whole) {
  return whole == 0 ? 0 : to_double(part) / to_double(whole);
}

/// Whether a cancel waits for the end of operations under this policy, at least for a while.
bool waits_for_operations(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::checkpoint:
    case PolicyKind::disconnect:  // for tools and agents
    case PolicyKind::escalate:
      return true;
    case PolicyKind::never:
    case PolicyKind::abort:
      return false;
  }
  return false;
}

/// Whether cancels come at times that have nothing to do with operations. Those sent during a
/// certain operation, after so many chunks or dollars, hit what they are meant to hit, however long
/// it lasts.
bool cancels_come_by_time(const Model& model) {
  return std::all_of(model.cancels.begin(), model.cancels.end(), [](const CancelSource& source) {
    return std::holds_alternative<CancelAfter>(source.moment) ||
           std::holds_alternative<CancelDuringRequest>(source.moment);
  });
}

}  // namespace

OperationTimes operation_times(const Model& model, std::uint64_t requests) {
  OperationTimes times;
  const std::uint64_t last = std::min(requests, explained_requests);
  const std::optional<Plan> shared = shared_plan(model);
  Plan drawn;
  while (times.requests < last && times.durations.size() < most_operations_sampled) {
    const RequestNumber number = times.requests++;
    if (!shared) expand(model, number, drawn);
    const Plan& plan = shared ? *shared : drawn;
    times.has_parallel_steps = times.has_parallel_steps || plan.has_forks;
    times.has_children =
        times.has_children ||
        std::any_of(plan.steps.begin(), plan.steps.end(), [](const PlanStep& step) {
          return step.what == PlanStep::What::operation && step.is_child;
        });
    add_operations(model, number, plan, times.durations);
  }
  std::sort(times.durations.begin(), times.durations.end());
  return times;
}

std::optional<WaitFigures> wait_figures(const CancelWaits& waits,
                                        const OperationTimes& operations) {
  const std::vector<Duration>& sorted = operations.durations;
  if (sorted.empty()) return std::nullopt;
  WaitFigures figures;
  figures.median = percentile(sorted, 500);
  figures.long_from = percentile(sorted, 990);
  std::uint64_t longer = 0;
  Moments wait;
  int128 wait_in_long = 0;
  for (const CancelWait& one : waits.all()) {
    if (one.request >= operations.requests) continue;
    if (one.operation > figures.median) ++longer;
    if (one.operation >= figures.long_from) wait_in_long += one.waited.count();
    wait.add(one.waited.count());
  }
  figures.cancels = wait.count();
  if (figures.cancels < fewest_cancels) return std::nullopt;

  Moments operation;
  for (const Duration duration : sorted) operation.add(duration.count());
  const double mean = *operation.mean();
  const double n = static_cast<double>(operation.count());
  const double deviation = operation.stddev().value_or(0);
  const auto first_long = std::lower_bound(sorted.begin(), sorted.end(), figures.long_from);
  figures.hit_longer_than_median = share(longer, figures.cancels);
  figures.biased = figures.hit_longer_than_median >
                   0.5 + standard_errors * 0.5 / std::sqrt(static_cast<double>(figures.cancels));
  figures.mean_wait_s = *wait.mean() / 1e9;
  figures.half_mean_operation_s = mean / 2 / 1e9;
  figures.random_wait_s =
      mean == 0 ? 0 : (mean + deviation * deviation * (n - 1) / n / mean) / 2 / 1e9;
  const double error =
      wait.stddev().value_or(0) / 1e9 / std::sqrt(static_cast<double>(figures.cancels));
  figures.at_random =
      std::fabs(figures.mean_wait_s - figures.random_wait_s) <= standard_errors * error;
  figures.long_share = static_cast<double>(sorted.end() - first_long) / n;
  figures.wait_in_long = share(wait_in_long, wait.sum());
  return figures;
}

std::string explanation(const Policy& policy, const CancelWaits& waits,
                        const OperationTimes& operations) {
  if (!waits_for_operations(policy.kind) || operations.has_children) return {};
  const auto figures = wait_figures(waits, operations);
  if (!figures) return {};
  std::string words = policy.name + ": " + share_figure(figures->hit_longer_than_median) +
                      " of cancels hit operations longer than the median one (" +
                      duration_figure(seconds(figures->median)) + ")";
  words += figures->biased
               ? ": the longer an operation, the more cancels come while it is in progress."
               : ".";
  if (policy.kind == PolicyKind::checkpoint) {
    words += " From a cancel's arrival to the stop it was " +
             duration_figure(figures->mean_wait_s) + " on average; half of the mean operation is " +
             duration_figure(figures->half_mean_operation_s);
    // What is in progress side by side is not one operation at random, but the last to end of
    // several.
    if (!operations.has_parallel_steps) {
      words += ", but the operation in progress at an instant drawn at random has " +
               duration_figure(figures->random_wait_s) + " to go on average (E[X²] / 2E[X])";
      if (!figures->at_random)
        words += "; these cancels are not spread evenly over the time of all operations";
    }
    words += '.';
  }
  if (figures->long_share <= most_long_share && figures->mean_wait_s > 0) {
    words += " The longest " + share_figure(figures->long_share) + " of operations (" +
             duration_figure(seconds(figures->long_from)) + " or more) carried " +
             share_figure(figures->wait_in_long) + " of the wait.";
  }
  return words + " Based on the first " +
         counted(operations.requests, operations.requests == 1 ? " request: " : " requests: ") +
         counted(operations.durations.size(), " operations, ") +
         counted(figures->cancels, " cancels while one was in progress.");
}

std::vector<std::string> explanations(const Model& model, std::uint64_t requests,
                                      const std::vector<PolicyResult>& policies) {
  const auto has_waits = [](const PolicyResult& result) {
    return waits_for_operations(result.policy.kind) &&
           result.totals.cancel_waits().all().size() >= fewest_cancels;
  };
  if (!cancels_come_by_time(model) || std::none_of(policies.begin(), policies.end(), has_waits))
    return {};
  const OperationTimes operations = operation_times(model, requests);
  std::vector<std::string> all;
  for (const auto& result : policies) {
    if (std::string words = explanation(result.policy, result.totals.cancel_waits(), operations);
        !words.empty()) {
      all.push_back(std::move(words));
    }
  }
  return all;
}

}  // namespace caesura
