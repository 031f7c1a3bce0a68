#include "scenarios/study/refinement.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

TEST(NumericKind, IsThatOfAllValues) {
  EXPECT_EQ(numeric_kind({"1", "2", "1e3"}), NumericKind::whole);
  EXPECT_EQ(numeric_kind({"1", "2.5"}), NumericKind::real);
  EXPECT_EQ(numeric_kind({"0.0", "1.0"}), NumericKind::real);
  EXPECT_EQ(numeric_kind({"250ms", "1m"}), NumericKind::duration);
  EXPECT_EQ(numeric_kind({"20/s", "90/m"}), NumericKind::rate);
  EXPECT_EQ(numeric_kind({"1s", "2"}), std::nullopt);
  EXPECT_EQ(numeric_kind({"never", "checkpoint"}), std::nullopt);
  EXPECT_EQ(numeric_kind({"{uniform: [1s, 2s]}"}), std::nullopt);
}

TEST(NumericKind, ComparesAcrossUnits) {
  EXPECT_LT(number_of(NumericKind::duration, "999ms"), number_of(NumericKind::duration, "1s"));
  EXPECT_EQ(number_of(NumericKind::rate, "60/m"), number_of(NumericKind::rate, "1/s"));
}

TEST(HalfWay, IsTheMiddleInFewDigits) {
  EXPECT_EQ(half_way(NumericKind::duration, "2s", "8s"), "5s");
  EXPECT_EQ(half_way(NumericKind::duration, "8s", "2s"), "5s");
  EXPECT_EQ(half_way(NumericKind::duration, "900ms", "1s"), "950ms");
  EXPECT_EQ(half_way(NumericKind::duration, "0s", "3us"), "1.5us");
  EXPECT_EQ(half_way(NumericKind::real, "0.1", "0.2"), "0.15");
  EXPECT_EQ(half_way(NumericKind::real, "-1.0", "0.5"), "-0.25");
  EXPECT_EQ(half_way(NumericKind::rate, "60/m", "3/s"), "2/s");
  EXPECT_EQ(half_way(NumericKind::whole, "10", "15"), "13");
}

TEST(HalfWay, IsInTheLogarithmBetweenWhatIsFarApart) {
  EXPECT_EQ(half_way(NumericKind::duration, "1s", "100s"), "10s");
  EXPECT_EQ(half_way(NumericKind::whole, "1", "10000"), "100");
}

TEST(HalfWay, IsNowhereBetweenWhatIsCloseTogether) {
  EXPECT_EQ(half_way(NumericKind::whole, "1", "2"), std::nullopt);
  EXPECT_EQ(half_way(NumericKind::duration, "1s", "1.009s"), std::nullopt);
  EXPECT_EQ(half_way(NumericKind::duration, "1ns", "2ns"), std::nullopt);
  EXPECT_EQ(half_way(NumericKind::real, "1.5", "1.5"), std::nullopt);
}

TEST(HalfWay, OfTheSameKindStaysOfIt) {
  for (const auto& [kind, low, high] :
       {std::tuple(NumericKind::real, "1.0", "3.0"),
        std::tuple(NumericKind::real, "10.0", "1000.0"),
        std::tuple(NumericKind::duration, "1ms", "1h"), std::tuple(NumericKind::rate, "1/h", "1/s"),
        std::tuple(NumericKind::whole, "1", "1e9")}) {
    const auto middle = half_way(kind, low, high);
    ASSERT_TRUE(middle);
    EXPECT_EQ(numeric_kind({low, *middle, high}), kind) << *middle;
    EXPECT_LT(number_of(kind, low), number_of(kind, *middle));
    EXPECT_LT(number_of(kind, *middle), number_of(kind, high));
  }
}

}  // namespace
}  // namespace caesura
