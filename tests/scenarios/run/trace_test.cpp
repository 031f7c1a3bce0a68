#include "scenarios/run/trace.hpp"

#include "tests/small_trees.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;

Scenario cancelled_in_the_tool() {
  Scenario scenario;
  scenario.file = "two.yaml";
  scenario.model = two_services(3);
  scenario.model.links.client = fixed(100ms);
  scenario.model.cancels = {cancel_after(3s)};
  return scenario;
}

std::vector<std::string> texts(const std::vector<TraceLine>& lines) {
  std::vector<std::string> all;
  all.reserve(lines.size());
  for (const TraceLine& line : lines) all.push_back(line.from + " > " + line.to + ": " + line.text);
  return all;
}

TEST(Trace, TellsTheLifeOfACancelledRequestInOrder) {
  const auto lines =
      trace_request(cancelled_in_the_tool(), policy(PolicyKind::checkpoint), 1, EngineKind::direct);
  EXPECT_EQ(texts(lines), (std::vector<std::string>{
                              "client > directory: start request 1",
                              "directory > request: start: 4 operations planned",
                              "request > llm llm: ask: operation 1 of 4 (llm)",
                              "llm llm > request: operation 1 done after 1 s",
                              "request > tool tool: ask: operation 2 of 4 (tool)",
                              "client > directory: cancel",
                              "directory > request: cancel",
                              "request > client: cancel: accepted",
                              "tool tool > request: operation 2 done after 10 s",
                              "request > directory: ended: cancelled",
                              "request > client: answer: cancelled",
                          }));
}

TEST(Trace, NamesWhoAnsweredACancelEvenIfTheRequestHasGoneMeanwhile) {
  Scenario scenario = cancelled_in_the_tool();
  scenario.model.workflow = {{Wait{fixed(60s)}}, call(OperationKind::llm, 0)};
  const auto all =
      texts(trace_request(scenario, policy(PolicyKind::checkpoint), 1, EngineKind::direct));
  EXPECT_THAT(all, ::testing::Contains("request > client: cancel: accepted"));
  EXPECT_THAT(all, ::testing::Contains("request > directory: ended: cancelled"));
}

TEST(Trace, ShowsWhatAnAbortCutsOff) {
  Scenario scenario = cancelled_in_the_tool();
  const std::vector<std::string> end{
      "request > client: cancel: accepted",     "request > request: abort what is in progress",
      "request > tool tool: abort operation 2", "request > directory: ended: cancelled",
      "request > client: answer: cancelled",
  };
  auto all = texts(trace_request(scenario, abort_after(1s), 1, EngineKind::direct));
  EXPECT_EQ(std::vector<std::string>(all.end() - 5, all.end()), end);

  scenario.model.services[1].concurrency = 3;  // a service that keeps account of it is told
  all = texts(trace_request(scenario, abort_after(1s), 1, EngineKind::direct));
  EXPECT_THAT(all, ::testing::Contains("request > tool tool: withdraw operation 2"));
  EXPECT_THAT(all, ::testing::Not(::testing::Contains("request > tool tool: abort operation 2")));
}

/// Two requests at once, each of an LLM that has a place for one and a tool that has places for
/// all.
Scenario one_place(std::optional<std::uint64_t> queue) {
  Scenario scenario;
  scenario.file = "one_place.yaml";
  scenario.model = two_services(2, 1);
  scenario.model.services[0].concurrency = 1;
  scenario.model.services[0].queue = queue;
  return scenario;
}

TEST(Trace, SaysThatAnOperationIsTurnedAwayWhereTheQueueIsFullAndThatItWaitsWhereItIsNot) {
  for (const EngineKind engine : {EngineKind::direct, EngineKind::caf}) {
    Scenario scenario = one_place(0);
    scenario.model.links.llm = fixed(1ms);
    EXPECT_EQ(texts(trace_request(scenario, policy(PolicyKind::never), 1, engine)),
              (std::vector<std::string>{
                  "client > directory: start request 1",
                  "directory > request: start: 2 operations planned",
                  "request > llm llm: ask: operation 1 of 2 (llm)",
                  "llm llm > request: operation 1 is turned away",
                  "llm llm > request: operation 1 rejected",
                  "request > directory: ended: rejected",
                  "request > client: answer: rejected",
              }));
    EXPECT_THAT(texts(trace_request(one_place(1), policy(PolicyKind::never), 1, engine)),
                ::testing::IsSupersetOf({"llm llm > request: operation 1 waits in the queue",
                                         "llm llm > request: operation 1 has started"}));
  }
}

