#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnmetCancels : public ::testing::Test {
 protected:
  /// Of a scenario whose 5th line is the list of sources, without the words that all warnings have.
  std::vector<std::string> warnings(const std::string& cancel, std::vector<std::string> lines = {},
                                    const ScenarioOptions& options = {}) const {
    lines.push_back("cancel: " + cancel);
    auto warnings = folder_.load(scenario_with(lines), options).warnings;
    for (auto& warning : warnings) {
      if (const auto at = warning.find("s.yaml:"); at != std::string::npos) warning.erase(0, at);
      const std::string words = "warning: no request can meet this cancel: ";
      const auto at = warning.find(words);
      EXPECT_NE(at, std::string::npos) << warning;
      warning.erase(at, words.size());
    }
    return warnings;
  }
  ScenarioFolder folder_;
};

TEST_F(UnmetCancels, AreWarnedOfWithPlaceReasonAndWhatToDo) {
  EXPECT_THAT(
      warnings("[{after_chunks: 5}, {during: {kind: tool, at: 0.5}}, {during: {operation: 4, at: "
               "0.5}}, {when: {cost_over: 1.00}}, {when: {tokens_over: 7}}]"),
      ElementsAre("s.yaml:5:11: no step that it may reach is streamed; add 'stream' to one, or "
                  "remove this source",
                  "s.yaml:5:30: its workflow never comes to an operation of kind tool (those of "
                  "its agents are not its own); name a kind that it has: llm",
                  "s.yaml:5:63: it has at most 1 operation; name one of these",
                  "s.yaml:5:98: nothing that it uses has a price; add 'price' to a service, or "
                  "remove this source",
                  "s.yaml:5:125: nothing that it asks uses tokens; give a service tokens, or "
                  "remove this source"));
  EXPECT_THAT(warnings("{after_chunks: 2}",
                       {"services: {llm: {m: {latency: 1s, output_tokens: {uniform: [1, 50]}}}}",
                        "workflow: [{llm: m, stream: {chunk_tokens: 50}}]"}),
              ElementsAre("s.yaml:5:10: it is sent at most 1 chunk; wait for fewer, or make chunks "
                          "smaller"));
}

TEST_F(UnmetCancels, OfAnOptionAreNamedByIt) {
  EXPECT_THAT(warnings("[{after: 1s}]", {}, sets({"cancel.0={during: {operation: 2, at: 1}}"})),
              ElementsAre("--set cancel.0={during: {operation: 2, at: 1}}: it has at most 1 "
                          "operation; name one of these"));
}

TEST_F(UnmetCancels, AreNotThoseThatMayBeMet) {
  const std::vector<std::string> lines{
      "services: {llm: {m: {latency: 1s, output_tokens: 100, price: {per_1k: 0.02}}}, tool: {t: "
      "{latency: 1s}}}",
      "workflow: [{llm: m, stream: {chunk_tokens: 25}}, {tool: t}]"};
  EXPECT_THAT(warnings("[{after: 100h}, {during: {request: 1}}, {after_chunks: 4}, {during: {kind: "
                       "tool, at: 1}}, {during: {operation: 2, at: 0}}, {when: {cost_over: "
                       "0.0019999}}, {when: {tokens_over: 99}}]",
                       lines),
              IsEmpty());
  EXPECT_THAT(warnings("[{when: {cost_over: 0.002}}, {when: {tokens_over: 100}}]", lines),
              ElementsAre("s.yaml:5:11: it costs at most $0.002; lower the limit",
                          "s.yaml:5:39: it uses at most 100 tokens; lower the limit"))
      << "over is more than the limit";
  EXPECT_THAT(warnings("[{after_chunks: 5, probability: 0}]", lines), IsEmpty())
      << "it is switched off";
}

TEST_F(UnmetCancels, AreSeenThroughBranchesAndRounds) {
  const auto in = [&](const std::string& workflow, const std::string& cancel) {
    return !warnings("[" + cancel + "]", {"workflow: " + workflow}).empty();
  };
  const std::string tool = "{during: {kind: tool, at: 0}}";
  EXPECT_TRUE(in("[{choose: [{weight: 1, do: [{llm: m}]}, {weight: 0, do: [{tool: t}]}]}]", tool));
  EXPECT_FALSE(
      in("[{choose: [{weight: 1, do: [{llm: m}]}, {weight: 1e-9, do: [{tool: t}]}]}]", tool));
  EXPECT_TRUE(in("[{llm: m}, {repeat: {times: 0, do: [{tool: t}]}}]", tool));
  EXPECT_FALSE(in("[{llm: m}, {repeat: {times: {geometric: {mean: 2}}, do: [{tool: t}]}}]", tool));
  EXPECT_TRUE(in("[{llm: m}, {parallel: {times: 0, do: [{tool: t}]}}]", tool));
  EXPECT_FALSE(in("[{parallel: [{llm: m}, [{llm: m}, {tool: t}]]}]", tool));
  const std::string sixth = "{during: {operation: 6, at: 0}}";
  EXPECT_FALSE(in("[{repeat: {times: 3, do: [{llm: m}, {tool: t}]}}]", sixth));
  EXPECT_TRUE(in("[{repeat: {times: 3, do: [{llm: m}, {wait: 1s}]}}]", sixth));
  EXPECT_FALSE(in("[{repeat: {times: {uniform: [1, 6]}, do: [{llm: m}]}}]", sixth));
  EXPECT_TRUE(in("[{repeat: {times: {uniform: [1, 5]}, do: [{llm: m}]}}]", sixth));
  EXPECT_TRUE(
      in("[{transaction: 1s}, {choose: [{weight: 1, do: [{llm: m}]}, {weight: 1, do: "
         "[{llm: m}, {llm: m}, {llm: m}, {llm: m}]}]}]",
         sixth))
      << "five at most: branches are not added up";
}

TEST_F(UnmetCancels, SeeWhatChildrenUseButNotTheirOperations) {
  const std::string services =
      "services: {llm: {m: {latency: 1s, output_tokens: 10, price: {per_1k: 0.02}}}, agent: {a: "
      "{workflow: [{repeat: {times: 3, do: [{llm: m}]}}]}}}";
  const auto of = [&](const std::string& cancel) {
    return warnings("[" + cancel + "]", {services, "workflow: [{agent: a}]"});
  };
  EXPECT_THAT(of("{when: {tokens_over: 29}}, {when: {cost_over: 0.0005}}, {during: {kind: agent, "
                 "at: 0}}"),
              IsEmpty());
  EXPECT_THAT(of("{when: {tokens_over: 30}}"),
              ElementsAre("s.yaml:5:11: it uses at most 30 tokens; lower the limit"));
  EXPECT_THAT(of("{during: {kind: llm, at: 0}}, {during: {operation: 2, at: 0}}"),
              ElementsAre("s.yaml:5:11: its workflow never comes to an operation of kind llm "
                          "(those of its agents are not its own); name a kind that it has: agent",
                          "s.yaml:5:41: it has at most 1 operation; name one of these"));
}

TEST_F(UnmetCancels, CountAGrowingContextAtItsLargest) {
  const std::vector<std::string> lines{
      "services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 10, per_call: 5}}}}",
      "workflow: [{llm: m}, {llm: m}, {llm: m}]"};
  EXPECT_THAT(warnings("[{when: {tokens_over: 44}}]", lines), IsEmpty()) << "10 + 15 + 20";
  EXPECT_THAT(warnings("[{when: {tokens_over: 75}}]", lines).size(), 1U);
}

}  // namespace
}  // namespace caesura
