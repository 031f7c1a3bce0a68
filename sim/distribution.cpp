#include "sim/distribution.hpp"

#include "sim/formulas.hpp"
#include "sim/lanes.hpp"

#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace caesura {
namespace {

namespace policies = boost::math::policies;

/// A sample must never throw: at an extreme u the best guess (0, or infinity) is what we want, and
/// support and conversion bound it. Counts come as real numbers, since Boost's rounding walks whole
/// number by whole number where the distribution function is flat.
using QuietPolicy =
    policies::policy<policies::domain_error<policies::ignore_error>,
                     policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::underflow_error<policies::ignore_error>,
                     policies::denorm_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>,
                     policies::rounding_error<policies::ignore_error>,
                     policies::indeterminate_result_error<policies::ignore_error>,
                     policies::promote_double<false>, policies::discrete_quantile<policies::real>>;

constexpr double infinity = std::numeric_limits<double>::infinity();

void require(bool ok, const char* message) {
  if (!ok) throw std::invalid_argument(message);
}

void require_finite(const char* what, double x) {
  if (!std::isfinite(x))
    throw std::invalid_argument(std::string(what) + " must be a finite number");
}

void require_positive(const char* what, double x) {
  require_finite(what, x);
  if (x <= 0) throw std::invalid_argument(std::string(what) + " must be positive");
}

/// Limits that no scenario meets; beyond them a double overflows or a quantile no longer converges.
void require_between(double low, double x, double high, const char* message) {
  require(x >= low && x <= high, message);
}

}  // namespace

struct Distribution::Table {
  std::vector<double> p;      // quantiles: of each point; mixture: up to and including each part
  std::vector<double> value;  // quantiles, empirical: ascending
  std::vector<double> slope;  // quantiles: of the logarithm, from each point to the next
  std::vector<Distribution> parts;  // mixture; scaled: the one that is
};

Distribution::Distribution(Kind kind, double a, double b, Support support,
                           std::shared_ptr<const Table> table)
    : kind_(kind),
      a_(a),
      b_(b),
      lowest_(support.lowest),
      highest_(support.highest),
      table_(std::move(table)) {
  if (lowest_ == highest_) {
    kind_ = Kind::constant;
    a_ = lowest_;
    table_.reset();
  }
}

Distribution Distribution::constant(double value) {
  require_finite("a constant", value);
  return {Kind::constant, value, 0, {value, value}};
}

Distribution Distribution::uniform(double a, double b) {
  require_finite("uniform: the lower bound", a);
  require_finite("uniform: the upper bound", b);
  require(a <= b, "uniform: the lower bound must not be above the upper one");
  require_finite("uniform: the width", b - a);
  return {Kind::uniform, a, b - a, {a, b}};
}

Distribution Distribution::uniform_whole(double a, double b) {
  require(
      std::fabs(a) <= 0x1p52 && std::fabs(b) <= 0x1p52 && std::floor(a) == a && std::floor(b) == b,
      "uniform: the bounds of a count must be whole numbers");
  require(a <= b, "uniform: the lower bound must not be above the upper one");
  return {Kind::uniform_whole, a, b - a + 1, {a, b}};
}

Distribution Distribution::normal(double mean, double stddev) {
  require_finite("normal: mean", mean);
  require_finite("normal: stddev", stddev);
  require(stddev >= 0, "normal: stddev must not be negative");
  return stddev == 0 ? constant(mean) : Distribution{Kind::normal, mean, stddev, {}};
}

Distribution Distribution::lognormal_median_sigma(double median, double sigma) {
  require_positive("lognormal: median", median);
  require_between(0, sigma, 20, "lognormal: sigma must be from 0 to 20");
  return sigma == 0 ? constant(median)
                    : Distribution{Kind::lognormal, median, sigma, {0, infinity}};
}

Distribution Distribution::lognormal_median_p95(double median, double p95) {
  require_positive("lognormal: median", median);
  require_positive("lognormal: p95", p95);
  require(p95 >= median, "lognormal: p95 must not be below the median");
  const double sigma = std::log(p95 / median) / formulas::normal_quantile(0.95);
  require(sigma <= 20, "lognormal: p95 is too far above the median");
  return lognormal_median_sigma(median, sigma);
}

