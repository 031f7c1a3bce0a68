#include "doors/openai/conversation_check.hpp"

#include "tests/doors/openai/refusal_of.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;

constexpr const char* user = R"({"role":"user","content":"x"})";

std::string calls(const std::string& ids) {
  std::string list;
  for (const char id : ids)
    list += (list.empty() ? "" : ",") + std::string(R"({"id":"call_)") + id +
            R"(","type":"function","function":{"name":"f","arguments":"{}"}})";
  return R"({"role":"assistant","content":null,"tool_calls":[)" + list + "]}";
}

std::string result(char id) {
  return std::string(R"({"role":"tool","tool_call_id":"call_)") + id + R"(","content":"y"})";
}

std::string body(std::initializer_list<std::string> messages, const std::string& more = "") {
  std::string list;
  for (const std::string& message : messages) list += (list.empty() ? "" : ",") + message;
  return R"({"model":"m","messages":[)" + list + "]" + more + "}";
}

std::string with_tool(const std::string& function) {
  return body({user}, R"(,"tools":[{"type":"function","function":{)" + function + "}}]");
}

void expect_passes(const std::string& text) {
  EXPECT_NO_THROW(check_conversation(decode_chat_request(text))) << text;
}

TEST(ConversationCheck, SeveralMessagesOfOneSpeakerInARowAreFine) {
  expect_passes(body({user, user, R"({"role":"system","content":"s"})",
                      R"({"role":"assistant","content":"a"})",
                      R"({"role":"assistant","content":""})", user}));
}

TEST(ConversationCheck, ResultsInAnotherOrderThanTheCallsAreFine) {
  expect_passes(body({user, calls("ab"), result('b'), result('a'), user, calls("c"), result('c')}));
}

TEST(ConversationCheck, ACallOfTheOldFormNeedsNoAnswer) {
  const std::string old =
      R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}})";
  expect_passes(body({user, old, user}));
  expect_passes(body({user, old, R"({"role":"function","name":"f","content":"y"})"}));
}

TEST(ConversationCheck, ARefusalOfTheModelIsContent) {
  expect_passes(body({user, R"({"role":"assistant","content":null,"refusal":"no"})"}));
}

TEST(ConversationCheck, NoMessagesAreRefused) {
  const Refusal refusal = checking_refusal(body({}));
  EXPECT_EQ(refusal.param, "messages");
  EXPECT_THAT(refusal.what(), HasSubstr("empty array"));
}

TEST(ConversationCheck, ACallWithoutItsAnswerIsRefusedAtTheEnd) {
  const Refusal refusal = checking_refusal(body({user, calls("ab"), result('a')}));
  EXPECT_EQ(refusal.kind, RefusalKind::bad_request);
  EXPECT_STREQ(
      refusal.what(),
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
      "'tool_call_id'. The following tool_call_ids did not have response messages: call_b");
}

TEST(ConversationCheck, ACallWithoutItsAnswerIsRefusedWhereAnotherMessageComesBefore) {
  for (const char* between :
       {user, R"({"role":"system","content":"x"})", R"({"role":"assistant","content":"x"})"}) {
    const Refusal refusal =
        checking_refusal(body({user, calls("ab"), result('a'), between, result('b')}));
    EXPECT_THAT(refusal.what(), HasSubstr("did not have response messages: call_b")) << between;
    EXPECT_EQ(refusal.param, "messages.[1].tool_calls");
  }
}

TEST(ConversationCheck, ASecondAnswerToACallIsRefused) {
  const Refusal refusal = checking_refusal(body({user, calls("a"), result('a'), result('a')}));
  EXPECT_THAT(refusal.what(), HasSubstr("Duplicate value for 'tool_call_id' of 'call_a'"));
  EXPECT_EQ(refusal.param, "messages.[3].tool_call_id");
}

