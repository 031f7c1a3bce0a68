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

const std::string key = "X-Muxi-Idempotency-Key: k1\r\n";
const std::string other_key = "X-Muxi-Idempotency-Key: k2\r\n";
const std::string again = R"({"message": "hi", "request_id": "r1"})";

std::string status_in(const RawAnswer& answer) {
  return Json::parse(answer.body).at("data").at("status");
}

TEST(GatewayRetry, TheSameIdempotencyKeyIsTheSameChat) {
  const RunningGateway gateway;
  const std::string body = R"({"message": "hi"})";
  RawClient first = gateway.hand_over("POST", "/v1/chat", key, body);
  RawClient second = gateway.hand_over("POST", "/v1/chat", key, body);
  const auto count = [&] {
    return gateway.json("GET", "/v1/requests", "X-Muxi-Admin-Key: any\r\n").at("data").at("count");
  };
  EXPECT_EQ(count(), 1);
  gateway.advance("30s");
  const RawAnswer answer = first.read_answer();
  EXPECT_EQ(Json::parse(answer.body).at("request").at("idempotency_key"), "k1");
  EXPECT_EQ(second.read_answer().body, answer.body);
  EXPECT_EQ(gateway.call("POST", "/v1/chat", key, body).body, answer.body) << "also later";
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(gateway.call("POST", "/v1/chat", key, R"({"message": "hi", "mode": "async"})").status,
            202U)
      << "another mode is another chat";
  EXPECT_EQ(gateway
                .call("POST", "/v1/chat", key + "X-Muxi-User-ID: ada\r\n",
                      R"({"message": "hi", "mode": "async"})")
                .status,
            202U);
  EXPECT_EQ(count(), 3);
}

TEST(GatewayRetry, BothOfOneKeyMustHangUpToCancelIt) {
  const RunningGateway gateway;
  RawClient first = gateway.begin_chat("r1", key);
  RawClient second = gateway.hand_over("POST", "/v1/chat", key, R"({"message": "hi"})");
  first.close();
  RawClient third = gateway.hand_over("POST", "/v1/chat", key, R"({"message": "hi"})");
  gateway.advance("30s");
  EXPECT_EQ(third.read_answer().status, 200U);
  EXPECT_EQ(second.read_answer().status, 200U);
  EXPECT_EQ(gateway.status("r1").at("status"), "completed");
}

TEST(GatewayRetry, OfAChatThatHungUpAndSoWasCancelledIsToldSo) {
  Count hang_ups;
  GatewayOptions options = RunningGateway::manual();
  options.access_log = [&hang_ups](const Json& call) {
    if (call.at("status").is_null()) hang_ups.add();
  };
  const RunningGateway gateway(std::move(options));
  gateway.begin_chat("r1", key).close();
  hang_ups.wait_for(1);
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  RawClient retry = gateway.hand_over("POST", "/v1/chat", key, again);
  EXPECT_FALSE(retry.has_more_within({}));
  gateway.advance("10s");
  EXPECT_EQ(status_in(retry.read_answer()), "cancelled");
  EXPECT_EQ(status_in(gateway.call("POST", "/v1/chat", key, again)), "cancelled") << "also later";
  EXPECT_EQ(gateway.json("GET", "/v1/requests").at("data").at("count"), 1);
}

TEST(GatewayRetry, JoinsWhileTheAnswerIsOnItsWay) {
  std::string yaml = small_scenario;
  yaml += "links: {client: 1s}\n";
  const RunningGateway gateway(RunningGateway::manual(), yaml);
  RawClient first = gateway.begin_chat("r1", key);
  gateway.advance("27500ms");
  EXPECT_EQ(gateway.status("r1").at("status"), "completed");
  RawClient retry = gateway.hand_over("POST", "/v1/chat", key, again);
  gateway.advance("1s");
  EXPECT_EQ(retry.read_answer().body, first.read_answer().body);
}

