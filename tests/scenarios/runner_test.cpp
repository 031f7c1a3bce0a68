#include "scenarios/runner.hpp"

#include <gtest/gtest.h>

#include <string>

#include "scenarios/joined_reports.hpp"
#include "scenarios/json_text.hpp"
#include "tests/actors/small_models.hpp"

namespace caesura {
namespace {

using namespace testing;

/// Random latencies, parallel branches, streaming, failures and cancels from several sources at random moments.
Scenario eventful(std::uint64_t requests) {
  Scenario scenario;
  scenario.name = "eventful";
  scenario.policies = {policy(PolicyKind::never), policy(PolicyKind::checkpoint)};
  Model& model = scenario.model;
  model.seed = 3;
  model.load = {.requests = requests, .duration = {}, .arrivals = RandomArrivals{Distribution::exponential(2e8)}};
  model.links = {.client = Distribution::exponential(4e7), .llm = Distribution::uniform(0, 1e7), .tool = fixed(2ms), .agent = {}};
  model.services = {service(ServiceKind::llm, Distribution::lognormal_median_sigma(1e9, 1)),
                    service(ServiceKind::tool, Distribution::exponential(2e9))};
  model.services[0].output_tokens = Distribution::uniform_whole(0, 50);
  model.services[0].price = {.input = {1'000'000}, .cached_input = {}, .output = {3'000'000}};
  model.services[1].failure_rate = 0.1;
  model.services[1].on_failure = OnFailure::fail;
  model.workflow = {call(OperationKind::decompose, 0),
                    {ParallelTimes{Distribution::uniform_whole(0, 3), {call(OperationKind::tool, 1), call(OperationKind::llm, 0)}}},
                    {Wait{Distribution::exponential(1e9)}},
                    {Transaction{fixed(100ms)}},
                    call(OperationKind::llm, 0, 4)};
  CancelSource after;
  after.probability = 0.4;
  after.moment = CancelAfter{Distribution::exponential(4e9)};
  after.times = 2;
  after.every = 300ms;
  after.even_if_finished = true;
  CancelSource during;
  during.probability = 0.3;
  during.moment = CancelDuringKind{OperationKind::tool, Distribution::uniform(0, 1)};
  during.even_if_finished = true;
  CancelSource chunks;
  chunks.moment = CancelAfterChunks{6};
  model.cancels = {after, during, chunks};
  model.timeout = 30s;
  return scenario;
}

struct Bytes {
  std::string json;
  std::string csv;
  bool operator==(const Bytes&) const = default;
};

Bytes run_bytes(const Scenario& scenario, EngineKind engine, unsigned threads) {
  Bytes bytes;
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOptions options{
      .engine = engine, .threads = threads, .requests_csv = [&](std::string_view lines) { bytes.csv += lines; }, .each_request = {}};
  const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
  for (const PolicyResult& result : outcome.policies) bytes.json += json_text(result.totals.to_json(result.policy.name));
  EXPECT_FALSE(outcome.partial);
  EXPECT_EQ(progress.requests_done, progress.requests_total);
  return bytes;
}

void expect_same_bytes_everywhere(const Scenario& scenario) {
  const Bytes reference = run_bytes(scenario, EngineKind::caf, 1);
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::caf, 2));
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::direct, 1));
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::direct, 3));
  EXPECT_EQ(std::count(reference.csv.begin(), reference.csv.end(), '\n'),
            static_cast<std::ptrdiff_t>(scenario.policies.size() * scenario.model.load.requests));
}

TEST(Runner, IndependentRequestsGiveTheSameBytesOnBothEnginesAndAnyNumberOfThreads) { expect_same_bytes_everywhere(eventful(3000)); }

TEST(Runner, CompetingRequestsGiveTheSameBytesOnBothEngines) {
  Scenario scenario = eventful(3000);
  scenario.model.services[0].concurrency = 8;
  scenario.model.services[1].concurrency = 12;
  scenario.model.services[1].queue = 20;
  expect_same_bytes_everywhere(scenario);
}

TEST(Runner, UsersOfAClosedLoadGiveTheSameBytesOnBothEnginesAndAnyNumberOfThreads) {
  Scenario scenario = eventful(2000);
  scenario.model.load.users = 30;
  scenario.model.load.arrivals = ClosedLoad{.users = 30, .think = Distribution::exponential(1e9)};
  expect_same_bytes_everywhere(scenario);
}

