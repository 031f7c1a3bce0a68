#include "scenarios/results/comparison.hpp"

#include "scenarios/results/decimal.hpp"
#include "scenarios/results/noise.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

/// Over `n` values.
double t95_of(std::uint64_t n) { return student_t95(static_cast<double>(n - 1)); }

Interval around(double middle, double half_width) {
  return {middle - half_width, middle + half_width};
}

/// `moments` are those of all pairs together.
std::optional<double> standard_error_over_pairs(const Moments& moments) {
  const auto stddev = moments.stddev();
  if (!stddev) return std::nullopt;
  return *stddev / std::sqrt(static_cast<double>(moments.count()));
}

using Part = Moments PairedDifferences::*;

struct Total {
  Moments pairs;
  std::uint64_t replications = 0;  ///< with pairs
};

Total total_of(const std::vector<PairedDifferences>& replications, Part part) {
  Total total;
  for (const auto& replication : replications) {
    if ((replication.*part).count() == 0) continue;
    total.pairs.merge(replication.*part);
    ++total.replications;
  }
  return total;
}

/// The standard error of a mean or sum over k replications, from how far each is from what was
/// expected of it: those residuals add up to 0.
std::optional<double> half_width_over_replications(double squared_residuals, std::uint64_t k) {
  if (k < 2) return std::nullopt;
  const auto n = static_cast<double>(k);
  return t95_of(k) * std::sqrt(squared_residuals / (n - 1) * n);
}

Estimate mean_latency(const std::vector<PairedDifferences>& replications, Spread spread) {
  const Total total = total_of(replications, &PairedDifferences::cancel_latency_ns);
  const auto mean = total.pairs.mean();
  Estimate estimate{.pairs = total.pairs.count(), .difference = {}, .ci95 = {}};
  if (!mean) return estimate;
  constexpr double ns = 1e9;
  estimate.difference = *mean / ns;
  const auto pairs = static_cast<double>(estimate.pairs);
  std::optional<double> half_width;
  switch (spread) {
    case Spread::pairs:
      if (const auto error = standard_error_over_pairs(total.pairs))
        half_width = t95_of(estimate.pairs) * *error;
      break;
    case Spread::replications: {
      double squares = 0;
      for (const auto& [latency, saved] : replications) {
        // In integers, so that replications that agree have no residual.
        const int128 scaled = latency.sum() * static_cast<int128>(estimate.pairs) -
                              total.pairs.sum() * static_cast<int128>(latency.count());
        squares += std::pow(to_double(scaled) / pairs, 2);
      }
      half_width = half_width_over_replications(squares, total.replications);
      if (half_width) *half_width /= pairs;
      break;
    }
    case Spread::unknown:
      break;
  }
  if (half_width) estimate.ci95 = around(*estimate.difference, *half_width / ns);
  return estimate;
}

Estimate total_saved(const std::vector<PairedDifferences>& replications, Spread spread) {
  const Total total = total_of(replications, &PairedDifferences::saved_picos);
  Estimate estimate{.pairs = total.pairs.count(), .difference = {}, .ci95 = {}};
  if (estimate.pairs == 0) return estimate;
  estimate.difference = nearest_double(total.pairs.sum(), money_decimals);
  std::optional<double> half_width;
  switch (spread) {
    case Spread::pairs:
      if (const auto error = standard_error_over_pairs(total.pairs))
        half_width = t95_of(estimate.pairs) * *error * static_cast<double>(estimate.pairs);
      break;
    case Spread::replications: {
      const auto k = static_cast<int128>(total.replications);
      double squares = 0;
      for (const auto& [latency, saved] : replications) {
        if (saved.count() == 0) continue;
        squares += std::pow(to_double(saved.sum() * k - total.pairs.sum()) / to_double(k), 2);
      }
      half_width = half_width_over_replications(squares, total.replications);
      break;
    }
    case Spread::unknown:
      break;
  }
  constexpr double picos = 1e12;
  if (half_width) estimate.ci95 = around(*estimate.difference, *half_width / picos);
  return estimate;
}

}  // namespace

PairedRequest paired_request(const RequestReport& request, const ClientReport& client) {
  PairedRequest paired{.saved_picos = request.saved.cost.picos};
  if (request.outcome == Outcome::cancelled && client.cancel_sent)
    paired.cancel_latency_ns = (request.stopped - *client.cancel_sent).count();
  return paired;
}

void PairedDifferences::add(const PairedRequest& request, const PairedRequest& reference) {
  if (request.cancel_latency_ns != PairedRequest::not_cancelled &&
      reference.cancel_latency_ns != PairedRequest::not_cancelled)
    cancel_latency_ns.add(request.cancel_latency_ns - reference.cancel_latency_ns);
  saved_picos.add(request.saved_picos - reference.saved_picos);
}

void PairedDifferences::merge(const PairedDifferences& other) {
  cancel_latency_ns.merge(other.cancel_latency_ns);
  saved_picos.merge(other.saved_picos);
}

PairedDifferences paired_differences(const PairedRequests& policy,
                                     const PairedRequests& reference) {
  if (policy.size() != reference.size())
    throw std::logic_error("two policies of one scenario had different numbers of requests");
  PairedDifferences differences;
  for (std::size_t i = 0; i < policy.size(); ++i) differences.add(policy[i], reference[i]);
  return differences;
}

PairedDifferences never_differences(const PairedRequests& reference) {
  PairedDifferences differences;
  for (const PairedRequest& request : reference) differences.add({}, request);
  return differences;
}

PolicyComparison compare(std::string policy, std::string against,
                         const std::vector<PairedDifferences>& replications, Spread spread) {
  return {.policy = std::move(policy),
          .against = std::move(against),
          .cancel_latency_s = mean_latency(replications, spread),
          .saved_usd = total_saved(replications, spread)};
}

}  // namespace caesura