TEST(Trace, SaysThatAnAgentWithAWorkflowTurnsAnOperationAway) {
  Scenario scenario = one_place({});
  scenario.model.workflow = {add_agent(scenario.model, {tool_call}, told)};
  scenario.model.services[2].concurrency = 1;
  scenario.model.services[2].queue = 0;
  const auto all = texts(trace_request(scenario, policy(PolicyKind::never), 1, EngineKind::direct));
  EXPECT_THAT(all, ::testing::Contains("agent agent > request: operation 1 is turned away"));
  EXPECT_THAT(all, ::testing::Not(::testing::Contains(::testing::HasSubstr("waits"))));
}

TEST(Trace, DoesNotCallAnAbortWhatItsServiceHasFinishedOrWhatComesAfterTheEnd) {
  Scenario scenario = cancelled_in_the_tool();
  scenario.model.links.llm = fixed(1s);  // served from 1.1 s to 2.1 s
  scenario.model.cancels = {cancel_after(2500ms)};
  EXPECT_THAT(texts(trace_request(scenario, abort_after(100ms), 1, EngineKind::direct)),
              ::testing::Not(::testing::Contains("request > llm llm: abort operation 1")));

  Scenario orphaned = cancelled_in_the_tool();
  orphaned.model.workflow = {add_agent(orphaned.model, {tool_call}, untold)};
  orphaned.model.timeout = 3500ms;
  EXPECT_THAT(texts(trace_request(orphaned, abort_after(1s), 1, EngineKind::direct)),
              ::testing::Not(::testing::Contains("request > request: abort what is in progress")));
}

/// An agent whose workflow is the tool, and another one that asks that agent; the cancel comes
/// after 3 s.
Scenario tree(bool propagate) {
  Scenario scenario;
  scenario.file = "tree.yaml";
  scenario.model = nested({propagate, told});
  scenario.model.services[2].name = "inner";
  scenario.model.services[3].name = "outer";
  scenario.model.load.requests = 2;
  scenario.model.cancels = {cancel_after(3s)};
  return scenario;
}

TEST(Trace, ShowsATreeOfChildrenAndTheWayOfTheCancelThroughIt) {
  EXPECT_EQ(texts(trace_request(tree(told), abort_after(1s), 1, EngineKind::direct)),
            (std::vector<std::string>{
                "client > directory: start request 1",
                "directory > request: start: 1 operations planned",
                "request > agent outer: ask: operation 1 of 1 (agent)",
                "agent outer > request.1: start: 1 operations planned",
                "request.1 > agent inner: ask: operation 1 of 1 (agent)",
                "agent inner > request.1.1: start: 1 operations planned",
                "request.1.1 > tool tool: ask: operation 1 of 1 (tool)",
                "client > directory: cancel",
                "directory > request: cancel",
                "request > client: cancel: accepted",
                "request > agent outer: cancel of operation 1",
                "agent outer > request.1: cancel",
                "request.1 > agent inner: cancel of operation 1",
                "agent inner > request.1.1: cancel",
                "request.1.1 > request.1.1: abort what is in progress",
                "request.1.1 > tool tool: abort operation 1",
                "request.1.1 > agent inner: ended after 4 s",
                "agent inner > request.1: operation 1 done after 4 s",
                "request.1 > agent outer: ended after 4.2 s",
                "agent outer > request: operation 1 done after 4.2 s",
                "request > directory: ended: cancelled",
                "request > client: answer: cancelled",
            }));
}

TEST(Trace, FollowsAnOrphanToItsEnd) {
  const auto all = texts(trace_request(tree(untold), abort_after(1s), 1, EngineKind::direct));
  EXPECT_EQ(std::vector<std::string>(all.end() - 8, all.end()),
            (std::vector<std::string>{
                "request > request: abort what is in progress",
                "request > agent outer: withdraw operation 1",
                "request > directory: ended: cancelled",
                "request > client: answer: cancelled",
                "tool tool > request.1.1: operation 1 done after 10 s",
                "request.1.1 > agent inner: ended after 10 s",
                "agent inner > request.1: operation 1 done after 10 s",
                "request.1 > agent outer: ended after 10.2 s",
            }));
}

/// Requests a minute apart that are cancelled after 3 s and leave an orphan of 200 s: each takes
/// the ticket of the one before, whose orphan it does not outlive.
Scenario orphans_one_after_another() {
  Scenario scenario;
  scenario.file = "orphans.yaml";
  scenario.model = one_child(untold, 3);
  scenario.model.services[1].latency = WholeLatency{fixed(200s)};
  scenario.model.services[1].concurrency = 5;  // so they run in one world
  scenario.model.load.arrivals = ConstantArrivals{.requests = 1, .per = 60s};
  scenario.model.cancels = {cancel_after(3s)};
  return scenario;
}

