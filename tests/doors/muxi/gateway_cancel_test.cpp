#include "doors/muxi/event_stream.hpp"
#include "tests/doors/muxi/running_gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;
using testing::Not;

/// "200 cooperative: the request ...", "400 OPERATION_FAILED: Cannot ..."
std::string told(const RawAnswer& answer) {
  const Json body = Json::parse(answer.body);
  const std::string status = std::to_string(answer.status) + " ";
  if (body.at("success") == false)
    return status + body.at("code").get<std::string>() + ": " +
           body.at("message").get<std::string>();
  const Json& data = body.at("data");
  return status + data.at("cancellation").get<std::string>() + ": " +
         data.at("message").get<std::string>();
}

std::string cancel(const RunningGateway& gateway, const std::string& id,
                   const std::string& headers = {}) {
  return told(gateway.call("DELETE", "/v1/requests/" + id, headers));
}

TEST(GatewayCancel, BitesAtTheCheckpointAndTheTruthIsToldMeanwhile) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1");
  gateway.advance("12s");
  const RawAnswer answer = gateway.call("DELETE", "/v1/requests/r1");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.header("X-Caesura-Cancel-Received"), "12");
  EXPECT_EQ(answer.header("X-Caesura-Cancel-Effective"), "");
  const Json body = Json::parse(answer.body);
  EXPECT_EQ(body.at("object"), "request_status");
  EXPECT_EQ(body.at("type"), "request.cancelled");
  EXPECT_EQ(body.at("data").at("request_id"), "r1");
  EXPECT_EQ(body.at("data").at("status"), "cancelled");
  EXPECT_EQ(body.at("data").at("cancellation"), "cooperative");
  EXPECT_EQ(gateway.status("r1").at("status"), "processing");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  EXPECT_FALSE(chat.has_more_within({}));

  gateway.advance("10s");
  const RawAnswer last = chat.read_answer();
  EXPECT_EQ(last.status, 200U);
  EXPECT_EQ(last.header("X-Caesura-Cancel-Effective"), "15");
  const Json data = Json::parse(last.body).at("data");
  EXPECT_EQ(data.at("status"), "cancelled");
  EXPECT_EQ(data.at("content"), "");
  EXPECT_EQ(data.at("message"),
            Json({{"role", "assistant"}, {"content", ""}, {"metadata", {{"cancelled", true}}}}));
  EXPECT_EQ(gateway.status("r1").at("status"), "cancelled");
  EXPECT_FALSE(gateway.status("r1").contains("result"));
}

TEST(GatewayCancel, IsImmediateIfTheRequestHasStoppedByTheAnswer) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Caesura-Policy: at-once\r\n");
  gateway.advance("12s");
  const RawAnswer answer = gateway.call("DELETE", "/v1/requests/r1");
  EXPECT_THAT(told(answer), testing::StartsWith("200 immediate: "));
  EXPECT_EQ(answer.header("X-Caesura-Cancel-Effective"), "12");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "cancelled");
}

TEST(GatewayCancel, AgainSaysTheSameAndThatItWasCancelledAlready) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1");
  gateway.advance("12s");
  EXPECT_THAT(cancel(gateway, "r1"), testing::StartsWith("200 cooperative: "));
  EXPECT_EQ(cancel(gateway, "r1"), "200 cooperative: already cancelled");
  gateway.advance("10s");
  EXPECT_EQ(cancel(gateway, "r1"), "200 cooperative: already cancelled");
}

TEST(GatewayCancel, OfAFinishedRequestFails) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1");
  gateway.advance("30s");
  const RawAnswer answer = gateway.call("DELETE", "/v1/requests/r1");
  EXPECT_EQ(told(answer), "400 OPERATION_FAILED: Cannot cancel request r1: already completed");
  EXPECT_EQ(Json::parse(answer.body).at("type"), "error.internal");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
}

TEST(GatewayCancel, OfNoRequestAndOfSomebodyElsesIsRefused) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Muxi-User-ID: ada\r\n");
  EXPECT_THAT(cancel(gateway, "r2"), HasSubstr("404 NOT_FOUND"));
  EXPECT_THAT(cancel(gateway, "r1", "X-Muxi-User-ID: bob\r\n"), HasSubstr("403 FORBIDDEN"));
  EXPECT_THAT(cancel(gateway, "r1"), HasSubstr("403 FORBIDDEN"));
  EXPECT_THAT(cancel(gateway, "r1", "X-Muxi-User-ID: [object Object]\r\n"),
              HasSubstr("400 INVALID_REQUEST"));
  EXPECT_EQ(gateway.timeline("r1").at("cancel_requested"), false);
  EXPECT_THAT(cancel(gateway, "r1", "X-Muxi-Admin-Key: any\r\n"), HasSubstr("200 "));
}

