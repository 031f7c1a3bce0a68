#include "doors/mcp/mcp_gate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

HttpRequest post() {
  return {.method = "POST",
          .headers = {{"Accept", "application/json, text/event-stream"},
                      {"Content-Type", "application/json"}}};
}

HttpRequest post_accepting(const std::vector<std::string>& values) {
  HttpRequest request{.method = "POST", .headers = {{"Content-Type", "application/json"}}};
  for (const auto& value : values) request.headers.push_back({"accept", value});
  return request;
}

unsigned status_of(const HttpRequest& request) {
  const auto refusal = refused_at_gate(request);
  return refusal ? refusal->status : 0;
}

TEST(McpGate, APostAsTheSdksSendItComesIn) { EXPECT_EQ(status_of(post()), 0U); }

TEST(McpGate, ADeleteNeedsNoHeaders) { EXPECT_EQ(status_of({.method = "DELETE"}), 0U); }

TEST(McpGate, OtherMethodsAreNotAllowed) {
  for (const char* method : {"GET", "PUT", "OPTIONS", "HEAD", "post"}) {
    auto request = post();
    request.method = method;
    const auto refusal = refused_at_gate(request);
    ASSERT_TRUE(refusal) << method;
    EXPECT_EQ(refusal->status, 405U) << method;
    EXPECT_EQ(
        refusal->body,
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Method not allowed."}})");
    ASSERT_EQ(refusal->headers.size(), 2U);
    EXPECT_EQ(refusal->headers[1].name, "Allow");
    EXPECT_EQ(refusal->headers[1].value, "POST, DELETE");
  }
}

TEST(McpGate, JsonAndEventsMustBothBeAcceptable) {
  for (const auto& values : std::vector<std::vector<std::string>>{
           {"application/json, text/event-stream"},
           {"text/event-stream;q=0.9 , APPLICATION/JSON; charset=utf-8"},
           {"*/*"},
           {"text/html, */*;q=0.8"},
           {"application/*, text/*"},
           {"application/json", "text/event-stream"}}) {
    EXPECT_EQ(status_of(post_accepting(values)), 0U) << values[0];
  }
  for (const auto& values :
       std::vector<std::vector<std::string>>{{},
                                             {""},
                                             {"application/json"},
                                             {"text/event-stream"},
                                             {"text/*"},
                                             {"application/jsonx, text/event-stream"},
                                             {"text/html"}}) {
    const auto refusal = refused_at_gate(post_accepting(values));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 406U);
    EXPECT_EQ(refusal->headers[0].value, "application/json");
  }
}

TEST(McpGate, ABodyIsSaidToBeJson) {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8"}) {
    auto request = post();
    request.headers[1].value = type;
    EXPECT_EQ(status_of(request), 0U) << type;
  }
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                           "text/plain; application/json", ""}) {
    auto request = post();
    request.headers[1].value = type;
    EXPECT_EQ(status_of(request), 415U) << type;
  }
  auto request = post();
  request.headers.pop_back();
  EXPECT_EQ(status_of(request), 415U);
}

}  // namespace
}  // namespace caesura