std::vector<std::string> ends_in(const std::vector<TraceLine>& lines) {
  std::vector<std::string> ends;
  for (const TraceLine& line : lines) {
    if (line.to == "directory" && line.text.starts_with("ended"))
      ends.push_back(fmt::format("{} s: {}", seconds(line.at), line.text));
  }
  return ends;
}

TEST(Trace, ShowsARequestsOwnEndAloneWhileOthersHaveItsTicket) {
  const Scenario scenario = orphans_one_after_another();
  for (const EngineKind engine : {EngineKind::direct, EngineKind::caf}) {
    for (RequestNumber n = 0; n < 3; ++n) {
      const auto lines = trace_request(scenario, abort_after(0s), n, engine);
      EXPECT_EQ(ends_in(lines),
                (std::vector<std::string>{fmt::format("{} s: ended: cancelled", 60 * n + 3)}));
      EXPECT_EQ(lines.back().text, "ended after 202 s") << "the orphan's end is the last line";
      const std::string mermaid = mermaid_trace(lines);
      const auto ended = mermaid.find("ended: ");
      EXPECT_NE(ended, std::string::npos);
      EXPECT_EQ(mermaid.find("ended: ", ended + 1), std::string::npos);
    }
  }
}

TEST(Trace, SaysNothingOfTimersThatAreDueAfterTheEnd) {
  Scenario scenario = orphans_one_after_another();
  scenario.model.timeout = 30s;
  EXPECT_THAT(texts(trace_request(scenario, abort_after(0s), 1, EngineKind::direct)),
              ::testing::Not(::testing::Contains("request > request: timeout")));

  Workflow waiting{{Wait{fixed(50s)}}};
  scenario.model.workflow = {{Parallel{{scenario.model.workflow, waiting}}}};
  EXPECT_THAT(texts(trace_request(scenario, abort_after(0s), 1, EngineKind::direct)),
              ::testing::Not(::testing::Contains("request > request: wait over")));
}

TEST(Trace, SaysWhenATimeoutEndsChildren) {
  Scenario scenario = tree(told);
  scenario.model.cancels.clear();
  scenario.model.timeout = 5s;
  const auto all = texts(trace_request(scenario, abort_after(1s), 1, EngineKind::direct));
  EXPECT_THAT(all, ::testing::IsSupersetOf({"request > request: timeout",
                                            "request.1 > request.1: the parent has ended",
                                            "request.1.1 > request.1.1: the parent has ended",
                                            "request.1.1 > tool tool: abort operation 1",
                                            "request > client: answer: timed_out"}));
}

TEST(Trace, OfATreeIsTheSameOnBothEngines) {
  for (const bool propagate : {told, untold}) {
    EXPECT_EQ(plain_trace(trace_request(tree(propagate), abort_after(1s), 1, EngineKind::direct)),
              plain_trace(trace_request(tree(propagate), abort_after(1s), 1, EngineKind::caf)));
  }
}

TEST(Trace, IsTheSameOnBothEngines) {
  for (const bool compete : {false, true}) {
    Scenario scenario = cancelled_in_the_tool();
    if (compete) scenario.model.services[1].concurrency = 1;
    for (RequestNumber n = 0; n < 3; ++n) {
      EXPECT_EQ(
          plain_trace(
              trace_request(scenario, policy(PolicyKind::checkpoint), n, EngineKind::direct)),
          plain_trace(trace_request(scenario, policy(PolicyKind::checkpoint), n, EngineKind::caf)));
    }
  }
}

TEST(Trace, RefusesARequestThatTheLoadDoesNotHave) {
  EXPECT_THROW(
      trace_request(cancelled_in_the_tool(), policy(PolicyKind::checkpoint), 3, EngineKind::direct),
      ScenarioError);
}

TEST(Trace, PlainLinesAreAligned) {
  const std::string text = plain_trace(
      {{at(1s), "client", "directory", "cancel"}, {at(10s), "request", "llm planner", "ask"}});
  EXPECT_EQ(text,
            " 1.000000000 s  client  -> directory    cancel\n10.000000000 s  request -> llm "
            "planner  ask\n");
}

TEST(Trace, MermaidNamesParticipantsInOrderOfAppearance) {
  const std::string text = mermaid_trace({{at(1500ms), "client", "directory", "cancel"}});
  EXPECT_EQ(text,
            "sequenceDiagram\n    participant p0 as client\n    participant p1 as directory\n    "
            "p0->>p1: 1.5 s: cancel\n");
}

}  // namespace
}  // namespace caesura
