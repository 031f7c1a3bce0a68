#include "scenarios/run/runner.hpp"

#include "sim/random.hpp"
#include "model/plan.hpp"
#include "actors/joined_reports.hpp"
#include "scenarios/results/json_text.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;

Policy abort_all() {
  Policy abort = policy(PolicyKind::abort);
  abort.aborts = {true, true, true, true, false};
  abort.abort_delay = 25ms;
  return abort;
}

/// Random latencies, parallel branches, streaming, failures and cancels from several sources at
/// random moments.
Scenario eventful(std::uint64_t requests) {
  Scenario scenario;
  scenario.name = "eventful";
  scenario.policies = {policy(PolicyKind::never), policy(PolicyKind::checkpoint), abort_all()};
  Model& model = scenario.model;
  model.seed = 3;
  model.load = {.requests = requests,
                .duration = {},
                .arrivals = RandomArrivals{Distribution::exponential(2e8)}};
  model.links = {.client = Distribution::exponential(4e7),
                 .llm = Distribution::uniform(0, 1e7),
                 .tool = fixed(2ms),
                 .agent = {}};
  model.services = {service(ServiceKind::llm, Distribution::lognormal_median_sigma(1e9, 1)),
                    service(ServiceKind::tool, Distribution::exponential(2e9))};
  model.services[0].output_tokens = Distribution::uniform_whole(0, 50);
  model.services[0].price = {.input = {1'000'000}, .cached_input = {}, .output = {3'000'000}};
  model.services[1].failure_rate = 0.1;
  model.services[1].on_failure = OnFailure::fail;
  model.workflow = {call(OperationKind::decompose, 0),
                    {ParallelTimes{Distribution::uniform_whole(0, 3),
                                   {call(OperationKind::tool, 1), call(OperationKind::llm, 0)}}},
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

std::string json_of(const RunOutcome& outcome) {
  std::string json;
  for (const PolicyResult& result : outcome.policies)
    json += json_text(result.totals.to_json(result.policy.name));
  return json + json_text(comparisons_json(outcome.comparisons));
}

struct Bytes {
  std::string json;
  std::string csv;
  bool operator==(const Bytes&) const = default;
};

Bytes run_bytes(const Scenario& scenario, EngineKind engine, unsigned threads,
                std::uint32_t replications = 1) {
  Bytes bytes;
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOptions options{.engine = engine,
                           .threads = threads,
                           .replications = replications,
                           .requests_csv = [&](std::string_view lines) { bytes.csv += lines; },
                           .each_request = {}};
  const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
  bytes.json = json_of(outcome);
  EXPECT_FALSE(outcome.partial);
  EXPECT_EQ(progress.requests_done, progress.requests_total);
  return bytes;
}

/// Without requests.csv, so that policies and replications may run side by side.
RunOutcome run_direct(const Scenario& scenario, unsigned threads, std::uint32_t replications = 1) {
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOptions options{.engine = EngineKind::direct,
                           .threads = threads,
                           .replications = replications,
                           .requests_csv = {},
                           .each_request = {}};
  RunOutcome outcome = run_scenario(scenario, options, stop, progress);
  EXPECT_EQ(progress.requests_done, progress.requests_total);
  return outcome;
}

void expect_same_bytes_everywhere(const Scenario& scenario) {
  const Bytes reference = run_bytes(scenario, EngineKind::caf, 1);
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::caf, 2));
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::direct, 1));
  EXPECT_EQ(reference, run_bytes(scenario, EngineKind::direct, 3));
  for (const unsigned threads : {1U, 2U, 7U})
    EXPECT_EQ(reference.json, json_of(run_direct(scenario, threads)));
  const Bytes replicated = run_bytes(scenario, EngineKind::caf, 1, 3);
  EXPECT_EQ(replicated, run_bytes(scenario, EngineKind::direct, 2, 3));
  for (const unsigned threads : {1U, 2U, 7U})
    EXPECT_EQ(replicated.json, json_of(run_direct(scenario, threads, 3)));
  EXPECT_EQ(std::count(reference.csv.begin(), reference.csv.end(), '\n'),
            static_cast<std::ptrdiff_t>(scenario.policies.size() * scenario.model.load.requests));
}

