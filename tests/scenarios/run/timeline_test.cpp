#include "scenarios/run/timeline.hpp"

#include "scenarios/run/runner.hpp"
#include "tests/small_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Policy abort_after(Duration delay) {
  Policy abort = policy(PolicyKind::abort);
  abort.aborts.fill(true);
  abort.aborts[index_of(OperationKind::transaction)] = false;
  abort.abort_delay = delay;
  return abort;
}

Scenario of(Model model) {
  Scenario scenario;
  scenario.file = "timeline.yaml";
  scenario.model = std::move(model);
  return scenario;
}

Timeline only(const std::vector<Timeline>& lines) {
  EXPECT_EQ(lines.size(), 1U);
  return lines.empty() ? Timeline{} : lines[0];
}

std::vector<std::string> words(const Timeline& line) {
  std::vector<std::string> all;
  for (const OperationSpan& span : line.operations) {
    std::string number;
    for (const std::uint32_t n : span.path)
      number += (number.empty() ? "" : ".") + std::to_string(n);
    all.push_back(number + " " + name_of(span.kind) + " " + span.service + ": " +
                  std::to_string((span.start - line.arrived) / 1ms) + " to " +
                  std::to_string((span.end - line.arrived) / 1ms) +
                  (span.cut_off ? " cut off" : ""));
  }
  return all;
}

TEST(Timeline, UnderCheckpointTheOperationInProgressRunsToItsEnd) {
  Model model = two_services(3);
  model.cancels = {cancel_after(3s)};
  const Timeline line = only(observe_requests(of(model), policy(PolicyKind::checkpoint), {1}));
  EXPECT_EQ(line.request, 1U);
  EXPECT_EQ(line.outcome, Outcome::cancelled);
  EXPECT_EQ(line.cancel_sent, at(3s));
  EXPECT_EQ(line.stopped, at(11s));
  EXPECT_THAT(words(line), ElementsAre("1 llm llm: 0 to 1000", "2 tool tool: 1000 to 11000"));
}

TEST(Timeline, UnderAbortItIsCutOff) {
  Model model = two_services(1);
  model.cancels = {cancel_after(3s)};
  const Timeline line = only(observe_requests(of(model), abort_after(500ms), {0}));
  EXPECT_EQ(line.stopped, at(3500ms));
  EXPECT_THAT(words(line),
              ElementsAre("1 llm llm: 0 to 1000", "2 tool tool: 1000 to 3500 cut off"));
}

TEST(Timeline, InParallelWhatMayNotBeCutOffRunsOn) {
  Model model = two_services(1);
  model.services[1].transactional = true;
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)},
                               {call(OperationKind::tool, 1)},
                               {{Transaction{fixed(5s)}}}}}}};
  model.cancels = {cancel_after(600ms)};
  const Timeline line = only(observe_requests(of(model), abort_after(100ms), {0}));
  EXPECT_EQ(line.stopped, at(10s));
  EXPECT_THAT(words(line), ElementsAre("1 llm llm: 0 to 700 cut off", "2 tool tool: 0 to 10000",
                                       "3 transaction : 0 to 5000"));
}

TEST(Timeline, WhatMayNotBeCutOffHasItsOwnEndAlsoWhenTheTimeIsUp) {
  Model model = two_services(1);
  model.services[1].transactional = true;
  model.workflow = {{Parallel{{{call(OperationKind::tool, 1)}, {{Transaction{fixed(8s)}}}}}}};
  model.timeout = 5s;
  const Timeline line = only(observe_requests(of(model), policy(PolicyKind::checkpoint), {0}));
  EXPECT_EQ(line.stopped, at(5s));
  EXPECT_THAT(words(line), ElementsAre("1 tool tool: 0 to 10000", "2 transaction : 0 to 8000"));
}

TEST(Timeline, WhatItsServiceHasEndedIsNotCutOffThoughTheReplyIsOnItsWay) {
  Model model = two_services(1);
  model.links.tool = fixed(2s);
  model.workflow = {call(OperationKind::tool, 1)};
  model.cancels = {cancel_after(12900ms)};
  const Timeline line = only(observe_requests(of(model), abort_after(100ms), {0}));
  EXPECT_EQ(line.stopped, at(13s));
  EXPECT_THAT(words(line), ElementsAre("1 tool tool: 2000 to 13000"));
}

TEST(Timeline, AnOperationStartsWhenItHasWaitedAndNotIfItIsWithdrawnBefore) {
  Model model = two_services(3);
  model.services[0].concurrency = 1;
  model.workflow = {call(OperationKind::llm, 0)};
  model.cancels = {cancel_after(1500ms)};
  const auto lines = observe_requests(of(model), policy(PolicyKind::checkpoint), {0, 1, 2});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(words(lines[0]), ElementsAre("1 llm llm: 0 to 1000"));
  EXPECT_THAT(words(lines[1]), ElementsAre("1 llm llm: 1000 to 2000"));
  EXPECT_THAT(words(lines[2]), IsEmpty());
  EXPECT_EQ(lines[2].stopped, at(1500ms));
}

