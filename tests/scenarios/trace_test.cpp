#include "scenarios/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/small_models.hpp"

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
  const auto lines = trace_request(cancelled_in_the_tool(), policy(PolicyKind::checkpoint), 1, EngineKind::direct);
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
  const auto all = texts(trace_request(scenario, policy(PolicyKind::checkpoint), 1, EngineKind::direct));
  EXPECT_THAT(all, ::testing::Contains("request > client: cancel: accepted"));
  EXPECT_THAT(all, ::testing::Contains("request > directory: ended: cancelled"));
}

TEST(Trace, IsTheSameOnBothEngines) {
  for (const bool compete : {false, true}) {
    Scenario scenario = cancelled_in_the_tool();
    if (compete) scenario.model.services[1].concurrency = 1;
    for (RequestNumber n = 0; n < 3; ++n) {
      EXPECT_EQ(plain_trace(trace_request(scenario, policy(PolicyKind::checkpoint), n, EngineKind::direct)),
                plain_trace(trace_request(scenario, policy(PolicyKind::checkpoint), n, EngineKind::caf)));
    }
  }
}

TEST(Trace, RefusesARequestThatTheLoadDoesNotHave) {
  EXPECT_THROW(trace_request(cancelled_in_the_tool(), policy(PolicyKind::checkpoint), 3, EngineKind::direct), ScenarioError);
}

TEST(Trace, PlainLinesAreAligned) {
  const std::string text = plain_trace({{at(1s), "client", "directory", "cancel"}, {at(10s), "request", "llm planner", "ask"}});
  EXPECT_EQ(text, " 1.000000000 s  client  -> directory    cancel\n10.000000000 s  request -> llm planner  ask\n");
}

TEST(Trace, MermaidNamesParticipantsInOrderOfAppearance) {
  const std::string text = mermaid_trace({{at(1500ms), "client", "directory", "cancel"}});
  EXPECT_EQ(text, "sequenceDiagram\n    participant p0 as client\n    participant p1 as directory\n    p0->>p1: 1.5 s: cancel\n");
}

}  // namespace
}  // namespace caesura
