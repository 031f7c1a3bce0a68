#include "sim/distribution.hpp"

#include "sim/formulas.hpp"
#include "sim/random.hpp"

#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace caesura {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::string name;
  Distribution distribution;
  double mean;
  double variance;
  double variance_tolerance = 0.02;  // relative; larger for heavy tails
};

/// One of each kind, with mean and variance in closed form.
std::vector<Case> cases() {
  using D = Distribution;
  const double e = std::exp(0.25);  // of sigma² for sigma 0.5
  const auto weibull_moment = [](int k) { return std::tgamma(1 + k / 1.5); };
  return {
      {"constant", D::constant(7), 7, 0},
      {"uniform", D::uniform(-2, 10), 4, 12},
      {"uniform_whole", D::uniform_whole(2, 6), 4, 2},
      {"normal", D::normal(5, 3), 5, 9},
      {"lognormal_median_sigma", D::lognormal_median_sigma(3, 0.5), 3 * std::sqrt(e),
       9 * e * (e - 1), 0.03},
      {"lognormal_mean_cv", D::lognormal_mean_cv(10, 0.7), 10, 49, 0.05},
      {"exponential", D::exponential(4), 4, 16, 0.03},
      {"gamma", D::gamma(6, 0.5), 6, 9},
      {"gamma of small shape", D::gamma(2, 3), 2, 36, 0.06},
      {"weibull", D::weibull(1.5, 2), 2 * weibull_moment(1),
       4 * (weibull_moment(2) - std::pow(weibull_moment(1), 2))},
      {"pareto", D::pareto(1, 6), 6.0 / 5, 6.0 / (25 * 4), 0.08},
      {"geometric", D::geometric(5), 5, 20, 0.03},
      {"negative_binomial", D::negative_binomial(8, 2), 8, 8 + 32, 0.03},
      {"mixture", D::mixture({{3, D::constant(1)}, {1, D::exponential(5)}}), 2,
       0.75 + 0.25 * 50 - 4, 0.04},
      {"quantiles", D::quantiles({{0, 1}, {1, std::exp(1.0)}}), std::exp(1.0) - 1,
       (std::exp(2.0) - 1) / 2 - std::pow(std::exp(1.0) - 1, 2)},
      {"empirical", D::empirical({4, 1, 1, 10}), 4, 13.5},
  };
}

double draw(std::uint64_t i) {
  return uniform_draw({.seed = 11, .request = i, .operation = 0, .purpose = 0});
}

void expect_quantiles(const Distribution& distribution,
                      const std::vector<QuantilePoint>& expected) {
  for (const auto& [p, value] : expected)
    EXPECT_NEAR(distribution.quantile(p), value, std::fabs(value) * 1e-12) << p;
}

