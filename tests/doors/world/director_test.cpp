#include "doors/world/director.hpp"

#include "doors/live/filler.hpp"
#include "doors/world/refusal.hpp"
#include "tests/doors/world/small_world.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace caesura {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Standing = Direction::Standing;

/// A plan of a search, two calls at once and a text, and what is asked in it.
class Director : public ::testing::Test {
 protected:
  Direction said(const Conversation& conversation) const {
    return direct(first_turn, plan_, &plan_.loops()[0], conversation);
  }
  Direction after(std::vector<ConversationMessage> messages) const {
    return said({.messages = std::move(messages), .tools = all_tools()});
  }
  std::string refusal(const Conversation& conversation) const {
    try {
      said(conversation);
    } catch (const Refusal& refusal) {
      EXPECT_EQ(refusal.kind, RefusalKind::bad_request);
      EXPECT_EQ(refusal.status, 400U);
      return refusal.what();
    }
    return "not refused";
  }

  Model model_ = small_world(
      {ask_model, ask_search, ask_model, at_once({ask_search, ask_read, ask_search}), ask_model});
  TurnPlan plan_{model_, 0};
};

ConversationMessage prompt() { return says(Speaker::user, "[caesura r/1] hello"); }
ConversationMessage calls(std::initializer_list<const char*> operations) {
  std::vector<AskedCall> asked;
  for (const char* operation : operations)
    asked.push_back({.id = std::string("call_r_1_") + operation, .name = "t", .arguments = "{}"});
  return asks(std::move(asked));
}
ConversationMessage result(const char* operation) {
  return tells({.id = std::string("call_r_1_") + operation, .text = "done"});
}
std::string operations_of(const Direction& direction) {
  std::string text;
  for (const GivenCall& call : direction.calls)
    text += (text.empty() ? "" : " ") + call.operation.text();
  return text;
}
std::size_t words_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), ' ')) + 1;
}

TEST_F(Director, FirstGivesTheCallsOfTheFirstStep) {
  const Direction direction = after({prompt()});
  EXPECT_EQ(direction.standing, Standing::planned);
  EXPECT_EQ(direction.operation, path("1"));
  EXPECT_EQ(direction.key, "r_1_1");
  EXPECT_EQ(direction.text, "");
  ASSERT_EQ(operations_of(direction), "2");
  const GivenCall& call = direction.calls[0];
  EXPECT_EQ(call.id_key, "r_1_2");
  EXPECT_EQ(call.name, "world_search");
  const auto arguments = nlohmann::json::parse(call.arguments);
  EXPECT_EQ(arguments.at("caesura_run"), "r/1#2");
  EXPECT_EQ(arguments.at("input"), "[caesura r/1#2] " + filler(0, 40));
}

TEST_F(Director, SharesAnAnswersTokensAmongItsCalls) {
  const Direction direction = after({prompt(), calls({"2"}), result("2")});
  ASSERT_EQ(operations_of(direction), "4 5 6");
  EXPECT_EQ(direction.key, "r_1_3");
  EXPECT_EQ(nlohmann::json::parse(direction.calls[1].arguments).at("input"),
            "[caesura r/1#5] " + filler(0, 13));
}

TEST_F(Director, EndsWithATextOfAsManyWordsAsTokens) {
  const Direction direction = after({prompt(), calls({"2"}), result("2"), calls({"4", "5", "6"}),
                                     result("4"), result("5"), result("6")});
  EXPECT_EQ(direction.operation, path("7"));
  EXPECT_EQ(direction.standing, Standing::planned);
  EXPECT_EQ(direction.text, filler(0, 40));
  EXPECT_EQ(direction.key, "r_1_7");
}