TEST(GatewayCancel, UnderAPolicyThatIgnoresItSaysSo) {
  const RunningGateway gateway;
  RawClient stream = gateway.begin_stream("r1", "X-Caesura-Policy: never\r\n");
  gateway.advance("19s");
  EXPECT_EQ(cancel(gateway, "r1"),
            "400 OPERATION_FAILED: Cannot cancel request r1: its policy, never, ignores cancels");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
  gateway.advance("20s");
  EXPECT_EQ(gateway.status("r1").at("status"), "completed");
  EXPECT_TRUE(stream.read_answer().body.ends_with(done_frame));
}

TEST(GatewayCancel, OfAStreamEndsItsContentAndThenTheStream) {
  const RunningGateway gateway;
  RawClient stream = gateway.begin_stream("r1");
  gateway.advance("19s");
  stream.read_until(R"("type":"content")");
  EXPECT_THAT(cancel(gateway, "r1"), HasSubstr("200 cooperative"));
  gateway.advance("20s");
  const std::string rest = stream.read_until(done_frame);
  EXPECT_THAT(rest, Not(HasSubstr(R"("type":"content")")));
  EXPECT_THAT(rest, HasSubstr(R"("type":"cancelled","content":"")"));
  EXPECT_EQ(stream.read_exactly(7), "\r\n0\r\n\r\n") << "the stream is over";
}

TEST(GatewayCancel, ByHangingUpWorksInAStreamAndInAWaitingChat) {
  const RunningGateway gateway;
  for (const std::string id : {"stream", "chat"}) {
    RawClient client = id == "stream" ? gateway.begin_stream(id) : gateway.begin_chat(id);
    client.reset();
    RunningGateway::eventually([&] { return gateway.status(id).at("cancel_requested") == true; });
  }
  gateway.advance("10s");
  EXPECT_EQ(gateway.status("stream").at("status"), "cancelled");
  EXPECT_EQ(gateway.status("chat").at("status"), "cancelled");
  EXPECT_EQ(cancel(gateway, "chat"), "200 immediate: already cancelled");
}

TEST(GatewayCancel, DuringAHeldOperationWaitsForItsRelease) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Caesura-Hold: operation=2\r\n");
  gateway.advance("10m");
  const Json held = gateway.timeline("r1");
  EXPECT_EQ(held.at("held_operation"), 2);
  EXPECT_EQ(held.at("operations").size(), 2U);
  EXPECT_EQ(held.at("operations")[1], Json({{"operation", 2},
                                            {"kind", "tool"},
                                            {"service", "search"},
                                            {"start_s", 10.0},
                                            {"end_s", nullptr},
                                            {"cut_off", false}}));
  EXPECT_THAT(cancel(gateway, "r1"), HasSubstr("200 cooperative"));
  EXPECT_EQ(gateway.status("r1").at("status"), "processing");
  EXPECT_EQ(gateway.call("POST", "/v1/caesura/requests/r1/release").status, 200U);
  EXPECT_EQ(gateway.status("r1").at("status"), "cancelled");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "cancelled");
}

TEST(GatewayCancel, AHeldRequestGoesOnWhenReleased) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Caesura-Hold: operation=2\r\n");
  gateway.advance("10m");
  gateway.call("POST", "/v1/caesura/requests/r1/release");
  gateway.advance("11s");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "completed");
  EXPECT_EQ(gateway.call("POST", "/v1/caesura/requests/r1/release").status, 200U)
      << "again, and too late: nothing";
  RawClient other = gateway.begin_chat("r2");
  EXPECT_EQ(gateway.call("POST", "/v1/caesura/requests/r2/release").status, 400U);
}

TEST(GatewayCancel, FaultsOfADelete) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1");
  EXPECT_THAT(cancel(gateway, "r1", "X-Caesura-Fault: delete=503\r\n"),
              HasSubstr("503 SYSTEM_OVERLOAD"));
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
  EXPECT_THAT(cancel(gateway, "r1", "X-Caesura-Fault: boom\r\n"), HasSubstr("400 INVALID_REQUEST"));

  RawClient delayed =
      gateway.hand_over("DELETE", "/v1/requests/r1", "X-Caesura-Fault: delete-delay=3s\r\n");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  gateway.advance("2999ms");
  EXPECT_FALSE(delayed.has_more_within({}));
  gateway.advance("1ms");
  EXPECT_THAT(told(delayed.read_answer()), HasSubstr("200 cooperative"));
  EXPECT_THAT(cancel(gateway, "r1", "X-Caesura-Fault: delete-delay=0s\r\n"), HasSubstr("200 "))
      << "though the clock stands still";
}

