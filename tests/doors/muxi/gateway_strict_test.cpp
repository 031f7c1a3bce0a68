#include "doors/live/filler.hpp"
#include "doors/muxi/event_stream.hpp"
#include "tests/doors/muxi/running_gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;
using testing::Not;

GatewayOptions strict() {
  GatewayOptions options = RunningGateway::manual();
  options.strict = options.access.needs_user = true;
  return options;
}

const std::string ada = "X-Muxi-User-ID: ada\r\n";

TEST(GatewayStrict, AChatsDataIsThatOfTheReference) {
  const RunningGateway gateway(strict());
  RawClient done = gateway.begin_chat("r1", ada, R"(, "stream": false, "session_id": "s1")");
  RawClient cancelled = gateway.begin_chat("r2", ada, R"(, "stream": false, "session_id": "s1")");
  gateway.call("DELETE", "/v1/requests/r2", ada);
  gateway.advance("30s");
  const auto data_of = [](const Json& message, const char* id) {
    return Json(
        {{"message", message}, {"user_id", "ada"}, {"session_id", "s1"}, {"request_id", id}});
  };
  const Json completed = data_of({{"role", "assistant"}, {"content", filler(0, 10)}}, "r1");
  EXPECT_EQ(Json::parse(done.read_answer().body).at("data"), completed);
  EXPECT_EQ(gateway.status("r1", ada).at("result"), completed);
  EXPECT_EQ(
      Json::parse(cancelled.read_answer().body).at("data"),
      data_of({{"role", "assistant"}, {"content", ""}, {"metadata", {{"cancelled", true}}}}, "r2"));
}

TEST(GatewayStrict, OtherSpellingsAreNoFieldsAndThereIsNoAsyncMode) {
  const RunningGateway gateway(strict());
  const std::string chat = R"({"message": "hi", "stream": false, )";
  const RawAnswer refused = gateway.call("POST", "/v1/chat", ada, chat + R"("mode": "async"})");
  EXPECT_EQ(refused.status, 501U);
  EXPECT_EQ(gateway.json("GET", "/v1/requests", ada).at("data").at("count"), 0);
  RawClient other = gateway.hand_over(
      "POST", "/v1/chat", ada, chat + R"("requestId": "r1", "userId": 7, "use_async": true})");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1", ada).status, 404U);
  gateway.advance("30s");
  EXPECT_EQ(other.read_answer().status, 200U);
}

TEST(GatewayStrict, ErrorsHaveTheEnvelopeAlone) {
  const RunningGateway gateway(strict());
  const auto expect_alone = [](const RawAnswer& answer, const char* code) {
    const Json body = Json::parse(answer.body);
    EXPECT_EQ(body.at("error").at("code"), code);
    EXPECT_FALSE(body.contains("code")) << code;
    EXPECT_FALSE(body.contains("message")) << code;
  };
  expect_alone(gateway.call("DELETE", "/v1/requests/r1", ada), "NOT_FOUND");
  expect_alone(gateway.call("POST", "/v1/chat", ada, "{"), "INVALID_REQUEST");
  expect_alone(gateway.call("PUT", "/v1/chat", ada), "METHOD_NOT_ALLOWED");
  expect_alone(gateway.begin("POST", "/v1/chat", "Content-Length: 99999999\r\n").read_answer(),
               "INVALID_REQUEST");
}

TEST(GatewayStrict, ListsOldestFirst) {
  const RunningGateway gateway(strict());
  const RawClient first = gateway.begin_chat("r1", ada);
  const RawClient second = gateway.begin_chat("r2", ada);
  const Json list = gateway.json("GET", "/v1/requests", ada).at("data");
  EXPECT_EQ(list.at("count"), 2);
  EXPECT_EQ(list.at("requests")[0].at("request_id"), "r1");
  EXPECT_EQ(list.at("requests")[1].at("request_id"), "r2");
}

