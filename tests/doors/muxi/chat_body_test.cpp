#include "doors/muxi/chat_body.hpp"

#include "doors/control/call_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

CallError refusal_of(const std::string& text) {
  try {
    parse_chat_body(text);
  } catch (const CallError& error) {
    return error;
  }
  return {200, "", "was taken: " + text};
}

TEST(ChatBody, ReadsEveryFieldInBothSpellings) {
  const ChatBody snake = parse_chat_body(
      R"({"message": "hi", "request_id": "r", "session_id": "s", "user_id": "u", "mode": "async",
                                             "stream": false, "agent_id": "a", "webhook_url": "http://x", "unknown": [1, {}]})");
  EXPECT_EQ(snake.request_id, "r");
  EXPECT_EQ(snake.session_id, "s");
  EXPECT_EQ(snake.user_id, "u");
  EXPECT_TRUE(snake.is_async);
  EXPECT_EQ(snake.stream, false);
  const ChatBody camel = parse_chat_body(
      R"({"message": "", "requestId": "r", "sessionId": "s", "userId": "u", "use_async": true})");
  EXPECT_EQ(camel.request_id, "r");
  EXPECT_EQ(camel.session_id, "s");
  EXPECT_EQ(camel.user_id, "u");
  EXPECT_TRUE(camel.is_async);
  EXPECT_EQ(camel.stream, std::nullopt);
}

TEST(ChatBody, OfTheReferenceHasEachFieldInOneSpellingAlone) {
  const ChatBody body = parse_chat_body(
      R"({"message": "hi", "requestId": 7, "sessionId": "s", "userId": "u", "use_async": 1,
          "useAsync": true, "agentId": 7, "webhookUrl": 7, "request_id": "r"})",
      ChatFields::reference);
  EXPECT_EQ(body.request_id, "r");
  EXPECT_EQ(body.session_id, std::nullopt);
  EXPECT_EQ(body.user_id, std::nullopt);
  EXPECT_FALSE(body.is_async);
}

TEST(ChatBody, NullAndEmptyIdsAreNone) {
  const ChatBody body = parse_chat_body(
      R"({"message": "hi", "request_id": "", "user_id": null, "stream": null, "mode": null})");
  EXPECT_EQ(body.request_id, std::nullopt);
  EXPECT_EQ(body.user_id, std::nullopt);
  EXPECT_EQ(body.stream, std::nullopt);
  EXPECT_FALSE(body.is_async);
}

TEST(ChatBody, WhatIsNoJsonIsAnInvalidRequest) {
  const std::string deep = std::string(100'000, '[');
  const std::string deep_and_whole =
      R"({"message": "hi", "x": )" + std::string(1000, '[') + std::string(1000, ']') + "}";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{\"message\": \"\xff\xfe\"}"), deep,
        deep_and_whole, std::string(R"({"message": "hi", "x": 1e999})"),
        std::string("{\"message\": \"hi\"} more")}) {
    const CallError error = refusal_of(text);
    EXPECT_EQ(error.status, 400U) << text.substr(0, 60);
    EXPECT_EQ(error.code, "INVALID_REQUEST") << text.substr(0, 60);
  }
}

TEST(ChatBody, JsonThatDoesNotFitIsToldAllThatIsWrong) {
  const CallError error = refusal_of(R"({"user_id": 7, "mode": "later", "stream": "yes"})");
  EXPECT_EQ(error.status, 422U);
  EXPECT_EQ(error.code, "INVALID_PARAMS");
  const auto& errors = error.data.at("validation_errors");
  ASSERT_EQ(errors.size(), 4U) << errors;
  EXPECT_EQ(errors[0], nlohmann::ordered_json::parse(
                           R"({"field": "message", "msg": "Field required", "type": "missing"})"));
  EXPECT_EQ(errors[1].at("field"), "user_id");
  EXPECT_EQ(errors[1].at("type"), "string_type");
  EXPECT_EQ(errors[2].at("type"), "enum");
  EXPECT_EQ(errors[3].at("type"), "bool_type");
}

TEST(ChatBody, LongIdsAndOtherJsonDoNotFit) {
  EXPECT_EQ(
      parse_chat_body(R"({"message": "", "request_id": ")" + std::string(longest_id, 'x') + "\"}")
          .request_id->size(),
      longest_id);
  EXPECT_EQ(
      refusal_of(R"({"message": "", "request_id": ")" + std::string(longest_id + 1, 'x') + "\"}")
          .status,
      422U);
  for (const char* text :
       {"[]", "null", "7", "\"hi\"", R"({"message": 7})", R"({"message": ["hi"]})"}) {
    EXPECT_EQ(refusal_of(text).status, 422U) << text;
  }
}

}  // namespace
}  // namespace caesura
