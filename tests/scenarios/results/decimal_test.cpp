#include "scenarios/results/decimal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace caesura {
namespace {

std::string decimal(std::int64_t units, int decimals) {
  std::array<char, decimal_size_max> digits{};
  return {digits.data(), write_decimal(digits.data(), units, decimals)};
}

TEST(Decimal, HasNoTrailingZerosAndAtLeastOneDigit) {
  EXPECT_EQ(decimal(0, 9), "0");
  EXPECT_EQ(decimal(3'000'000'000, 9), "3");
  EXPECT_EQ(decimal(1'500'000'000, 9), "1.5");
  EXPECT_EQ(decimal(170'000'000'000, 12), "0.17");
  EXPECT_EQ(decimal(120, 0), "120");
}

TEST(Decimal, KeepsTheLastUnit) {
  EXPECT_EQ(decimal(1, 9), "0.000000001");
  EXPECT_EQ(decimal(1, 12), "0.000000000001");
  EXPECT_EQ(decimal(86'400'000'000'001, 9), "86400.000000001");
  EXPECT_EQ(decimal(-1, 12), "-0.000000000001");
}

TEST(Decimal, OfTheLargestNumbersFitsItsBound) {
  EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::max(), 12), "9223372.036854775807");
  EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::min(), 18), "-9.223372036854775808");
}

TEST(Decimal, BecomesTheNearestDouble) {
  EXPECT_EQ(nearest_double(170'000'000'000, money_decimals), 0.17);
  EXPECT_EQ(nearest_double(0, money_decimals), 0);
  EXPECT_EQ(nearest_double(-1'500'000'000, nanosecond_decimals), -1.5);
}

TEST(Decimal, IsRoundedOnceAlsoWhereTheUnitsAreNoDouble) {
  // 2^53 + 1 units would be rounded down to 2^53 first.
  EXPECT_EQ(nearest_double(9'007'199'254'740'993, nanosecond_decimals), 9007199.254740993);
  EXPECT_EQ(nearest_double(static_cast<int128>(1'000'000'000'000'000'000) * 1'000'000'000'000 + 1,
                           money_decimals),
            1e18);
}

}  // namespace
}  // namespace caesura
