#include "sim/statistics.hpp"

#include "sim/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using std::chrono::hours;

/// From a nanosecond to about a day, log-uniform; every fourth one twice, so that there are ties.
std::vector<std::int64_t> random_values(std::uint64_t seed, std::size_t count) {
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < count; ++i) {
    const double u = uniform_draw({.seed = seed, .request = i, .operation = 0, .purpose = 0});
    values.push_back(i % 4 == 1 ? values.back() : static_cast<std::int64_t>(std::exp(u * 32)));
  }
  return values;
}

Samples samples_of(const std::vector<std::int64_t>& values) {
  Samples samples;
  for (const auto value : values) samples.add(Duration{value});
  return samples;
}

bool same(const Summary& x, const Summary& y) {
  return x.count == y.count && x.mean == y.mean && x.stddev == y.stddev && x.min == y.min &&
         x.p50 == y.p50 && x.p90 == y.p90 && x.p95 == y.p95 && x.p99 == y.p99 &&
         x.p99_9 == y.p99_9 && x.max == y.max;
}

struct Percentile {
  std::uint64_t per_mille;
  std::optional<double> Summary::*field;
};

constexpr Percentile percentiles[] = {{500, &Summary::p50},
                                      {900, &Summary::p90},
                                      {950, &Summary::p95},
                                      {990, &Summary::p99},
                                      {999, &Summary::p99_9}};

/// The smallest element with at least `per_mille` thousandths of all at or before it: the
/// definition, by counting.
double brute_force_percentile(const std::vector<std::int64_t>& sorted, std::uint64_t per_mille) {
  std::size_t rank = per_mille * sorted.size() / 1000;
  if (rank * 1000 < per_mille * sorted.size()) ++rank;
  return seconds(Duration{sorted[rank - 1]});
}

void expect_percentiles_near(std::vector<std::int64_t> values, double relative_error) {
  const Summary summary = samples_of(values).summary();
  std::sort(values.begin(), values.end());
  for (const auto& [per_mille, field] : percentiles) {
    const double expected = brute_force_percentile(values, per_mille);
    ASSERT_NEAR(*(summary.*field), expected, expected * relative_error)
        << per_mille << " of " << values.size();
  }
  EXPECT_EQ(summary.min, seconds(Duration{values.front()}));
  EXPECT_EQ(summary.max, seconds(Duration{values.back()}));
}

}  // namespace

TEST(Samples, WithoutSamplesHaveNoStatistics) {
  const Summary summary = Samples().summary();
  EXPECT_TRUE(same(summary, Summary{}));
  EXPECT_FALSE(summary.mean || summary.stddev || summary.min || summary.p50 || summary.p99_9 ||
               summary.max);
  EXPECT_LE(sizeof(Samples), 128u);
}

