#include "tests/doors/muxi/running_gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;

GatewayOptions patient() {
  GatewayOptions options = RunningGateway::manual();
  options.early_cancel = std::chrono::minutes(1);  // for whatever a slow machine makes of it
  return options;
}

RawClient cancel_early(const RunningGateway& gateway, const std::string& id,
                       const std::string& headers = {}) {
  return gateway.hand_over("DELETE", "/v1/requests/" + id, headers);
}

TEST(GatewayEarlyCancel, ThatOvertakesItsChatIsTakenWhenTheChatComes) {
  const RunningGateway gateway(patient());
  RawClient early = cancel_early(gateway, "r1");
  EXPECT_FALSE(early.has_more_within({}));
  RawClient chat = gateway.begin_chat("r1");
  const RawAnswer answer = early.read_answer();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(Json::parse(answer.body).at("data").at("cancellation"), "cooperative");
  gateway.advance("10s");
  EXPECT_EQ(Json::parse(chat.read_answer().body).at("data").at("status"), "cancelled");
}

TEST(GatewayEarlyCancel, WorksForAStreamAndInAsyncMode) {
  const RunningGateway gateway(patient());
  RawClient early = cancel_early(gateway, "r1");
  RawClient other = cancel_early(gateway, "r2");
  RawClient stream = gateway.begin_stream("r1");
  EXPECT_EQ(early.read_answer().status, 200U);
  gateway.call("POST", "/v1/chat", {}, R"({"message": "hi", "request_id": "r2", "mode": "async"})");
  EXPECT_EQ(other.read_answer().status, 200U);
  gateway.advance("10s");
  stream.read_until(R"("type":"cancelled")");
}

TEST(GatewayEarlyCancel, OfAnIdThatNeverComesIsUnknownWhenItsTimeIsUp) {
  GatewayOptions options = RunningGateway::manual();
  options.early_cancel = std::chrono::milliseconds(1);
  const RunningGateway gateway(std::move(options));
  const RawAnswer answer = gateway.call("DELETE", "/v1/requests/r1");
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(Json::parse(answer.body).at("code"), "NOT_FOUND");
}

TEST(GatewayEarlyCancel, IsCheckedAsAnyOtherOnceTheRequestIsThere) {
  const RunningGateway gateway(patient());
  RawClient bobs = cancel_early(gateway, "r1", "X-Muxi-User-ID: bob\r\n");
  RawClient failing =
      cancel_early(gateway, "r1", "X-Muxi-User-ID: ada\r\nX-Caesura-Fault: delete=503\r\n");
  EXPECT_EQ(gateway.call("DELETE", "/v1/requests/r1", "X-Caesura-Fault: boom\r\n").status, 400U)
      << "what is wrong with the call itself is said at once";
  RawClient chat = gateway.begin_chat("r1", "X-Muxi-User-ID: ada\r\n");
  EXPECT_EQ(bobs.read_answer().status, 403U);
  EXPECT_EQ(failing.read_answer().status, 503U);
  EXPECT_EQ(gateway.status("r1", "X-Muxi-User-ID: ada\r\n").at("cancel_requested"), false);
}

TEST(GatewayEarlyCancel, WaitsOnWhileItsChatIsRefused) {
  const RunningGateway gateway(patient());
  RawClient early = cancel_early(gateway, "r1");
  EXPECT_EQ(gateway.call("POST", "/v1/chat", {}, R"({"request_id": "r1"})").status, 422U);
  EXPECT_FALSE(early.has_more_within({}));
  RawClient chat = gateway.begin_chat("r1");
  EXPECT_EQ(early.read_answer().status, 200U);
}

TEST(GatewayEarlyCancel, IsUnknownAtOnceIfAsManyWaitAsMay) {
  GatewayOptions options = patient();
  options.early_cancels_max = 2;
  const RunningGateway gateway(std::move(options));
  RawClient first = cancel_early(gateway, "r1");
  RawClient second = cancel_early(gateway, "r2");
  EXPECT_EQ(gateway.call("DELETE", "/v1/requests/r3").status, 404U);
  RawClient chat = gateway.begin_chat("r1");
  EXPECT_EQ(first.read_answer().status, 200U);
  EXPECT_FALSE(second.has_more_within({}));
}

TEST(GatewayEarlyCancel, IsNoneAnyMoreOnceItsClientHasHungUp) {
  Count hang_ups;
  GatewayOptions options = patient();
  options.early_cancels_max = 1;
  options.access_log = [&](const Json& call) {
    if (call.at("status").is_null() && call.at("endpoint") == "request_cancel") hang_ups.add();
  };
  const RunningGateway gateway(std::move(options));
  cancel_early(gateway, "r1").close();
  hang_ups.wait_for(1);
  RawClient other = cancel_early(gateway, "r2");
  EXPECT_FALSE(other.has_more_within({})) << "its place is free again";
  RawClient chat = gateway.begin_chat("r1");
  EXPECT_EQ(gateway.status("r1").at("cancel_requested"), false);
}

TEST(GatewayEarlyCancel, IsOneLineOfTheAccessLogThoughItsClientHangsUpOnceItsChatHasCome) {
  Count lines;
  GatewayOptions options = patient();
  options.access_log = [&](const Json& call) {
    if (call.at("endpoint") == "request_cancel") lines.add();
  };
  const RunningGateway gateway(std::move(options), "links: {client: 1s}\n" + small_scenario);
  RawClient early = cancel_early(gateway, "r1");
  RawClient chat = gateway.begin_chat("r1");
  early.close();
  for (int i = 0; i < 3; ++i) gateway.status("r1");  // so that the server has seen it
  gateway.advance("30s");
  EXPECT_EQ(gateway.call("DELETE", "/v1/requests/r1").status, 200U);
  lines.wait_for(2);
  EXPECT_EQ(lines.value(), 2U);
}

TEST(GatewayEarlyCancel, IsUnknownAtOnceWhereNoneMayWaitAndInTheReferenceRuntime) {
  GatewayOptions impatient = RunningGateway::manual();
  impatient.early_cancel = {};
  GatewayOptions strict = patient();
  strict.strict = true;
  for (GatewayOptions& options : std::vector{impatient, strict}) {
    const RunningGateway gateway(std::move(options));
    EXPECT_EQ(gateway.call("DELETE", "/v1/requests/r1").status, 404U);
  }
}

}  // namespace
}  // namespace caesura
