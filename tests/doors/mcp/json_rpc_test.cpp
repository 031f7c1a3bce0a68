#include "doors/mcp/json_rpc.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace caesura {
namespace {

JsonRpcError error_in(std::string_view text) {
  const auto message = decode_json_rpc(text);
  const auto* error = std::get_if<JsonRpcError>(&message);
  EXPECT_NE(error, nullptr) << text.substr(0, 200);
  return error != nullptr ? *error : JsonRpcError{JsonRpcCode::server_error, "none", {}};
}

JsonRpcRequest request_in(std::string_view text) {
  const auto message = decode_json_rpc(text);
  const auto* request = std::get_if<JsonRpcRequest>(&message);
  EXPECT_NE(request, nullptr) << text;
  return request != nullptr ? *request : JsonRpcRequest{};
}

std::string nested(int depth) {
  const auto levels = static_cast<std::size_t>(depth);
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonRpc, ARequestHasAnIdAMethodAndParameters) {
  const auto request =
      request_in(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"search"}})");
  EXPECT_EQ(request.id, JsonRpcId(7));
  EXPECT_EQ(request.method, "tools/call");
  EXPECT_EQ(request.params, nlohmann::json({{"name", "search"}}));
}

TEST(JsonRpc, ParametersThatAreNotThereAreAnEmptyObject) {
  EXPECT_EQ(request_in(R"({"jsonrpc":"2.0","id":7,"method":"ping"})").params,
            nlohmann::json::object());
}

TEST(JsonRpc, ANumberAndTheTextOfItAreTwoIds) {
  const auto number = request_in(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").id;
  const auto text = request_in(R"({"jsonrpc":"2.0","id":"1","method":"ping"})").id;
  EXPECT_EQ(number, JsonRpcId(1));
  EXPECT_EQ(text, JsonRpcId("1"));
  EXPECT_NE(number, text);
}

TEST(JsonRpc, AnIdThatIsAnIntegerInJavaScriptIsOne) {
  EXPECT_EQ(json_rpc_id(1.0), JsonRpcId(1));
  EXPECT_EQ(json_rpc_id(-3), JsonRpcId(-3));
  EXPECT_EQ(json_rpc_id(1.5), std::nullopt);
  EXPECT_EQ(json_rpc_id(1e300), std::nullopt);
  EXPECT_EQ(json_rpc_id(9'223'372'036'854'775'807), JsonRpcId(9'223'372'036'854'775'807));
  EXPECT_EQ(json_rpc_id(9'223'372'036'854'775'808U), std::nullopt);
}

TEST(JsonRpc, AnIdOfOver128BytesIsNone) {
  EXPECT_EQ(json_rpc_id(std::string(128, 'a')), JsonRpcId(std::string(128, 'a')));
  EXPECT_EQ(json_rpc_id(std::string(129, 'a')), std::nullopt);
}

TEST(JsonRpc, AnIdThatIsNoneIsAnInvalidRequest) {
  for (const char* id : {"null", "true", "{}", "[1]", "1.5"}) {
    const auto error =
        error_in(std::string(R"({"jsonrpc":"2.0","method":"ping","id":)") + id + "}");
    EXPECT_EQ(error.code, JsonRpcCode::invalid_request) << id;
    EXPECT_EQ(error.id, std::nullopt) << id;
  }
}

TEST(JsonRpc, WithoutAnIdItIsANotification) {
  const auto message = decode_json_rpc(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  ASSERT_TRUE(std::holds_alternative<JsonRpcNotification>(message));
  EXPECT_EQ(std::get<JsonRpcNotification>(message).method, "notifications/initialized");
  EXPECT_EQ(std::get<JsonRpcNotification>(message).params, nlohmann::json::object());
}

TEST(JsonRpc, AnAnswerOfTheClientIsOneWhateverItSays) {
  for (const char* text : {R"({"jsonrpc":"2.0","id":1,"result":{}})",
                           R"({"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no"}})",
                           R"({"jsonrpc":"2.0","id":null,"error":17})"}) {
    EXPECT_TRUE(std::holds_alternative<JsonRpcResponse>(decode_json_rpc(text))) << text;
  }
}

TEST(JsonRpc, MembersThatItDoesNotKnowArePassedOver) {
  EXPECT_EQ(request_in(R"({"jsonrpc":"2.0","id":1,"method":"ping","trace":"x"})").method, "ping");
}

TEST(JsonRpc, WhatIsNoJsonInUtf8IsAParseError) {
  const std::string wrong_bytes = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("nonsense"), wrong_bytes,
        std::string(R"({"jsonrpc":"2.0","id":1,"method":"ping"} {})"),
        std::string(R"({"jsonrpc":"2.0","id":1e999,"method":"ping"})"),
        std::string(R"({"a":"\ud800"})"), std::string(100, '[')}) {
    const auto error = error_in(text);
    EXPECT_EQ(error.code, JsonRpcCode::parse_error) << text;
    EXPECT_EQ(error.id, std::nullopt);
  }
}