TEST(Runner, IndependentRequestsGiveTheSameBytesOnBothEnginesAndAnyNumberOfThreads) {
  expect_same_bytes_everywhere(eventful(1500));
}

TEST(Runner, CompetingRequestsGiveTheSameBytesOnBothEngines) {
  Scenario scenario = eventful(1500);
  scenario.model.services[0].concurrency = 8;
  scenario.model.services[1].concurrency = 12;
  scenario.model.services[1].queue = 20;
  expect_same_bytes_everywhere(scenario);
}

TEST(Runner, UsersOfAClosedLoadGiveTheSameBytesOnBothEnginesAndAnyNumberOfThreads) {
  Scenario scenario = eventful(1200);
  scenario.model.load.users = 30;
  scenario.model.load.arrivals = ClosedLoad{.users = 30, .think = Distribution::exponential(1e9)};
  expect_same_bytes_everywhere(scenario);
}

TEST(Runner, IndependentRequestsFareAsTheyDoInOneWorldTogether) {
  Scenario scenario = eventful(500);
  scenario.policies.pop_back();
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
  run_scenario(
      scenario,
      {.engine = EngineKind::direct, .threads = 1, .requests_csv = {}, .each_request = compare},
      stop, progress);
  EXPECT_GT(compared, 100U);
}

TEST(Runner, PlannedIsTheSameUnderEveryPolicy) {
  const Scenario scenario = eventful(1000);
  Progress progress;
  const std::atomic<bool> stop{false};
  const RunOutcome outcome =
      run_scenario(scenario, {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}},
                   stop, progress);
  const auto planned = [&](std::size_t p) {
    return outcome.policies[p].totals.to_json("x")["tokens"]["planned"];
  };
  EXPECT_EQ(planned(0), planned(1));
}

/// By policy and request number.
using Endings = std::map<std::pair<std::size_t, RequestNumber>, Settled>;

Endings endings_of(const Scenario& scenario, std::uint32_t replications = 1) {
  Endings endings;
  for (std::size_t p = 0; p < scenario.policies.size(); ++p) {
    Scenario one = scenario;
    one.policies = {scenario.policies[p]};
    Progress progress;
    const std::atomic<bool> stop{false};
    const RunOptions options{
        .engine = EngineKind::direct,
        .replications = replications,
        .requests_csv = {},
        .each_request = [&](const RequestReport& request, const ClientReport& client) {
          EXPECT_TRUE(endings.insert({{p, request.number}, {request, client}}).second);
        }};
    run_scenario(one, options, stop, progress);
  }
  return endings;
}

double cost_saved(const RunOutcome& outcome, std::size_t policy) {
  return outcome.policies[policy].totals.to_json("x")["cost_usd"]["saved"].get<double>();
}

TEST(Comparisons, AreOfEveryOtherPolicyWithTheFirstThatCanCancelPairedByRequest) {
  const Scenario scenario = eventful(3000);
  const Endings endings = endings_of(scenario);
  const RunOutcome outcome = run_direct(scenario, 2);
  ASSERT_EQ(outcome.comparisons.size(), 2U);
  EXPECT_EQ(outcome.comparisons[0].policy, "never");
  EXPECT_EQ(outcome.comparisons[1].policy, "abort");
  std::uint64_t pairs = 0;
  Duration latency{0};
  for (RequestNumber n = 0; n < 3000; ++n) {
    const auto& [checkpoint, client] = endings.at({1, n});
    const auto& [abort, abort_client] = endings.at({2, n});
    if (checkpoint.outcome != Outcome::cancelled || abort.outcome != Outcome::cancelled) continue;
    ++pairs;
    latency +=
        (abort.stopped - *abort_client.cancel_sent) - (checkpoint.stopped - *client.cancel_sent);
  }
  ASSERT_GT(pairs, 1000U);
  const Estimate& estimate = outcome.comparisons[1].cancel_latency_s;
  EXPECT_EQ(outcome.comparisons[1].against, "checkpoint");
  EXPECT_EQ(estimate.pairs, pairs);
  EXPECT_DOUBLE_EQ(estimate.difference.value(), seconds(latency) / static_cast<double>(pairs));
  EXPECT_LT(estimate.difference.value(), 0);
  EXPECT_LT(estimate.ci95.value().low, *estimate.difference);
  EXPECT_LT(*estimate.difference, estimate.ci95->high);
  EXPECT_EQ(outcome.comparisons[0].cancel_latency_s.pairs, 0U);
}

