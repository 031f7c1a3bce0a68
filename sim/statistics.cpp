#include "sim/statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

/// 256 bits, least significant word first: enough for count · Σx² and (Σx)² of any 64-bit samples.
using Wide = std::array<std::uint64_t, 4>;

constexpr std::uint64_t low_word(uint128 x) { return static_cast<std::uint64_t>(x); }
constexpr std::uint64_t high_word(uint128 x) { return static_cast<std::uint64_t>(x >> 64); }

uint128 magnitude(int128 x) {
  return x < 0 ? uint128{0} - static_cast<uint128>(x) : static_cast<uint128>(x);
}

/// sum += term, dropping what is carried out of the last word.
template <std::size_t words>
void add_to(std::array<std::uint64_t, words>& sum, const std::array<std::uint64_t, words>& term) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < words; ++i) {
    const uint128 word = uint128{sum[i]} + term[i] + carry;
    sum[i] = low_word(word);
    carry = high_word(word);
  }
}

/// x · factor, moved up by `shift` words.
Wide product(const std::array<std::uint64_t, 3>& x, std::uint64_t factor, std::size_t shift) {
  Wide result{};
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < x.size() && i + shift < result.size(); ++i) {
    const uint128 word = uint128{x[i]} * factor + carry;
    result[i + shift] = low_word(word);
    carry = high_word(word);
  }
  if (shift == 0) result[3] = carry;
  return result;
}

Wide square(uint128 x) {
  const std::array<std::uint64_t, 3> words{low_word(x), high_word(x), 0};
  Wide result = product(words, words[0], 0);
  add_to(result, product(words, words[1], 1));
  return result;
}

/// x − y, for x >= y.
Wide difference(Wide x, Wide y) {
  for (auto& word : y) word = ~word;
  add_to(x, y);
  add_to(x, Wide{1, 0, 0, 0});
  return x;
}

double to_double(const Wide& x) {
  double result = 0;
  for (std::size_t i = x.size(); i-- > 0;)
    result = std::ldexp(result, 64) + static_cast<double>(x[i]);
  return result;
}

/// Buckets are one wide below 2^11, and from there 2^10 to every power of two: so a bucket's
/// midpoint is within 2^-11 of its samples.
constexpr int bucket_bits = 10;

std::size_t bucket_of(std::int64_t sample) {
  const auto x = static_cast<std::uint64_t>(sample);
  const int shift = std::max(0, static_cast<int>(std::bit_width(x)) - (bucket_bits + 1));
  return (static_cast<std::size_t>(shift) << bucket_bits) + static_cast<std::size_t>(x >> shift);
}

std::int64_t bucket_midpoint(std::size_t bucket) {
  const auto shift = bucket < (std::size_t{2} << bucket_bits) ? 0 : (bucket >> bucket_bits) - 1;
  const auto lowest = static_cast<std::int64_t>((bucket - (shift << bucket_bits)) << shift);
  return lowest + ((std::int64_t{1} << shift) - 1) / 2;
}

/// ceil(count · per_mille / 1000), in integers: 0.95 · 20 in doubles is more than 19.
std::uint64_t rank_of(std::uint64_t count, std::uint64_t per_mille) {
  return static_cast<std::uint64_t>((uint128{count} * per_mille + 999) / 1000);
}

double in_seconds(std::int64_t nanoseconds) { return seconds(Duration{nanoseconds}); }

}  // namespace

double to_double(int128 x) { return static_cast<double>(x); }

