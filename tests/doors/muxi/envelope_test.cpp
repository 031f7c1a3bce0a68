#include "doors/muxi/envelope.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

TEST(Envelope, HasAllFieldsAlways) {
  const EnvelopeHead head{.timestamp_ms = 7, .request_id = "req_1", .idempotency_key = "k"};
  EXPECT_EQ(
      success(202, head, "chat", "chat.async_accepted", {{"a", 1}}).body,
      R"({"object":"chat","timestamp":7,"type":"chat.async_accepted","request":{"id":"req_1","idempotency_key":"k"},)"
      R"("success":true,"error":null,"data":{"a":1}})");
  EXPECT_EQ(
      failure({.timestamp_ms = 7, .request_id = "req_1", .idempotency_key = {}},
              CallError(404, "NOT_FOUND", "no"))
          .body,
      R"({"object":"error","timestamp":7,"type":"error.not_found","request":{"id":"req_1","idempotency_key":null},)"
      R"("success":false,"error":{"code":"NOT_FOUND","message":"no","data":{}},"data":{},"code":"NOT_FOUND","message":"no"})");
}

TEST(Envelope, OfAnErrorMayBeAlone) {
  const Json body =
      Json::parse(failure({}, CallError(404, "NOT_FOUND", "no"), ErrorForm::envelope_alone).body);
  EXPECT_FALSE(body.contains("code"));
  EXPECT_FALSE(body.contains("message"));
  EXPECT_EQ(body.at("error").at("code"), "NOT_FOUND");
}

TEST(Envelope, ErrorTypesFollowTheirCodes) {
  const auto type_of = [](const char* code) {
    return Json::parse(failure({}, CallError(400, code, "")).body)["type"].get<std::string>();
  };
  EXPECT_EQ(type_of("INVALID_REQUEST"), "error.validation");
  EXPECT_EQ(type_of("INVALID_PARAMS"), "error.validation");
  EXPECT_EQ(type_of("UNAUTHORIZED"), "error.authentication");
  EXPECT_EQ(type_of("FORBIDDEN"), "error.authorization");
  EXPECT_EQ(type_of("REQUEST_NOT_FOUND"), "error.not_found");
  EXPECT_EQ(type_of("OPERATION_FAILED"), "error.internal");
}

}  // namespace
}  // namespace caesura
