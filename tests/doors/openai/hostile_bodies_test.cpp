#include "doors/openai/chat_request.hpp"
#include "doors/openai/conversation_check.hpp"
#include "doors/world/json_body.hpp"
#include "tests/doors/openai/refusal_of.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;
constexpr std::size_t longest = 32 * mebibyte;

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  all.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

std::string nested(std::size_t levels) {  // within the body's own level
  return R"({"model":"m","messages":[{"role":"user","content":"x"}],"metadata":)" +
         repeated("[", levels - 1) + repeated("]", levels - 1) + "}";
}

/// As the fuzzer does: it is decoded and passes, or it is refused, and nothing else.
void play(const std::string& body) {
  try {
    check_conversation(decode_chat_request(body));
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.kind, RefusalKind::bad_request);
    EXPECT_LT(std::string(refusal.what()).size(), 4096U);
  }
}

TEST(HostileBodies, AHundredLevelsAreReadAndOneMoreIsRefused) {
  EXPECT_EQ(decode_chat_request(nested(deepest_body)).conversation.messages.size(), 1U);
  EXPECT_THAT(decoding_refusal(nested(deepest_body + 1)).what(), HasSubstr("deeper than 100"));
}

TEST(HostileBodies, MillionsOfLevelsAreRefused) {
  EXPECT_THAT(decoding_refusal(repeated("[", longest)).what(), HasSubstr("deeper than 100"));
  EXPECT_THAT(decoding_refusal(repeated(R"({"a":)", longest / 5)).what(),
              HasSubstr("deeper than 100"));
}

TEST(HostileBodies, MillionsOfValuesAreRefused) {
  for (const char* value : {"0,", "{},", "[],", "\"\","})
    EXPECT_THAT(
        decoding_refusal(R"({"model":"m","messages":[)" + repeated(value, 5'000'000)).what(),
        HasSubstr("more than 1000000 values"))
        << value;
}

TEST(HostileBodies, ALongConversationIsRead) {
  const std::string message = R"({"role":"user","content":")" + std::string(200, 'x') + R"("},)";
  const std::string body = R"({"model":"m","messages":[)" +
                           repeated(message, longest / message.size() - 1) +
                           R"({"role":"user","content":"end"}]})";
  const ChatRequest request = decode_chat_request(body);
  EXPECT_THAT(request.conversation.messages, SizeIs(longest / message.size()));
  check_conversation(request);
}

TEST(HostileBodies, ManySmallObjectsTakeLinearTime) {
  // With time in the square of their number this would take minutes.
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"metadata":[)" +
      repeated("{},", 900'000) + "0]}";
  EXPECT_THAT(decode_chat_request(body).conversation.messages, SizeIs(1));
}

TEST(HostileBodies, ManyMembersTakeNearlyLinearTime) {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":"x"}],"metadata":{)";
  for (std::size_t i = 0; i < 900'000; ++i) body += '"' + std::to_string(i) + R"(":0,)";
  EXPECT_THAT(decode_chat_request(body + R"("x":0}})").conversation.messages, SizeIs(1));
}

TEST(HostileBodies, AnAnswerWithManyCallsAndAsManyResultsIsChecked) {
  std::string calls;
  std::string results;
  for (std::size_t i = 0; i < 50'000; ++i) {
    const std::string id = "call_" + std::to_string(i);
    calls += (i == 0 ? "" : ",") + (R"({"id":")" + id + R"(","function":{"name":"f"}})");
    results += R"(,{"role":"tool","tool_call_id":")" + id + R"(","content":"x"})";
  }
  const std::string all =
      R"({"model":"m","messages":[{"role":"assistant","tool_calls":[)" + calls + "]}";
  check_conversation(decode_chat_request(all + results + "]}"));
  EXPECT_THAT(checking_refusal(all + "]}").what(), HasSubstr("call_0, call_1"));
  play(all + "]}");
}

TEST(HostileBodies, LongTextsAreReadAndDoNotComeBackInErrors) {
  const std::string text(longest, 'x');
  EXPECT_EQ(decode_chat_request(R"({"model":"m","messages":[{"role":"user","content":")" + text +
                                R"("}]})")
                .conversation.messages.at(0)
                .texts.at(0)
                .size(),
            longest);
  play(R"({"model":"m","messages":[{"role":")" + text + R"("}]})");
  play(R"({"model":"m","messages":[{"role":"tool","tool_call_id":")" + text + R"("}]})");
  play(R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":")" + text +
       R"(","function":{"name":"f"}}]}]})");
  play(
      R"({"model":"m","messages":[{"role":"user"}],"tools":[{"type":"function","function":{"name":")" +
      text + R"("}}]})");
  play(
      R"({"model":"m","messages":[{"role":"user"}],"tool_choice":{"type":"function","function":{"name":")" +
      text + R"("}}})");
  play(R"({"model":"m","messages":[],"n":)" + std::string(longest, '1') + "}");
  play(text);
}

TEST(HostileBodies, TheFuzzersCorpusIsDecodedOrRefused) {
  const std::filesystem::path folder =
      std::filesystem::path(CAESURA_SOURCE_DIR) / "tests/doors/openai/corpus/chat_request";
  std::size_t played = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string body(std::istreambuf_iterator<char>(stream), {});
    SCOPED_TRACE(file.path().filename().string());
    EXPECT_NO_THROW(play(body));
    ++played;
  }
  EXPECT_GT(played, 0U);
}

}  // namespace
}  // namespace caesura
