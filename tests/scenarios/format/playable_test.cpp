#include "tests/scenarios/loader_fixture.hpp"

#include <string>
#include <vector>

namespace caesura {
namespace {

// Which workflows an agent loop of model and tools can play, and what is said of the others.

class Playable : public ::testing::Test {
 protected:
  /// Of a workflow in line 4, `more` agents in line 3; "" if it can be played.
  std::string error(const std::string& workflow, const std::string& more = "",
                    const ScenarioOptions& options = {}) const {
    const std::string services =
        "services: {llm: {m: {latency: 1s}, n: {latency: 1s}, o: {latency: 1s}}, tool: {a: "
        "{latency: 1s}, b: {latency: 1s}}, agent: {remote: {latency: 1s}, sub: {workflow: [{llm: "
        "n}]}" +
        more + "}}";
    return error_in({services, "workflow: [" + workflow + "]"}, options);
  }
  std::string error_in(const std::vector<std::string>& lines,
                       const ScenarioOptions& options = {}) const {
    const auto file = folder_.write("s.yaml", scenario_with(lines));
    try {
      load_world_scenario(file, options);
      return "";
    } catch (const ScenarioError& problem) {
      const std::string what = problem.what();
      const std::string path = folder_.file("");
      return what.compare(0, path.size(), path) == 0 ? what.substr(path.size()) : what;
    }
  }
  ScenarioFolder folder_;
};

TEST_F(Playable, IsWhateverAlwaysExpandsToModelToolsModel) {
  for (const char* workflow :
       {"{llm: m}", "{decompose: m}", "{llm: m, stream: {chunk_tokens: 4}}",
        "{llm: m}, {tool: a}, {llm: m}", "{decompose: m}, {agent: remote}, {llm: m}",
        "{llm: m}, {agent: sub}, {llm: m}, {agent: sub}, {llm: m}",
        "{llm: m}, {parallel: [{tool: a}, [{tool: a}], {agent: sub}, {agent: remote}]}, {llm: m}",
        "{llm: m}, {parallel: {times: 3, do: [{tool: a}]}}, {llm: m}",
        "{llm: m}, {parallel: {times: {uniform: [1, 3]}, do: [{agent: sub}]}}, {llm: m}",
        "{llm: m}, {parallel: {times: {geometric: {mean: 2}}, do: [{tool: a}]}}, {llm: m}",
        "{llm: m}, {parallel: {times: {exponential: {mean: 3}, min: 1}, do: [{tool: a}]}}, "
        "{llm: m}",
        "{llm: m}, {parallel: [{choose: [{weight: 1, do: [{tool: a}]}, {weight: 1, do: [{agent: "
        "sub}]}]}, {repeat: {times: 1, do: [{tool: b}]}}]}, {llm: m}",
        "{llm: m}, {repeat: {times: {uniform: [0, 3]}, do: [{tool: a}, {llm: m}]}}",
        "{repeat: {times: {uniform: [0, 3]}, do: [{llm: m}, {tool: a}]}}, {llm: m}",
        "{repeat: {times: 1, do: [{llm: m}]}}",
        "{llm: m}, {choose: [{weight: 1, do: [{tool: a}]}, {weight: 2, do: [{agent: sub}, {llm: "
        "m}, {tool: b}]}]}, {llm: m}",
        "{choose: [{weight: 1, do: [{llm: m}]}, {weight: 1, do: [{decompose: m}, {tool: a}, "
        "{llm: m}]}]}",
        "{llm: m}, {repeat: {times: {uniform: [0, 2]}, do: [{choose: [{weight: 1, do: [{tool: "
        "a}]}, {weight: 1, do: [{parallel: [{tool: a}, {tool: b}]}]}]}, {llm: m}]}}"})
    EXPECT_EQ(error(workflow), "") << workflow;
}

TEST_F(Playable, IsAHandoffToAnAgentWithAWorkflow) {
  EXPECT_EQ(error("{llm: m}, {agent: sub}"), "");
  EXPECT_EQ(error("{llm: m}, {choose: [{weight: 1, do: [{agent: sub}]}, {weight: 1, do: [{tool: "
                  "a}, {llm: m}]}]}"),
            "");
  EXPECT_EQ(error("{llm: m}, {agent: remote}"),
            "s.yaml:4:22: agent: remote may come last: the model answers last; put an llm step "
            "after it that is done in any case, or give the agent a workflow (a handoff)");
  EXPECT_EQ(error("{llm: m}, {agent: sub}, {tool: a}, {llm: m}"),
            "s.yaml:4:36: tool: a may come right after agent: sub (line 4): a model asks for each; "
            "put an llm step between them that is done in any case, or both into one 'parallel'");
  EXPECT_EQ(error("{llm: m}, {repeat: {times: 2, do: [{agent: sub}]}}"),
            "s.yaml:4:47: agent: sub may come right after agent: sub (line 4): a model asks for "
            "each; put an llm step between them that is done in any case, or both into one "
            "'parallel'");
  EXPECT_EQ(error("{llm: m}, {parallel: [{agent: sub}, {agent: sub}]}"),
            "s.yaml:4:22: parallel may come last: the model answers last; put an llm step after it "
            "that is done in any case");
}

TEST_F(Playable, IsNotWhatMayBeginOrEndWithATool) {
  EXPECT_EQ(error("{tool: a}, {llm: m}"),
            "s.yaml:4:12: tool: a may come first: a loop begins with its model; put an llm step "
            "before it that is done in any case");
  EXPECT_EQ(error("{repeat: {times: {uniform: [0, 1]}, do: [{llm: m}]}}, {agent: sub}, {llm: m}"),
            "s.yaml:4:66: agent: sub may come first: a loop begins with its model; put an llm step "
            "before it that is done in any case");
  EXPECT_EQ(error("{llm: m}, {tool: a}"),
            "s.yaml:4:22: tool: a may come last: the model answers last; put an llm step after it "
            "that is done in any case");
  EXPECT_EQ(error("{llm: m}, {tool: a}, {repeat: {times: {uniform: [0, 2]}, do: "
                  "[{llm: m}, {tool: b}]}}"),
            "s.yaml:4:22: tool: a may come last: the model answers last; put an llm step after it "
            "that is done in any case");
  EXPECT_EQ(error("{repeat: {times: {uniform: [0, 1]}, do: [{llm: m}]}}"),
            "s.yaml:4:11: it may have no step at all; put an llm step into it that is done in any "
            "case");
}

TEST_F(Playable, IsNotWhatMayHaveTwoModelStepsInARow) {
  const std::string in_a_row =
      ": no tool lies between two answers of the model; put a tool or an agent there that is asked "
      "in any case (at least 1 time), or remove one of the two";
  EXPECT_EQ(error("{decompose: m}, {llm: m}"),
            "s.yaml:4:28: llm: m may come right after decompose: m (line 4)" + in_a_row);
  EXPECT_EQ(error("{repeat: {times: 2, do: [{llm: m}]}}"),
            "s.yaml:4:37: llm: m may come right after llm: m (line 4)" + in_a_row);
  EXPECT_EQ(error("{repeat: {times: 2, do: [{llm: m}, {tool: a}, {llm: m}]}}"),
            "s.yaml:4:37: llm: m may come right after llm: m (line 4)" + in_a_row);
  EXPECT_EQ(error("{llm: m}, {repeat: {times: {uniform: [0, 1]}, do: [{tool: a}]}}, {llm: m}"),
            "s.yaml:4:77: llm: m may come right after llm: m (line 4)" + in_a_row);
  EXPECT_EQ(
      error("{llm: m}, {choose: [{weight: 1, do: [{tool: a}]}, {weight: 1, do: [{llm: m}]}]}"),
      "s.yaml:4:79: llm: m may come right after llm: m (line 4)" + in_a_row);
}

TEST_F(Playable, IsNotWhatMayHaveTwoToolsInARow) {
  const std::string in_a_row =
      ": a model asks for each; put an llm step between them that is done in any case, or both "
      "into one 'parallel'";
  EXPECT_EQ(error("{llm: m}, {tool: a}, {tool: b}, {llm: m}"),
            "s.yaml:4:33: tool: b may come right after tool: a (line 4)" + in_a_row);
  EXPECT_EQ(error("{llm: m}, {parallel: [{tool: a}]}, {agent: sub}, {llm: m}"),
            "s.yaml:4:47: agent: sub may come right after parallel (line 4)" + in_a_row);
  EXPECT_EQ(error("{llm: m}, {repeat: {times: {geometric: {mean: 2}}, do: [{tool: a}]}}, {llm: m}"),
            "s.yaml:4:68: tool: a may come right after tool: a (line 4)" + in_a_row);
}

TEST_F(Playable, HasNoParallelBranchThatIsMoreOrLessThanOneToolOrAgent) {
  const std::string more =
      "a parallel branch must be a single tool or agent, so that a model can ask for it; give what "
      "is more to an agent with a workflow of its own, and ask that";
  EXPECT_EQ(error("{llm: m}, {parallel: [[{tool: a}, {tool: b}]]}, {llm: m}"),
            "s.yaml:4:46: " + more);
  EXPECT_EQ(error("{llm: m}, {parallel: [{repeat: {times: 2, do: [{tool: a}]}}]}, {llm: m}"),
            "s.yaml:4:34: " + more);
  EXPECT_EQ(error("{llm: m}, {parallel: [{parallel: [{tool: a}]}]}, {llm: m}"),
            "s.yaml:4:34: " + more);
  EXPECT_EQ(error("{llm: m}, {parallel: [{wait: 1s}]}, {llm: m}"), "s.yaml:4:34: " + more);
  EXPECT_EQ(error("{llm: m}, {parallel: [{tool: a}, {llm: m}]}, {llm: m}"),
            "s.yaml:4:45: no model goes on in a parallel branch; give the branch to an agent with "
            "a workflow of its own, and ask that");
  EXPECT_EQ(error("{llm: m}, {parallel: [{repeat: {times: {uniform: [0, 1]}, do: [{tool: a}]}}]}, "
                  "{llm: m}"),
            "s.yaml:4:34: a parallel branch may have no step at all; put a tool or an agent into "
            "it in any case");
  EXPECT_EQ(error("{llm: m}, {parallel: {times: {uniform: [0, 2]}, do: [{tool: a}]}}, {llm: m}"),
            "s.yaml:4:41: a model asks for at least one tool; write times of at least 1 (with "
            "'min: 1' a distribution has none below)");
}

TEST_F(Playable, HasNoWaitsAndNoTransactions) {
  EXPECT_EQ(error("{llm: m}, {wait: 1s}"),
            "s.yaml:4:22: a loop of model and tools cannot wait; remove it, or write it as a tool "
            "that takes so long");
  EXPECT_EQ(error("{llm: m}, {transaction: 1s}, {llm: m}"),
            "s.yaml:4:22: a loop of model and tools has no transaction; write it as a tool with "
            "'transactional: true'");
}

TEST_F(Playable, HasOneModelInALoop) {
  EXPECT_EQ(error("{llm: m}, {tool: a}, {llm: o}"),
            "s.yaml:4:33: the model of the workflow is 'm' (line 4), and a loop has one; name it "
            "here too, or give this step to an agent with a workflow");
}

TEST_F(Playable, HasAgentsWhoseLoopsArePlayableWithModelsOfTheirOwn) {
  EXPECT_EQ(error("{llm: m}", ", deep: {workflow: [{llm: o}, {agent: sub}, {llm: o}]}"), "");
  EXPECT_EQ(error("{llm: m}", ", bad: {workflow: [{llm: o}, {tool: a}]}"),
            "s.yaml:3:204: tool: a may come last: the model answers last; put an llm step after it "
            "that is done in any case");
  EXPECT_EQ(error("{llm: m}", ", twin: {workflow: [{llm: n}]}"),
            "s.yaml:3:195: 'n' is the model of the agent 'sub', and a call's model says whose loop "
            "it is; give the agent 'twin' a model of its own in services.llm, and name that");
  EXPECT_EQ(error("{llm: n}"),
            "s.yaml:3:165: 'n' is the model of the workflow, and a call's model says whose loop it "
            "is; give the agent 'sub' a model of its own in services.llm, and name that");
  EXPECT_EQ(error("{llm: m}", ", two: {workflow: [{llm: o}, {tool: a}, {llm: m}]}"),
            "s.yaml:3:215: the model of the agent 'two' is 'o' (line 3), and a loop has one; name "
            "it here too, or give this step to an agent with a workflow");
}

TEST_F(Playable, LeavesAloneWhatIsNeverPlayed) {
  EXPECT_EQ(error("{llm: m}, {repeat: {times: 0, do: [{wait: 1s}]}}"), "");
  EXPECT_EQ(error("{llm: m}, {parallel: {times: 0, do: [{llm: m}]}}"), "");
  EXPECT_EQ(
      error("{llm: m}, {choose: [{weight: 1, do: [{tool: a}]}, {weight: 0, do: [{llm: o}]}]}, "
            "{llm: m}"),
      "");
}

TEST_F(Playable, HasToolsAndAgentsThatProtocolsCanTellApart) {
  const auto names = [this](const std::string& tools, const std::string& agents = "") {
    return error_in(
        {"services: {llm: {m: {latency: 1s}}, tool: {" + tools + "}, agent: {" + agents + "}}"});
  };
  EXPECT_EQ(names("search: {latency: 1s}, web_search: {latency: 1s}, web-fetch: {latency: 1s}"),
            "");
  EXPECT_EQ(names("web_search: {latency: 1s}, Web-Search: {latency: 1s}"),
            "s.yaml:3:71: the tool 'Web-Search' cannot be told from the tool 'web_search': case "
            "does not count in a call, nor '-' or '_'; rename one of them");
  EXPECT_EQ(names("search: {latency: 1s}", "search: {latency: 1s}"),
            "s.yaml:3:76: the agent 'search' cannot be told from the tool 'search': case does not "
            "count in a call, nor '-' or '_'; rename one of them");
  const std::string forty(40, 'a');
  EXPECT_EQ(names(forty + ": {latency: 1s}"), "");
  EXPECT_EQ(names(forty + "a: {latency: 1s}"),
            "s.yaml:3:44: the tool '" + forty +
                "a' has a name of 41 characters; give it one of at most 40, since frameworks put "
                "something before it");
}

TEST_F(Playable, IsJudgedWithTheOptionsApplied) {
  EXPECT_EQ(error("{llm: m}", "", sets({"workflow=[{llm: m}, {tool: a}]"})),
            "--set workflow=[{llm: m}, {tool: a}]: tool: a may come last: the model answers last; "
            "put an llm step after it that is done in any case");
  EXPECT_EQ(error("{tool: a}", "", sets({"workflow=[{llm: m}]"})), "");
}

TEST_F(Playable, IsAskedOfWorldsAloneAndOtherErrorsComeFirst) {
  EXPECT_EQ(folder_.error(scenario_with({"workflow: [{tool: t}]"})), "");
  EXPECT_EQ(error_in({"workflow: [{tool: t}, {llm: x}]"}),
            "s.yaml:4:29: no llm service is called 'x'; known here: m");
}

TEST_F(Playable, IsNoMatterOfHowDeepLoopsAreNested) {
  std::string workflow = "{llm: m}, {tool: a}";
  for (int depth = 0; depth < 20; ++depth)
    workflow = "{repeat: {times: {uniform: [1, 2]}, do: [" + workflow + "]}}";
  EXPECT_EQ(error(workflow + ", {llm: m}"), "");
}

TEST(ShippedScenarios, ForTheWorldArePlayable) {
  const std::string folder = std::string(CAESURA_SOURCE_DIR) + "/scenarios/";
  for (const char* name : {"world_coding_agent.yaml", "world_flaky.yaml"}) {
    const auto scenario = load_world_scenario(folder + name, {});
    EXPECT_TRUE(scenario.warnings.empty()) << name;
  }
  EXPECT_EQ(load_world_scenario(folder + "world_flaky.yaml", {}).world.faults.size(), 4u);
}

}  // namespace
}  // namespace caesura