TEST(Comparisons, OfSavingsAreTheDifferencesOfThePoliciesTotals) {
  for (const bool compete : {false, true}) {
    for (const std::uint32_t replications : {1U, 4U}) {
      Scenario scenario = eventful(700);
      if (compete) scenario.model.services[1].concurrency = 10;
      for (const std::size_t reference : {0U, 1U, 2U}) {
        std::swap(scenario.policies[0], scenario.policies[reference]);
        const RunOutcome outcome = run_direct(scenario, 3, replications);
        const auto found = [&](const std::string& name) {
          for (std::size_t p = 0; p < outcome.policies.size(); ++p)
            if (outcome.policies[p].policy.name == name) return p;
          return outcome.policies.size();
        };
        ASSERT_EQ(outcome.comparisons.size(), 2U);
        for (const PolicyComparison& comparison : outcome.comparisons) {
          EXPECT_EQ(comparison.saved_usd.pairs, 700 * replications);
          const double difference = cost_saved(outcome, found(comparison.policy)) -
                                    cost_saved(outcome, found(comparison.against));
          EXPECT_NEAR(comparison.saved_usd.difference.value(), difference, 1e-12);
          EXPECT_EQ(comparison.saved_usd.ci95.has_value(), !compete || replications > 1);
        }
      }
    }
  }
}

TEST(Comparisons, NeedTwoPoliciesAndOneThatCanCancel) {
  Scenario scenario = eventful(50);
  scenario.policies = {policy(PolicyKind::checkpoint)};
  EXPECT_TRUE(run_direct(scenario, 1).comparisons.empty());
  scenario.policies = {policy(PolicyKind::never), policy(PolicyKind::never)};
  EXPECT_TRUE(run_direct(scenario, 1).comparisons.empty());
}

TEST(Comparisons, OfPoliciesThatDoTheSameAreZeroAndSure) {
  Scenario scenario = eventful(500);
  scenario.policies = {policy(PolicyKind::checkpoint), policy(PolicyKind::checkpoint)};
  const RunOutcome outcome = run_direct(scenario, 2);
  ASSERT_EQ(outcome.comparisons.size(), 1U);
  for (const Estimate& estimate :
       {outcome.comparisons[0].cancel_latency_s, outcome.comparisons[0].saved_usd}) {
    EXPECT_EQ(estimate.difference, 0.0);
    ASSERT_TRUE(estimate.ci95);
    EXPECT_EQ(estimate.ci95->low, 0);
    EXPECT_EQ(estimate.ci95->high, 0);
  }
}

TEST(Replications, PoolTheRunsOfTheirSeeds) {
  for (const bool compete : {false, true}) {
    Scenario scenario = eventful(600);
    if (compete) scenario.model.services[0].concurrency = 5;
    const RunOutcome all = run_direct(scenario, 2, 3);
    EXPECT_EQ(all.requests, 1800U);
    std::vector<PolicyTotals> pooled(scenario.policies.size());
    for (std::uint32_t r = 0; r < 3; ++r) {
      Scenario one = scenario;
      one.model.seed = replication_seed(scenario.model.seed.value, r);
      RunOutcome outcome = run_direct(one, 1);
      for (std::size_t p = 0; p < pooled.size(); ++p)
        pooled[p].merge(std::move(outcome.policies[p].totals));
    }
    for (std::size_t p = 0; p < pooled.size(); ++p)
      EXPECT_EQ(all.policies[p].totals.to_json("x"), pooled[p].to_json("x"));
  }
}

TEST(Replications, NumberTheirRequestsOnFromOneToTheNext) {
  Scenario scenario = eventful(1'000'000);
  scenario.policies = {policy(PolicyKind::checkpoint)};
  scenario.model.load.duration = 10s;
  std::uint64_t requests = 0;
  for (std::uint32_t r = 0; r < 3; ++r) {
    Model model = scenario.model;
    model.seed = replication_seed(scenario.model.seed.value, r);
    requests += count_requests(model, false);
  }
  const Endings endings = endings_of(scenario, 3);
  ASSERT_EQ(endings.size(), requests);
  EXPECT_EQ(endings.rbegin()->first.second, requests - 1);
  const Bytes bytes = run_bytes(scenario, EngineKind::direct, 2, 3);
  std::istringstream lines(bytes.csv);
  std::string line;
  for (RequestNumber n = 0; n < requests; ++n) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_TRUE(line.starts_with("checkpoint," + std::to_string(n) + ",")) << line;
  }
}

