#include "scenarios/format/world_block.hpp"

#include "scenarios/format/loader_world.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace caesura {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

Scenario load(const std::vector<std::string>& lines, const ScenarioOptions& options = {}) {
  return ScenarioFolder().load(scenario_with(lines), options);
}

template <typename What>
What only(const std::string& fault) {
  const auto faults = faults_from_text("[" + fault + "]");
  EXPECT_EQ(faults.size(), 1u);
  return std::get<What>(faults.at(0).what);
}

std::string error_of(const std::string& json) {
  try {
    faults_from_text(json);
    return "";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(WorldBlock, OfAFileWithoutOneSpeaksEverythingAndHasNoFaults) {
  for (const auto& world : {load({}).world, load({"world: {}"}).world}) {
    EXPECT_EQ(world.tools_era, WorldBlock::ToolsEra::both);
    EXPECT_EQ(world.agents_version, WorldBlock::AgentsVersion::both);
    EXPECT_FALSE(world.lenient);
    EXPECT_THAT(world.faults, IsEmpty());
  }
}

TEST(WorldBlock, IsReadInFull) {
  const auto world =
      load({"world: {tools: {era: 2026-07-28}, agents: {version: 0.3}, lenient: true, faults: "
            "[{operation: 1, hang: true}]}"})
          .world;
  EXPECT_EQ(world.tools_era, WorldBlock::ToolsEra::v2026_07_28);
  EXPECT_EQ(world.agents_version, WorldBlock::AgentsVersion::v0_3);
  EXPECT_TRUE(world.lenient);
  ASSERT_EQ(world.faults.size(), 1u);
  EXPECT_THAT(world.faults[0].operation, ElementsAre(1u));
  EXPECT_EQ(world.faults[0].attempt, 1u);
  EXPECT_TRUE(std::holds_alternative<CallFault::Hang>(world.faults[0].what));
}

TEST(WorldBlock, TakesVersionsWithAndWithoutQuotes) {
  const auto version = [](const std::string& text) {
    return load({"world: {agents: {version: " + text + "}}"}).world.agents_version;
  };
  EXPECT_EQ(version("1.0"), WorldBlock::AgentsVersion::v1_0);
  EXPECT_EQ(version("\"1.0\""), WorldBlock::AgentsVersion::v1_0);
  EXPECT_EQ(version("both"), WorldBlock::AgentsVersion::both);
  EXPECT_EQ(load({"world: {tools: {era: \"2025-11-25\"}}"}).world.tools_era,
            WorldBlock::ToolsEra::v2025_11_25);
}

TEST(WorldBlock, CanBeSetByOptions) {
  const auto world =
      load({"world: {faults: [{operation: 1, hang: true}]}"},
           sets({"world.lenient=true", "world.agents.version=1.0", "world.faults.0.attempt=every"}))
          .world;
  EXPECT_TRUE(world.lenient);
  EXPECT_EQ(world.agents_version, WorldBlock::AgentsVersion::v1_0);
  EXPECT_EQ(world.faults.at(0).attempt, std::nullopt);
}

TEST(WorldBlock, MeansTheSameAsTheScenarioThatRan) {
  const ScenarioFolder folder;
  const auto first = folder.load(
      scenario_with({"world: {agents: {version: \"0.3\"}, faults: [{operation: \"1\", attempt: 2, "
                     "stall: {token: 5, for: 10s}}]}"}),
      sets({"seed=5"}));
  const auto again = folder.load(first.yaml);
  EXPECT_EQ(again.world.agents_version, WorldBlock::AgentsVersion::v0_3);
  ASSERT_EQ(again.world.faults.size(), 1u);
  EXPECT_EQ(again.world.faults[0].attempt, 2u);
  EXPECT_EQ(std::get<CallFault::Stall>(again.world.faults[0].what).for_, 10s);
}

TEST(WorldBlock, IsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# without a value
world:
= 5:1: world has no value; it must be a mapping with the keys tools, agents, lenient, faults
# unknown key
world: {tool: {era: both}}
= 5:9: unknown key 'tool'; did you mean 'tools'?
# unknown era
world: {tools: {era: 2025-11-52}}
= 5:22: unknown era '2025-11-52'; did you mean '2025-11-25'?
# another protocol's era
world: {tools: {era: 1.0}}
= 5:22: era must be one of: both, 2025-11-25, 2026-07-28, not '1.0'
# version that is no such number
world: {agents: {version: 2}}
= 5:27: version must be one of: both, 0.3, 1.0, not '2'
# version under tools
world: {tools: {version: both}}
= 5:17: unknown key 'version'; known here: era
# lenient in quotes
world: {lenient: "true"}
= 5:18: lenient must be true or false, not text; remove the quotes around 'true'
# faults that are none
world: {faults: {operation: 1}}
= 5:17: faults must be a list such as [{operation: 1, status: 429}], not a mapping
)");
}

TEST(WorldBlock, FaultsAreRefusedWithTheirPlaceAndWhatToDo) {
  expect_errors(R"(
# unknown key
world: {faults: [{opration: 1, hang: true}]}
= 5:19: unknown key 'opration'; did you mean 'operation'?
# no operation
world: {faults: [{hang: true}]}
= 5:18: the key 'operation' is missing in an item of faults; add it: an operation's number from 1, such as 2, or "2.1" for one of a sub-agent's
# operation 0
world: {faults: [{operation: 0, hang: true}]}
= 5:30: operation must be an operation's number from 1, such as 2, or "2.1" for one of a sub-agent's, not '0'
# path that YAML takes for a number
world: {faults: [{operation: 2.10, hang: true}]}
= 5:30: operation with a point is text; write it in quotes: "2.10"
# path that ends early
world: {faults: [{operation: "2.", hang: true}]}
= 5:30: operation must be an operation's number from 1, such as 2, or "2.1" for one of a sub-agent's, not '2.'
# path with a blank
world: {faults: [{operation: "2 .1", hang: true}]}
= 5:30: operation must be an operation's number from 1, such as 2, or "2.1" for one of a sub-agent's, not '2 .1'
# attempt 0
world: {faults: [{operation: 1, attempt: 0, hang: true}]}
= 5:42: attempt must be a whole number from 1 to 1000000 or every, not '0'
# attempt that is a word
world: {faults: [{operation: 1, attempt: all, hang: true}]}
= 5:42: attempt must be a whole number from 1 to 1000000 or every, not 'all'
# nothing happens
world: {faults: [{operation: 1}]}
= 5:18: an item of faults needs exactly one of status, reset, lost, hang, stall, slow or error
# two things happen
world: {faults: [{operation: 1, hang: true, lost: true}]}
= 5:45: 'lost' and 'hang' exclude each other; keep one of them
# status of a success
world: {faults: [{operation: 1, status: 200}]}
= 5:41: status must be a whole number from 400 to 599, not '200'
# retry_after by itself
world: {faults: [{operation: 1, hang: true, retry_after: 5s}]}
= 5:45: 'retry_after' needs 'status' beside it; add that or remove this
# retry_after without a unit
world: {faults: [{operation: 1, status: 429, retry_after: 6}]}
= 5:59: retry_after needs a unit; write 6s if seconds are meant (units: ns, us, ms, s, m, h)
# reset that is not
world: {faults: [{operation: 1, reset: false}]}
= 5:40: reset must be true, or {token: 5} for within the answer, not 'false'
# reset at no token
world: {faults: [{operation: 1, reset: {}}]}
= 5:40: the key 'token' is missing in reset; add it: a whole number from 1 to 100000000
# reset before the first token
world: {faults: [{operation: 1, reset: {token: 0}}]}
= 5:48: token must be a whole number from 1 to 100000000, not '0'
# hang with a value of its own
world: {faults: [{operation: 1, hang: 10s}]}
= 5:39: hang must be true, not '10s'
# stall without a token
world: {faults: [{operation: 1, stall: true}]}
= 5:40: stall must be {token: 5, for: 10s}, or {token: 5} for good, not 'true'
# stall for no time
world: {faults: [{operation: 1, stall: {token: 5, for: 0s}}]}
= 5:56: for must be a duration above 0, such as 30s, not '0s'
# slow that is fast
world: {faults: [{operation: 1, slow: {factor: 0.5}}]}
= 5:48: factor must be a number from 1 to 1000000, not '0.5'
# error without words
world: {faults: [{operation: 1, error: ""}]}
= 5:40: error must not be empty; remove it or write some text
)");
}

TEST(WorldBlock, AFaultOfAnOperationThatNoRequestHasIsRefusedWhereAllHaveTheSamePlan) {
  expect_errors(R"(
# beyond the plan
world: {faults: [{operation: 2, hang: true}]}
= 5:30: no request can meet this fault: a request has 1 operation; name one of these
# below a model
world: {faults: [{operation: "1.1", hang: true}]}
= 5:30: no request can meet this fault: operation 1 is not an agent with a workflow, and only such has operations below it; name one without a point
# beyond a sub-agent's plan
services: {llm: {m: {latency: 1s}, n: {latency: 1s}}, agent: {a: {workflow: [{llm: n}]}}}
workflow: [{llm: m}, {agent: a}, {llm: m}]
world: {faults: [{operation: "2.2", hang: true}]}
= 5:30: no request can meet this fault: what this sub-agent does has 1 operation; name one of these
# at a token of a tool
workflow: [{llm: m}, {tool: t}, {llm: m}]
world: {faults: [{operation: 2, stall: {token: 5}}]}
= 5:40: no request can meet this fault: this operation is of kind tool, and only models stream tokens; write 'reset: true' or 'hang: true', or name one of a model
# in the answer of an agent
services: {llm: {m: {latency: 1s}}, agent: {a: {latency: 1s}}}
workflow: [{llm: m}, {agent: a}, {llm: m}]
world: {faults: [{operation: 2, reset: {token: 5}}]}
= 5:40: no request can meet this fault: this operation is of kind agent, and only models stream tokens; write 'reset: true' or 'hang: true', or name one of a model
)");
}

TEST(WorldBlock, AFaultOfAnOperationThatNoRequestHasIsWarnedOfWherePlansDiffer) {
  const std::string drawn =
      "workflow: [{llm: m}, {repeat: {times: {uniform: [0, 2]}, do: [{tool: t}, {llm: m}]}}]";
  const auto warnings = [&](const std::string& operation, std::vector<std::string> lines) {
    lines.push_back("world: {faults: [{operation: " + operation + ", hang: true}]}");
    auto said = load(lines).warnings;
    for (auto& warning : said) warning.erase(0, warning.find("s.yaml"));
    return said;
  };
  EXPECT_THAT(warnings("5", {drawn}), IsEmpty());
  EXPECT_THAT(warnings("6", {drawn}),
              ElementsAre("s.yaml:5:30: warning: no request can meet this fault: a request has at "
                          "most 5 operations; name one of these"));
  EXPECT_THAT(
      warnings("\"2.1\"", {drawn}),
      ElementsAre("s.yaml:5:30: warning: no request can meet this fault: no operation "
                  "there is an agent with a workflow, and only such has operations below it; "
                  "name one without a point"));
  const std::vector<std::string> tree{
      "services: {llm: {m: {latency: 1s}, n: {latency: 1s}}, tool: {t: {latency: 1s}}, agent: {a: "
      "{workflow: [{llm: n}, {tool: t}, {llm: n}]}}}",
      "workflow: [{llm: m}, {choose: [{weight: 1, do: [{agent: a}]}, {weight: 1, do: [{tool: "
      "t}]}]}, {llm: m}]"};
  EXPECT_THAT(warnings("\"2.3\"", tree), IsEmpty());
  EXPECT_THAT(warnings("\"2.4\"", tree),
              ElementsAre(HasSubstr("what this sub-agent does has at most 3 operations")));
}

TEST(FaultsFromText, ReadsEachThatAScenarioHas) {
  const auto status =
      only<CallFault::Status>(R"({"operation": 1, "status": 429, "retry_after": "6s"})");
  EXPECT_EQ(status.status, 429u);
  EXPECT_EQ(status.retry_after, 6s);
  EXPECT_EQ(only<CallFault::Status>(R"({"operation": 1, "status": 503})").retry_after,
            std::nullopt);
  EXPECT_EQ(only<CallFault::Reset>(R"({"operation": 1, "reset": true})").token, 0u);
  EXPECT_EQ(only<CallFault::Reset>(R"({"operation": 1, "reset": {"token": 5}})").token, 5u);
  only<CallFault::Lost>(R"({"operation": 1, "lost": true})");
  only<CallFault::Hang>(R"({"operation": 1, "hang": true})");
  const auto stall = only<CallFault::Stall>(R"({"operation": 1, "stall": {"token": 7}})");
  EXPECT_EQ(stall.token, 7u);
  EXPECT_EQ(stall.for_, std::nullopt);
  EXPECT_EQ(only<CallFault::Slow>(R"({"operation": 1, "slow": {"factor": 2.5}})").factor, 2.5);
  EXPECT_EQ(
      only<CallFault::Error>(R"({"operation": 1, "error": "disk \"A\" \u00fc full\n"})").message,
      "disk \"A\" \xC3\xBC full\n");
}

