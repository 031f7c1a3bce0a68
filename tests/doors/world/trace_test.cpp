#include "doors/world/trace.hpp"

#include "tests/doors/world/small_world.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;

std::string traced(const Conversation& conversation, const CallHint& hint = {}) {
  const Trace trace = trace_of(hint, conversation);
  return trace.run + (trace.turn ? "/" + std::to_string(*trace.turn) : "") +
         (trace.agent.empty() ? "" : "#" + trace.agent.text());
}
std::string traced(std::vector<ConversationMessage> messages, const CallHint& hint = {}) {
  return traced(Conversation{.messages = std::move(messages)}, hint);
}
ConversationMessage user(const char* text) { return says(Speaker::user, text); }
ConversationMessage user(const char* text, const char* more) {
  return {.speaker = Speaker::user, .texts = {text, more}};
}
ConversationMessage asks_for(const char* id) {
  return asks({{.id = id, .name = "search", .arguments = "{}"}});
}
ConversationMessage result_of(const char* id) { return tells({.id = id, .text = "done"}); }

TEST(Trace, IsThePathsRunElseTheKeysElseTheConversationsElseTheDefault) {
  const auto marked = user("[caesura c/2] hello");
  EXPECT_EQ(traced({marked}, {.path_run = "a", .key_run = "b"}), "a");
  EXPECT_EQ(traced({marked}, {.key_run = "b"}), "b");
  EXPECT_EQ(traced({marked}), "c/2");
  EXPECT_EQ(traced({user("hello")}), "default");
  EXPECT_EQ(traced(std::vector<ConversationMessage>{}), "default");
}

TEST(Trace, TakesTheRequestFromTheRunThatThePathNames) {
  EXPECT_EQ(traced({user("[caesura a/3] x"), user("[caesura b/2] y")}, {.path_run = "a"}), "a/3");
}

TEST(Trace, IsTheNewestUsersMark) {
  EXPECT_EQ(traced({user("[caesura a/1] x"), user("[caesura a/2] y"), user("no mark")}), "a/2");
}

TEST(Trace, OfSeveralMarksIsTheOneThatATextBeginsWith) {
  EXPECT_EQ(traced({user("[caesura a/1#2] task with [caesura a/3]")}), "a/1#2");
  EXPECT_EQ(traced({user("see [caesura a/3]", " [caesura a/1#2] task")}), "a/1#2");
}

TEST(Trace, OfMarksWithinTextsIsTheLastWithoutAnOperation) {
  EXPECT_EQ(traced({user("x [caesura a/1] [caesura a/2] [caesura a/3#4]")}), "a/2");
}

TEST(Trace, TakesNoAgentFromAQuotedMark) {
  EXPECT_EQ(traced({user("called search with [caesura a/3#4]")}), "a/3");
}

TEST(Trace, KeepsTheAgentThoughALaterMessageQuotesItsCalls) {
  EXPECT_EQ(traced({user("[caesura a/1#2] task"), user("it called x with [caesura a/1#2.1]")}),
            "a/1#2");
  EXPECT_EQ(traced({user("[caesura a/1#2] task"), user("[caesura a/1] go on")}), "a/1");
}

TEST(Trace, OfIdsIsTheirRequest) {
  EXPECT_EQ(traced({user("x"), asks_for("call_a_2_3"), result_of("call_a_2_3")}), "a/2");
  EXPECT_EQ(traced({result_of("toolu_a_2_3-1")}), "a/2");
  EXPECT_EQ(traced({{.speaker = Speaker::assistant, .texts = {"x"}, .answer_id = "msg_a_2_5"}}),
            "a/2");
}

