#pragma once

#include "sim/time.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace caesura {

struct WeightedDistribution;

/// The fraction `p` of all draws is at or below `value`.
struct QuantilePoint {
  double p = 0;
  double value = 0;
};

/// A distribution of real numbers, sampled by inverting its distribution function: one uniform
/// number in, one sample out. So a sample is a pure function of its uniform number, and two runs
/// that share the numbers share the samples.
///
/// Units are the caller's (nanoseconds for durations). Immutable once made; copies share tables,
/// and may be used from several threads. Every factory throws std::invalid_argument, with a message
/// fit for a user, for parameters that are not finite or make no sense. A distribution that turns
/// out to have one possible value (a stddev of 0, equal bounds) is a constant.
class Distribution {
 public:
  /// Constant 0.
  Distribution() = default;

  static Distribution constant(double value);
  /// Requires a <= b.
  static Distribution uniform(double a, double b);
  /// Each of the whole numbers a, a + 1, …, b with the same probability. Requires whole a <= b, at
  /// most 2^52 in size.
  static Distribution uniform_whole(double a, double b);
  static Distribution normal(double mean, double stddev);
  /// The logarithm is normal with mean ln(median) and standard deviation sigma, 0 to 20.
  static Distribution lognormal_median_sigma(double median, double sigma);
  static Distribution lognormal_median_p95(double median, double p95);
  /// cv is the coefficient of variation: standard deviation / mean, 0 to 1e6.
  static Distribution lognormal_mean_cv(double mean, double cv);
  static Distribution exponential(double mean);
  /// cv as above: 0, or 0.001 to 100. Shape 1 / cv², scale mean · cv². A draw costs about twenty
  /// exponential ones, and more the smaller cv.
  static Distribution gamma(double mean, double cv);
  /// F(x) = 1 − exp(−(x / scale)^shape), shape from 0.01.
  static Distribution weibull(double shape, double scale);
  /// Type I: F(x) = 1 − (min / x)^alpha, alpha from 0.01. The mean is infinite if alpha <= 1.
  static Distribution pareto(double min, double alpha);
  /// Trials up to and including the first success: 1, 2, …. Requires 1 <= mean <= 1e12.
  static Distribution geometric(double mean);
  /// 0, 1, … with variance mean + mean² / r. Requires 0 < mean <= 1e9 and 0.001 <= r <= 1e6. A draw
  /// costs some microseconds, tens at the extremes.
  static Distribution negative_binomial(double mean, double r);
  /// Weights need not add up to 1; a part of weight 0 is left out. Its quantile() is monotone only
  /// within each part: u picks the part, and its position in the part's share is the part's own u.
  static Distribution mixture(const std::vector<WeightedDistribution>& parts);
  /// Known percentiles, in any order: between them the logarithm of the value is linear in p, and
  /// the outermost segments go on to p = 0 and p = 1. Requires two points or more, distinct p from
  /// 0 to 1, and positive values that do not fall as p grows.
  static Distribution quantiles(std::vector<QuantilePoint> points);
  /// Each of the given values with the same probability; they are sorted so that quantile() is
  /// monotone.
  static Distribution empirical(std::vector<double> values);

  /// This distribution with every sample below min raised to min, and every one above max lowered
  /// to max (not resampled: the mass moves to the bounds). Throws std::invalid_argument unless min
  /// <= max.
  Distribution clamped(std::optional<double> min, std::optional<double> max) const;

  /// This distribution with every sample, clamps included, multiplied by `factor`: quantile(u) is
  /// exactly factor times what it was. Throws std::invalid_argument unless `factor` is finite and
  /// positive.
  Distribution scaled(double factor) const;

  /// The value that the fraction u of samples does not exceed; u in (0, 1). Pure, never NaN, within
  /// lowest() and highest(), and non-decreasing in u up to rounding (a relative 1e-12), except for
  /// a mixture.
  double quantile(double u) const;
  /// Each u becomes quantile(u), in one go.
  void to_quantiles(std::span<double> u) const;

  /// Every u gives the same value: no draw is needed.
  bool is_constant() const { return kind_ == Kind::constant; }
  /// Bounds of the support; may be infinite.
  double lowest() const { return lowest_; }
  double highest() const { return highest_; }

  /// For explanations, not for results: in closed form where nothing is clamped, else the numeric
  /// integral of quantile(), good to about 0.1 %. May be infinite.
  double mean() const;

 private:
  enum class Kind : std::uint8_t {
    constant,
    uniform,
    uniform_whole,
    normal,
    lognormal,
    exponential,
    gamma,
    weibull,
    pareto,
    geometric,
    negative_binomial,
    mixture,
    quantiles,
    empirical,
    scaled
  };
  struct Table;
  struct Support {
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();
  };

  Distribution(Kind kind, double a, double b, Support support,
               std::shared_ptr<const Table> table = nullptr);

  double clamped_to_bounds(double x) const {
    return x < lowest_ ? lowest_ : (x > highest_ ? highest_ : x);
  }
  double unclamped_quantile(double u) const;
  double mixture_quantile(double u) const;
  double interpolated_quantile(double u) const;
  double unclamped_mean() const;
  double interpolated_mean() const;
  double integrated_mean() const;

  Kind kind_ = Kind::constant;
  bool is_clamped_ = false;
  double a_ = 0;  // what the two parameters are depends on the kind: see the factories
  double b_ = 0;
  double lowest_ = 0;
  double highest_ = 0;
  std::shared_ptr<const Table> table_;  // null for all kinds but the last four
};

struct WeightedDistribution {
  double weight = 1;
  Distribution value;
};

/// The nearest whole number, halves up, within [0, highest]; `highest` is at most 2^62. NaN becomes
/// 0.
inline std::int64_t to_whole(double x, std::int64_t highest) {
  if (!(x > 0)) return 0;
  if (x >= static_cast<double>(highest)) return highest;
  // Adding 0.5 first would round 0.49999999999999994 up, and odd numbers above 2^52 too.
  const auto whole = static_cast<std::int64_t>(x);
  return whole + (x - static_cast<double>(whole) >= 0.5 ? 1 : 0);
}

/// The nearest whole nanosecond, halves up, within [0, longest_duration]. NaN becomes 0.
inline Duration to_duration(double nanoseconds) {
  return Duration{to_whole(nanoseconds, longest_duration.count())};
}

/// The nearest whole number, halves up, within [0, 10^12]. NaN becomes 0.
inline std::int64_t to_count(double x) { return to_whole(x, 1'000'000'000'000); }

}  // namespace caesura