TEST(GatewayCancel, OfWhichTheAnswerIsDroppedTakesEffect) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Caesura-Fault: drop-delete\r\n");
  RawClient dropped = gateway.hand_over("DELETE", "/v1/requests/r1");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  gateway.advance("10s");
  EXPECT_EQ(gateway.status("r1").at("status"), "cancelled");
  EXPECT_FALSE(dropped.has_more_within({}));
}

TEST(GatewayCancel, ThatCrossesTheAnswerComesTooLate) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1");
  RawClient late =
      gateway.hand_over("DELETE", "/v1/requests/r1", "X-Caesura-Fault: late-complete\r\n");
  gateway.advance("15s");
  EXPECT_FALSE(late.has_more_within({}));
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
  gateway.advance("15s");
  EXPECT_EQ(told(late.read_answer()),
            "400 OPERATION_FAILED: Cannot cancel request r1: already completed");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "completed");
}

TEST(GatewayCancel, AStreamThatBreaksIsOneToo) {
  const RunningGateway gateway;
  RawClient stream = gateway.begin_stream("r1", "X-Caesura-Fault: reset-after-chunk=2\r\n");
  gateway.advance("19s");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
  gateway.advance("2s");
  EXPECT_EQ(stream.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  gateway.advance("20s");
  EXPECT_EQ(gateway.status("r1").at("status"), "cancelled");
}

TEST(GatewayCancel, ThatMeetsTheAnswerOnTheWireIsTooLateAndInTheLedger) {
  std::string yaml = small_scenario;
  yaml += "links: {client: 1s}\n";
  const RunningGateway gateway(RunningGateway::manual(), yaml);
  RawClient chat = gateway.begin_chat("r1");
  gateway.advance("27500ms");  // it has stopped half a second ago
  EXPECT_EQ(gateway.status("r1").at("status"), "completed");
  EXPECT_FALSE(chat.has_more_within({}));
  RawClient late = gateway.hand_over("DELETE", "/v1/requests/r1");
  gateway.advance("2s");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "completed");
  EXPECT_EQ(told(late.read_answer()),
            "400 OPERATION_FAILED: Cannot cancel request r1: already completed");
  EXPECT_EQ(
      gateway.json("GET", "/v1/caesura/results").at("policies").at(0).at("cancels").at("too_late"),
      1);
}

TEST(GatewayCancel, WithLinksThatTakeTimeIsAnsweredWhenTheAnswerHasComeBack) {
  std::string yaml = small_scenario;
  yaml += "links: {client: 1s}\n";
  const RunningGateway gateway(RunningGateway::manual(), yaml);
  RawClient chat = gateway.begin_chat("r1");
  EXPECT_EQ(gateway.status("r1").at("status"), "pending");
  gateway.advance("5s");
  RawClient first = gateway.hand_over("DELETE", "/v1/requests/r1");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), true);
  EXPECT_EQ(gateway.status("r1").at("status"), "processing");
  RawClient second = gateway.hand_over("DELETE", "/v1/requests/r1");
  gateway.advance("1900ms");
  EXPECT_FALSE(first.has_more_within({}));
  gateway.advance("30s");
  EXPECT_THAT(told(first.read_answer()), HasSubstr("200 cooperative"));
  EXPECT_EQ(told(second.read_answer()), "200 cooperative: already cancelled");
}

TEST(GatewayCancel, InRealTimeStopsARequestThatIsHeld) {
  GatewayOptions options;
  options.time_scale = 1000;
  const RunningGateway gateway(std::move(options));
  RawClient chat =
      gateway.begin_chat("r1", "X-Caesura-Hold: operation=1\r\nX-Caesura-Policy: abort\r\n");
  RunningGateway::eventually([&] { return gateway.status("r1").at("status") == "processing"; });
  EXPECT_THAT(cancel(gateway, "r1"), HasSubstr("200 "));
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "cancelled");
  EXPECT_THAT(cancel(gateway, "r1"), HasSubstr("already cancelled"));
}

}  // namespace
}  // namespace caesura