TEST_F(Director, GivesOneCallAtATimeIfTheCallAllowsNoMore) {
  Conversation conversation{.messages = {prompt(), calls({"2"}), result("2")},
                            .tools = all_tools(),
                            .one_call_at_a_time = true};
  std::vector<std::string> keys;
  for (const char* next : {"4", "5", "6"}) {
    const Direction direction = said(conversation);
    EXPECT_EQ(operations_of(direction), next);
    EXPECT_EQ(direction.operation, path("3"));
    EXPECT_EQ(direction.standing, next == std::string("4") ? Standing::planned : Standing::added);
    keys.push_back(direction.key);
    conversation.messages.push_back(calls({next}));
    conversation.messages.push_back(result(next));
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"r_1_3_c4", "r_1_3_c5", "r_1_3_c6"}));
  EXPECT_EQ(said(conversation).operation, path("7"));
}

TEST_F(Director, GivesTheSameCallTheSameArgumentsInWhicheverAnswerItComes) {
  const auto all = after({prompt(), calls({"2"}), result("2")});
  const auto rest = after({prompt(), calls({"2"}), result("2"), calls({"4"}), result("4")});
  ASSERT_EQ(operations_of(rest), "5 6");
  EXPECT_EQ(rest.standing, Standing::added);
  EXPECT_EQ(rest.key, "r_1_3_c5-6");
  EXPECT_EQ(rest.calls[0].arguments, all.calls[1].arguments);
}

TEST_F(Director, GoesOnPastCallsThatTheClientHasLost) {
  EXPECT_EQ(after({prompt(), calls({"6"}), result("6")}).operation, path("7"));
}