TEST(GatewayStrict, StreamsUnlessToldNotToAndWantsAUser) {
  const RunningGateway gateway(strict());
  RawClient chat = gateway.begin_chat("r1", "X-Muxi-User-ID: ada\r\n");
  EXPECT_EQ(chat.read_head().header("Content-Type"), "text/event-stream");
  for (const char* method : {"GET", "DELETE"}) {
    const RawAnswer answer = gateway.call(method, "/v1/requests/r1");
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(Json::parse(answer.body).at("error").at("code"), "INVALID_REQUEST");
  }
  EXPECT_EQ(gateway.call("GET", "/v1/requests").status, 400U);
  EXPECT_EQ(gateway.status("r1", "X-Muxi-User-ID: ada\r\n").at("request_id"), "r1");
}

TEST(GatewayStrict, ACancelledStreamGoesSilentForTenMinutes) {
  const RunningGateway gateway(strict());
  RawClient stream = gateway.begin_stream("r1", ada);
  gateway.advance("19s");
  stream.read_until(R"("type":"content")");
  stream.read_until("\n\n");
  gateway.call("DELETE", "/v1/requests/r1", ada);
  gateway.advance("599s");
  EXPECT_EQ(gateway.timeline("r1").at("status"), "cancelled");
  gateway.advance("30s");
  EXPECT_THAT(stream.read_until("\r\n0\r\n\r\n"), Not(HasSubstr("data:")));
}

TEST(GatewayStrict, ACancelledStreamIsKeptAliveAndEndsThoughItsRequestIsForgotten) {
  GatewayOptions options = strict();
  options.keepalive = std::chrono::milliseconds(5);
  const RunningGateway gateway(std::move(options));
  RawClient stream = gateway.begin_stream("r1", ada);
  gateway.call("DELETE", "/v1/requests/r1", ada);
  gateway.advance("20s");
  gateway.advance("301s");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1", ada).status, 404U);
  while (stream.has_more_within({})) stream.read_exactly(1);  // sent before
  stream.read_until(keepalive_frame);
  gateway.advance("300s");
  EXPECT_THAT(stream.read_until("\r\n0\r\n\r\n"), Not(HasSubstr("data:")));
}

/// Of strict(), and counts the chats whose clients have hung up.
GatewayOptions strict_counting(Count& hang_ups) {
  GatewayOptions options = strict();
  options.access_log = [&hang_ups](const Json& call) {
    if (call.at("status").is_null()) hang_ups.add();
  };
  return options;
}

TEST(GatewayStrict, AChatSentAgainAfterAHangUpIsAnsweredWithTheSame) {
  Count hang_ups;
  const RunningGateway gateway(strict_counting(hang_ups));
  const std::string headers = "X-Muxi-User-ID: ada\r\nX-Muxi-Idempotency-Key: k\r\n";
  RawClient first = gateway.begin_chat("r1", headers, R"(, "stream": false)");
  first.close();
  hang_ups.wait_for(1);
  gateway.advance("30s");
  const RawAnswer again =
      gateway.call("POST", "/v1/chat", headers, R"({"message": "hi", "stream": false})");
  EXPECT_EQ(Json::parse(again.body).at("data").at("request_id"), "r1");
  EXPECT_EQ(Json::parse(again.body).at("data").at("message").at("content"), filler(0, 10));
}

TEST(GatewayStrict, AWaitingChatThatHangsUpIsNoCancelAndAnActiveIdIsTakenOver) {
  Count hang_ups;
  const RunningGateway gateway(strict_counting(hang_ups));
  RawClient waiting = gateway.begin_chat("r1", ada, R"(, "stream": false)");
  RawClient second = gateway.begin_chat("r1", ada, R"(, "stream": false)");
  waiting.reset();
  hang_ups.wait_for(1);
  gateway.advance("30s");
  EXPECT_EQ(Json::parse(second.read_answer().body).at("data").at("message").at("content"),
            filler(0, 10));
  EXPECT_EQ(gateway.json("GET", "/v1/requests", ada).at("data").at("count"), 1);
  EXPECT_EQ(
      gateway.json("GET", "/v1/caesura/results").at("policies")[0].at("requests").at("completed"),
      2);
}

}  // namespace
}  // namespace caesura
