#include "doors/live/sliced_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

TEST(SlicedText, TakesNoLongerAtATimeThanItsSlice) {
  std::chrono::steady_clock::time_point now;
  SlicedText text({1, 2, 3, 4, 5, 6, 7}, [&] { return now; });
  const auto item = [&](RequestNumber request) {
    now += 300us;
    return request == 4 ? std::string() : std::to_string(request);
  };
  const auto begin = now;
  EXPECT_FALSE(text.add(900us, item));
  EXPECT_EQ(now - begin, 900us);
  EXPECT_FALSE(text.add(900us, item));
  EXPECT_EQ(now - begin, 1800us);
  EXPECT_TRUE(text.add(900us, item));
  EXPECT_EQ(text.text(), "1,2,3,5,6,7");
  EXPECT_EQ(text.items(), 6U) << "of one there is nothing to say";
}

TEST(SlicedText, AddsOneAtLeastAndMayBeEmpty) {
  SlicedText text({1, 2});
  const auto item = [](RequestNumber request) { return std::to_string(request); };
  EXPECT_FALSE(text.add(0us, item));
  EXPECT_TRUE(text.add(0us, item));
  EXPECT_EQ(text.text(), "1,2");
  EXPECT_TRUE(SlicedText({}).add(1ms, item));
}

}  // namespace
}  // namespace caesura