TEST(FaultsFromText, KeepsTheirOrderTheirPathsAndTheirAttempts) {
  const auto faults = faults_from_text(
      "\t[{\"operation\": \"2.10.1\", \"hang\": true},\n"
      "\t {\"attempt\": \"every\", \"operation\": 3, \"lost\": true},"
      "{\"operation\": 4, \"attempt\": 7, \"lost\": true}]");
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_THAT(faults[0].operation, ElementsAre(2u, 10u, 1u));
  EXPECT_EQ(faults[0].attempt, 1u);
  EXPECT_EQ(faults[1].attempt, std::nullopt);
  EXPECT_EQ(faults[2].attempt, 7u);
  EXPECT_THAT(faults_from_text("[]"), IsEmpty());
}

TEST(FaultsFromText, SaysInOneLineWhichIsWrongAndWhatToDo) {
  EXPECT_EQ(error_of(R"([{"opration": 1, "hang": true}])"),
            "faults[0]: unknown key 'opration'; did you mean 'operation'?");
  EXPECT_EQ(error_of(R"([{"operation": 1, "hang": true}, {"operation": 1, "status": 200}])"),
            "faults[1]: status must be a whole number from 400 to 599, not '200'");
  EXPECT_EQ(error_of(R"([{"operation": 2.1, "hang": true}])"),
            "faults[0]: operation with a point is text; write it in quotes: \"2.1\"");
  EXPECT_EQ(error_of(R"([{"operation": 1, "hang": "true"}])"),
            "faults[0]: hang must be true, not text; remove the quotes around 'true'");
  EXPECT_EQ(error_of(R"([{"operation": 1, "operation": 2, "hang": true}])"),
            "faults[0]: the key 'operation' appears twice; remove one");
  EXPECT_EQ(error_of(R"([5])"),
            "faults[0]: an item of faults must be a fault such as {operation: 1, status: 429}, not "
            "'5'");
  EXPECT_EQ(error_of(R"([null])"),
            "faults[0]: an item of faults has no value; it must be a fault such as {operation: 1, "
            "status: 429}");
  EXPECT_EQ(error_of(R"([{"operation": 1, "b\nc\u001b": 1}])"),
            "faults[0]: unknown key 'b\\nc\\x1b'; known here: operation, attempt, status, "
            "retry_after, reset, lost, hang, stall, slow, error");
}

