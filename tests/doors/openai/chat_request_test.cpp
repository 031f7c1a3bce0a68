#include "doors/openai/chat_request.hpp"

#include "tests/doors/openai/refusal_of.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

ChatRequest decoded(const std::string& more) {
  return decode_chat_request(R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + more +
                             "}");
}

ConversationMessage only_message(const std::string& message) {
  const ChatRequest request = decode_chat_request(R"({"model":"m","messages":[)" + message + "]}");
  return request.conversation.messages.at(0);
}

TEST(ChatRequest, TheLeastBodyIsAModelAndItsMessages) {
  const ChatRequest request =
      decode_chat_request(R"({"model":"planner","messages":[{"role":"user","content":"Hello"}]})");
  EXPECT_EQ(request.conversation.model, "planner");
  ASSERT_EQ(request.conversation.messages.size(), 1U);
  EXPECT_EQ(request.conversation.messages[0].speaker, Speaker::user);
  EXPECT_THAT(request.conversation.messages[0].texts, ElementsAre("Hello"));
  EXPECT_FALSE(request.stream);
  EXPECT_FALSE(request.include_usage);
  EXPECT_FALSE(request.conversation.forbids_tools);
  EXPECT_FALSE(request.conversation.forces_tool);
  EXPECT_FALSE(request.conversation.one_call_at_a_time);
  EXPECT_FALSE(request.conversation.schema);
}

TEST(ChatRequest, EveryRoleHasItsSpeaker) {
  const std::vector<std::pair<const char*, Speaker>> speakers = {
      {"system", Speaker::system}, {"developer", Speaker::system},
      {"user", Speaker::user},     {"assistant", Speaker::assistant},
      {"tool", Speaker::tool},     {"function", Speaker::tool}};
  for (const auto& [role, speaker] : speakers)
    EXPECT_EQ(only_message(std::string(R"({"role":")") + role + R"(","content":"x"})").speaker,
              speaker)
        << role;
}

TEST(ChatRequest, AListOfPartsIsItsTexts) {
  const ConversationMessage message = only_message(
      R"({"role":"user","name":"ann","content":[{"type":"text","text":"a"},)"
      R"({"type":"image_url","image_url":{"url":"data:,"}},{"type":"text","text":"b"},)"
      R"({"type":"input_audio","input_audio":{}},{"type":"new","anything":[1]}]})");
  EXPECT_THAT(message.texts, ElementsAre("a", "b"));
}

TEST(ChatRequest, AToolsPartsAreOneText) {
  const ConversationMessage message = only_message(
      R"({"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"a"},)"
      R"({"type":"text","text":"b"}]})");
  EXPECT_THAT(message.texts, IsEmpty());
  ASSERT_EQ(message.results.size(), 1U);
  EXPECT_EQ(message.results[0].id, "call_1");
  EXPECT_EQ(message.results[0].text, "ab");
}

TEST(ChatRequest, AnAssistantsCallsComeBackWithContentNullEmptyOrAbsent) {
  for (const char* content : {R"("content":null,)", R"("content":"",)", ""}) {
    const ConversationMessage message = only_message(
        std::string(R"({"role":"assistant",)") + content +
        R"("tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}},)"
        R"({"id":"call_b","function":{"name":"g"}}]})");
    ASSERT_EQ(message.calls.size(), 2U);
    EXPECT_EQ(message.calls[0].id, "call_a");
    EXPECT_EQ(message.calls[0].name, "f");
    EXPECT_EQ(message.calls[0].arguments, "{}");
    EXPECT_EQ(message.calls[1].id, "call_b");
    EXPECT_EQ(message.calls[1].name, "g");
    EXPECT_EQ(message.calls[1].arguments, "");
  }
}

TEST(ChatRequest, ACallOfACustomToolIsACall) {
  const ConversationMessage message =
      only_message(R"({"role":"assistant","tool_calls":[{"id":"c","type":"custom",)"
                   R"("custom":{"name":"shell","input":"ls"}}]})");
  ASSERT_EQ(message.calls.size(), 1U);
  EXPECT_EQ(message.calls[0].id, "c");
  EXPECT_EQ(message.calls[0].name, "shell");
  EXPECT_EQ(message.calls[0].arguments, "ls");
}

