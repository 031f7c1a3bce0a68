#include "scenarios/report/explanation.hpp"

#include "scenarios/run/runner.hpp"
#include "tests/small_models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Requests of so many calls of one kind of service, cancelled at a time long before any is done.
Scenario cancelled_at_random(const Distribution& latency, std::uint64_t requests,
                             std::int64_t calls) {
  Scenario scenario;
  scenario.policies = {policy(PolicyKind::checkpoint)};
  Model& model = scenario.model;
  model.seed = 5;
  model.load = {.requests = requests, .duration = {}, .arrivals = ArrivalsAtOnce{}};
  model.services = {service(ServiceKind::tool, latency)};
  model.workflow = {
      {Repeat{Distribution::constant(static_cast<double>(calls)), {call(OperationKind::tool, 0)}}}};
  CancelSource source;
  source.moment = CancelAfter{Distribution::uniform(20e9, 60e9)};
  model.cancels = {source};
  return scenario;
}

PolicyTotals totals_of(const Scenario& scenario, unsigned threads = 1) {
  const std::atomic<bool> stop{false};
  Progress progress;
  return std::move(run_scenario(scenario,
                                {.engine = EngineKind::direct,
                                 .threads = threads,
                                 .time_scale = 1,
                                 .requests_csv = {},
                                 .each_request = {}},
                                stop, progress)
                       .policies[0]
                       .totals);
}

WaitFigures figures_of(const Scenario& scenario) {
  const auto figures = wait_figures(totals_of(scenario).cancel_waits(),
                                    operation_times(scenario.model, scenario.model.load.requests));
  if (!figures) throw std::logic_error("no figures");
  return *figures;
}

TEST(Explanation, OfExponentialOperationsHasTheClosedForms) {
  // 150 calls of a second on average are never done in 60 s.
  const WaitFigures figures =
      figures_of(cancelled_at_random(Distribution::exponential(1e9), 8000, 150));
  EXPECT_GT(figures.cancels, 6000U);
  // What a cancel hits has the density x·exp(-x), of which (1 + ln 2) / 2 is beyond the median.
  EXPECT_NEAR(figures.hit_longer_than_median, (1 + std::log(2.0)) / 2, 0.015);
  EXPECT_NEAR(seconds(figures.median), std::log(2.0), 0.005);
  // Without memory, it waits for a whole mean operation.
  EXPECT_NEAR(figures.mean_wait_s, 1, 0.04);
  EXPECT_NEAR(figures.random_wait_s, 1, 0.01);
  EXPECT_NEAR(figures.half_mean_operation_s, 0.5, 0.003);
  EXPECT_TRUE(figures.at_random);
  // Beyond a = ln 100, the integral of x²/2·exp(-x) is (a² + 2a + 2) / 2 · exp(-a).
  const double a = std::log(100.0);
  EXPECT_NEAR(figures.long_share, 0.01, 1e-4);
  EXPECT_NEAR(figures.wait_in_long, (a * a + 2 * a + 2) / 2 / 100, 0.03);
}

TEST(Explanation, OfConstantOperationsHasNothingLongerThanTheMedianAndHalfOfOneToWait) {
  const WaitFigures figures = figures_of(cancelled_at_random(fixed(2s), 5000, 40));
  EXPECT_EQ(figures.hit_longer_than_median, 0);
  EXPECT_NEAR(figures.mean_wait_s, 1, 0.03);
  EXPECT_EQ(figures.half_mean_operation_s, 1);
  EXPECT_EQ(figures.random_wait_s, 1);
  EXPECT_EQ(figures.long_share, 1);
  EXPECT_EQ(figures.wait_in_long, 1);
}

