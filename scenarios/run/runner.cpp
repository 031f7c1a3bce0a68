#include "scenarios/run/runner.hpp"

#include "sim/random.hpp"
#include "model/arrivals.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"
#include "scenarios/results/comparison.hpp"
#include "scenarios/run/crew.hpp"
#include "scenarios/run/memory_need.hpp"
#include "scenarios/run/policy_run.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

/// The first policy that can cancel, if there are others to compare with it.
std::optional<std::size_t> reference_among(const std::vector<Policy>& policies) {
  const auto found = std::find_if(policies.begin(), policies.end(),
                                  [](const Policy& p) { return p.kind != PolicyKind::never; });
  if (policies.size() < 2 || found == policies.end()) return std::nullopt;
  return static_cast<std::size_t>(found - policies.begin());
}

/// All runs of a scenario: one for each policy and replication.
class ScenarioRun {
 public:
  ScenarioRun(const Scenario& scenario, const RunOptions& options, const std::atomic<bool>& stop,
              Progress& progress)
      : scenario_(scenario),
        options_(options),
        stop_(stop),
        progress_(progress),
        reference_(reference_among(scenario.policies)) {}

  RunOutcome run() {
    plan_replications();
    for (const Policy& policy : scenario_.policies) outcome_.policies.push_back({policy, {}});
    differences_.assign(scenario_.policies.size(),
                        std::vector<PairedDifferences>(replications_.size()));
    side_by_side() ? run_side_by_side() : run_in_turn();
    if (!outcome_.partial) compare_policies();
    return std::move(outcome_);
  }

 private:
  struct Replication {
    std::uint64_t seed = 0;
    std::uint64_t requests = 0;
    RequestNumber first_number = 0;
    std::size_t policies_left = 0;
    bool has_reference = false;
    PairedRequests reference;  ///< kept until the last policy has run
    std::vector<std::pair<std::size_t, PairedRequests>> waiting;  ///< for the reference, by policy
  };

  void plan_replications() {
    for (std::uint32_t r = 0; r < options_.replications; ++r) {
      Replication replication{.seed = replication_seed(scenario_.model.seed.value, r),
                              .requests = 0,
                              .first_number = outcome_.requests,
                              .policies_left = scenario_.policies.size(),
                              .reference = {},
                              .waiting = {}};
      replication.requests = requests_with(replication.seed);
      outcome_.requests += replication.requests;
      replications_.push_back(std::move(replication));
    }
    outcome_.partial = stop_;  // the requests may not have been counted to the end
    progress_.requests_total += outcome_.requests * scenario_.policies.size();
  }

  std::uint64_t requests_with(std::uint64_t seed) const {
    if (!scenario_.model.load.duration) return scenario_.model.load.requests;
    return count_requests(seeded(seed), stop_);
  }

  Model seeded(std::uint64_t seed) const {
    Model model = scenario_.model;
    model.seed = seed;
    return model;
  }

  /// Where a run uses one thread, others have room beside it. Lines and requests that are passed on
  /// want an order.
  bool side_by_side() const {
    if (options_.threads == 1 || options_.engine == EngineKind::caf_realtime ||
        options_.requests_csv || options_.each_request)
      return false;
    return !runs_apart(scenario_.model, options_.engine) ||
           replications_.size() >= options_.threads;
  }

  void run_in_turn() {
    for (std::size_t policy = 0; policy < scenario_.policies.size(); ++policy) {
      for (Replication& replication : replications_) run_one(policy, replication, options_.threads);
    }
  }

  /// One replication after the other, and in each the reference first: so few requests have to be
  /// kept.
  void run_side_by_side() {
    std::vector<std::size_t> order(scenario_.policies.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (reference_)
      std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(*reference_),
                  order.end());
    std::atomic<std::size_t> next{0};
    const std::size_t jobs = order.size() * replications_.size();
    Crew crew(stop_);
    crew.run(options_.threads, [&] {
      for (std::size_t job = next++; job < jobs && !crew.failed(); job = next++) {
        run_one(order[job % order.size()], replications_[job / order.size()], 1);
      }
    });
  }