TEST(Runner, IndependentRequestsFareAsTheyDoInOneWorldTogether) {
  const Scenario scenario = eventful(500);
  const auto together = play(scenario.model);
  Progress progress;
  const std::atomic<bool> stop{false};
  std::size_t compared = 0;
  const auto compare = [&](const RequestReport& request, const ClientReport& client) {
    if (client.cancels_ignored > 0 || (client.cancels_sent == 0 && compared > 400)) return;
    const Settled& other = together.at(request.number);
    if (request.outcome != Outcome::cancelled) return;
    ++compared;
    EXPECT_EQ(request.stopped, other.request.stopped);
    EXPECT_EQ(request.used, other.request.used);
    EXPECT_EQ(client.answered, other.client.answered);
  };
  run_scenario(scenario, {.engine = EngineKind::direct, .threads = 1, .requests_csv = {}, .each_request = compare}, stop, progress);
  EXPECT_GT(compared, 100U);
}

TEST(Runner, PlannedIsTheSameUnderEveryPolicy) {
  const Scenario scenario = eventful(1000);
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOutcome outcome = run_scenario(scenario, {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}}, stop, progress);
  const auto planned = [&](std::size_t p) { return outcome.policies[p].totals.to_json("x")["tokens"]["planned"]; };
  EXPECT_EQ(planned(0), planned(1));
}

TEST(Runner, AStoppedRunIsPartial) {
  Progress progress;
  const std::atomic<bool> stop{true};
  const RunOutcome outcome =
      run_scenario(eventful(100), {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}}, stop, progress);
  EXPECT_TRUE(outcome.partial);
  EXPECT_EQ(outcome.policies[0].totals.requests(), 0U);
}

TEST(Runner, ALoadOfADurationHasTheArrivalsStrictlyBeforeItsEnd) {
  Model model = two_services(1'000'000'000);
  model.load.arrivals = ConstantArrivals{.requests = 20, .per = 1s};
  model.load.duration = 10s;
  const std::atomic<bool> stop{false};
  EXPECT_EQ(count_requests(model, stop), 200U);
}

TEST(Runner, ErrorsOfARequestsPlanComeOutOfAnyThread) {
  Scenario scenario = eventful(100);
  scenario.model.workflow = {{Repeat{Distribution::geometric(1e9), {call(OperationKind::llm, 0)}}}};
  Progress progress;
  const std::atomic<bool> stop{false};
  for (const EngineKind engine : {EngineKind::caf, EngineKind::direct}) {
    EXPECT_THROW(run_scenario(scenario, {.engine = engine, .threads = 2, .requests_csv = {}, .each_request = {}}, stop, progress),
                 PlanTooLong);
  }
}

TEST(Runner, RealTimeAgreesInCountsTokensAndOutcomesWhereCausalityFixesTheOrder) {
  // What is compared does not depend on when anything happens: each cancel is caused by the very operation it falls in, or by a chunk,
  // and all that it can meet is seconds of simulated time away.
  Scenario scenario;
  scenario.policies = {policy(PolicyKind::checkpoint)};
  Model& model = scenario.model;
  model = two_services(40, 2);
  model.load.arrivals = ConstantArrivals{.requests = 5, .per = 1s};
  model.services[0].output_tokens = Distribution::constant(100);
  CancelSource during;
  during.probability = 0.5;
  during.moment = CancelDuringOperation{.operation = 2, .at = Distribution::constant(0.5)};
  model.cancels = {during};
  const auto endings = [&](EngineKind engine) {
    std::map<RequestNumber, std::pair<Outcome, Amounts>> all;
    Progress progress;
    const std::atomic<bool> stop{false};
    const RunOptions options{.engine = engine,
                             .threads = 1,
                             .time_scale = 20,
                             .requests_csv = {},
                             .each_request = [&](const RequestReport& r, const ClientReport&) {
                               all[r.number] = {r.outcome, r.used};
                             }};
    const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
    // The nearest things that could swap are half of a ten-second operation apart.
    if (outcome.lateness_max && *outcome.lateness_max > 4s) all.clear();
    return all;
  };
  const auto real = endings(EngineKind::caf_realtime);
  if (real.empty()) return;  // too loaded a machine to compare anything
  EXPECT_EQ(real, endings(EngineKind::direct));
}

TEST(JoinedReports, RefuseALedgerThatDoesNotAddUp) {
  JoinedReports reports(1, [](const RequestReport&, const ClientReport&) {});
  RequestReport report;
  report.planned.tokens.input = {1};
  EXPECT_THROW(reports.add(report), BrokenInvariant);
}

TEST(JoinedReports, RefuseARequestThatEndsTwice) {
  JoinedReports reports(1, [](const RequestReport&, const ClientReport&) {});
  reports.add(RequestReport{});
  EXPECT_THROW(reports.add(RequestReport{}), BrokenInvariant);
}

TEST(JoinedReports, RefuseAClientThatDisagreesWithTheServer) {
  JoinedReports reports(1, [](const RequestReport&, const ClientReport&) {});
  reports.add(RequestReport{});
  ClientReport client;
  client.outcome = Outcome::failed;
  EXPECT_THROW(reports.add(client), BrokenInvariant);
}

}  // namespace
}  // namespace caesura