TEST(GatewayRetry, WithAnotherKeyIsAConflictAndWithAnotherIdOrMessageNotUnderstood) {
  const RunningGateway gateway;
  RawClient first = gateway.begin_chat("r1", key);
  const auto refused = [&](const std::string& header, const std::string& body) {
    const RawAnswer answer = gateway.call("POST", "/v1/chat", header, body);
    const Json error = Json::parse(answer.body).at("error");
    return std::to_string(answer.status) + " " + error.at("code").get<std::string>() + " " +
           (answer.status == 422
                ? error.at("data").at("validation_errors")[0].at("field").get<std::string>()
                : "");
  };
  for (const char* when : {"while it runs", "afterwards"}) {
    EXPECT_EQ(refused(key, R"({"message": "hi", "request_id": "r2"})"),
              "422 INVALID_PARAMS request_id")
        << when;
    EXPECT_EQ(refused(key, R"({"message": "ho", "request_id": "r1"})"),
              "422 INVALID_PARAMS message")
        << when;
    if (when == std::string("while it runs")) {
      EXPECT_EQ(refused(other_key, again), "409 CONFLICT ");
    }
    gateway.advance("30s");
  }
  EXPECT_EQ(gateway.json("GET", "/v1/requests").at("data").at("count"), 1);
  EXPECT_EQ(status_in(first.read_answer()), "completed");
}

TEST(GatewayRetry, BehindAFailureIsANewTry) {
  const RunningGateway gateway(
      RunningGateway::manual(),
      "scenario: bad\nload: {requests: 1, arrivals: at_once}\nservices: {tool: {t: {latency: 1s, "
      "failure_rate: 1, on_failure: fail}}}\nworkflow: [{tool: t}]\n");
  for (const std::string more : {"", R"(, "stream": true)"}) {
    RawClient first = gateway.begin_chat("r1", key, more);
    gateway.advance("2s");
    first.read_answer();
    RawClient second = gateway.begin_chat("r1", key, more);
    EXPECT_EQ(gateway.status("r1").at("status"), "processing") << more;
    gateway.advance("2s");
  }
}

TEST(GatewayRetry, OfAStreamIsToldWhatTheFirstWasAndGoesOnWithIt) {
  const RunningGateway gateway;
  RawClient first = gateway.begin_stream("r1", key);
  gateway.advance("21s");
  first.read_until(filler(2, 2));
  RawClient retry = gateway.begin_stream("r1", key);
  first.close();
  gateway.advance("1h");
  const std::string whole = retry.read_answer().body;
  EXPECT_THAT(whole, HasSubstr("\"content\":\"" + filler(0, 4) + "\""));
  EXPECT_THAT(whole, HasSubstr("\"content\":\"" + filler(4, 2) + "\""));
  EXPECT_THAT(whole, HasSubstr("\"type\":\"completed\",\"content\":\"" + filler(0, 10) + "\""));
  EXPECT_TRUE(whole.ends_with(done_frame));
  const std::string later = gateway.begin_stream("r1", key).read_answer().body;
  EXPECT_THAT(later, HasSubstr("\"type\":\"completed\",\"content\":\"" + filler(0, 10) + "\""));
  EXPECT_EQ(gateway.json("GET", "/v1/requests").at("data").at("count"), 1);
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false) << "the second was still there";
}

TEST(GatewayRetry, OfAStreamThatHungUpIsToldThatItWasCancelled) {
  const RunningGateway gateway;
  RawClient first = gateway.begin_stream("r1", key);
  first.close();
  RunningGateway::eventually([&] { return gateway.status("r1").at("cancel_requested") == true; });
  RawClient retry = gateway.begin_stream("r1", key);
  gateway.advance("10s");
  const std::string whole = retry.read_answer().body;
  EXPECT_THAT(whole, HasSubstr("\"type\":\"cancelled\""));
  EXPECT_THAT(whole, Not(HasSubstr("\"type\":\"content\"")));
}

TEST(GatewayRetry, OfAStreamThatIsForgottenIsANewTry) {
  const RunningGateway gateway;
  RawClient first = gateway.begin_stream("r1", key);
  gateway.advance("30s");
  gateway.advance("5m");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1").status, 404U);
  RawClient second = gateway.begin_stream("r1", key);
  EXPECT_EQ(gateway.status("r1").at("status"), "processing");
}

}  // namespace
}  // namespace caesura