  void run_one(std::size_t policy, Replication& replication, unsigned threads) {
    if (stop_) {
      const std::lock_guard lock(mutex_);
      outcome_.partial = true;
      return;
    }
    const Model model = seeded(replication.seed);
    RunOptions options = options_;
    options.threads = threads;
    PolicyRun run{.model = model,
                  .policy = scenario_.policies[policy],
                  .options = options,
                  .stop = stop_,
                  .progress = progress_,
                  .requests = replication.requests,
                  .first_number = replication.first_number};
    PairedRequests record;
    if (reference_ && run.policy.kind != PolicyKind::never) {
      const std::lock_guard lock(mutex_);
      if (replication.has_reference) {
        run.reference = &replication.reference;
      } else {
        record.resize(std::min(run.requests, paired_requests_max_of_each(options_.replications)));
        run.record = &record;
      }
    }
    run_policy(run);

    const std::lock_guard lock(mutex_);
    outcome_.policies[policy].totals.merge(std::move(run.sums.totals));
    outcome_.messages += run.messages;
    outcome_.peak_in_flight = std::max(outcome_.peak_in_flight, run.peak_in_flight);
    outcome_.partial = outcome_.partial || run.partial;
    if (run.lateness_max)
      outcome_.lateness_max =
          std::max(outcome_.lateness_max.value_or(zero_duration), *run.lateness_max);
    if (reference_) pair_up(policy, replication, run, std::move(record));
  }

  /// Under the mutex.
  void pair_up(std::size_t policy, Replication& replication, const PolicyRun& run,
               PairedRequests record) {
    const auto index = static_cast<std::size_t>(&replication - replications_.data());
    const auto difference_of = [&](std::size_t other) -> PairedDifferences& {
      return differences_[other][index];
    };
    if (policy == *reference_) {
      replication.reference = std::move(record);
      replication.has_reference = true;
      for (const auto& [other, requests] : std::exchange(replication.waiting, {})) {
        difference_of(other) = paired_differences(requests, replication.reference);
      }
      for (std::size_t other = 0; other < scenario_.policies.size(); ++other) {
        if (scenario_.policies[other].kind == PolicyKind::never)
          difference_of(other) = never_differences(replication.reference);
      }
    } else if (run.reference != nullptr) {
      difference_of(policy) = run.sums.differences;
    } else if (run.record != nullptr && replication.has_reference) {
      difference_of(policy) = paired_differences(record, replication.reference);
    } else if (run.record != nullptr) {
      replication.waiting.emplace_back(policy, std::move(record));
    }
    if (--replication.policies_left == 0) PairedRequests().swap(replication.reference);
  }

  void compare_policies() {
    if (!reference_) return;
    const Spread spread = replications_.size() > 1             ? Spread::replications
                          : scenario_.model.requests_compete() ? Spread::unknown
                                                               : Spread::pairs;
    for (std::size_t policy = 0; policy < scenario_.policies.size(); ++policy) {
      if (policy == *reference_) continue;
      outcome_.comparisons.push_back(compare(scenario_.policies[policy].name,
                                             scenario_.policies[*reference_].name,
                                             differences_[policy], spread));
    }
  }

  const Scenario& scenario_;
  const RunOptions& options_;
  const std::atomic<bool>& stop_;
  Progress& progress_;
  const std::optional<std::size_t> reference_;  // into the policies; none: nothing to compare
  std::vector<Replication> replications_;
  std::mutex mutex_;  // guards what follows, and the replications
  RunOutcome outcome_;
  std::vector<std::vector<PairedDifferences>> differences_;  // by policy and replication
};

}  // namespace

std::uint64_t count_requests(const Model& model, const std::atomic<bool>& stop) {
  if (!model.load.duration) return model.load.requests;
  std::uint64_t count = 0;
  Arrivals arrivals(model);
  while (arrivals.next() && !stop.load(std::memory_order_relaxed)) ++count;
  return count;
}

RunOutcome run_scenario(const Scenario& scenario, const RunOptions& options,
                        const std::atomic<bool>& stop, Progress& progress) {
  expect_memory(memory_need(scenario.model, options.engine), memory_limit());
  return ScenarioRun(scenario, options, stop, progress).run();
}

}  // namespace caesura
