#include "doors/live/request_registry.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Time at(Duration t) { return Time{t}; }

LiveRequest request_of(RequestNumber number, const std::string& id) {
  LiveRequest request;
  request.number = number;
  request.id = id;
  return request;
}

TEST(RequestRegistry, AnEndedRequestIsForgottenAfterFiveMinutes) {
  RequestRegistry registry({});
  registry.add(request_of(0, "a"));
  registry.ended(0, at(10s));
  registry.settled(0);
  registry.forget_until(at(309s));
  EXPECT_NE(registry.find("a"), nullptr);
  registry.forget_until(at(310s));
  EXPECT_EQ(registry.find("a"), nullptr);
  EXPECT_EQ(registry.count({}), 0U);
  EXPECT_EQ(registry.find(RequestNumber{0}), nullptr);
}

TEST(RequestRegistry, OneThatHasNotSettledCanStillBeFoundByNumber) {
  RequestRegistry registry({});
  registry.add(request_of(0, "a"));
  registry.ended(0, at(0s));
  registry.forget_until(at(1h));
  EXPECT_NE(registry.find(RequestNumber{0}), nullptr);
  registry.settled(0);
  EXPECT_EQ(registry.find(RequestNumber{0}), nullptr);
}

TEST(RequestRegistry, AnIdUsedAgainMeansTheNewRequest) {
  RequestRegistry registry({});
  registry.add(request_of(0, "a"));
  registry.add(request_of(1, "b"));
  registry.add(request_of(2, "a"));
  EXPECT_EQ(registry.find("a")->number, 2U);
  EXPECT_EQ(registry.newest({}, 9, {}), (std::vector<RequestNumber>{2, 1})) << "newest first";
  registry.ended(0, at(0s));
  registry.settled(0);
  registry.forget_until(at(1h));
  EXPECT_EQ(registry.find("a")->number, 2U);
}

TEST(RequestRegistry, ListsTheRequestsOfAUserInPages) {
  RequestRegistry registry({});
  for (RequestNumber number = 0; number < 6; ++number) {
    LiveRequest request = request_of(number, std::to_string(number));
    request.user = number % 2 == 0 ? "ada" : "bob";
    registry.add(std::move(request));
  }
  EXPECT_EQ(registry.newest("ada", 2, {}), (std::vector<RequestNumber>{4, 2}));
  EXPECT_EQ(registry.newest("ada", 2, 2), (std::vector<RequestNumber>{0}));
  EXPECT_EQ(registry.newest({}, 3, 4), (std::vector<RequestNumber>{3, 2, 1}));
  EXPECT_EQ(registry.count("bob"), 3U);
  EXPECT_EQ(registry.count("eve"), 0U);
  EXPECT_TRUE(registry.newest("eve", 9, {}).empty());
  registry.ended(1, at(0s));
  registry.forget_until(at(1h));
  EXPECT_EQ(registry.count("bob"), 2U) << "though it has not settled";
}

}  // namespace
}  // namespace caesura