std::string to_string(int128 x) {
  std::string digits;
  uint128 rest = magnitude(x);
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (x < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

void Moments::add(std::int64_t x) {
  ++count_;
  sum_ += x;
  const uint128 squared = magnitude(x) * magnitude(x);
  add_to(sum_of_squares_, {low_word(squared), high_word(squared), 0});
}

void Moments::merge(const Moments& other) {
  count_ += other.count_;
  sum_ += other.sum_;
  add_to(sum_of_squares_, other.sum_of_squares_);
}

std::optional<double> Moments::mean() const {
  if (count_ == 0) return std::nullopt;
  // Whole part and remainder apart, so that the mean of equal values is that value also where their
  // sum is no double.
  const auto n = static_cast<int128>(count_);
  return to_double(sum_ / n) + to_double(sum_ % n) / to_double(n);
}

std::optional<double> Moments::stddev() const {
  if (count_ < 2) return std::nullopt;
  const double scaled =
      to_double(difference(product(sum_of_squares_, count_, 0), square(magnitude(sum_))));
  const auto n = static_cast<double>(count_);
  return std::sqrt(scaled / n / (n - 1));
}

void Samples::add(Duration sample) {
  const std::int64_t x = sample.count();
  if (x < 0) throw std::invalid_argument("Samples: a duration is negative");
  if (count() == exact_count_max) forget_exact_values();
  moments_.add(x);
  min_ = std::min(min_, x);
  max_ = std::max(max_, x);
  if (count() <= exact_count_max) {
    keep(x);
  } else {
    count_in_bucket(x);
  }
}

void Samples::merge(Samples&& other) {
  if (count() + other.count() <= exact_count_max) {
    std::move(other.chunks_.begin(), other.chunks_.end(), std::back_inserter(chunks_));
  } else {
    forget_exact_values();
    other.forget_exact_values();
    if (buckets_.size() < other.buckets_.size()) buckets_.swap(other.buckets_);
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  }
  moments_.merge(other.moments_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  other = Samples();
}

Summary Samples::summary() const {
  const std::uint64_t n = count();
  Summary result;
  result.count = n;
  if (n == 0) return result;
  result.mean = *moments_.mean() / 1e9;
  if (const auto stddev = moments_.stddev()) result.stddev = *stddev / 1e9;
  result.min = in_seconds(min_);
  result.max = in_seconds(max_);

  std::vector<std::int64_t> values;
  if (n <= exact_count_max) values.reserve(n);
  for (const auto& chunk : chunks_) values.insert(values.end(), chunk.begin(), chunk.end());
  auto sorted_to = values.begin();
  const auto percentile_s = [&](std::uint64_t per_mille) {
    const std::uint64_t rank = rank_of(n, per_mille);
    if (values.empty()) return in_seconds(percentile(rank));
    const auto element = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    // Ranks only grow, and what an earlier call put before sorted_to is smaller than what is asked
    // for now.
    if (element >= sorted_to) {
      std::nth_element(sorted_to, element, values.end());
      sorted_to = element + 1;
    }
    return in_seconds(*element);
  };
  result.p50 = percentile_s(500);
  result.p90 = percentile_s(900);
  result.p95 = percentile_s(950);
  result.p99 = percentile_s(990);
  result.p99_9 = percentile_s(999);
  return result;
}

void Samples::keep(std::int64_t sample) {
  constexpr std::size_t first_size = 16;
  constexpr std::size_t greatest_size = 8192;
  if (chunks_.empty() || chunks_.back().size() == chunks_.back().capacity()) {
    const std::size_t size =
        chunks_.empty() ? first_size : std::min(2 * chunks_.back().capacity(), greatest_size);
    chunks_.emplace_back().reserve(size);
  }
  chunks_.back().push_back(sample);
}

void Samples::count_in_bucket(std::int64_t sample) {
  const std::size_t bucket = bucket_of(sample);
  if (bucket >= buckets_.size()) {
    // A power of two at a time, and no spare capacity: the vector's own growth would take twice the
    // memory.
    const std::size_t size = ((bucket >> bucket_bits) + 1) << bucket_bits;
    buckets_.reserve(size);
    buckets_.resize(size);
  }
  ++buckets_[bucket];
}

void Samples::forget_exact_values() {
  for (const auto& chunk : std::exchange(chunks_, {})) {
    for (const std::int64_t x : chunk) count_in_bucket(x);
  }
}

std::int64_t Samples::percentile(std::uint64_t rank) const {
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  while (below + buckets_[bucket] < rank) below += buckets_[bucket++];
  return std::clamp(bucket_midpoint(bucket), min_, max_);
}

}  // namespace caesura
