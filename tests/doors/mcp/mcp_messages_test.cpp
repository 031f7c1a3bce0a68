#include "doors/mcp/mcp_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace caesura {
namespace {

JsonRpcRequest request(const std::string& method, nlohmann::json params) {
  return {JsonRpcId(4), method, std::move(params)};
}

ToolCall call_of(nlohmann::json params) {
  auto asked = request("tools/call", std::move(params));
  const auto call = tool_call(asked);
  EXPECT_TRUE(std::holds_alternative<ToolCall>(call));
  return std::holds_alternative<ToolCall>(call) ? std::get<ToolCall>(call) : ToolCall{};
}

TEST(McpMessages, AClientGetsTheRevisionThatItAsksForIfItIsServed) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    EXPECT_TRUE(is_mcp_version(version));
    EXPECT_EQ(initialize_result(version)["protocolVersion"], version);
  }
}

TEST(McpMessages, AClientThatAsksForAnotherRevisionGetsTheNewest) {
  for (const char* version : {"2026-07-28", "2024-10-07", "", "1"}) {
    EXPECT_FALSE(is_mcp_version(version));
    EXPECT_EQ(initialize_result(version)["protocolVersion"], "2025-11-25");
  }
}

TEST(McpMessages, AnInitializeIsAnsweredByWhatIsServed) {
  auto result = initialize_result("2025-06-18");
  EXPECT_TRUE(result["serverInfo"]["version"].is_string());
  result["serverInfo"]["version"] = "X";
  EXPECT_EQ(result.dump(), R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{}},)"
                           R"("serverInfo":{"name":"caesura","version":"X"}})");
}

TEST(McpMessages, AnInitializeWithoutARevisionHasInvalidParameters) {
  for (const auto& params :
       {nlohmann::json::object(), nlohmann::json({{"protocolVersion", 20251125}})}) {
    const auto version = asked_version(request("initialize", params));
    ASSERT_TRUE(std::holds_alternative<JsonRpcError>(version));
    EXPECT_EQ(std::get<JsonRpcError>(version).code, JsonRpcCode::invalid_params);
    EXPECT_EQ(std::get<JsonRpcError>(version).id, JsonRpcId(4));
  }
  EXPECT_EQ(std::get<std::string>(
                asked_version(request("initialize", {{"protocolVersion", "2025-03-26"}}))),
            "2025-03-26");
}

TEST(McpMessages, AToolIsListedWithASchemaOfTwoTextsBothRequired) {
  const auto result = tools_result({{.name = "search", .read_only = true, .idempotent = true}});
  EXPECT_EQ(
      result.dump(),
      R"({"tools":[{"name":"search","title":"search","description":"search, as the scenario has it: )"
      R"(it takes its time and answers with filler","inputSchema":{"type":"object","properties":{)"
      R"("caesura_run":{"type":"string","description":"Whose call this is: the conversation's mark )"
      R"(without its brackets, as RUN/1#2"},"input":{"type":"string","description":"What the tool )"
      R"(is asked for"}},"required":["caesura_run","input"],"additionalProperties":false},)"
      R"("annotations":{"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true}}]})");
}

TEST(McpMessages, AToolWithEffectsIsDestructiveAndNotReadOnly) {
  const auto result = tools_result({{.name = "deploy"}, {.name = "store", .idempotent = true}});
  ASSERT_EQ(result["tools"].size(), 2U);
  EXPECT_EQ(result["tools"][0]["annotations"].dump(),
            R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false})");
  EXPECT_EQ(result["tools"][1]["annotations"].dump(),
            R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true})");
}

TEST(McpMessages, WithoutToolsTheListIsEmpty) {
  EXPECT_EQ(tools_result({}).dump(), R"({"tools":[]})");
}

TEST(McpMessages, ACallNamesAToolAndItsArguments) {
  const auto call = call_of({{"name", "search"}, {"arguments", {{"caesura_run", "a/1#2"}}}});
  EXPECT_EQ(call.name, "search");
  EXPECT_EQ(call.arguments, nlohmann::json({{"caesura_run", "a/1#2"}}));
  EXPECT_EQ(call.progress_token, std::nullopt);
}

