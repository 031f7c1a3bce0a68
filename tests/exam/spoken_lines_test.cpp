#include "exam/spoken_lines.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

TEST(SpokenLines, AreGivenAsTheyWereAdded) {
  std::vector<SpokenLine> added;
  SpokenLines lines;
  EXPECT_TRUE(lines.empty());
  for (int i = 0; i < 3000; ++i) {
    const Time at = Time{} + (i % 7 == 0 ? -5s : 1ns * i * i);  // a clock need not only go on
    const std::size_t size = i % 1000 == 999 ? 1'500'000 : static_cast<std::size_t>(i % 300);
    added.push_back({at, i % 3 == 0, std::string(size, static_cast<char>(i))});
    lines.push_back(added.back());
  }
  std::size_t n = 0;
  for (const SpokenLine& line : lines) {
    ASSERT_LT(n, added.size());
    EXPECT_EQ(line.at, added[n].at);
    EXPECT_EQ(line.is_to_subject, added[n].is_to_subject);
    EXPECT_EQ(line.text, added[n].text);
    ++n;
  }
  EXPECT_EQ(n, added.size());
}

TEST(SpokenLines, TakeLittleMoreThanTheirBytes) {
  SpokenLines lines;
  constexpr std::size_t count = 1'000'000;
  for (std::size_t i = 0; i < count; ++i) lines.add(Time{} + 100ns * i, false, "y");
  EXPECT_LT(lines.kept_bytes(), 3 * 2 * count);  // each came in two bytes
}

}  // namespace
}  // namespace caesura