Distribution Distribution::lognormal_mean_cv(double mean, double cv) {
  require_positive("lognormal: mean", mean);
  require_between(0, cv, 1e6, "lognormal: cv must be from 0 to 1e6");
  const double variance = std::log1p(cv * cv);
  return lognormal_median_sigma(mean * std::exp(-variance / 2), std::sqrt(variance));
}

Distribution Distribution::exponential(double mean) {
  require_positive("exponential: mean", mean);
  return {Kind::exponential, mean, 0, {0, infinity}};
}

Distribution Distribution::gamma(double mean, double cv) {
  require_positive("gamma: mean", mean);
  if (cv == 0) return constant(mean);
  require_between(0.001, cv, 100, "gamma: cv must be 0, or from 0.001 to 100");
  return {Kind::gamma, 1 / (cv * cv), mean * cv * cv, {0, infinity}};
}

Distribution Distribution::weibull(double shape, double scale) {
  require_finite("weibull: shape", shape);
  require(shape >= 0.01, "weibull: shape must be at least 0.01");
  require_positive("weibull: scale", scale);
  return {Kind::weibull, 1 / shape, scale, {0, infinity}};
}

Distribution Distribution::pareto(double min, double alpha) {
  require_positive("pareto: min", min);
  require_finite("pareto: alpha", alpha);
  require(alpha >= 0.01, "pareto: alpha must be at least 0.01");
  return {Kind::pareto, min, alpha, {min, infinity}};
}

Distribution Distribution::geometric(double mean) {
  require_between(1, mean, 1e12, "geometric: mean must be from 1 to 1e12");
  if (mean == 1) return constant(1);
  return {Kind::geometric, std::log1p(-1 / mean), mean, {1, infinity}};
}

Distribution Distribution::negative_binomial(double mean, double r) {
  require_positive("negative_binomial: mean", mean);
  require(mean <= 1e9, "negative_binomial: mean must be at most 1e9");
  require_between(0.001, r, 1e6, "negative_binomial: r must be from 0.001 to 1e6");
  return {Kind::negative_binomial, r, r / (r + mean), {0, infinity}};
}

Distribution Distribution::mixture(const std::vector<WeightedDistribution>& parts) {
  double total = 0;
  for (const auto& part : parts) {
    require(std::isfinite(part.weight) && part.weight >= 0,
            "mixture: a weight must be a finite number and not negative");
    total += part.weight;
  }
  require(total > 0, "mixture: at least one weight must be positive");
  require_finite("mixture: the sum of the weights", total);
  Table table;
  Support support{infinity, -infinity};
  double sum = 0;
  for (const auto& part : parts) {
    if (part.weight == 0) continue;
    sum += part.weight;
    table.p.push_back(sum / total);
    table.parts.push_back(part.value);
    support.lowest = std::min(support.lowest, part.value.lowest_);
    support.highest = std::max(support.highest, part.value.highest_);
  }
  return {Kind::mixture, 0, 0, support, std::make_shared<const Table>(std::move(table))};
}

Distribution Distribution::quantiles(std::vector<QuantilePoint> points) {
  require(points.size() >= 2, "quantiles: at least two points are needed");
  for (const auto& point : points) {
    require(point.p >= 0 && point.p <= 1, "quantiles: a percentile must be from 0 to 100");
    require_positive("quantiles: a value", point.value);
  }
  std::sort(points.begin(), points.end(), [](const auto& x, const auto& y) { return x.p < y.p; });
  Table table;
  for (std::size_t i = 0; i < points.size(); ++i) {
    table.p.push_back(points[i].p);
    table.value.push_back(points[i].value);
    if (i == 0) continue;
    require(points[i].p > points[i - 1].p, "quantiles: a percentile is given twice");
    require(points[i].value >= points[i - 1].value,
            "quantiles: values must not fall as the percentile grows");
    table.slope.push_back((std::log(points[i].value) - std::log(points[i - 1].value)) /
                          (points[i].p - points[i - 1].p));
  }
  const Support support{points.front().value * std::exp(-table.slope.front() * points.front().p),
                        points.back().value * std::exp(table.slope.back() * (1 - points.back().p))};
  require(std::isfinite(support.highest),
          "quantiles: the last two points are too steep to extend to the maximum");
  return {Kind::quantiles, 0, 0, support, std::make_shared<const Table>(std::move(table))};
}

