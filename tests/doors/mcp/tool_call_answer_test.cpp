#include "doors/mcp/tool_call_answer.hpp"

#include "doors/mcp/mcp_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caesura {
namespace {

TEST(ToolCallAnswer, WithoutATokenItIsOneJsonAtTheEnd) {
  const ToolCallAnswer answer(JsonRpcId(4), {});
  EXPECT_FALSE(answer.is_stream());
  EXPECT_EQ(answer.received(), "");
  EXPECT_EQ(answer.started(), "");
  EXPECT_EQ(answer.ended(CallEnd::ok, "found"),
            R"({"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"found"}],)"
            R"("isError":false}})");
}

TEST(ToolCallAnswer, WithATokenItIsThreeStepsAndTheResult) {
  const ToolCallAnswer answer(JsonRpcId("x"), JsonRpcId(7));
  EXPECT_TRUE(answer.is_stream());
  EXPECT_EQ(answer.received(),
            event_of(progress_notification(JsonRpcId(7), ProgressStep::received)));
  EXPECT_EQ(answer.started(), event_of(progress_notification(JsonRpcId(7), ProgressStep::started)));
  EXPECT_EQ(
      answer.ended(CallEnd::ok, "found"),
      event_of(progress_notification(JsonRpcId(7), ProgressStep::done)) +
          event_of(
              R"({"jsonrpc":"2.0","id":"x","result":{"content":[{"type":"text","text":"found"}],)"
              R"("isError":false}})"));
}

TEST(ToolCallAnswer, AFailureIsAnErrorOfTheToolAndNotDone) {
  const std::string result =
      R"({"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"disk full"}],)"
      R"("isError":true}})";
  EXPECT_EQ(ToolCallAnswer(JsonRpcId(4), {}).ended(CallEnd::failed, "disk full"), result);
  EXPECT_EQ(ToolCallAnswer(JsonRpcId(4), JsonRpcId(7)).ended(CallEnd::failed, "disk full"),
            event_of(result));
}

TEST(ToolCallAnswer, ACallThatFoundNoPlaceIsToldSo) {
  const std::string result =
      R"({"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"No place and no )"
      R"(waiting place was free; nothing was done"}],"isError":true}})";
  EXPECT_EQ(ToolCallAnswer(JsonRpcId(4), {}).ended(CallEnd::turned_away, ""), result);
  EXPECT_EQ(ToolCallAnswer(JsonRpcId(4), JsonRpcId(7)).ended(CallEnd::turned_away, ""),
            event_of(result));
}

TEST(ToolCallAnswer, LinesInATextDoNotEndAnEvent) {
  const auto events = ToolCallAnswer(JsonRpcId(4), JsonRpcId(7)).ended(CallEnd::failed, "a\n\nb\r");
  EXPECT_EQ(events.find("\n\n"), events.size() - 2);
  EXPECT_EQ(events.find('\r'), std::string::npos);
}

TEST(ToolCallAnswer, ARefusalOfTheCallIsInvalidParameters) {
  const auto error = error_of(Refusal(RefusalKind::bad_request, 400, "no such operation"), 3);
  EXPECT_EQ(error.code, JsonRpcCode::invalid_params);
  EXPECT_EQ(error.message, "no such operation");
  EXPECT_EQ(error.id, JsonRpcId(3));
}

TEST(ToolCallAnswer, AnyOtherRefusalIsTheServersError) {
  for (const auto kind : {RefusalKind::unauthorized, RefusalKind::forbidden, RefusalKind::not_found,
                          RefusalKind::too_large, RefusalKind::rate_limited,
                          RefusalKind::overloaded, RefusalKind::server_error}) {
    EXPECT_EQ(error_of(Refusal(kind, 500, "x")).code, JsonRpcCode::server_error);
  }
}

TEST(ToolCallAnswer, AClientIsToldToComeBackAfterWholeSeconds) {
  Refusal refusal(RefusalKind::rate_limited, 429, "too many");
  EXPECT_EQ(retry_after_of(refusal), "");
  refusal.retry_after = std::chrono::seconds(6);
  EXPECT_EQ(retry_after_of(refusal), "6");
  refusal.retry_after = std::chrono::milliseconds(6001);
  EXPECT_EQ(retry_after_of(refusal), "7");
}

}  // namespace
}  // namespace caesura
