#include "doors/world/offered_tools.hpp"

#include "tests/doors/world/small_world.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;
using nlohmann::json;

const std::vector<std::string> services{"search", "web_search", "researcher", "writer"};

/// How a service is meant by tools of these names, that have no arguments.
std::string matched(const std::string& service, const std::vector<std::string>& names,
                    bool is_agent = false) {
  std::vector<OfferedTool> tools;
  for (const std::string& name : names) tools.push_back({.name = name});
  const ToolMatch match = tool_for(service, is_agent, services, tools);
  if (match.is_ambiguous) return "ambiguous: " + match.tool->name + ", " + match.other->name;
  return match.tool ? match.tool->name : "none";
}

OfferedTool with_arguments(std::string name, json properties) {
  return {.name = std::move(name),
          .parameters = {{"type", "object"}, {"properties", std::move(properties)}}};
}
/// The tool for all agents that means an agent, and how.
std::string selected(const std::string& agent, const std::vector<OfferedTool>& tools) {
  const ToolMatch match = tool_for(agent, true, services, tools);
  if (match.is_ambiguous) return "ambiguous";
  return match.tool ? match.tool->name + " " + match.selector + "=" + match.selected : "none";
}

TEST(OfferedTools, AreMeantByTheirNameFirst) {
  EXPECT_EQ(matched("search", {"world_search", "a.search", "search"}), "search");
  EXPECT_EQ(matched("search", {"Search", "search"}), "search");
  EXPECT_EQ(matched("web_search", {"Web-Search"}), "Web-Search");
}

TEST(OfferedTools, AreMeantByTheirLastPart) {
  for (const char* name :
       {"mcp__world__search", "world/search", "world.search", "world:search", "x__SEARCH"})
    EXPECT_EQ(matched("search", {"other_search", name}), name);
}

TEST(OfferedTools, AreMeantByTheirEnding) {
  EXPECT_EQ(matched("search", {"world_search"}), "world_search");
  EXPECT_EQ(matched("researcher", {"agent-researcher"}, true), "agent-researcher");
  EXPECT_EQ(matched("researcher", {"transfer_to_researcher"}, true), "transfer_to_researcher");
  EXPECT_EQ(matched("search", {"research", "searches", "search_x"}), "none");
}

TEST(OfferedTools, ThatAreAnotherServicesAreNotTaken) {
  EXPECT_EQ(matched("search", {"web_search"}), "none");
  EXPECT_EQ(matched("search", {"web_search", "my_search"}), "my_search");
  EXPECT_EQ(matched("search", {"mcp__world__web_search"}), "none");
  EXPECT_EQ(matched("search", {"world_web_search"}), "none");
  EXPECT_EQ(matched("web_search", {"world_web_search"}), "world_web_search");
}

TEST(OfferedTools, ThatFitEquallyAreAmbiguous) {
  EXPECT_EQ(matched("search", {"a_search", "b_search"}), "ambiguous: a_search, b_search");
  EXPECT_EQ(matched("search", {"a__search", "b.search", "c_search"}),
            "ambiguous: a__search, b.search");
  EXPECT_EQ(matched("search", {"a_search", "b_search", "search"}), "search");
  EXPECT_EQ(matched("search", {"a_search", "a_search"}), "a_search");
}

TEST(OfferedTools, ForAllAgentsListThem) {
  const auto transfer =
      with_arguments("transfer_to_agent",
                     {{"agent_name", {{"type", "string"}, {"enum", {"writer", "Researcher"}}}}});
  EXPECT_EQ(selected("researcher", {transfer}), "transfer_to_agent agent_name=Researcher");
  const auto anyhow = with_arguments("delegate", {{"to", {{"enum", {"researcher"}}}}});
  EXPECT_EQ(selected("researcher", {anyhow}), "delegate to=researcher");
  EXPECT_EQ(selected("writer", {anyhow}), "none");
}

TEST(OfferedTools, ForAllAgentsHaveAnArgumentThatNamesThem) {
  const auto task = with_arguments(
      "task", {{"description", {{"type", "string"}}}, {"subagent_type", {{"type", "string"}}}});
  EXPECT_EQ(selected("researcher", {task}), "task subagent_type=researcher");
  EXPECT_EQ(selected("writer", {with_arguments("x", {{"agentName", json::object()}})}),
            "x agentName=writer");
}

TEST(OfferedTools, ForAllAgentsThatListOthersAreNotTaken) {
  const auto transfer =
      with_arguments("transfer_to_agent", {{"agent_name", {{"enum", {"writer"}}}}});
  EXPECT_EQ(selected("researcher", {transfer}), "none");
}

TEST(OfferedTools, ForAllAgentsThatListAnAgentComeBeforeThoseThatDoNot) {
  const auto task = with_arguments("task", {{"subagent_type", json::object()}});
  const auto transfer = with_arguments("transfer", {{"to", {{"enum", {"writer"}}}}});
  EXPECT_EQ(selected("writer", {task, transfer}), "transfer to=writer");
  EXPECT_EQ(selected("researcher", {task, transfer}), "task subagent_type=researcher");
  EXPECT_EQ(selected("writer", {transfer, with_arguments("other", {{"x", {{"const", "writer"}}}})}),
            "ambiguous");
}

TEST(OfferedTools, ForAllAgentsAreNotForTools) {
  const auto task = with_arguments("task", {{"subagent_type", json::object()}});
  EXPECT_EQ(tool_for("search", false, services, {task}).tool, nullptr);
}

TEST(OfferedTools, OfAnAgentsOwnNameComeBeforeThoseForAll) {
  const auto task = with_arguments("task", {{"subagent_type", json::object()}});
  EXPECT_EQ(selected("writer", {task, {.name = "transfer_to_writer"}}), "transfer_to_writer =");
}

TEST(OfferedTools, ListAgentsBehindReferencesToo) {
  OfferedTool tool = with_arguments("delegate", {{"to", {{"$ref", "#/$defs/Agent"}}}});
  tool.parameters["$defs"]["Agent"] = {{"type", "string"}, {"enum", {"writer"}}};
  EXPECT_EQ(selected("writer", {tool}), "delegate to=writer");
}

TEST(OfferedTools, OfHugeListsAreRead) {
  json values = json::array();
  for (int i = 0; i < 100'000; ++i) values.push_back("agent " + std::to_string(i));
  values.push_back("writer");
  EXPECT_EQ(selected("writer", {with_arguments("t", {{"to", {{"enum", values}}}})}), "t to=writer");
}

TEST(OfferedTools, WithMalformedSchemasMeanNothing) {
  for (const json& parameters :
       {json("text"), json(1), json::array({1}), json{{"properties", 3}},
        json{{"properties", {{"agent", {{"enum", 3}}}}}}, json{{"properties", {{"a", true}}}},
        json{{"properties", {{"a", {{"$ref", "#/%"}}}}}}})
    EXPECT_EQ(selected("writer", {{.name = "t", .parameters = parameters}}), "none");
}

TEST(CalledTools, AreThoseOfAServiceByTheSameRule) {
  EXPECT_TRUE(is_called_by("search", services, "mcp__world__search"));
  EXPECT_FALSE(is_called_by("search", services, "web_search"));
  EXPECT_FALSE(is_called_by("search", services, "final_answer"));
  EXPECT_TRUE(means_any(services, "transfer_to_writer"));
  EXPECT_FALSE(means_any(services, "final_answer"));
}

}  // namespace
}  // namespace caesura