TEST(JsonRpc, AMessageIsAnObjectAndNoBatch) {
  for (const char* text :
       {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", "[]", "1", "null", R"("text")", "true"}) {
    EXPECT_EQ(error_in(text).code, JsonRpcCode::invalid_request) << text;
  }
}

TEST(JsonRpc, WhatIsWrongWithARequestIsSaidWithItsId) {
  for (const char* text : {R"({"id":5,"method":"ping"})", R"({"jsonrpc":"1.0","id":5})",
                           R"({"jsonrpc":2.0,"id":5,"method":"ping"})",
                           R"({"jsonrpc":"2.0","id":5})", R"({"jsonrpc":"2.0","id":5,"method":7})",
                           R"({"jsonrpc":"2.0","id":5,"method":null,"params":{}})",
                           R"({"jsonrpc":"2.0","id":5,"method":"ping","params":"x"})",
                           R"({"jsonrpc":"2.0","id":5,"method":"ping","params":null})"}) {
    const auto error = error_in(text);
    EXPECT_EQ(error.code, JsonRpcCode::invalid_request) << text;
    EXPECT_EQ(error.id, JsonRpcId(5)) << text;
  }
}

TEST(JsonRpc, ParametersByPlaceAreInvalidParameters) {
  const auto error = error_in(R"({"jsonrpc":"2.0","id":5,"method":"ping","params":[1]})");
  EXPECT_EQ(error.code, JsonRpcCode::invalid_params);
  EXPECT_EQ(error.id, JsonRpcId(5));
}

TEST(JsonRpc, AHundredLevelsAreReadAndNoMore) {
  const std::string before = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":)";
  EXPECT_EQ(request_in(before + nested(98) + "}}").method, "ping");
  EXPECT_EQ(error_in(before + nested(99) + "}}").code, JsonRpcCode::invalid_request);
}

TEST(JsonRpc, BracketsInTextsAreNoLevels) {
  const std::string brackets(300, '[');
  const auto request = request_in(R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\")" +
                                  brackets + R"(\\","b":")" + brackets + "\"}}");
  EXPECT_EQ(request.params["a"], "\"" + brackets + "\\");
  EXPECT_EQ(request.params["b"], brackets);
}

TEST(JsonRpc, LevelsAfterTextsAreCounted) {
  const std::string before = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\","b":)";
  EXPECT_EQ(request_in(before + nested(98) + "}}").method, "ping");
  EXPECT_EQ(error_in(before + nested(99) + "}}").code, JsonRpcCode::invalid_request);
}

TEST(JsonRpc, MillionsOfLevelsAreRefusedWithoutRecursion) {
  EXPECT_EQ(error_in(std::string(5'000'000, '[')).code, JsonRpcCode::invalid_request);
  EXPECT_EQ(error_in(nested(2'000'000)).code, JsonRpcCode::invalid_request);
}

TEST(JsonRpc, AResultIsWrittenInOneLine) {
  EXPECT_EQ(encode_result(JsonRpcId("a\n"), {{"text", "b\nc"}}),
            R"({"jsonrpc":"2.0","id":"a\n","result":{"text":"b\nc"}})");
  EXPECT_EQ(encode_result(JsonRpcId(3), nlohmann::ordered_json::object()),
            R"({"jsonrpc":"2.0","id":3,"result":{}})");
}

TEST(JsonRpc, AnErrorHasTheIdOrNull) {
  EXPECT_EQ(encode_error({JsonRpcCode::parse_error, "Parse error", {}}),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})");
  EXPECT_EQ(encode_error({JsonRpcCode::method_not_found, "No", JsonRpcId("x")}),
            R"({"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"No"}})");
}

TEST(JsonRpc, ANotificationHasNoId) {
  EXPECT_EQ(encode_notification("notifications/progress", {{"progress", 1}}),
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}})");
}

TEST(JsonRpc, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(
      encode_error({JsonRpcCode::server_error, "\xff", {}}),
      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"\xEF\xBF\xBD\"}}");
}

}  // namespace
}  // namespace caesura
