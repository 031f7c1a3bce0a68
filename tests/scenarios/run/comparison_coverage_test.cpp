#include "scenarios/run/runner.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>

namespace caesura {
namespace {

using namespace testing;

constexpr std::uint64_t seeds = 200;

/// Agents that call a model and a tool in turn; two of five clients cancel at a random moment. All
/// latencies are skewed.
Scenario checkpoint_and_abort(std::uint64_t requests) {
  Scenario scenario;
  scenario.name = "coverage";
  Policy abort = policy(PolicyKind::abort);
  abort.aborts = {true, true, true, true, false};
  abort.abort_delay = 25ms;
  scenario.policies = {policy(PolicyKind::checkpoint), abort};
  Model& model = scenario.model;
  model = two_services(requests);
  model.load.arrivals = RandomArrivals{Distribution::exponential(1e9)};
  model.services[0].latency = WholeLatency{Distribution::lognormal_median_sigma(2e9, 0.8)};
  model.services[0].input_tokens = Distribution::constant(1000);
  model.services[0].output_tokens = Distribution::uniform_whole(50, 500);
  model.services[0].price = {.input = {3'000'000}, .cached_input = {}, .output = {15'000'000}};
  model.services[0].on_abort = OnAbort::generated;
  model.services[1].latency = WholeLatency{Distribution::exponential(3e9)};
  CancelSource source;
  source.probability = 0.4;
  source.moment = CancelAfter{Distribution::uniform(0, 10e9)};
  model.cancels = {source};
  return scenario;
}

PolicyComparison comparison_of(Scenario scenario, std::uint64_t seed, std::uint32_t replications) {
  scenario.model.seed = seed;
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOptions options{.engine = EngineKind::direct,
                           .threads = 2,
                           .replications = replications,
                           .requests_csv = {},
                           .each_request = {}};
  return run_scenario(scenario, options, stop, progress).comparisons.at(0);
}

double saved_per_pair(const Estimate& estimate) {
  return estimate.difference.value() / static_cast<double>(estimate.pairs);
}

/// How many intervals of short runs contain what a long run finds.
struct Coverage {
  std::uint64_t of_latency = 0;
  std::uint64_t of_savings = 0;
};

Coverage coverage(const Scenario& scenario, std::uint32_t replications,
                  const PolicyComparison& long_run) {
  Coverage covered;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const PolicyComparison one = comparison_of(scenario, seed, replications);
    const auto contains = [](const Estimate& estimate, double x) {
      return estimate.ci95.value().low <= x && x <= estimate.ci95->high;
    };
    if (contains(one.cancel_latency_s, long_run.cancel_latency_s.difference.value()))
      ++covered.of_latency;
    const double expected =
        saved_per_pair(long_run.saved_usd) * static_cast<double>(one.saved_usd.pairs);
    if (contains(one.saved_usd, expected)) ++covered.of_savings;
  }
  return covered;
}

/// 91 to 99 %: where intervals contain the truth with a probability of 95 %, 99 of 100 tries of 200
/// are in that range.
void expect_about_95_percent(std::uint64_t covered) {
  EXPECT_GE(covered, 182U);

  EXPECT_LE(covered, 198U);
}

TEST(ConfidenceIntervals, OfIndependentRequestsCoverTheLongRunDifference) {
  const PolicyComparison long_run = comparison_of(checkpoint_and_abort(250 * 800), 1'000'003, 1);
  const Coverage covered = coverage(checkpoint_and_abort(800), 1, long_run);
  expect_about_95_percent(covered.of_latency);
  expect_about_95_percent(covered.of_savings);
}

TEST(ConfidenceIntervals, OverReplicationsOfCompetingRequestsCoverTheLongRunDifference) {
  Scenario congested = checkpoint_and_abort(150);
  // 5.5 of them would be busy if nobody cancelled, and requests wait for one another
  congested.model.services[0].concurrency = 6;
  congested.model.services[1].concurrency = 7;
  const PolicyComparison long_run = comparison_of(congested, 1'000'003, 100 * 15);
  const Coverage covered = coverage(congested, 15, long_run);
  expect_about_95_percent(covered.of_latency);
  expect_about_95_percent(covered.of_savings);
}

}  // namespace
}  // namespace caesura