TEST(Trace, OfReplacedIdsIsWhatTheArgumentsSay) {
  EXPECT_EQ(traced({asks({{.id = "x1", .name = "s", .arguments = R"({"caesura_run":"a/2#3"})"}})}),
            "a/2");
}

TEST(Trace, OfAnIdIsTheNextRequestIfAUserGoesOnWithoutAMark) {
  EXPECT_EQ(traced({asks_for("call_a_2_3"), result_of("call_a_2_3"), user("and now?")}), "a/3");
  EXPECT_EQ(traced({asks_for("call_a_2_3"), result_of("call_a_2_3"), user("1"), user("2")}), "a/3");
  EXPECT_EQ(traced({asks_for("call_a_2_3"), result_of("call_a_2_3"), user("[caesura a/7] x")}),
            "a/7");
}

TEST(Trace, OfAResultThatComesWithTextIsTheSameRequest) {
  ConversationMessage both{
      .speaker = Speaker::user, .texts = {"go on"}, .results = {{.id = "toolu_a_2_3"}}};
  EXPECT_EQ(traced({asks_for("toolu_a_2_3"), both}), "a/2");
}

TEST(Trace, OfARunsMarkAloneIsFoundInTheIds) {
  EXPECT_EQ(traced({user("[caesura a] x")}), "a");
  EXPECT_EQ(traced({user("[caesura a] x"), asks_for("call_a_1_2"), result_of("call_a_1_2")}),
            "a/1");
  EXPECT_EQ(traced({asks_for("call_a_1_2"), result_of("call_a_1_2"), user("[caesura a] more")}),
            "a/2");
}

TEST(Trace, OfASubAgentIsItsTasksMarkThoughIdsAreNewer) {
  EXPECT_EQ(
      traced({user("[caesura a/1#2] task"), asks_for("call_a_1_2-2"), result_of("call_a_1_2-2")}),
      "a/1#2");
  EXPECT_EQ(traced({user("[caesura a/1#2] task"), asks_for("call_a_1_2-2"),
                    result_of("call_a_1_2-2"), user("and now?")}),
            "a/2");
}

TEST(Trace, OutsideOfUsersMessagesCountsIfThereIsNoOther) {
  EXPECT_EQ(traced({says(Speaker::system, "Summary: [caesura a/2] a pause"), user("go on")}),
            "a/2");
  EXPECT_EQ(traced({says(Speaker::system, "[caesura b/2]"), user("[caesura a/1] x")}), "a/1");
}

class LoopFor : public ::testing::Test {
 protected:
  std::string loop(const Conversation& conversation, const Trace& trace = {.run = "r", .turn = 1},
                   const char* open = "4") {
    const AgentLoop* found = loop_for(
        trace, plan_, conversation, [&](const AgentLoop& one) { return one.agent == path(open); });
    return found ? "loop " + found->agent.text() : "none";
  }
  Model model_ = small_world({ask_model, ask_researcher, ask_model, ask_researcher, ask_model});
  TurnPlan plan_{model_, 0};
};

TEST_F(LoopFor, IsTheTracesAgentWhateverTheModelsName) {
  EXPECT_EQ(loop({.model = "main-model"}, {.run = "r", .turn = 1, .agent = path("2")}), "loop 2");
}
TEST_F(LoopFor, IsNoneOfAnOperationThatIsNoLoop) {
  EXPECT_EQ(loop({.model = "main-model"}, {.run = "r", .turn = 1, .agent = path("3")}), "none");
}
TEST_F(LoopFor, IsByTheModelsNameElse) {
  EXPECT_EQ(loop({.model = "main-model"}), "loop ");
  EXPECT_EQ(loop({.model = "writer-model"}), "none");
  EXPECT_EQ(loop({.model = "gpt"}), "none");
}
TEST_F(LoopFor, OfSeveralIsTheFirstOpenOneElseTheFirst) {
  EXPECT_EQ(loop({.model = "researcher-model"}), "loop 4");
  EXPECT_EQ(loop({.model = "researcher-model"}, {.run = "r", .turn = 1}, "9"), "loop 2");
}
TEST_F(LoopFor, OfSeveralIsTheOneWhoseCallsTheConversationHoldsLast) {
  EXPECT_EQ(loop({.model = "researcher-model",
                  .messages = {asks_for("call_r_1_2-2"), result_of("call_r_1_2-2")}}),
            "loop 2");
  EXPECT_EQ(loop({.model = "researcher-model",
                  .messages = {asks_for("call_r_1_4-2"), result_of("call_r_1_2-2")}}),
            "loop 2");
  EXPECT_EQ(loop({.model = "researcher-model", .messages = {asks_for("call_r_2_2-2")}}), "loop 4");
}

}  // namespace
}  // namespace caesura
