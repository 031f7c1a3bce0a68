#include "scenarios/results/noise.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <cmath>

namespace caesura {
namespace {

constexpr double confidence = 0.95;
constexpr double two_sided_tail = (1 - confidence) / 2;
constexpr double normal_quantile = 1.959963984540054;  // of 1 - two_sided_tail

/// An estimate's variance, and how many degrees of freedom it has.
struct Variance {
  double value = 0;
  double degrees = 0;
};

/// Of the difference of two independent estimates: Welch and Satterthwaite.
Variance sum_of(const Variance& a, const Variance& b) {
  const double sum = a.value + b.value;
  if (sum == 0) return {};
  // Shares of the sum, whose squares do not underflow.
  const double of_a = a.value / sum, of_b = b.value / sum;
  return {sum, 1 / (of_a * of_a / a.degrees + of_b * of_b / b.degrees)};
}

bool is_beyond(double difference, const Variance& variance) {
  if (variance.value == 0) return difference != 0;
  return std::fabs(difference) > student_t95(variance.degrees) * std::sqrt(variance.value);
}

Variance variance_of_mean(const SampleMean& sample) {
  const auto n = static_cast<double>(sample.count);
  return {sample.stddev * sample.stddev / n, n - 1};
}

Variance jackknife(const std::vector<double>& without, std::size_t informative) {
  const auto blocks = static_cast<double>(without.size());
  double mean = 0;
  for (const double x : without) mean += x / blocks;
  double squares = 0;
  for (const double x : without) squares += (x - mean) * (x - mean);
  return {squares * (blocks - 1) / blocks, static_cast<double>(informative) - 1};
}

}  // namespace

double student_t95(double degrees) {
  return boost::math::quantile(
      boost::math::complement(boost::math::students_t(degrees), two_sided_tail));
}

bool means_differ(const SampleMean& a, const SampleMean& b) {
  return is_beyond(b.mean - a.mean, sum_of(variance_of_mean(a), variance_of_mean(b)));
}

bool proportions_differ(const Proportion& a, const Proportion& b) {
  if (a.whole == 0 || b.whole == 0) return false;
  const auto in_a = static_cast<double>(a.whole), in_b = static_cast<double>(b.whole);
  const double pooled = (static_cast<double>(a.part) + static_cast<double>(b.part)) / (in_a + in_b);
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / in_a + 1 / in_b));
  return std::fabs(static_cast<double>(b.part) / in_b - static_cast<double>(a.part) / in_a) >
         normal_quantile * deviation;
}

bool block_statistics_differ(const BlockStatistic& a, const BlockStatistic& b) {
  return is_beyond(b.of_all - a.of_all, sum_of(jackknife(a.without, a.informative),
                                               jackknife(b.without, b.informative)));
}

bool paired_block_statistics_differ(const BlockStatistic& a, const BlockStatistic& b) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.without.size(); ++i)
    differences.push_back(b.without[i] - a.without[i]);
  return is_beyond(b.of_all - a.of_all,
                   jackknife(differences, std::min(a.informative, b.informative)));
}

RankInterval quantile_ranks(std::uint64_t count, double p, double at_confidence) {
  // Of the samples, K ~ binomial(count, p) are below the quantile, which is therefore below element
  // l only if K < l, and above element u only if K >= u: l is the largest and u the smallest for
  // which chance leaves that no more than its half of the rest.
  using boost::math::policies::discrete_quantile;
  using boost::math::policies::integer_round_down;
  using boost::math::policies::integer_round_up;
  const auto n = static_cast<double>(count);
  const double tail = (1 - at_confidence) / 2;
  const boost::math::binomial_distribution<
      double, boost::math::policies::policy<discrete_quantile<integer_round_down>>>
      down(n, p);
  const boost::math::binomial_distribution<
      double, boost::math::policies::policy<discrete_quantile<integer_round_up>>>
      up(n, p);
  const double low = boost::math::quantile(down, tail);
  const double high = boost::math::quantile(boost::math::complement(up, tail));
  return {boost::math::cdf(down, low) <= tail ? static_cast<std::uint64_t>(low) + 1 : 0,
          static_cast<std::uint64_t>(high) + 1};
}

std::optional<bool> quantiles_differ(const std::vector<std::int64_t>& a,
                                     const std::vector<std::int64_t>& b, double p) {
  if (a.empty() || b.empty()) return std::nullopt;
  const double each = std::sqrt(confidence);
  const RankInterval in_a = quantile_ranks(a.size(), p, each);
  const RankInterval in_b = quantile_ranks(b.size(), p, each);
  const auto is_bounded_above = [](const auto& sample, const RankInterval& ranks) {
    return ranks.high <= sample.size();
  };
  const auto is_below = [&](const auto& low, const RankInterval& in_low, const auto& high,
                            const RankInterval& in_high) {
    return is_bounded_above(low, in_low) && in_high.low >= 1 &&
           low[in_low.high - 1] < high[in_high.low - 1];
  };
  if (is_below(a, in_a, b, in_b) || is_below(b, in_b, a, in_a)) return true;
  const bool is_bounded =
      is_bounded_above(a, in_a) && is_bounded_above(b, in_b) && in_a.low >= 1 && in_b.low >= 1;
  return is_bounded ? std::optional(false) : std::nullopt;
}

}  // namespace caesura
