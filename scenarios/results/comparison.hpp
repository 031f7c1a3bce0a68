#pragma once

#include "sim/statistics.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

// Two policies on the very same requests: what differs is the policies' doing, and not that of the
// samples, which are equal.

/// What of one request under one policy is compared.
struct PairedRequest {
  static constexpr std::int64_t not_cancelled = -1;
  std::int64_t cancel_latency_ns = not_cancelled;
  std::int64_t saved_picos = 0;
};
PairedRequest paired_request(const RequestReport& request, const ClientReport& client);

/// The requests of one policy by number, as far as they are paired; 16 bytes each. Under `never`
/// nothing needs to be kept: none is cancelled, and nothing saved.
using PairedRequests = std::vector<PairedRequest>;

/// How many requests are paired at most, over all replications: it bounds the memory.
inline constexpr std::uint64_t paired_requests_max = 10'000'000;
/// Of each of `replications`, the first so many.
constexpr std::uint64_t paired_requests_max_of_each(std::uint64_t replications) {
  return paired_requests_max / replications;
}

/// A policy minus the reference, over the same requests. Exact, whatever the order of add() and
/// merge().
struct PairedDifferences {
  Moments cancel_latency_ns;  ///< of requests that were cancelled under both
  Moments saved_picos;        ///< of all

  void add(const PairedRequest& request, const PairedRequest& reference);
  void merge(const PairedDifferences& other);
};

/// Of two runs of the same requests. Throws std::logic_error if they are not equally many.
PairedDifferences paired_differences(const PairedRequests& policy, const PairedRequests& reference);
/// Of `never`.
PairedDifferences never_differences(const PairedRequests& reference);

struct Interval {
  double low = 0;
  double high = 0;
};

/// A difference with its 95 % confidence interval.
struct Estimate {
  std::uint64_t pairs = 0;
  std::optional<double> difference;  ///< none without pairs
  std::optional<Interval> ci95;      ///< none where what there is tells nothing of the spread
};

/// What the spread of a difference is taken from.
enum class Spread : std::uint8_t {
  pairs,  ///< of one run whose requests are independent of one another: Student's t with n - 1
          ///< degrees of freedom over its n pairs
  replications,  ///< independent runs, each of any number of pairs: Student's t over them
  unknown,       ///< one run whose requests compete, and so depend on one another: no interval
};

struct PolicyComparison {
  std::string policy;
  std::string against;        ///< the reference
  Estimate cancel_latency_s;  ///< mean over pairs
  Estimate saved_usd;         ///< sum over pairs
};

/// `replications` has one element a replication. Over them, the mean is a ratio of sums, whose
/// variance is linearised (Cochran, Sampling Techniques, chapter 6); replications without pairs do
/// not count.
PolicyComparison compare(std::string policy, std::string against,
                         const std::vector<PairedDifferences>& replications, Spread spread);

}  // namespace caesura
