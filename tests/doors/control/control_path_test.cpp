#include "doors/control/control_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

/// "GET clock, POST clock_advance"
std::string ways_of(const std::string& path, bool posts = false) {
  std::string text;
  for (const ControlWay& way : control_place_of(path, posts).ways)
    text += (text.empty() ? "" : ", ") + std::string(way.method) + " " + name_of(way.call);
  return text;
}

TEST(ControlPath, HasTheCallsBehindEveryDoor) {
  EXPECT_EQ(ways_of("clock"), "GET clock, POST clock_advance");
  EXPECT_EQ(ways_of("results"), "GET results");
  EXPECT_EQ(ways_of("requests/r1"), "GET timeline");
  EXPECT_EQ(ways_of("requests/r1/release", true), "POST release");
  for (const char* path : {"", "clock/", "requests", "requests/", "nothing"})
    EXPECT_EQ(ways_of(path), "") << path;
}

TEST(ControlPath, AnIdMayEndAsAPathDoes) {
  EXPECT_EQ(control_place_of("requests/a%2Fb/release", true).id, "a/b");
  EXPECT_EQ(control_place_of("requests/a/release", false).id, "a/release");
}

}  // namespace
}  // namespace caesura