TEST(McpMessages, ACallWithoutArgumentsHasNone) {
  EXPECT_EQ(call_of({{"name", "search"}}).arguments, nlohmann::json::object());
  EXPECT_EQ(call_of({{"name", "search"}, {"arguments", nullptr}}).arguments,
            nlohmann::json::object());
}

TEST(McpMessages, AProgressTokenIsANumberOrAText) {
  EXPECT_EQ(call_of({{"name", "a"}, {"_meta", {{"progressToken", 0}}}}).progress_token,
            JsonRpcId(0));
  EXPECT_EQ(call_of({{"name", "a"}, {"_meta", {{"progressToken", "t"}}}}).progress_token,
            JsonRpcId("t"));
  EXPECT_EQ(call_of({{"name", "a"}, {"_meta", {{"other", 1}}}}).progress_token, std::nullopt);
}

TEST(McpMessages, AWishForATaskIsIgnored) {
  EXPECT_EQ(call_of({{"name", "a"}, {"task", {{"ttl", 60000}}}}).name, "a");
}

TEST(McpMessages, ACallOfTheWrongTypesHasInvalidParameters) {
  for (const auto& params :
       {nlohmann::json::object(), nlohmann::json({{"name", 1}}),
        nlohmann::json({{"name", "a"}, {"arguments", "x"}}),
        nlohmann::json({{"name", "a"}, {"arguments", {1}}}),
        nlohmann::json({{"name", "a"}, {"_meta", 1}}),
        nlohmann::json({{"name", "a"}, {"_meta", {{"progressToken", {}}}}}),
        nlohmann::json({{"name", "a"}, {"_meta", {{"progressToken", 1.5}}}})}) {
    auto asked = request("tools/call", params);
    const auto call = tool_call(asked);
    ASSERT_TRUE(std::holds_alternative<JsonRpcError>(call)) << params;
    EXPECT_EQ(std::get<JsonRpcError>(call).code, JsonRpcCode::invalid_params) << params;
    EXPECT_EQ(std::get<JsonRpcError>(call).id, JsonRpcId(4));
  }
}

TEST(McpMessages, AToolsAnswerIsOneText) {
  EXPECT_EQ(tool_result("found", false).dump(),
            R"({"content":[{"type":"text","text":"found"}],"isError":false})");
  EXPECT_EQ(tool_result("disk full", true).dump(),
            R"({"content":[{"type":"text","text":"disk full"}],"isError":true})");
}

TEST(McpMessages, ProgressRisesToItsTotal) {
  EXPECT_EQ(progress_notification(JsonRpcId("t"), ProgressStep::received),
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t",)"
            R"("progress":0,"total":2,"message":"received"}})");
  EXPECT_EQ(progress_notification(JsonRpcId(9), ProgressStep::started),
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,)"
            R"("progress":1,"total":2,"message":"started"}})");
  EXPECT_EQ(progress_notification(JsonRpcId(9), ProgressStep::done),
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,)"
            R"("progress":2,"total":2,"message":"done"}})");
}

TEST(McpMessages, ACancelNamesARequest) {
  EXPECT_EQ(cancelled_request({"notifications/cancelled", {{"requestId", 3}, {"reason", "x"}}}),
            JsonRpcId(3));
  EXPECT_EQ(cancelled_request({"notifications/cancelled", {{"requestId", "3"}}}), JsonRpcId("3"));
  EXPECT_EQ(cancelled_request({"notifications/cancelled", {{"requestId", nullptr}}}), std::nullopt);
  EXPECT_EQ(cancelled_request({"notifications/cancelled", nlohmann::json::object()}), std::nullopt);
}

TEST(McpMessages, AnEventIsALineOfDataAndAnEmptyOne) {
  EXPECT_EQ(event_of(R"({"a":1})"), "event: message\ndata: {\"a\":1}\n\n");
}

}  // namespace
}  // namespace caesura