Distribution Distribution::empirical(std::vector<double> values) {
  require(!values.empty(), "empirical: at least one value is needed");
  for (const double value : values) require_finite("empirical: a value", value);
  std::sort(values.begin(), values.end());
  const Support support{values.front(), values.back()};
  return {Kind::empirical, 0, 0, support,
          std::make_shared<const Table>(
              Table{.p = {}, .value = std::move(values), .slope = {}, .parts = {}})};
}

Distribution Distribution::clamped(std::optional<double> min, std::optional<double> max) const {
  if (min) require_finite("min", *min);
  if (max) require_finite("max", *max);
  const double low = min.value_or(-infinity);
  const double high = max.value_or(infinity);
  require(low <= high, "min must not be above max");
  if (kind_ == Kind::mixture) {
    // Part by part, so that the mean stays a sum of means of smooth functions.
    std::vector<WeightedDistribution> parts;
    for (std::size_t i = 0; i < table_->parts.size(); ++i) {
      parts.push_back(
          {table_->p[i] - (i == 0 ? 0 : table_->p[i - 1]), table_->parts[i].clamped(min, max)});
    }
    return mixture(parts);
  }
  Distribution result(kind_, a_, b_,
                      {std::clamp(lowest_, low, high), std::clamp(highest_, low, high)}, table_);
  result.is_clamped_ = is_clamped_ || result.lowest_ != lowest_ || result.highest_ != highest_;
  return result;
}

Distribution Distribution::scaled(double factor) const {
  require_positive("a factor", factor);
  return {
      Kind::scaled,
      factor,
      0,
      {factor * lowest_, factor * highest_},
      std::make_shared<const Table>(Table{.p = {}, .value = {}, .slope = {}, .parts = {*this}})};
}

double Distribution::quantile(double u) const {
  if (kind_ == Kind::constant) return a_;
  // Also without clamps: rounding may carry a value past the bounds by one unit in the last place.
  return clamped_to_bounds(unclamped_quantile(u));
}

void Distribution::to_quantiles(std::span<double> u) const {
  const std::size_t done = kind_ == Kind::lognormal ? lanes::lognormal(a_, b_, u) : 0;
  for (double& x : u.first(done)) x = clamped_to_bounds(x);
  for (double& x : u.subspan(done)) x = quantile(x);
}

double Distribution::unclamped_quantile(double u) const {
  switch (kind_) {
    case Kind::constant:
      return a_;
    case Kind::uniform:
      return a_ + u * b_;
    case Kind::uniform_whole:
      return a_ + std::floor(u * b_);
    case Kind::normal:
      return a_ + b_ * formulas::normal_quantile(u);
    case Kind::lognormal:
      return a_ * formulas::exponential(b_ * formulas::normal_quantile(u));
    case Kind::exponential:
      return -a_ * std::log1p(-u);
    case Kind::gamma:
      return b_ * boost::math::gamma_p_inv(a_, u, QuietPolicy());
    case Kind::weibull:
      return b_ * std::pow(-std::log1p(-u), a_);
    case Kind::pareto:
      return a_ * std::exp(-std::log1p(-u) / b_);
    case Kind::geometric:
      return std::ceil(std::log1p(-u) / a_);
    case Kind::negative_binomial:
      // Outside these bounds Boost's search for a bracket may run for ever.
      return std::ceil(boost::math::quantile(
          boost::math::negative_binomial_distribution<double, QuietPolicy>(a_, b_),
          std::clamp(u, 0x1p-54, 1 - 0x1p-53)));
    case Kind::mixture:
      return mixture_quantile(u);
    case Kind::quantiles:
      return interpolated_quantile(u);
    case Kind::empirical: {
      const double n = static_cast<double>(table_->value.size());
      return table_->value[static_cast<std::size_t>(std::min(std::floor(u * n), n - 1))];
    }
    case Kind::scaled:
      return a_ * table_->parts.front().quantile(u);
  }
  return a_;
}