std::string refusal(const std::function<void()>& make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(Distribution, DrawsHaveTheMeanAndTheVarianceOfTheClosedForm) {
  constexpr std::uint64_t draws = 200'000;
  for (const auto& [name, distribution, mean, variance, tolerance] : cases()) {
    double sum = 0;
    double squares = 0;
    for (std::uint64_t i = 0; i < draws; ++i) {
      const double deviation = distribution.quantile(draw(i)) - mean;
      sum += deviation;
      squares += deviation * deviation;
    }
    EXPECT_NEAR(sum / draws, 0, 4 * std::sqrt(variance / draws)) << name;
    EXPECT_NEAR(squares / draws, variance, variance * tolerance) << name;
  }
}

TEST(Distribution, MeanIsTheClosedForm) {
  for (const auto& c : cases())
    EXPECT_NEAR(c.distribution.mean(), c.mean, std::fabs(c.mean) * 1e-12) << c.name;
  EXPECT_EQ(Distribution::pareto(1, 1).mean(), infinity);
  EXPECT_NEAR(Distribution::quantiles({{0.5, 5.7}, {0.9, 5.7}, {0.99, 84}}).mean(),
              5.7 * 0.9 + (84 - 5.7) * 0.09 / std::log(84 / 5.7) +
                  84 * std::expm1(std::log(84 / 5.7) / 9) * 0.09 / std::log(84 / 5.7),
              1e-9);
}

TEST(Distribution, QuantilesOfManyAreThoseOfEachByItself) {
  std::vector<Case> all = cases();
  all.push_back(
      {"lognormal, clamped", Distribution::lognormal_median_sigma(3, 2).clamped(1, 20), 0, 0});
  all.push_back(
      {"lognormal, as wide as may be", Distribution::lognormal_median_sigma(1e9, 20), 0, 0});
  for (const auto& [name, distribution, mean, variance, tolerance] : all) {
    for (std::uint64_t count = 0; count <= 11; ++count) {
      std::vector<double> us(count);
      for (std::uint64_t i = 0; i < count; ++i) us[i] = draw(100 * count + i);
      // The least and the greatest numbers that are drawn, the ends of the middle of the normal
      // distribution, and their neighbours.
      const std::vector<double> special{5e-324,      0x1p-53,
                                        1 - 0x1p-53, 0.5,
                                        0.075,       std::nextafter(0.075, 0),
                                        0.925,       std::nextafter(0.925, 1)};
      for (std::uint64_t i = count % 3; i < count; i += 3)
        us[i] = special[(i + count) % special.size()];
      std::vector<double> samples = us;
      distribution.to_quantiles(samples);
      for (std::uint64_t i = 0; i < count; ++i)
        ASSERT_EQ(samples[i], distribution.quantile(us[i])) << name << " at " << us[i];
    }
  }
}

TEST(Exponential, IsExactToTheLastBitButOne) {
  for (int i = -1'000'000; i <= 1'000'000; ++i) {
    const double x = 700 * (i / 1e6);
    const long double exact = std::exp(static_cast<long double>(x));
    ASSERT_LE(std::fabs(formulas::exponential(x) - exact), exact * 0x1p-52L) << x;
  }
  EXPECT_EQ(formulas::exponential(0), 1);
  EXPECT_EQ(formulas::exponential(-infinity), formulas::exponential(-700));
  EXPECT_EQ(formulas::exponential(infinity), formulas::exponential(700));
}

TEST(Distribution, QuantilesDoNotFallAsUGrows) {
  for (const auto& [name, distribution, mean, variance, tolerance] : cases()) {
    if (name == "mixture") continue;
    double previous = distribution.quantile(0x1p-54);
    EXPECT_GE(previous, distribution.lowest()) << name;
    for (int i = 1; i < 20'000; ++i) {
      const double value = distribution.quantile(i / 20'000.0);
      ASSERT_GE(value, previous) << name << " at " << i;
      // Neighbouring doubles: only rounding may show.
      const double next = distribution.quantile(std::nextafter(i / 20'000.0, 1));
      ASSERT_GE(next, value - std::fabs(value) * 1e-12) << name << " at " << i;
      previous = value;
    }
    EXPECT_GE(distribution.quantile(1 - 0x1p-53), previous) << name;
    EXPECT_LE(distribution.quantile(1 - 0x1p-53), distribution.highest()) << name;
  }
}

TEST(Distribution, ExtremeParametersAndExtremeDrawsGiveNumbersWithinTheSupport) {
  using D = Distribution;
  const std::vector<D> extremes{D::gamma(1e18, 100),
                                D::gamma(1e-3, 100),
                                D::gamma(1e18, 0.001),
                                D::lognormal_median_sigma(1e18, 20),
                                D::weibull(0.01, 1e18),
                                D::weibull(1e6, 1),
                                D::pareto(1e18, 0.01),
                                D::geometric(1e12),
                                D::geometric(1 + 1e-12),
                                D::negative_binomial(1e9, 0.001),
                                D::negative_binomial(1e-9, 1e6),
                                D::negative_binomial(1e9, 1e6),
                                D::uniform(-1e307, 1e307),
                                D::uniform_whole(-0x1p52, 0x1p52)};
  for (std::size_t i = 0; i < extremes.size(); ++i) {
    for (const double u : {5e-324, 0x1p-54, 1e-9, 0.5, 1 - 1e-9, 1 - 0x1p-53, 1.0}) {
      const double x = extremes[i].quantile(u);
      EXPECT_TRUE(x >= extremes[i].lowest() && x <= extremes[i].highest())
          << i << " at " << u << ": " << x;
      EXPECT_LE(to_duration(x), longest_duration);
    }
  }
}

TEST(Distribution, NormalQuantileAgreesWithTheInverseErrorFunction) {
  for (const double u : {0x1p-54, 1e-12, 1e-11, 1.3887943864964e-11, 1e-5, 0.02, 0.0749999, 0.075,
                         0.0750001, 0.3, 0.5, 0.6, 0.925, 0.95, 0.99999}) {
    const double expected = -std::sqrt(2.0) * boost::math::erfc_inv(2 * u);
    EXPECT_NEAR(formulas::normal_quantile(u), expected, std::fabs(expected) * 4e-15) << u;
  }
  EXPECT_NEAR(formulas::normal_quantile(0.975), 1.959963984540054, 1e-15);
  EXPECT_EQ(formulas::normal_quantile(0), -infinity);
  EXPECT_EQ(formulas::normal_quantile(1), infinity);
}

TEST(Distribution, LognormalMedianAndP95AreWhatWasAsked) {
  expect_quantiles(Distribution::lognormal_median_p95(800, 2000), {{0.5, 800}, {0.95, 2000}});
  EXPECT_TRUE(Distribution::lognormal_median_p95(800, 800).is_constant());
}

TEST(Distribution, LognormalMeanAndCvAreWhatWasAsked) {
  const auto d = Distribution::lognormal_mean_cv(10, 2);
  EXPECT_NEAR(d.mean(), 10, 1e-12);
  expect_quantiles(d, {{0.5, 10 / std::sqrt(5.0)}});
}

TEST(Distribution, ContinuousQuantilesAreTheClosedForm) {
  expect_quantiles(Distribution::uniform(10, 20), {{0.25, 12.5}, {0.5, 15}});
  expect_quantiles(Distribution::normal(100, 10), {{0.5, 100}, {0.975, 119.59963984540054}});
  expect_quantiles(Distribution::lognormal_median_sigma(5.7, 1.16),
                   {{0.5, 5.7}, {0.975, 5.7 * std::exp(1.16 * 1.959963984540054)}});
  expect_quantiles(Distribution::exponential(3),
                   {{0.5, 3 * std::log(2.0)}, {0.99, 3 * std::log(100.0)}});
  expect_quantiles(Distribution::weibull(2, 3), {{0.5, 3 * std::sqrt(std::log(2.0))}});
  expect_quantiles(Distribution::pareto(2, 3), {{0.875, 4}});
  // Shape 1 is exponential; for the others, the distribution function at the quantile is u.
  expect_quantiles(Distribution::gamma(3, 1), {{0.5, 3 * std::log(2.0)}});
  for (const double cv : {0.01, 0.3, 1.7, 10.0}) {
    for (const double u : {0.2, 0.5, 0.9, 0.999}) {
      const double shape = 1 / (cv * cv);
      const double x = Distribution::gamma(5, cv).quantile(u) * shape / 5;
      EXPECT_TRUE(x < 1e-100 || std::fabs(boost::math::gamma_p(shape, x) - u) < 1e-10)
          << cv << " at " << u;
    }
  }
}

TEST(Distribution, GeometricQuantileIsTheFirstTrialThatReachesU) {
  const double failure = 1 - 1 / 5.0;
  const auto d = Distribution::geometric(5);
  for (int i = 1; i < 1000; ++i) {
    const double u = (i - 0.5) / 1000;
    const double k = d.quantile(u);
    EXPECT_GE(1 - std::pow(failure, k), u);
    EXPECT_LT(1 - std::pow(failure, k - 1), u);
  }
  EXPECT_EQ(d.lowest(), 1);
  EXPECT_EQ(Distribution::geometric(1).quantile(0.9), 1);
}

TEST(Distribution, NegativeBinomialQuantileIsTheFirstCountThatReachesU) {
  for (const auto& [mean, r] : {std::pair{8.0, 2.0}, {0.1, 1.0}, {30.0, 0.4}, {50.0, 1000.0}}) {
    const auto d = Distribution::negative_binomial(mean, r);
    const double success = r / (r + mean);
    double mass = std::pow(success, r);
    double below = 0;
    double count = 0;
    for (int i = 1; i < 1000; ++i) {
      const double u = (i - 0.5) / 1000;
      while (below + mass < u) {
        below += mass;
        mass *= (count + r) / (count + 1) * (1 - success);
        ++count;
      }
      ASSERT_EQ(d.quantile(u), count) << mean << ", " << r << " at " << u;
    }
  }
}

TEST(Distribution, UniformWholeGivesEveryNumberTheSameShare) {
  const auto d = Distribution::uniform_whole(2, 6);
  std::vector<int> counts(7);
  for (int i = 0; i < 1000; ++i) ++counts[static_cast<std::size_t>(d.quantile((i + 0.5) / 1000))];
  EXPECT_EQ(counts, (std::vector<int>{0, 0, 200, 200, 200, 200, 200}));
}

TEST(Distribution, EmpiricalTakesElementFloorOfUTimesNSorted) {
  const auto d = Distribution::empirical({30, 10, 20});
  EXPECT_EQ(d.quantile(0.01), 10);
  EXPECT_EQ(d.quantile(0.34), 20);
  EXPECT_EQ(d.quantile(0.66), 20);
  EXPECT_EQ(d.quantile(0.67), 30);
  EXPECT_EQ(d.quantile(1 - 0x1p-53), 30);
}

TEST(Distribution, QuantilesPassThroughTheirPointsWithStraightLinesInTheLogarithm) {
  const auto d = Distribution::quantiles({{0.99, 84}, {0.5, 5.7}, {0.9, 22.2}});
  EXPECT_EQ(d.quantile(0.5), 5.7);
  EXPECT_EQ(d.quantile(0.9), 22.2);
  EXPECT_EQ(d.quantile(0.99), 84);
  expect_quantiles(d, {{0.7, std::sqrt(5.7 * 22.2)},
                       {0.1, 5.7 * 5.7 / 22.2},
                       {0.995, 84 * std::pow(84 / 22.2, 0.005 / 0.09)}});
  EXPECT_NEAR(d.lowest(), 5.7 * std::pow(5.7 / 22.2, 0.5 / 0.4), 1e-12);
  EXPECT_NEAR(d.highest(), 84 * std::pow(84 / 22.2, 1.0 / 9), 1e-12);
}

TEST(Distribution, MixturePicksByWeightAndRescalesWithinThePart) {
  const auto d = Distribution::mixture({{1, Distribution::uniform(100, 200)},
                                        {0, Distribution::constant(-1)},
                                        {3, Distribution::uniform(0, 10)}});
  expect_quantiles(d, {{0.125, 150}, {0.625, 5}});
  EXPECT_EQ(d.lowest(), 0);
  EXPECT_EQ(d.highest(), 200);
}

TEST(Distribution, ClampingMovesTheMassToTheBounds) {
  const auto d = Distribution::exponential(1).clamped(0.5, 2);
  EXPECT_EQ(d.quantile(0.01), 0.5);
  EXPECT_EQ(d.quantile(0.99), 2);
  expect_quantiles(d, {{0.5, std::log(2.0)}});
  EXPECT_EQ(d.lowest(), 0.5);
  EXPECT_EQ(d.highest(), 2);
  EXPECT_NEAR(d.mean(), 0.5 + std::exp(-0.5) - std::exp(-2.0), 1e-3);
  EXPECT_NEAR(Distribution::pareto(1, 1).clamped({}, 10).mean(), 1 + std::log(10.0), 3e-3);
  EXPECT_EQ(Distribution::exponential(3).clamped(0, {}).mean(), 3);
}

TEST(Distribution, ClampsNarrowOneAnother) {
  const auto d = Distribution::uniform(0, 10).clamped(2, 8).clamped(0, 5);
  EXPECT_EQ(d.lowest(), 2);
  EXPECT_EQ(d.highest(), 5);
  EXPECT_EQ(Distribution::uniform(0, 10).clamped(20, {}).quantile(0.5), 20);
  const auto mixed =
      Distribution::mixture({{1, Distribution::constant(1)}, {1, Distribution::constant(9)}});
  EXPECT_DOUBLE_EQ(mixed.clamped(2, {}).mean(), 5.5);
  EXPECT_EQ(mixed.clamped(2, 3).quantile(0.9), 3);
}

TEST(Distribution, ScalingMultipliesEverySampleTheMeanAndTheBounds) {
  auto all = cases();
  all.push_back({"clamped", Distribution::exponential(4).clamped(1, 9), 0, 0});
  for (const Case& c : all) {
    const Distribution scaled = c.distribution.scaled(1.5);
    for (const double u : {1e-12, 0.01, 0.3, 0.5, 0.77, 0.999, 1 - 1e-12}) {
      EXPECT_EQ(scaled.quantile(u), 1.5 * c.distribution.quantile(u)) << c.name << ' ' << u;
    }
    EXPECT_EQ(scaled.mean(), 1.5 * c.distribution.mean()) << c.name;
    EXPECT_EQ(scaled.lowest(), 1.5 * c.distribution.lowest()) << c.name;
    EXPECT_EQ(scaled.highest(), 1.5 * c.distribution.highest()) << c.name;
    EXPECT_EQ(scaled.is_constant(), c.distribution.is_constant()) << c.name;
  }
}

TEST(Distribution, ClampsAfterScalingAreNotScaled) {
  const Distribution d = Distribution::uniform(0, 10).scaled(2).clamped(5, 15);
  expect_quantiles(d, {{0.1, 5}, {0.5, 10}, {0.9, 15}});
}

TEST(Distribution, WithOnePossibleValueIsConstant) {
  using D = Distribution;
  for (const auto& d : {D::constant(3), D::uniform(3, 3), D::uniform_whole(3, 3), D::normal(3, 0),
                        D::lognormal_median_sigma(3, 0), D::lognormal_mean_cv(3, 0), D::gamma(3, 0),
                        D::empirical({3, 3}), D::quantiles({{0.1, 3}, {0.9, 3}}),
                        D::mixture({{1, D::constant(3)}, {2, D::uniform(3, 3)}}),
                        D::exponential(1).clamped(3, 3), D::uniform(0, 1).clamped(3, {})}) {
    EXPECT_TRUE(d.is_constant());
    EXPECT_EQ(d.quantile(0.3), 3);
    EXPECT_EQ(d.mean(), 3);
    EXPECT_EQ(d.lowest(), 3);
    EXPECT_EQ(d.highest(), 3);
  }
  EXPECT_EQ(Distribution().quantile(0.5), 0);
  for (const auto& c : cases())
    EXPECT_EQ(c.distribution.is_constant(), c.name == "constant") << c.name;
}

TEST(Distribution, RefusalsSayWhatIsWrong) {
  using D = Distribution;
  EXPECT_EQ(refusal([] { D::lognormal_median_sigma(0, 1); }), "lognormal: median must be positive");
  EXPECT_EQ(refusal([] { D::lognormal_median_sigma(infinity, 1); }),
            "lognormal: median must be a finite number");
  EXPECT_EQ(refusal([] { D::lognormal_median_p95(2, 1); }),
            "lognormal: p95 must not be below the median");
  EXPECT_EQ(refusal([] { D::exponential(-1); }), "exponential: mean must be positive");
  EXPECT_EQ(refusal([] { D::uniform(2, 1); }),
            "uniform: the lower bound must not be above the upper one");
  EXPECT_EQ(refusal([] { D::uniform_whole(1, 2.5); }),
            "uniform: the bounds of a count must be whole numbers");
  EXPECT_EQ(refusal([] { D::quantiles({{0.5, 1}}); }), "quantiles: at least two points are needed");
  EXPECT_EQ(refusal([] {
              D::quantiles({{0.5, 1}, {0.5, 2}});
            }),
            "quantiles: a percentile is given twice");
  EXPECT_EQ(refusal([] {
              D::quantiles({{0.5, 2}, {0.9, 1}});
            }),
            "quantiles: values must not fall as the percentile grows");
  EXPECT_EQ(refusal([] {
              D::quantiles({{0.5, 1}, {0.5001, 9}});
            }),
            "quantiles: the last two points are too steep to extend to the maximum");
  EXPECT_EQ(refusal([] { D::empirical({}); }), "empirical: at least one value is needed");
  EXPECT_EQ(refusal([] {
              D::mixture({{0, D()}});
            }),
            "mixture: at least one weight must be positive");
  EXPECT_EQ(refusal([] { D::exponential(1).clamped(2, 1); }), "min must not be above max");
}

TEST(Distribution, EveryFactoryRefusesParametersThatMakeNoSense) {
  using D = Distribution;
  for (const double bad : {not_a_number, infinity, -infinity}) {
    EXPECT_THROW(D::constant(bad), std::invalid_argument);
    EXPECT_THROW(D::uniform(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::uniform(0, bad), std::invalid_argument);
    EXPECT_THROW(D::normal(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::empirical({1, bad}), std::invalid_argument);
    EXPECT_THROW(D::constant(1).clamped(bad, {}), std::invalid_argument);
    EXPECT_THROW(D::constant(1).clamped({}, bad), std::invalid_argument);
    EXPECT_THROW(D::uniform_whole(bad, 1), std::invalid_argument);
  }
  for (const double bad : {not_a_number, infinity, -infinity, -1.0}) {
    EXPECT_THROW(D::normal(1, bad), std::invalid_argument);
    EXPECT_THROW(D::lognormal_median_sigma(1, bad), std::invalid_argument);
    EXPECT_THROW(D::lognormal_mean_cv(1, bad), std::invalid_argument);
    EXPECT_THROW(D::gamma(1, bad), std::invalid_argument);
    EXPECT_THROW(D::geometric(bad), std::invalid_argument);
    EXPECT_THROW(D::mixture({{1, D()}, {bad, D()}}), std::invalid_argument);
    EXPECT_THROW(D::quantiles({{0.1, 1}, {bad, 2}}), std::invalid_argument);
  }
  for (const double bad : {not_a_number, infinity, -infinity, -1.0, 0.0}) {
    EXPECT_THROW(D::lognormal_median_sigma(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::lognormal_median_p95(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::lognormal_median_p95(1, bad), std::invalid_argument);
    EXPECT_THROW(D::lognormal_mean_cv(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::exponential(bad), std::invalid_argument);
    EXPECT_THROW(D::gamma(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::weibull(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::weibull(1, bad), std::invalid_argument);
    EXPECT_THROW(D::pareto(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::pareto(1, bad), std::invalid_argument);
    EXPECT_THROW(D::negative_binomial(bad, 1), std::invalid_argument);
    EXPECT_THROW(D::negative_binomial(1, bad), std::invalid_argument);
    EXPECT_THROW(D::quantiles({{0.1, bad}, {0.9, 2}}), std::invalid_argument);
  }
  EXPECT_THROW(D::geometric(0.5), std::invalid_argument);
  EXPECT_THROW(D::uniform(-1e308, 1e308), std::invalid_argument);
  EXPECT_THROW(D::lognormal_median_p95(1e-300, 1e300), std::invalid_argument);
  EXPECT_THROW(D::mixture({}), std::invalid_argument);
}

TEST(Distribution, RefusesAFactorThatMakesNoSense) {
  for (const double factor : {0.0, -1.0, infinity, not_a_number}) {
    EXPECT_THROW(Distribution::constant(1).scaled(factor), std::invalid_argument) << factor;
  }
}

TEST(ToDuration, RoundsToTheNearestNanosecondAndStaysWithinBounds) {
  EXPECT_EQ(to_duration(0.49999999999999994).count(), 0);
  EXPECT_EQ(to_duration(0.5).count(), 1);
  EXPECT_EQ(to_duration(2.4).count(), 2);
  EXPECT_EQ(to_duration(0x1p52 + 1).count(), (1LL << 52) + 1);
  EXPECT_EQ(to_duration(-5), zero_duration);
  EXPECT_EQ(to_duration(not_a_number), zero_duration);
  EXPECT_EQ(to_duration(-infinity), zero_duration);
  EXPECT_EQ(to_duration(infinity), longest_duration);
  EXPECT_EQ(to_duration(1e30), longest_duration);
}

TEST(ToCount, RoundsHalfAwayFromZeroAndStaysWithinBounds) {
  EXPECT_EQ(to_count(2.5), 3);
  EXPECT_EQ(to_count(3.5), 4);
  EXPECT_EQ(to_count(3.49), 3);
  EXPECT_EQ(to_count(-7), 0);
  EXPECT_EQ(to_count(not_a_number), 0);
  EXPECT_EQ(to_count(infinity), 1'000'000'000'000);
}

}  // namespace caesura