TEST(ChatRequest, TheOldFormOfACallHasNoId) {
  const ChatRequest request =
      decode_chat_request(R"({"model":"m","messages":[{"role":"assistant","content":null,)"
                          R"("function_call":{"name":"f","arguments":"{}"}},)"
                          R"({"role":"function","name":"f","content":"done"}]})");
  const auto& messages = request.conversation.messages;
  ASSERT_EQ(messages.at(0).calls.size(), 1U);
  EXPECT_EQ(messages[0].calls[0].id, "");
  EXPECT_EQ(messages[0].calls[0].name, "f");
  ASSERT_EQ(messages.at(1).results.size(), 1U);
  EXPECT_EQ(messages[1].results[0].id, "");
  EXPECT_EQ(messages[1].results[0].name, "f");
  EXPECT_EQ(messages[1].results[0].text, "done");
}

TEST(ChatRequest, ToolsAreFunctionsAndOthersArePassedOver) {
  const ChatRequest request =
      decoded(R"(,"tools":[{"type":"custom","custom":{"name":"shell"}},)"
              R"({"type":"function","function":{"name":"f","description":"d","strict":true,)"
              R"("parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},)"
              R"({"type":"web_search"},{"type":"function","function":{"name":"g"}}])");
  const auto& tools = request.conversation.tools;
  ASSERT_EQ(tools.size(), 2U);
  EXPECT_EQ(tools[0].name, "f");
  EXPECT_EQ(tools[0].parameters.dump(),
            R"({"properties":{"a":{"type":"string"}},"type":"object"})");
  EXPECT_TRUE(tools[1].parameters.is_null());
  ASSERT_EQ(request.tools.size(), 2U);
  EXPECT_EQ(request.tools[0].index, 1U);
  EXPECT_TRUE(request.tools[0].is_strict);
  EXPECT_EQ(request.tools[1].index, 3U);
  EXPECT_FALSE(request.tools[1].is_strict);
}

TEST(ChatRequest, AToolChoiceForbidsLeavesOrForces) {
  EXPECT_FALSE(decoded(R"(,"tool_choice":"auto")").conversation.forces_tool);
  EXPECT_FALSE(decoded(R"(,"tool_choice":"auto")").conversation.forbids_tools);
  EXPECT_TRUE(decoded(R"(,"tool_choice":"none")").conversation.forbids_tools);
  EXPECT_TRUE(decoded(R"(,"tool_choice":"required")").conversation.forces_tool);
  const Conversation named =
      decoded(R"(,"tool_choice":{"type":"function","function":{"name":"f"}})").conversation;
  EXPECT_TRUE(named.forces_tool);
  EXPECT_EQ(named.forced_tool, "f");
  EXPECT_TRUE(decoded(R"(,"tool_choice":{"type":"allowed_tools",)"
                      R"("allowed_tools":{"mode":"required","tools":[]}})")
                  .conversation.forces_tool);
  EXPECT_FALSE(decoded(R"(,"tool_choice":{"type":"allowed_tools",)"
                       R"("allowed_tools":{"mode":"auto","tools":[]}})")
                   .conversation.forces_tool);
  EXPECT_FALSE(decoded(R"(,"tool_choice":{"type":"custom","custom":{"name":"shell"}})")
                   .conversation.forces_tool);
}

TEST(ChatRequest, CallsMayBeAskedForOneAtATime) {
  EXPECT_TRUE(decoded(R"(,"parallel_tool_calls":false)").conversation.one_call_at_a_time);
  EXPECT_FALSE(decoded(R"(,"parallel_tool_calls":true)").conversation.one_call_at_a_time);
  EXPECT_FALSE(decoded(R"(,"parallel_tool_calls":null)").conversation.one_call_at_a_time);
}

TEST(ChatRequest, AnAnswerOfJsonHasASchema) {
  EXPECT_EQ(decoded(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n",)"
                    R"("schema":{"type":"array"}}})")
                .conversation.schema,
            nlohmann::json::parse(R"({"type":"array"})"));
  EXPECT_EQ(decoded(R"(,"response_format":{"type":"json_object"})").conversation.schema,
            nlohmann::json::parse(R"({"type":"object"})"));
  EXPECT_FALSE(decoded(R"(,"response_format":{"type":"text"})").conversation.schema);
}

TEST(ChatRequest, AStreamMayBeAskedForItsUsage) {
  const ChatRequest request =
      decoded(R"(,"stream":true,"stream_options":{"include_usage":true},"user":"ann","n":1)");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_EQ(request.user, "ann");
}