TEST(Explanation, LooksAtTheFirstRequestsOnly) {
  const Scenario few = cancelled_at_random(fixed(2s), 12'000, 40);
  EXPECT_EQ(operation_times(few.model, 12'000).requests, explained_requests);
  EXPECT_EQ(operation_times(few.model, 12'000).durations.size(), 400'000U);
  EXPECT_EQ(operation_times(few.model, 7).requests, 7U);
  const auto waits = totals_of(few).cancel_waits().all();
  EXPECT_TRUE(std::all_of(waits.begin(), waits.end(), [](const CancelWait& wait) {
    return wait.request < explained_requests;
  }));
  // A million operations are enough; no cancel of a later request is counted.
  const Scenario many = cancelled_at_random(fixed(2s), 2000, 1000);
  EXPECT_EQ(operation_times(many.model, 2000).requests, 1000U);
  EXPECT_LE(figures_of(many).cancels, 1000U);
  EXPECT_GT(figures_of(many).cancels, 900U);
}

TEST(Explanation, DoesNotDependOnThreads) {
  const Scenario scenario = cancelled_at_random(Distribution::exponential(1e9), 5000, 20);
  const OperationTimes operations = operation_times(scenario.model, 5000);
  const auto words = [&](unsigned threads) {
    return explanation(scenario.policies[0], totals_of(scenario, threads).cancel_waits(),
                       operations);
  };
  EXPECT_FALSE(words(1).empty());
  EXPECT_EQ(words(1), words(4));
}

TEST(OperationTimes, LeaveOutWhatAFailureKeepsFromStarting) {
  Scenario scenario = cancelled_at_random(fixed(1s), 1000, 10);
  scenario.model.services[0].failure_rate = 0.5;
  scenario.model.services[0].on_failure = OnFailure::fail;
  // Half of the calls are followed by another, up to ten: 2 · (1 - 2^-10) calls a request.
  EXPECT_NEAR(static_cast<double>(operation_times(scenario.model, 1000).durations.size()),
              2000 * (1 - 1.0 / 1024), 150);
  scenario.model.services[0].on_failure = OnFailure::go_on;
  EXPECT_EQ(operation_times(scenario.model, 1000).durations.size(), 10'000U);
}

TEST(OperationTimes, LeaveOutChildRequests) {
  Scenario scenario = cancelled_at_random(fixed(1s), 100, 10);
  Model& model = scenario.model;
  model.services.push_back(service(ServiceKind::agent, fixed(0s)));
  model.children = {std::nullopt, ChildWorkflow{.workflow = {call(OperationKind::tool, 0),
                                                             call(OperationKind::tool, 0)}}};
  model.workflow.push_back(call(OperationKind::agent, 1));
  const OperationTimes times = operation_times(model, 100);
  EXPECT_EQ(times.durations.size(), 1000U);
  EXPECT_EQ(times.durations.front(), 1s);
  EXPECT_TRUE(times.has_children);
}

/// So many cancels, each in an operation of `operation`, which it waited half of.
CancelWaits waits_of(std::uint64_t count, Duration operation) {
  CancelWaits waits;
  for (std::uint64_t n = 0; n < count; ++n) {
    RequestReport report;
    report.number = n;
    report.cancel_received = Time{1s};
    report.stopped = Time{1s} + operation / 2;
    report.operation_hit = operation;
    waits.add(report);
  }
  return waits;
}

/// 98 operations of a second, one of 50 and one of 100.
OperationTimes few_long_ones() {
  OperationTimes operations{.requests = 100, .durations = std::vector<Duration>(98, 1s)};
  operations.durations.push_back(50s);
  operations.durations.push_back(100s);
  return operations;
}

TEST(Explanation, IsAFewPlainSentences) {
  CancelWaits waits = waits_of(25, 50s);
  waits.merge(waits_of(25, 1s));
  // Mean 2.48 s; E[X²] = (98 + 2500 + 10000) / 100.
  EXPECT_EQ(explanation({.name = "slow", .kind = PolicyKind::checkpoint}, waits, few_long_ones()),
            "slow: 50 % of cancels hit operations longer than the median one (1 s). From a "
            "cancel's arrival to the stop it was 12.8 s on "
            "average; half of the mean operation is 1.24 s, but the operation in progress at an "
            "instant drawn at random has 25.4 s to go on "
            "average (E[X²] / 2E[X]); these cancels are not spread evenly over the time of all "
            "operations. The longest 2 % of operations (50 s "
            "or more) carried 98 % of the "
            "wait. Based on the first 100 requests: 100 operations, 50 cancels while one was in "
            "progress.");
}

TEST(Explanation, SaysNothingOfFewCancels) {
  const Policy checkpoint{.name = "checkpoint", .kind = PolicyKind::checkpoint};
  EXPECT_EQ(explanation(checkpoint, waits_of(29, 1s), few_long_ones()), "");
  EXPECT_NE(explanation(checkpoint, waits_of(30, 1s), few_long_ones()), "");
  EXPECT_EQ(explanation(checkpoint, waits_of(30, 1s), {}), "");
}

TEST(Explanation, PutsItDownToLengthOnlyWhereChanceDoesNotDo) {
  const Policy checkpoint{.name = "p", .kind = PolicyKind::checkpoint};
  const auto words = [&](std::uint64_t in_long_ones) {
    CancelWaits waits = waits_of(in_long_ones, 50s);
    waits.merge(waits_of(100 - in_long_ones, 1s));
    return explanation(checkpoint, waits, few_long_ones());
  };
  // Three standard errors of a half are 15 of a hundred.
  EXPECT_THAT(words(65), Not(HasSubstr("the longer an operation")));
  EXPECT_THAT(words(66), HasSubstr("66 % of cancels hit operations longer than the median one (1 "
                                   "s): the longer an operation, the more"));
}

TEST(Explanation, SaysOnlyWhatHoldsUnderThePolicy) {
  const CancelWaits waits = waits_of(50, 50s);
  const auto of = [&](PolicyKind kind) {
    return explanation({.name = "p", .kind = kind}, waits, few_long_ones());
  };
  EXPECT_EQ(of(PolicyKind::abort), "");
  EXPECT_EQ(of(PolicyKind::never), "");
  for (const PolicyKind kind : {PolicyKind::disconnect, PolicyKind::escalate}) {
    EXPECT_THAT(of(kind), AllOf(HasSubstr("100 % of cancels hit"), HasSubstr("carried 100 %"),
                                Not(HasSubstr("half of the mean"))));
  }
  OperationTimes with_children = few_long_ones();
  with_children.has_children = true;
  EXPECT_EQ(explanation({.name = "p", .kind = PolicyKind::checkpoint}, waits, with_children), "");
  OperationTimes parallel = few_long_ones();
  parallel.has_parallel_steps = true;
  EXPECT_THAT(explanation({.name = "p", .kind = PolicyKind::checkpoint}, waits, parallel),
              AllOf(HasSubstr("half of the mean operation"), Not(HasSubstr("E[X²]"))));
}

TEST(Explanations, AreOneForEachPolicyOfWhichThereIsSomethingToSay) {
  Scenario scenario = cancelled_at_random(fixed(2s), 200, 40);
  scenario.policies = {policy(PolicyKind::never), policy(PolicyKind::checkpoint)};
  const std::atomic<bool> stop{false};
  Progress progress;
  const RunOutcome outcome = run_scenario(scenario,
                                          {.engine = EngineKind::direct,
                                           .threads = 1,
                                           .time_scale = 1,
                                           .requests_csv = {},
                                           .each_request = {}},
                                          stop, progress);
  EXPECT_THAT(explanations(scenario.model, 200, outcome.policies),
              ElementsAre(HasSubstr("0 % of cancels hit")));
  // A cancel in a certain operation does not hit it for its length.
  scenario.model.cancels[0].moment = CancelDuringOperation{1, Distribution::constant(0.5)};
  EXPECT_THAT(explanations(scenario.model, 200, outcome.policies), IsEmpty());
}

}  // namespace
}  // namespace caesura