TEST_F(Director, CountsNoCallsOfOtherRunsAndTurns) {
  const auto other = [](const char* id) {
    return asks({{.id = id, .name = "world_search", .arguments = "{}"}});
  };
  for (const char* id : {"call_r_2_2", "call_q_1_2", "call_r_1_99", "call_r_1_2-1"})
    EXPECT_EQ(after({prompt(), other(id)}).operation, path("1")) << id;
  const auto by_argument =
      asks({{.id = "x", .name = "world_search", .arguments = R"({"input":"[caesura r/2#2] a"})"}});
  EXPECT_EQ(after({prompt(), by_argument}).operation, path("1"));
}

TEST_F(Director, KnowsACallByTheMarkInAnyOfItsArguments) {
  for (const char* arguments :
       {R"({"caesura_run":"r/1#2"})", R"({"a":{"b":["x [caesura r/1#2] y"]}})",
        R"({"a":"[caesura r\/1#2]"})", R"("{\"input\":\"[caesura r/1#2]\"}")",
        R"({"input": "[caesura r/1#2] cut o)"}) {
    EXPECT_EQ(after({prompt(), asks({{.id = "x", .name = "?", .arguments = arguments}})}).operation,
              path("3"))
        << arguments;
  }
}

TEST_F(Director, KnowsACallByItsNameBehindTheNewestPromptAlone) {
  const auto search = asks({{.id = "x", .name = "world_search", .arguments = "{}"}});
  const auto user = says(Speaker::user, "hello");
  EXPECT_EQ(after({user, search}).operation, path("3"));
  EXPECT_EQ(after({user, search, user}).operation, path("1"));
  EXPECT_EQ(after({search, prompt(), search}).operation, path("3"));
  EXPECT_EQ(after({prompt(), search, user}).operation, path("3")) << "it is the same turn";
}

TEST_F(Director, KnowsAResultWithoutItsCall) {
  EXPECT_EQ(after({result("2")}).operation, path("3"));
  EXPECT_EQ(after({tells({.name = "world_search", .text = "done"})}).operation, path("3"));
}

TEST_F(Director, CountsACallAndItsResultOnce) {
  const auto search = asks({{.name = "world_search", .arguments = "{}"}});
  EXPECT_EQ(after({prompt(), search, tells({.name = "world_search", .text = "done"})}).operation,
            path("3"));
}

TEST_F(Director, AnswersUnplannedWhereNoToolsAreOffered) {
  const Direction direction = said({.messages = {prompt()}});
  EXPECT_EQ(direction.standing, Standing::unplanned);
  EXPECT_TRUE(direction.operation.empty());
  EXPECT_THAT(direction.text, StartsWith("[caesura r/1] a pause"));
  EXPECT_EQ(direction.tokens, 8U);
  EXPECT_EQ(words_in(direction.text), 8U);
}

TEST_F(Director, AnswersAsPlannedWithoutToolsIfTheLoopHasNone) {
  const Model model = small_world({ask_model});
  const TurnPlan plan(model, 0);
  const Direction direction = direct(first_turn, plan, &plan.loops()[0], {.messages = {prompt()}});
  EXPECT_EQ(direction.standing, Standing::planned);
  EXPECT_EQ(direction.text, filler(0, 40));
}

TEST_F(Director, SaysInUnplannedTextsHowFarThePlanIs) {
  const Direction summary = said({.messages = {prompt(), calls({"2"}), result("2")}});
  EXPECT_THAT(summary.text, StartsWith("[caesura r/1] [caesura r/1#2] a pause"));
  EXPECT_EQ(after({says(Speaker::system, "So far: " + summary.text)}).operation, path("3"));
}

TEST_F(Director, AnswersUnplannedWithoutALoop) {
  const Direction direction =
      direct(first_turn, plan_, nullptr, {.messages = {prompt()}, .tools = all_tools()});
  EXPECT_EQ(direction.standing, Standing::unplanned);
}

TEST_F(Director, NamesUnplannedAnswersByTheirConversation) {
  const auto key = [&](const char* text) {
    return said({.messages = {prompt(), says(Speaker::user, text)}}).key;
  };
  EXPECT_THAT(key("a"), StartsWith("r_1_u"));
  EXPECT_EQ(key("a"), key("a"));
  EXPECT_NE(key("a"), key("b"));
  EXPECT_LE(key("a").size(), 58U);
  Conversation with_schema{.messages = {prompt(), says(Speaker::user, "a")}};
  with_schema.schema = nlohmann::json{{"type", "array"}};
  EXPECT_NE(said(with_schema).key, key("a"));
}

TEST_F(Director, AnswersUnplannedWhereToolsAreForbiddenThoughThePlanWantsOne) {
  Conversation conversation{.messages = {prompt()}, .tools = all_tools(), .forbids_tools = true};
  EXPECT_EQ(said(conversation).standing, Standing::unplanned);
  conversation.messages.push_back(calls({"6"}));
  EXPECT_EQ(said(conversation).operation, path("7"));
}

TEST_F(Director, GivesACallOfAForcedToolOutsideThePlan) {
  Conversation conversation{.messages = {prompt()}, .tools = all_tools(), .forces_tool = true};
  conversation.tools.push_back(offered("final_answer", "answer"));
  conversation.forced_tool = "final_answer";
  const Direction direction = said(conversation);
  EXPECT_EQ(direction.standing, Standing::unplanned);
  ASSERT_EQ(direction.calls.size(), 1U);
  EXPECT_TRUE(direction.calls[0].operation.empty());
  EXPECT_EQ(direction.calls[0].name, "final_answer");
  EXPECT_EQ(direction.calls[0].id_key, direction.key);
  EXPECT_THAT(direction.calls[0].arguments, StartsWith(R"({"answer":"[caesura r/1] )"));
  EXPECT_GT(direction.tokens, 0U);
  conversation.messages.push_back(asks({{.id = "call_" + direction.key, .name = "final_answer"}}));
  EXPECT_EQ(trace_of({}, {.messages = {conversation.messages.back()}}).turn, 1U);
}

TEST_F(Director, GoesOnAsPlannedIfTheForcedToolIsThePlans) {
  Conversation conversation{.messages = {prompt()},
                            .tools = all_tools(),
                            .forces_tool = true,
                            .forced_tool = "world_search"};
  EXPECT_EQ(said(conversation).operation, path("1"));
  conversation.forced_tool = "mcp__world__read_file";
  EXPECT_EQ(said(conversation).standing, Standing::unplanned) << "not now";
}

TEST_F(Director, RefusesAForcedToolThatIsNotOffered) {
  EXPECT_THAT(refusal({.messages = {prompt()}, .tools = all_tools(), .forced_tool = "no\nne"}),
              HasSubstr("\"no\\nne\""));
}

TEST_F(Director, GivesItsLastAnswerByAToolOfTheFrameworkWhereOneMustBeCalled) {
  Conversation conversation{
      .messages = {prompt(), calls({"6"})}, .tools = all_tools(), .forces_tool = true};
  EXPECT_EQ(said(conversation).text, filler(0, 40)) << "none but the scenario's tools";
  conversation.tools.push_back(offered("final_answer", "answer"));
  const Direction direction = said(conversation);
  EXPECT_EQ(direction.standing, Standing::planned);
  EXPECT_EQ(direction.operation, path("7"));
  ASSERT_EQ(direction.calls.size(), 1U);
  EXPECT_EQ(direction.calls[0].name, "final_answer");
  conversation.messages.push_back(
      asks({{.id = "call_" + direction.calls[0].id_key, .name = "final_answer"}}));
  EXPECT_EQ(said(conversation).standing, Standing::unplanned) << "that was the end";
}

TEST_F(Director, AnswersWithJsonWhereASchemaIsGiven) {
  Conversation conversation{.messages = {prompt()}, .tools = all_tools()};
  conversation.schema = nlohmann::json::parse(
      R"({"type":"object","required":["title"],"properties":{"title":{"type":"string"}}})");
  EXPECT_EQ(operations_of(said(conversation)), "2") << "calls come first";
  conversation.messages.push_back(calls({"6"}));
  EXPECT_EQ(said(conversation).text, R"({"title":"a pause between"})");
  EXPECT_EQ(said(conversation).standing, Standing::planned);
  conversation.tools.clear();
  EXPECT_THAT(said(conversation).text, StartsWith(R"({"title":"[caesura r/1] )"));
  EXPECT_EQ(said(conversation).standing, Standing::unplanned);
}

TEST_F(Director, NamesTheLastAnswerByItsFormToo) {
  Conversation conversation{.messages = {prompt(), calls({"6"})}, .tools = all_tools()};
  const Direction text = said(conversation);
  conversation.schema = nlohmann::json{{"type", "array"}};
  const Direction list = said(conversation);
  conversation.schema = nlohmann::json{{"type", "boolean"}};
  const Direction truth = said(conversation);
  EXPECT_EQ(list.operation, text.operation);
  EXPECT_NE(list.key, text.key);
  EXPECT_NE(list.key, truth.key);
  EXPECT_EQ(said(conversation).key, truth.key);
  EXPECT_EQ(mark_of_any_id("call_" + list.key)->operation, text.operation);
}

TEST_F(Director, RefusesToGoOnWithoutATool) {
  const std::string text =
      refusal({.messages = {prompt()}, .tools = {{.name = "grep"}, {.name = "l\ns"}}});
  EXPECT_THAT(text, HasSubstr("tool \"search\" (operation 2)"));
  EXPECT_THAT(text, HasSubstr("\"grep\", \"l\\ns\""));
}

TEST_F(Director, RefusesTwoToolsThatFitEqually) {
  EXPECT_THAT(
      refusal({.messages = {prompt()}, .tools = {{.name = "a_search"}, {.name = "b_search"}}}),
      HasSubstr("\"a_search\" and \"b_search\""));
}

TEST_F(Director, AnswersUnplannedAfterAHandoff) {
  const Model model = small_world({ask_model, ask_researcher});
  const TurnPlan plan(model, 0);
  const auto next = [&](std::vector<ConversationMessage> messages) {
    return direct(first_turn, plan, &plan.loops()[0],
                  {.messages = std::move(messages), .tools = all_tools()});
  };
  EXPECT_EQ(next({prompt()}).calls.at(0).name, "transfer_to_researcher");
  EXPECT_EQ(next({prompt(), calls({"2"}), result("2")}).standing, Standing::unplanned);
}

TEST_F(Director, AnswersUnplannedAfterItsLastAnswer) {
  ConversationMessage last = says(Speaker::assistant, "the end");
  last.answer_id = "msg_r_1_7";
  EXPECT_EQ(after({prompt(), calls({"6"}), result("6"), last}).standing, Standing::unplanned);
}

TEST_F(Director, AsksForAnAgentByTheToolForAllAgents) {
  const Model model = small_world({ask_model, ask_researcher, ask_model});
  const TurnPlan plan(model, 0);
  OfferedTool task = offered("task", "description");
  task.parameters["properties"]["subagent_type"] = {{"enum", {"coder", "researcher"}}};
  std::vector<ConversationMessage> messages{prompt()};
  const auto next = [&] {
    return direct(first_turn, plan, &plan.loops()[0], {.messages = messages, .tools = {task}});
  };
  const auto arguments = nlohmann::json::parse(next().calls.at(0).arguments);
  EXPECT_EQ(arguments.at("subagent_type"), "researcher");
  EXPECT_THAT(arguments.at("description").get<std::string>(), StartsWith("[caesura r/1#2] "));
  messages.push_back(
      asks({{.id = "x", .name = "task", .arguments = R"({"subagent_type":"coder"})"}}));
  EXPECT_EQ(next().operation, path("1"));
  messages.push_back(
      asks({{.id = "x", .name = "task", .arguments = R"({"subagent_type":"researcher"})"}}));
  EXPECT_EQ(next().operation, path("3"));
}

TEST_F(Director, NeverGivesTwoAnswersOneName) {
  std::map<std::string, std::string> answers;
  const std::vector<std::vector<ConversationMessage>> histories{{prompt()},
                                                                {prompt(), calls({"2"})},
                                                                {prompt(), calls({"4"})},
                                                                {prompt(), calls({"5"})},
                                                                {prompt(), calls({"6"})}};
  for (const auto& messages : histories) {
    for (const bool one : {false, true}) {
      for (const bool forbids : {false, true}) {
        const Direction direction = said({.messages = messages,
                                          .tools = all_tools(),
                                          .one_call_at_a_time = one,
                                          .forbids_tools = forbids});
        const std::string answer = direction.text + "|" + operations_of(direction);
        EXPECT_EQ(answers.emplace(direction.key, answer).first->second, answer) << direction.key;
      }
    }
  }
  EXPECT_EQ(answers.size(), 11U);
}

TEST_F(Director, ReadsHostileConversationsInOnePass) {
  std::vector<ConversationMessage> messages;
  for (int i = 0; i < 100'000; ++i) {
    messages.push_back(says(Speaker::user, "[caesura r/1#9] [caesura q/2] [caesura r/1#4.2]"));
    messages.push_back(asks({{.id = "x", .name = "world_search", .arguments = "{"},
                             {.name = "n" + std::to_string(i), .arguments = "[[[[\"x\""}}));
    messages.push_back(tells({.id = "y", .name = "world_search", .text = "[caesura r/1#"}));
  }
  EXPECT_EQ(after(messages).operation, path("7")) << "searches, by their names";
  EXPECT_EQ(said({.messages = messages}).standing, Standing::unplanned);
  EXPECT_EQ(trace_of({}, {.messages = messages}).turn, 1U);
}

TEST_F(Director, ReadsArgumentsHoweverDeep) {
  const std::string deep = std::string(1'000'000, '[') + R"("[caesura r/1#2]")";
  EXPECT_EQ(after({prompt(), asks({{.id = "x", .name = "?", .arguments = deep}})}).operation,
            path("3"));
}

}  // namespace
}  // namespace caesura