TEST(Runner, AStoppedRunIsPartialAndComparesNothing) {
  for (const std::uint32_t replications : {1U, 10'000U}) {  // many, and yet it returns at once
    Scenario scenario = eventful(100);
    if (replications > 1) scenario.model.services[0].concurrency = 1;
    Progress progress;
    const std::atomic<bool> stop{true};
    const RunOptions options{.engine = EngineKind::direct,
                             .threads = 2,
                             .replications = replications,
                             .requests_csv = {},
                             .each_request = {}};
    const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
    EXPECT_TRUE(outcome.partial);
    EXPECT_EQ(outcome.policies[0].totals.requests(), 0U);
    EXPECT_TRUE(outcome.comparisons.empty());
  }
}

/// The peak of requests in flight if they share nothing, and if they compete.
std::pair<std::uint64_t, std::uint64_t> peaks(const Model& model) {
  Scenario scenario;
  scenario.policies = {policy(PolicyKind::checkpoint)};
  scenario.model = model;
  const auto peak = [&] {
    const std::atomic<bool> stop{false};
    Progress progress;
    return run_scenario(scenario,
                        {.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}},
                        stop, progress)
        .peak_in_flight;
  };
  const std::uint64_t apart = peak();
  for (ServiceProfile& profile : scenario.model.services) profile.concurrency = 1000;
  return {apart, peak()};
}

TEST(Runner, CountsRequestsOfUsersInFlightTheSameWhetherTheyCompeteOrNot) {
  using Peaks = std::pair<std::uint64_t, std::uint64_t>;
  Model model = two_services();
  const WorkflowStep child = add_agent(model, {tool_call}, untold);
  model.workflow = {{Parallel{{{child}, {child}}}}};
  EXPECT_EQ(peaks(model), Peaks(1, 1));
  model.load.requests = 4;
  EXPECT_EQ(peaks(model), Peaks(4, 4));
  model.load.arrivals = ClosedLoad{.users = 2, .think = fixed(1s)};
  EXPECT_EQ(peaks(model), Peaks(2, 2));
  model.links.client = fixed(2s);
  model.timeout = 1s;  // over before they come
  EXPECT_EQ(peaks(model), Peaks(0, 0));
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 3s};
  EXPECT_EQ(peaks(model), Peaks(0, 0));
  model.load.arrivals = ArrivalsAtOnce{};
  EXPECT_EQ(peaks(model), Peaks(0, 0));
  model.links.client = fixed(500ms);
  EXPECT_EQ(peaks(model), Peaks(4, 4));
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 3s};
  EXPECT_EQ(peaks(model), Peaks(1, 1)) << "orphans run on";
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
    EXPECT_THROW(
        run_scenario(scenario,
                     {.engine = engine, .threads = 2, .requests_csv = {}, .each_request = {}}, stop,
                     progress),
        PlanTooLong);
  }
}

TEST(Runner, RealTimeAgreesInCountsTokensAndOutcomesWhereCausalityFixesTheOrder) {
  // What is compared does not depend on when anything happens: each cancel is caused by the very
  // operation it falls in, or by a chunk, and all that it can meet is seconds of simulated time
  // away.
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

TEST(Runner, RequestsThatCompeteAreCountedOneByOneAsTheyEnd) {
  Scenario scenario = eventful(10);
  scenario.policies.resize(1);
  scenario.model.services[0].concurrency = 1;
  const std::atomic<bool> stop{false};
  Progress progress;
  std::vector<std::uint64_t> done;
  const auto look = [&](const RequestReport&, const ClientReport&) {
    done.push_back(progress.requests_done);
  };
  run_scenario(scenario, {.engine = EngineKind::direct, .requests_csv = {}, .each_request = look},
               stop, progress);
  EXPECT_EQ(done, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

}  // namespace
}  // namespace caesura
