#include "scenarios/report/figures.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace caesura {
namespace {

TEST(Figures, CountsAreExactWithThousandsApart) {
  EXPECT_EQ(count_figure(0), "0");
  EXPECT_EQ(count_figure(999), "999");
  EXPECT_EQ(count_figure(10000), "10,000");
  EXPECT_EQ(count_figure(-1234567), "-1,234,567");
  EXPECT_EQ(count_figure(std::numeric_limits<std::int64_t>::max()), "9,223,372,036,854,775,807");
}

TEST(Figures, DurationsHaveThreeDigitsAndAFittingUnit) {
  EXPECT_EQ(duration_figure(0), "0 s");
  EXPECT_EQ(duration_figure(1e-9), "1 ns");
  EXPECT_EQ(duration_figure(0.000250), "250 µs");
  EXPECT_EQ(duration_figure(0.0123456), "12.3 ms");
  EXPECT_EQ(duration_figure(4.1), "4.1 s");
  EXPECT_EQ(duration_figure(81.26), "81.3 s");
  EXPECT_EQ(duration_figure(561.2), "9.35 min");
  EXPECT_EQ(duration_figure(3600), "60 min");
  EXPECT_EQ(duration_figure(7200), "2 h");
  EXPECT_EQ(duration_figure(31'536'000), "8,760 h");
}

TEST(Figures, DurationsThatRoundUpTakeTheNextUnit) {
  EXPECT_EQ(duration_figure(0.9999), "1 s");
  EXPECT_EQ(duration_figure(0.0009999), "1 ms");
  EXPECT_EQ(duration_figure(119.9), "2 min");
  EXPECT_EQ(duration_figure(9.999), "10 s");
}

TEST(Figures, SharesAreNeverRoundedToNothingOrAll) {
  EXPECT_EQ(share_figure(0), "0 %");
  EXPECT_EQ(share_figure(1), "100 %");
  EXPECT_EQ(share_figure(0.85), "85 %");
  EXPECT_EQ(share_figure(0.3125), "31.2 %");
  EXPECT_EQ(share_figure(1e-9), "<0.1 %");
  EXPECT_EQ(share_figure(0.99999), ">99.9 %");
}

TEST(Figures, MoneyIsExactAsFarAsFourDecimalsGo) {
  EXPECT_EQ(money_figure(0), "$0.00");
  EXPECT_EQ(money_figure(0.17), "$0.17");
  EXPECT_EQ(money_figure(12.4), "$12.40");
  EXPECT_EQ(money_figure(0.1234), "$0.1234");
  EXPECT_EQ(money_figure(1234567.5), "$1,234,567.50");
  EXPECT_EQ(money_figure(-0.5), "-$0.50");
}

TEST(Figures, OtherMoneyIsRoundedToTheCentOrToThreeDigits) {
  EXPECT_EQ(money_figure(12.345678), "$12.35");
  EXPECT_EQ(money_figure(0.0123456), "$0.01");
  EXPECT_EQ(money_figure(0.0012345), "$0.00123");
  EXPECT_EQ(money_figure(1e-12), "$0.000000000001");
}

TEST(Figures, RatesAreRough) {
  EXPECT_EQ(rough_figure(201000.4), "201,000");
  EXPECT_EQ(rough_figure(0.6172), "0.617");
  EXPECT_EQ(rough_figure(12.0), "12");
}

}  // namespace
}  // namespace caesura
