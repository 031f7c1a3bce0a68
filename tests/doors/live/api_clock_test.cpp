#include "doors/live/api_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Time at(Duration t) { return Time{t}; }

TEST(ApiClock, MomentsAreFloatsOrRfc3339AndGoAtTheirPace) {
  const ApiClock clock(std::chrono::system_clock::time_point(1785843861s), 10);
  EXPECT_EQ(clock.json(at(5s), TimeForm::seconds), 1785843861.5);
  EXPECT_EQ(clock.json(at(5s), TimeForm::rfc3339), "2026-08-04T11:44:21.500000Z");
  EXPECT_EQ(clock.milliseconds(at(990ms)), 1785843861099);
}

TEST(ApiClock, EndsWhereTimeEnds) {
  const std::chrono::system_clock::time_point start(1785843861s);
  EXPECT_EQ(ApiClock(start, 1).client_time(Time::max()), Time::max());
  EXPECT_EQ(ApiClock(start, 0.001).client_time(Time::max()), Time::max());
  EXPECT_EQ(ApiClock(start, 1000).client_time(at(5s)), at(5ms));
  EXPECT_EQ(ApiClock(start, 0.001).rfc3339(Time::max()), ApiClock(start, 1).rfc3339(Time::max()));
}

}  // namespace
}  // namespace caesura
