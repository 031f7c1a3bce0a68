#pragma once

#include "sim/distribution.hpp"
#include "sim/statistics.hpp"
#include "model/purpose.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

/// The reference workload, for the peers that are written in C++: what is asked of them, the
/// numbers that they draw, and what they report. Requests arrive at random and each performs 8
/// operations, one after the other. Of 30 % a cancel is sent, uniformly in the 16 s after the
/// arrival; it takes effect at the next end of an operation.
namespace caesura::peers {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds never = std::numeric_limits<Nanoseconds>::max();

inline constexpr std::uint32_t operations = 8;
inline constexpr double operation_median_ns = 2e9;
inline constexpr double operation_sigma = 0.6;
inline constexpr double cancel_probability = 0.3;
inline constexpr double cancel_within_ns = 16e9;

/// What the command line asks for.
struct Options {
  std::uint32_t requests = 100'000;
  std::uint32_t in_flight = 2000;  ///< about so many requests at a time: gaps of 20 s / in_flight
  std::uint64_t seed = 1;
  std::vector<std::string_view> variants;

  double mean_gap_ns() const { return 20e9 / in_flight; }
  bool has(std::string_view variant) const {
    return std::find(variants.begin(), variants.end(), variant) != variants.end();
  }
};

/// Exits with status 2 and a usage message for an option that is unknown or not as it should be.
/// `variants` are the flags that the program has beside the common options.
Options read_options(int argc, char** argv, const std::vector<std::string_view>& variants);

/// The project's own draws: the very numbers that Caesura draws for the same request, by the same
/// code.
class KeyedDraws {
 public:
  KeyedDraws(std::uint64_t seed, double mean_gap_ns)
      : seed_(seed),
        gap_(Distribution::exponential(mean_gap_ns)),
        operation_(Distribution::lognormal_median_sigma(operation_median_ns, operation_sigma)),
        cancel_after_(Distribution::uniform(0, cancel_within_ns)) {}

  Nanoseconds gap(std::uint64_t request) { return drawn(gap_, request, 0, Purpose::arrival_gap); }
  /// From the arrival; `never` of those that are not cancelled.
  Nanoseconds cancel_after(std::uint64_t request) {
    if (draw(seed_, request, 0, Purpose::cancel_probability) >= cancel_probability) return never;
    return drawn(cancel_after_, request, 0, Purpose::cancel_moment);
  }
  /// `operation` from 1.
  Nanoseconds operation(std::uint64_t request, std::uint32_t operation) {
    return drawn(operation_, request, operation, Purpose::latency);
  }

 private:
  Nanoseconds drawn(const Distribution& distribution, std::uint64_t request,
                    std::uint32_t operation, Purpose purpose) const {
    return to_duration(distribution.quantile(draw(seed_, request, operation, purpose))).count();
  }

  std::uint64_t seed_;
  Distribution gap_;
  Distribution operation_;
  Distribution cancel_after_;
};

/// What a run adds up to. Sums and percentiles are exact, as Caesura's are.
class Tally {
 public:
  std::uint64_t peak_in_flight = 0;  ///< 0: not counted
  Nanoseconds planned = 0;
  Nanoseconds used = 0;

  void cancelled(Nanoseconds latency) {
    latencies_.push_back(latency);
    sum_ += latency;
    sum_of_squares_ += static_cast<int128>(latency) * latency;
  }

  /// Sorts out the statistics, and then prints the one line of JSON that the driver reads.
  void finish_and_print(std::uint64_t requests, std::chrono::steady_clock::time_point started);

 private:
  std::vector<Nanoseconds> latencies_;
  int128 sum_ = 0;
  int128 sum_of_squares_ = 0;
};

}  // namespace caesura::peers