TEST(Samples, OfOneValueHaveNoStddev) {
  const Summary summary = samples_of({2'500'000'000}).summary();
  EXPECT_EQ(summary.count, 1u);
  EXPECT_EQ(summary.mean, 2.5);
  EXPECT_FALSE(summary.stddev);
  EXPECT_EQ(summary.min, 2.5);
  EXPECT_EQ(summary.p50, 2.5);
  EXPECT_EQ(summary.p99_9, 2.5);
  EXPECT_EQ(summary.max, 2.5);
}

TEST(Samples, RefuseANegativeDuration) {
  Samples samples;
  EXPECT_THROW(samples.add(Duration{-1}), std::invalid_argument);
  EXPECT_EQ(samples.count(), 0u);
}

TEST(Samples, OneToAHundredGiveTheTextbookNumbers) {
  std::vector<std::int64_t> values;
  for (int i = 100; i >= 1; --i) values.push_back(i * 1'000'000'000LL);
  const Summary summary = samples_of(values).summary();
  EXPECT_EQ(summary.count, 100u);
  EXPECT_EQ(summary.mean, 50.5);
  EXPECT_DOUBLE_EQ(*summary.stddev, std::sqrt(100.0 * 101 / 12));
  EXPECT_EQ(summary.p50, 50);
  EXPECT_EQ(summary.p90, 90);
  EXPECT_EQ(summary.p95, 95);
  EXPECT_EQ(summary.p99, 99);
  EXPECT_EQ(summary.p99_9, 100);
}

TEST(Samples, PercentilesAgreeWithBruteForceForEveryCountUpToTwoHundred) {
  for (std::size_t n = 1; n <= 200; ++n) expect_percentiles_near(random_values(n, n), 0);
}

TEST(Samples, PercentilesAreExactUpToAMillionAndCloseBeyond) {
  auto values = random_values(1, Samples::exact_count_max);
  expect_percentiles_near(values, 0);
  values.push_back(12'345'678'901);
  expect_percentiles_near(values, 0.0005);
}

TEST(Samples, HistogramIsCloseAtEveryMagnitudeOfADuration) {
  // As many samples at either bound, so that what is added between them is the median, and only its
  // bucket knows where it is.
  std::vector<std::int64_t> bounds(Samples::exact_count_max, 0);
  std::fill_n(bounds.begin(), bounds.size() / 2, std::numeric_limits<std::int64_t>::max());
  Samples histogram = samples_of(bounds);
  histogram.merge(samples_of({0, std::numeric_limits<std::int64_t>::max()}));
  for (int bit = 0; bit < 63; ++bit) {
    for (const double factor : {1.0, 1.0004, 1.2345, 1.9995}) {
      const auto value = static_cast<std::int64_t>(std::ldexp(factor, bit));
      Samples samples = histogram;
      samples.merge(samples_of({value, value, value}));
      ASSERT_NEAR(*samples.summary().p50, seconds(Duration{value}),
                  seconds(Duration{value}) * 0.0005)
          << value;
    }
  }
}

TEST(Samples, MeanAndStddevStayExactBeyondAMillion) {
  Samples samples;
  for (std::uint64_t i = 0; i <= Samples::exact_count_max; ++i)
    samples.add(hours{24 * 365} + Duration{i % 2 == 0 ? 1 : -1});
  const Summary summary = samples.summary();
  EXPECT_EQ(summary.mean, 31'536'000.0);
  // One nanosecond beside a year: a sum of squares in doubles would have lost it altogether.
  EXPECT_NEAR(*summary.stddev, 1e-9, 1e-15);
}

TEST(Samples, SummaryDoesNotDependOnOrderOrOnHowTheSamplesWereSplit) {
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{50}, std::size_t{1001}, Samples::exact_count_max + 5}) {
    auto values = random_values(n, n);
    const Summary expected = samples_of(values).summary();
    std::reverse(values.begin(), values.end());
    EXPECT_TRUE(same(samples_of(values).summary(), expected)) << n;
    for (const std::size_t parts : {2u, 7u}) {
      std::vector<Samples> split(parts);
      for (std::size_t i = 0; i < n; ++i) split[i * i % parts].add(Duration{values[i]});
      Samples merged;
      for (std::size_t i = parts; i-- > 0;) {
        merged.merge(std::move(split[i]));
        EXPECT_EQ(split[i].count(), 0u);
      }
      EXPECT_TRUE(same(merged.summary(), expected)) << n << " in " << parts;
    }
  }
}

TEST(Samples, AHistogramAndAFewExactSamplesMergeEitherWay) {
  const auto values = random_values(9, Samples::exact_count_max + 100);
  const Summary expected = samples_of(values).summary();
  const auto end_of_few = values.begin() + 50;
  Samples many = samples_of({end_of_few, values.end()});
  Samples few = samples_of({values.begin(), end_of_few});
  Samples many_again = many;
  Samples few_again = few;
  many.merge(std::move(few));
  few_again.merge(std::move(many_again));
  EXPECT_TRUE(same(many.summary(), expected));
  EXPECT_TRUE(same(few_again.summary(), expected));
}

TEST(Moments, TakeNegativeAndExtremeValues) {
  Moments moments;
  for (const std::int64_t x : {-3, -1, 4, 8}) moments.add(x);
  EXPECT_EQ(moments.mean(), 2);
  EXPECT_DOUBLE_EQ(*moments.stddev(), std::sqrt(74.0 / 3));

  Moments extreme;
  extreme.add(std::numeric_limits<std::int64_t>::min());
  extreme.add(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(extreme.mean(), -0.5);
  EXPECT_DOUBLE_EQ(*extreme.stddev(), 0x1p64 / std::sqrt(2.0));
}

TEST(Moments, OfABillionYearsDoNotOverflow) {
  // Doubled thirty times: 2^30 samples, half of them of a year and half of none.
  const std::int64_t year = longest_duration.count();
  Moments moments;
  moments.add(0);
  moments.add(year);
  for (int i = 1; i < 30; ++i) {
    const Moments copy = moments;
    moments.merge(copy);
  }
  EXPECT_EQ(moments.count(), 1u << 30);
  EXPECT_EQ(moments.mean(), static_cast<double>(year) / 2);
  EXPECT_NEAR(*moments.stddev() / (static_cast<double>(year) / 2), 1, 1e-9);
}

TEST(Moments, MeanOfEqualValuesIsThatValue) {
  Moments moments;
  for (int i = 0; i < 1000; ++i) moments.add(9'007'199'254'740'991);
  EXPECT_EQ(moments.mean(), 9'007'199'254'740'991.0);
  EXPECT_EQ(moments.stddev(), 0);
}

TEST(Int128, PrintsEveryDigit) {
  EXPECT_EQ(to_string(int128{0}), "0");
  EXPECT_EQ(to_string(int128{-7}), "-7");
  EXPECT_EQ(to_string(int128{1'000'000'000'000'000'000} * 1'000'000'000'000),
            "1000000000000000000000000000000");
  const int128 least = -(int128{1} << 126) * 2;
  EXPECT_EQ(to_string(least), "-170141183460469231731687303715884105728");
  EXPECT_EQ(to_double(least), -0x1p127);
  EXPECT_EQ(to_double(int128{3} << 70), 0x3p70);
}

}  // namespace caesura
