#include "doors/openai/openai_error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

TEST(OpenAiError, IsByteForByteThis) {
  EXPECT_EQ(error_text({RefusalKind::bad_request, 400, "No \"n\"", "n"}),
            R"({"error":{"message":"No \"n\"","type":"invalid_request_error","param":"n",)"
            R"("code":null}})");
}

TEST(OpenAiError, EveryKindHasOpenAisTypeAndCode) {
  struct Row {
    RefusalKind kind;
    unsigned status;
    const char* type;
    Json code;
  };
  const std::vector<Row> rows = {
      {RefusalKind::bad_request, 400, "invalid_request_error", nullptr},
      {RefusalKind::bad_request, 405, "invalid_request_error", "method_not_supported"},
      {RefusalKind::unauthorized, 401, "invalid_request_error", "invalid_api_key"},
      {RefusalKind::forbidden, 403, "invalid_request_error", nullptr},
      {RefusalKind::not_found, 404, "invalid_request_error", "unknown_url"},
      {RefusalKind::unknown_model, 404, "invalid_request_error", "model_not_found"},
      {RefusalKind::too_large, 413, "invalid_request_error", nullptr},
      {RefusalKind::rate_limited, 429, "requests", "rate_limit_exceeded"},
      {RefusalKind::overloaded, 503, "server_error", nullptr},
      {RefusalKind::server_error, 500, "server_error", nullptr}};
  for (const Row& row : rows) {
    const HttpAnswer answer = error_answer({row.kind, row.status, "why"});
    const Json error = Json::parse(answer.body).at("error");
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(error.at("message"), "why") << row.status;
    EXPECT_EQ(error.at("type"), row.type) << row.status;
    EXPECT_EQ(error.at("code"), row.code) << row.status;
    EXPECT_EQ(error.at("param"), nullptr) << row.status;
  }
}

std::string header(const HttpAnswer& answer, std::string_view name) {
  for (const HttpHeader& header : answer.headers) {
    if (header.name == name) return header.value;
  }
  return "none";
}

TEST(OpenAiError, SaysWhenToTryAgainInSecondsRoundedUpAndInMilliseconds) {
  Refusal refusal(RefusalKind::rate_limited, 429, "slow down");
  EXPECT_EQ(header(error_answer(refusal), "Retry-After"), "none");
  EXPECT_EQ(header(error_answer(refusal), "retry-after-ms"), "none");
  refusal.retry_after = 1'000'000'001ns;
  EXPECT_EQ(header(error_answer(refusal), "Retry-After"), "2");
  EXPECT_EQ(header(error_answer(refusal), "retry-after-ms"), "1001");
  refusal.retry_after = 6s;
  EXPECT_EQ(header(error_answer(refusal), "Retry-After"), "6");
  EXPECT_EQ(header(error_answer(refusal), "retry-after-ms"), "6000");
}

TEST(OpenAiError, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(Json::parse(error_text({RefusalKind::bad_request, 400, "a\xff"}))["error"]["message"],
            "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace caesura