TEST(Timeline, OfAClosedLoadEveryUsersRequestsAreFound) {
  Model model = two_services(7, 1);
  model.load.arrivals = ClosedLoad{.users = 3, .think = fixed(2s)};
  const auto lines = observe_requests(of(model), policy(PolicyKind::checkpoint), {0, 4, 6, 99});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1].request, 4U);
  EXPECT_EQ(lines[1].arrived, at(13s));
  EXPECT_EQ(lines[2].arrived, at(26s));
}

/// An LLM call, then an agent that makes an LLM call (1 s) and a tool call (10 s).
Model with_a_child(bool propagate) {
  Model model = two_services(1);
  model.services.push_back(service(ServiceKind::agent, {}));
  model.children = {
      std::nullopt, std::nullopt,
      ChildWorkflow{.workflow = {call(OperationKind::llm, 0), call(OperationKind::tool, 1)},
                    .propagate = propagate}};
  model.workflow = {call(OperationKind::llm, 0), call(OperationKind::agent, 2)};
  model.cancels = {cancel_after(3s)};
  return model;
}

TEST(Timeline, HasTheOperationsOfAChildBehindTheirParentsNumber) {
  const Timeline line =
      only(observe_requests(of(with_a_child(true)), policy(PolicyKind::checkpoint), {0}));
  EXPECT_THAT(words(line),
              ElementsAre("1 llm llm: 0 to 1000", "2 agent agent: 1000 to 12000",
                          "2.1 llm llm: 1000 to 2000", "2.2 tool tool: 2000 to 12000"));
}

TEST(Timeline, AChildThatIsToldIsCutOffInsideAndItsParentIsNot) {
  const Timeline line = only(observe_requests(of(with_a_child(true)), abort_after(500ms), {0}));
  EXPECT_EQ(line.stopped, at(3500ms));
  EXPECT_THAT(words(line),
              ElementsAre("1 llm llm: 0 to 1000", "2 agent agent: 1000 to 3500",
                          "2.1 llm llm: 1000 to 2000", "2.2 tool tool: 2000 to 3500 cut off"));
}

TEST(Timeline, AnOrphanRunsOnAfterItsParentHasLeftIt) {
  const Timeline line = only(observe_requests(of(with_a_child(false)), abort_after(500ms), {0}));
  EXPECT_EQ(line.stopped, at(3500ms));
  EXPECT_THAT(words(line),
              ElementsAre("1 llm llm: 0 to 1000", "2 agent agent: 1000 to 3500 cut off",
                          "2.1 llm llm: 1000 to 2000", "2.2 tool tool: 2000 to 12000"));
}

TEST(Timeline, AgreesWithTheReportOfEveryRequest) {
  for (const Busy kind : every_busy) {
    for (const Policy& rule : {policy(PolicyKind::never), policy(PolicyKind::checkpoint),
                               abort_after(25ms), abort_after(3s)}) {
      Scenario scenario = of(busy_model(kind));
      scenario.policies = {rule};
      std::map<RequestNumber, Settled> reports;
      const std::atomic<bool> stop{false};
      Progress progress;
      run_scenario(scenario,
                   {.engine = EngineKind::direct,
                    .requests_csv = {},
                    .each_request =
                        [&](const RequestReport& r, const ClientReport& c) {
                          reports[r.number] = {r, c};
                        }},
                   stop, progress);
      std::vector<RequestNumber> numbers(300);
      std::iota(numbers.begin(), numbers.end(), 0);
      std::size_t cut_off_in_all = 0;
      for (const Timeline& line : observe_requests(scenario, rule, numbers)) {
        const auto& [request, client] = reports.at(line.request);
        EXPECT_EQ(line.outcome, request.outcome);
        EXPECT_EQ(line.arrived, client.arrived);
        EXPECT_EQ(line.cancel_sent, client.cancel_sent);
        EXPECT_EQ(line.stopped, request.stopped);
        std::size_t cut_off = 0;
        for (const OperationSpan& span : line.operations) {
          cut_off += span.cut_off ? 1 : 0;
          EXPECT_LE(span.start, span.end);
          if (span.path.size() == 1) {
            EXPECT_LE(span.end, line.stopped);
          }
        }
        EXPECT_EQ(cut_off,
                  std::accumulate(request.interrupted.begin(), request.interrupted.end(), 0U))
            << line.request << " under " << rule.name;
        cut_off_in_all += cut_off;
        if (request.outcome == Outcome::completed) {
          const auto is_own = [](const OperationSpan& span) { return span.path.size() == 1; };
          EXPECT_EQ(std::count_if(line.operations.begin(), line.operations.end(), is_own),
                    request.operations_planned);
        }
      }
      EXPECT_GT(cut_off_in_all, 0U);  // under never and checkpoint by the timeout
    }
  }
}

}  // namespace
}  // namespace caesura