TEST(FaultsFromText, TakesNothingButAListInJson) {
  const std::string no_list = "faults: must be a list such as [{operation: 1, status: 429}]";
  EXPECT_EQ(error_of(R"({"operation": 1, "hang": true})"), no_list);
  EXPECT_EQ(error_of(R"({"a": 1, "a": 2})"), no_list);
  EXPECT_EQ(error_of("null"), no_list);
  EXPECT_EQ(error_of("5"), no_list);
  EXPECT_EQ(error_of("[{operation: 1, hang: true}]"), "faults: not valid JSON at byte 3");
  EXPECT_EQ(error_of(""), "faults: not valid JSON at byte 1");
  EXPECT_EQ(error_of("[] []"), "faults: not valid JSON at byte 4");
  EXPECT_EQ(error_of("[\"\xff\"]"), "faults: not valid JSON at byte 3");
  EXPECT_EQ(error_of("[1e999]"), "faults: not valid JSON at byte 6");
}

TEST(FaultsFromText, HasLimits) {
  const std::string fault = R"({"operation": 1, "hang": true})";
  EXPECT_EQ(faults_from_text("[" + repeated(fault + ",", most_faults - 1) + fault + "]").size(),
            most_faults);
  EXPECT_EQ(error_of("[" + repeated(fault + ",", most_faults) + fault + "]"),
            "faults: more than 1000; name fewer");
  EXPECT_EQ(error_of("[" + repeated("[", 19) + repeated("]", 19) + "]"),
            "faults[0]: an item of faults must be a fault such as {operation: 1, status: 429}, not "
            "a list");
  EXPECT_EQ(error_of("[" + repeated("[", 20) + repeated("]", 20) + "]"),
            "faults[0]: nested deeper than 20 levels; a fault needs two");
  EXPECT_THAT(error_of(repeated("[", 1'000'000)), HasSubstr("nested deeper than 20 levels"));
  EXPECT_THAT(error_of("[" + repeated("{\"a\":", 1'000'000)),
              HasSubstr("nested deeper than 20 levels"));
  EXPECT_EQ(error_of("[[" + repeated("1,", 100'000) + "1]]"),
            "faults: too many values; name fewer");
}

}  // namespace
}  // namespace caesura