double Distribution::mixture_quantile(double u) const {
  const auto& p = table_->p;
  std::size_t i = 0;
  while (i + 1 < p.size() && u >= p[i]) ++i;
  const double start = i == 0 ? 0 : p[i - 1];
  const double within = (u - start) / (p[i] - start);
  return table_->parts[i].quantile(std::clamp(within, 0x1p-54, 1 - 0x1p-53));
}

double Distribution::interpolated_quantile(double u) const {
  const auto& [p, value, slope, parts] = *table_;
  const auto above = static_cast<std::size_t>(std::upper_bound(p.begin(), p.end(), u) - p.begin());
  const std::size_t from = above == 0 ? 0 : above - 1;
  const double x = value[from] * std::exp(slope[std::min(from, slope.size() - 1)] * (u - p[from]));
  return above < value.size() ? std::min(x, value[above]) : x;
}

double Distribution::mean() const {
  return is_clamped_ && !is_constant() ? integrated_mean() : unclamped_mean();
}

double Distribution::unclamped_mean() const {
  switch (kind_) {
    case Kind::constant:
    case Kind::normal:
    case Kind::exponential:
      return a_;
    case Kind::uniform:
      return a_ + b_ / 2;
    case Kind::uniform_whole:
      return a_ + (b_ - 1) / 2;
    case Kind::lognormal:
      return a_ * std::exp(b_ * b_ / 2);
    case Kind::gamma:
      return a_ * b_;
    case Kind::weibull:
      return b_ * std::tgamma(1 + a_);
    case Kind::pareto:
      return b_ > 1 ? a_ * b_ / (b_ - 1) : infinity;
    case Kind::geometric:
      return b_;
    case Kind::negative_binomial:
      return a_ * (1 - b_) / b_;
    case Kind::mixture: {
      double sum = 0;
      for (std::size_t i = 0; i < table_->parts.size(); ++i) {
        sum += (table_->p[i] - (i == 0 ? 0 : table_->p[i - 1])) * table_->parts[i].mean();
      }
      return sum;
    }
    case Kind::quantiles:
      return interpolated_mean();
    case Kind::empirical:
      return std::accumulate(table_->value.begin(), table_->value.end(), 0.0) /
             static_cast<double>(table_->value.size());
    case Kind::scaled:
      return a_ * table_->parts.front().mean();
  }
  return a_;
}

double Distribution::interpolated_mean() const {
  const auto& [p, value, slope, parts] = *table_;
  // ∫ v·exp(s·x) dx from 0 to d; d is negative for the extension down to p = 0.
  const auto area = [](double v, double s, double d) {
    return s == 0 ? v * d : v * std::expm1(s * d) / s;
  };
  double sum = -area(value.front(), slope.front(), -p.front()) +
               area(value.back(), slope.back(), 1 - p.back());
  for (std::size_t i = 0; i < slope.size(); ++i) sum += area(value[i], slope[i], p[i + 1] - p[i]);
  return sum;
}

double Distribution::integrated_mean() const {
  // Panels halve towards both ends, where a quantile function may have a pole; midpoints within
  // each.
  constexpr int panels = 50;
  constexpr int midpoints = 128;
  double sum = 0;
  for (int panel = 1; panel <= panels; ++panel) {
    const double width = std::ldexp(0.5, -panel);
    double panel_sum = 0;
    for (int i = 0; i < midpoints; ++i) {
      const double u = width * (1 + (i + 0.5) / midpoints);
      panel_sum += quantile(u) + quantile(1 - u);
    }
    sum += panel_sum * width / midpoints;
  }
  return sum;
}

}  // namespace caesura