TEST(ConversationCheck, AnAnswerWithoutACallBeforeItIsRefused) {
  for (const std::string& text :
       {body({user, result('a')}), body({user, calls("a"), result('a'), user, result('a')})})
    EXPECT_STREQ(checking_refusal(text).what(),
                 "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                 "message with 'tool_calls'.");
}

TEST(ConversationCheck, AnAnswerToAnotherCallIsRefused) {
  const Refusal refusal = checking_refusal(body({user, calls("a"), result('b')}));
  EXPECT_STREQ(
      refusal.what(),
      "Invalid parameter: 'tool_call_id' of 'call_b' not found in 'tool_calls' of previous "
      "message.");
  EXPECT_EQ(refusal.param, "messages.[2].tool_call_id");
}

TEST(ConversationCheck, CallsAndAnswersHaveIds) {
  EXPECT_EQ(checking_refusal(body({R"({"role":"assistant","tool_calls":[{"type":"function",)"
                                   R"("function":{"name":"f","arguments":"{}"}}]})"}))
                .param,
            "messages[0].tool_calls[0].id");
  EXPECT_EQ(checking_refusal(body({calls("a"), R"({"role":"tool","content":"y"})"})).param,
            "messages.[1].tool_call_id");
}

TEST(ConversationCheck, AnAssistantWithNeitherContentNorCallsIsRefused) {
  for (const char* message :
       {R"({"role":"assistant"})", R"({"role":"assistant","content":null})",
        R"({"role":"assistant","content":[]})", R"({"role":"assistant","tool_calls":[]})"}) {
    const Refusal refusal = checking_refusal(body({user, message}));
    EXPECT_EQ(refusal.param, "messages.[1].content") << message;
  }
}

TEST(ConversationCheck, AToolsNameIsOneToSixtyFourOfItsCharacters) {
  expect_passes(with_tool(R"("name":"aZ09_-")"));
  expect_passes(with_tool(R"("name":")" + std::string(64, 'a') + '"'));
  for (const std::string& name : {std::string(), std::string("a.b"), std::string("a b"),
                                  std::string("ä"), std::string(65, 'a')})
    EXPECT_EQ(checking_refusal(with_tool(R"("name":")" + name + '"')).param,
              "tools[0].function.name")
        << name;
}

TEST(ConversationCheck, ParametersAreOfTypeObject) {
  expect_passes(with_tool(R"("name":"f")"));
  expect_passes(with_tool(R"("name":"f","parameters":{"type":"object"})"));
  for (const char* parameters : {"{}", R"({"type":"string"})", R"({"type":["object"]})"})
    EXPECT_EQ(
        checking_refusal(with_tool(std::string(R"("name":"f","parameters":)") + parameters)).param,
        "tools[0].function.parameters")
        << parameters;
  EXPECT_STREQ(checking_refusal(with_tool(R"("name":"f","parameters":{})")).what(),
               "Invalid schema for function 'f': schema must be a JSON Schema of 'type: "
               "\"object\"', got 'type: \"None\"'.");
}

std::string strict(const std::string& parameters) {
  return with_tool(R"("name":"f","strict":true,"parameters":)" + parameters);
}

TEST(ConversationCheck, AStrictToolAllowsAndRequiresJustItsProperties) {
  expect_passes(strict(R"({"type":"object","additionalProperties":false})"));
  expect_passes(strict(R"({"type":"object","properties":{"a":{"type":["string","null"]}},)"
                       R"("required":["a"],"additionalProperties":false})"));
  EXPECT_STREQ(checking_refusal(strict(R"({"type":"object","properties":{}})")).what(),
               "Invalid schema for function 'f': In context=(), 'additionalProperties' is required "
               "to be supplied and to be false.");
  EXPECT_THAT(checking_refusal(strict(R"({"type":"object","additionalProperties":true})")).what(),
              HasSubstr("'additionalProperties' is required"));
  EXPECT_STREQ(checking_refusal(strict(R"({"type":"object","properties":{"a":{},"b":{}},)"
                                       R"("required":["a"],"additionalProperties":false})"))
                   .what(),
               "Invalid schema for function 'f': In context=(), 'required' is required to be "
               "supplied and to be an array including every key in properties. Missing 'b'.");
}

TEST(ConversationCheck, SoDoTheObjectsWithinAStrictTool) {
  const auto within = [](const std::string& schema) {
    return strict(R"({"type":"object","properties":{"a":)" + schema +
                  R"(},"required":["a"],"additionalProperties":false})");
  };
  EXPECT_THAT(checking_refusal(within(R"({"type":"object"})")).what(),
              HasSubstr("In context=('properties', 'a'), 'additionalProperties'"));
  EXPECT_THAT(checking_refusal(within(R"({"type":"array","items":{"type":"object"}})")).what(),
              HasSubstr("In context=('properties', 'a', 'items'), 'additionalProperties'"));
  EXPECT_THAT(
      checking_refusal(within(R"({"anyOf":[{"type":"null"},{"type":["object","null"]}]})")).what(),
      HasSubstr("In context=('properties', 'a', 'anyOf', '1'), 'additionalProperties'"));
}

TEST(ConversationCheck, AToolThatIsNotStrictMayLeaveAllOptional) {
  expect_passes(with_tool(
      R"("name":"f","parameters":{"type":"object","properties":{"a":{"type":"object"}}})"));
}

TEST(ConversationCheck, AForcedToolIsOffered) {
  const std::string forced = R"(,"tool_choice":{"type":"function","function":{"name":"g"}})";
  const std::string offered = R"(,"tools":[{"type":"function","function":{"name":"g"}}])";
  expect_passes(body({user}, forced + offered));
  EXPECT_EQ(checking_refusal(body({user}, forced)).param, "tool_choice");
}

TEST(ConversationCheck, AToolIsNamedByItsPlaceInTheBody) {
  EXPECT_EQ(checking_refusal(body({user}, R"(,"tools":[{"type":"custom"},)"
                                          R"({"type":"function","function":{"name":""}}])"))
                .param,
            "tools[1].function.name");
}

}  // namespace
}  // namespace caesura
