#include "scenarios/results/noise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace caesura {
namespace {

/// P(K <= k) of K ~ binomial(n, p), term by term.
double binomial_cdf(std::uint64_t k, std::uint64_t n, double p) {
  double sum = 0;
  for (std::uint64_t i = 0; i <= k; ++i) {
    const auto x = static_cast<double>(i), all = static_cast<double>(n);
    sum += std::exp(std::lgamma(all + 1) - std::lgamma(x + 1) - std::lgamma(all - x + 1) +
                    x * std::log(p) + (all - x) * std::log1p(-p));
  }
  return sum;
}

TEST(MeansDiffer, AsInWelchsTest) {
  // Standard errors 0.3 and 0.4, so 0.5 together; 95 % of Student's t with Welch's 16.65 degrees of
  // freedom are within 2.113.
  const SampleMean a{10, 5, 0.3 * std::sqrt(10.0)};
  const auto b = [](double mean) { return SampleMean{10, mean, 0.4 * std::sqrt(10.0)}; };
  EXPECT_FALSE(means_differ(a, b(5 + 0.5 * 2.112)));
  EXPECT_TRUE(means_differ(a, b(5 + 0.5 * 2.115)));
  EXPECT_TRUE(means_differ(a, b(5 - 0.5 * 2.115)));
}

TEST(MeansDiffer, WithoutAnySpreadIfTheyAreNotEqual) {
  EXPECT_FALSE(means_differ({5, 2, 0}, {9, 2, 0}));
  EXPECT_TRUE(means_differ({5, 2, 0}, {9, 2.0001, 0}));
}

TEST(ProportionsDiffer, BeyondTwoPooledDeviations) {
  // Of 100 each, pooled about 0.5: the deviation is about 0.0707, and 1.96 of it 0.1386.
  EXPECT_FALSE(proportions_differ({43, 100}, {56, 100}));
  EXPECT_TRUE(proportions_differ({43, 100}, {57, 100}));
  EXPECT_FALSE(proportions_differ({430, 1000}, {43, 100}));
  EXPECT_FALSE(proportions_differ({0, 100}, {0, 50}));
  EXPECT_FALSE(proportions_differ({0, 0}, {50, 50}));
  EXPECT_FALSE(proportions_differ({0, 1000}, {3, 1000}));
  EXPECT_TRUE(proportions_differ({0, 1000}, {6, 1000}));
}

TEST(QuantileRanks, AreTheTightestThatTheBinomialAllows) {
  for (const std::uint64_t n : {1U, 5U, 6U, 10U, 100U, 1000U}) {
    for (const double p : {0.5, 0.9, 0.99}) {
      const double tail = 0.025;
      const RankInterval ranks = quantile_ranks(n, p, 0.95);
      const auto fails_below = [&](std::uint64_t l) {
        return l == 0 ? 0 : binomial_cdf(l - 1, n, p);
      };
      const auto fails_above = [&](std::uint64_t u) {
        return u > n ? 0 : 1 - binomial_cdf(u - 1, n, p);
      };
      EXPECT_LE(fails_below(ranks.low), tail) << n << ' ' << p;
      EXPECT_GT(fails_below(ranks.low + 1), tail) << n << ' ' << p;
      EXPECT_LE(fails_above(ranks.high), tail) << n << ' ' << p;
      EXPECT_GT(fails_above(ranks.high - 1), tail) << n << ' ' << p;
    }
  }
}

TEST(QuantileRanks, OfTheMedianOfTenAreThoseOfTheTextbook) {
  const RankInterval ranks = quantile_ranks(10, 0.5, 0.95);
  EXPECT_EQ(ranks.low, 2U);
  EXPECT_EQ(ranks.high, 9U);
}

TEST(QuantilesDiffer, OnlyWhereTheRankIntervalsAreApart) {
  std::vector<std::int64_t> low, high;
  for (std::int64_t i = 0; i < 100; ++i) {
    low.push_back(i);
    high.push_back(i + 60);
  }
  EXPECT_EQ(quantiles_differ(low, low, 0.5), false);
  EXPECT_EQ(quantiles_differ(low, high, 0.5), true);
  EXPECT_EQ(quantiles_differ(high, low, 0.5), true);
}

TEST(QuantilesDiffer, IsUnknownWhereTheSamplesAreTooSmallForTheQuantile) {
  const std::vector<std::int64_t> hundred(100, 1), others(100, 2);
  EXPECT_FALSE(
      quantiles_differ(hundred, others, 0.999));  // a hundred samples say nothing of an upper bound
  EXPECT_FALSE(quantiles_differ(hundred, {}, 0.5));
  EXPECT_EQ(quantiles_differ(hundred, others, 0.5), true);
}

/// How often `differ` says so of `trials` pairs of samples.
double rate_of(int trials, const std::function<bool(std::mt19937_64&)>& differ) {
  std::mt19937_64 bits(1);
  int found = 0;
  for (int i = 0; i < trials; ++i) found += differ(bits) ? 1 : 0;
  return static_cast<double>(found) / trials;
}

double uniform(std::mt19937_64& bits) { return static_cast<double>(bits() >> 11) * 0x1p-53; }
double exponential(std::mt19937_64& bits) { return -std::log1p(-uniform(bits)); }

BlockStatistic mean_of(const std::vector<double>& blocks) {
  BlockStatistic statistic{.of_all = 0, .without = {}, .informative = blocks.size()};
  const auto n = static_cast<double>(blocks.size());
  double sum = 0;
  for (const double x : blocks) sum += x;
  statistic.of_all = sum / n;
  for (const double x : blocks) statistic.without.push_back((sum - x) / (n - 1));
  return statistic;
}

TEST(BlockStatistics, DifferByChanceInOneOfTwentyCases) {
  const auto blocks = [](std::mt19937_64& bits) {
    std::vector<double> all(50);
    for (double& x : all) x = exponential(bits);
    return all;
  };
  const double alarms = rate_of(4000, [&](auto& bits) {
    return block_statistics_differ(mean_of(blocks(bits)), mean_of(blocks(bits)));
  });
  EXPECT_NEAR(alarms, 0.05, 0.012);
  const double paired = rate_of(4000, [&](auto& bits) {
    std::vector<double> a = blocks(bits), b = a;
    for (double& x : b) x += 0.01 * (uniform(bits) - 0.5);
    return paired_block_statistics_differ(mean_of(a), mean_of(b));
  });
  EXPECT_NEAR(paired, 0.05, 0.012);
}

TEST(BlockStatistics, OfTheSameRequestsShowASmallDifferenceThatOthersHide) {
  std::mt19937_64 bits(2);
  std::vector<double> a(50), b(50);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = exponential(bits);
    b[i] = a[i] + 0.02 + 0.01 * (uniform(bits) - 0.5);
  }
  EXPECT_TRUE(paired_block_statistics_differ(mean_of(a), mean_of(b)));
  EXPECT_FALSE(block_statistics_differ(mean_of(a), mean_of(b)));
}

TEST(Quantiles, OfOneDistributionDifferInLessThanOneOfTwentyCases) {
  const auto sample = [](std::mt19937_64& bits) {
    std::vector<std::int64_t> all(300);
    for (auto& x : all) x = static_cast<std::int64_t>(1e9 * exponential(bits));
    std::sort(all.begin(), all.end());
    return all;
  };
  for (const double p : {0.5, 0.9, 0.99}) {
    EXPECT_LE(rate_of(1000,
                      [&](auto& bits) {
                        return quantiles_differ(sample(bits), sample(bits), p).value_or(false);
                      }),
              0.05);
  }
}

}  // namespace
}  // namespace caesura