TEST(ChatRequest, MembersThatMeanNothingHereArePassedOver) {
  EXPECT_EQ(decoded(R"(,"temperature":"hot","seed":[],"metadata":{"a":{"b":null}},"new":1)")
                .conversation.messages.size(),
            1U);
}

TEST(ChatRequest, NullIsAsGoodAsNothing) {
  EXPECT_EQ(decoded(R"(,"stream":null,"stream_options":null,"tools":null,"tool_choice":null,)"
                    R"("n":null,"user":null,"response_format":null)")
                .conversation.messages.size(),
            1U);
}

TEST(ChatRequest, WhatIsNoJsonIsRefused) {
  for (const char* body : {"", "{", "nonsense", R"({"model":"m"}})", "{\"model\":\"\xff\"}",
                           R"({"model":"\ud800"})", R"({"n":1e999})"})
    EXPECT_THAT(decoding_refusal(body).what(), HasSubstr("could not parse")) << body;
}

TEST(ChatRequest, WhatIsNoObjectIsRefused) {
  for (const char* body : {"[]", "null", "1", "\"text\""})
    EXPECT_THAT(decoding_refusal(body).what(), StartsWith("Invalid type for the body")) << body;
}

TEST(ChatRequest, ARefusalNamesTheMemberThatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> wrongs = {
      {R"({"messages":[]})", "model"},
      {R"({"model":7,"messages":[]})", "model"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":"m","messages":"hi"})", "messages"},
      {R"({"model":"m","messages":["hi"]})", "messages[0]"},
      {R"({"model":"m","messages":[{"role":"user"},{"content":"x"}]})", "messages[1].role"},
      {R"({"model":"m","messages":[{"role":"boss","content":"x"}]})", "messages[0].role"},
      {R"({"model":"m","messages":[{"role":"user","content":7}]})", "messages[0].content"},
      {R"({"model":"m","messages":[{"role":"user","content":["x"]}]})", "messages[0].content[0]"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]})",
       "messages[0].content[0].text"},
      {R"({"model":"m","messages":[{"role":"assistant","tool_calls":{}}]})",
       "messages[0].tool_calls"},
      {R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c"}]}]})",
       "messages[0].tool_calls[0].function"},
      {R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c",)"
       R"("function":{"name":"f","arguments":{}}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"model":"m","messages":[],"tools":{}})", "tools"},
      {R"({"model":"m","messages":[],"tools":[{}]})", "tools[0].type"},
      {R"({"model":"m","messages":[],"tools":[{"type":"function"}]})", "tools[0].function"},
      {R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f",)"
       R"("parameters":[]}}]})",
       "tools[0].function.parameters"},
      {R"({"model":"m","messages":[],"tool_choice":"maybe"})", "tool_choice"},
      {R"({"model":"m","messages":[],"tool_choice":[]})", "tool_choice"},
      {R"({"model":"m","messages":[],"tool_choice":{"type":"function"}})", "tool_choice.function"},
      {R"({"model":"m","messages":[],"response_format":{"type":"xml"}})", "response_format.type"},
      {R"({"model":"m","messages":[],"response_format":{"type":"json_schema"}})",
       "response_format.json_schema"},
      {R"({"model":"m","messages":[],"stream":"yes"})", "stream"},
      {R"({"model":"m","messages":[],"stream_options":{"include_usage":1}})",
       "stream_options.include_usage"},
      {R"({"model":"m","messages":[],"n":2})", "n"},
      {R"({"model":"m","messages":[],"n":"1"})", "n"},
      {R"({"model":"m","messages":[],"user":{}})", "user"}};
  for (const auto& [body, param] : wrongs) {
    const Refusal refusal = decoding_refusal(body);
    EXPECT_EQ(refusal.param, param) << body;
    EXPECT_EQ(refusal.kind, RefusalKind::bad_request) << body;
    EXPECT_EQ(refusal.status, 400U) << body;
  }
}

TEST(ChatRequest, AWrongTypeIsToldInOpenAisWords) {
  EXPECT_STREQ(
      decoding_refusal(R"({"model":"m","messages":[{"role":"user","content":7}]})").what(),
      "Invalid type for 'messages[0].content': expected one of a string or array of objects, but "
      "got an integer instead.");
}

}  // namespace
}  // namespace caesura
