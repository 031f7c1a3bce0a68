#pragma once

#include "sim/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/// The nearest double.
double to_double(int128 x);
/// In decimal.
std::string to_string(int128 x);

/// Count, mean and standard deviation of any 64-bit integers, from exact sums: the results do not
/// depend on the order of add() and merge(), and do not suffer from cancellation. No sum overflows
/// below 2^63 values.
class Moments {
 public:
  void add(std::int64_t x);
  void merge(const Moments& other);

  std::uint64_t count() const { return count_; }
  int128 sum() const { return sum_; }
  /// Empty without values.
  std::optional<double> mean() const;
  /// With n − 1; empty for fewer than two values.
  std::optional<double> stddev() const;

 private:
  std::uint64_t count_ = 0;
  int128 sum_ = 0;
  std::array<std::uint64_t, 3> sum_of_squares_{};  // least significant first: 1e9 squares of a year
                                                   // in nanoseconds need 141 bits
};

/// Seconds; all empty if count is 0, and stddev also if it is 1.
struct Summary {
  std::uint64_t count = 0;
  std::optional<double> mean;
  std::optional<double> stddev;
  std::optional<double> min;
  std::optional<double> p50;
  std::optional<double> p90;
  std::optional<double> p95;
  std::optional<double> p99;
  std::optional<double> p99_9;
  std::optional<double> max;
};

/// Collects durations. The summary is a function of their multiset only: neither the order of add()
/// and merge() nor how the samples were spread over objects changes a bit of it.
///
/// Percentile p is element ceil(p · count) of the sorted samples, counted from 1: exactly so up to
/// `exact_count_max` samples, beyond that within 0.05 %. Count, mean, stddev, min and max are
/// always exact (but for the final conversion to a double of seconds). Memory: 8 bytes a sample up
/// to exact_count_max, and up to 64 kB a merged part; then less than 450 kB whatever their number.
class Samples {
 public:
  static constexpr std::uint64_t exact_count_max = 1'000'000;

  /// Throws std::invalid_argument if `sample` is negative.
  void add(Duration sample);
  /// Leaves `other` empty.
  void merge(Samples&& other);

  std::uint64_t count() const { return moments_.count(); }
  /// O(count) up to exact_count_max samples.
  Summary summary() const;

 private:
  void keep(std::int64_t sample);
  void count_in_bucket(std::int64_t sample);
  void forget_exact_values();
  std::int64_t percentile(std::uint64_t rank) const;

  Moments moments_;
  std::int64_t min_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_ = 0;
  /// All samples, while there are at most exact_count_max: in chunks, so that none is moved as they
  /// grow in number, or are merged.
  std::vector<std::vector<std::int64_t>> chunks_;
  std::vector<std::uint64_t> buckets_;  ///< beyond: how many samples fell into each bucket, as far
                                        ///< as the highest one in use
};

}  // namespace caesura
