#include "tests/doors/muxi/running_gateway.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

/// With `count` requests of the user 0: r0, r1 and so on.
void start_many(const RunningGateway& gateway, int count) {
  for (int i = 0; i < count; ++i) {
    gateway.call(
        "POST", "/v1/chat", {},
        R"({"message": "hi", "mode": "async", "request_id": "r)" + std::to_string(i) + "\"}");
  }
}

/// The ids of a page, and the count.
std::string page(const RunningGateway& gateway, const std::string& query,
                 const std::string& headers = {}) {
  const Json data = gateway.json("GET", "/v1/requests" + query, headers).at("data");
  std::string ids;
  for (const Json& request : data.at("requests"))
    ids += request.at("request_id").get<std::string>() + " ";
  return ids + "of " + data.at("count").dump();
}

TEST(GatewayList, ComesInPagesWithTheWholeCount) {
  const RunningGateway gateway;
  start_many(gateway, 5);
  gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: bob\r\n",
               R"({"message": "hi", "mode": "async", "request_id": "a&b"})");
  EXPECT_EQ(page(gateway, "?limit=2"), "r4 r3 of 5");
  EXPECT_EQ(page(gateway, "?before=r3&limit=2"), "r2 r1 of 5");
  EXPECT_EQ(page(gateway, "?limit=2&before=r1&color=red"), "r0 of 5");
  EXPECT_EQ(page(gateway, "/?before=r0"), "of 5");
  const std::string admin = "X-Muxi-Admin-Key: any\r\n";
  EXPECT_EQ(page(gateway, "?limit=1", admin), "a&b of 6");
  EXPECT_EQ(page(gateway, "?limit=1&before=a%26b", admin), "r4 of 6");
  EXPECT_EQ(page(gateway, "", "X-Muxi-User-ID: eve\r\n"), "of 0");
}

TEST(GatewayList, HasAHundredAtATimeUnlessItIsToldOtherwise) {
  const RunningGateway gateway;
  start_many(gateway, 120);
  const auto size_of = [&](const std::string& query) {
    return gateway.json("GET", "/v1/requests" + query).at("data").at("requests").size();
  };
  EXPECT_EQ(size_of(""), 100U);
  EXPECT_EQ(size_of("?limit=1000"), 120U);
}

TEST(GatewayList, RefusesWhatIsNoPage) {
  const RunningGateway gateway;
  start_many(gateway, 1);
  gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: bob\r\n",
               R"({"message": "hi", "mode": "async", "request_id": "bobs"})");
  for (const std::string query : {"limit=0", "limit=1001", "limit=-1", "limit=", "limit", "limit=x",
                                  "limit=1.0", "before=", "before=none", "before=bobs"}) {
    const RawAnswer answer = gateway.call("GET", "/v1/requests?" + query);
    EXPECT_EQ(answer.status, 422U) << query;
    const Json error = Json::parse(answer.body).at("error");
    EXPECT_EQ(error.at("code"), "INVALID_PARAMS") << query;
    EXPECT_EQ(error.at("data").at("validation_errors")[0].at("field"),
              query.substr(0, query.find('=')))
        << query;
  }
}

TEST(GatewayList, IsWholeAndOldestFirstInTheReference) {
  GatewayOptions options = RunningGateway::manual();
  options.strict = true;
  const RunningGateway gateway(std::move(options));
  std::vector<RawClient> chats;
  for (int i = 0; i < 120; ++i) chats.push_back(gateway.begin_chat("r" + std::to_string(i)));
  const Json data = gateway.json("GET", "/v1/requests?limit=2&before=none").at("data");
  EXPECT_EQ(data.at("count"), 120);
  ASSERT_EQ(data.at("requests").size(), 120U);
  EXPECT_EQ(data.at("requests")[0].at("request_id"), "r0");
  EXPECT_EQ(data.at("requests")[119].at("request_id"), "r119");
}

}  // namespace
}  // namespace caesura
