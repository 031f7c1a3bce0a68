#pragma once

#include "bench/peers/reference_workload.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace caesura::peers {

/// xoshiro256++ 1.0 (Blackman and Vigna, 2019), its state filled by splitmix64.
class Xoshiro256 {
 public:
  explicit Xoshiro256(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// Standard normal numbers: the ziggurat of Marsaglia and Tsang (2000) with 256 layers, in the form
/// of Doornik (2005), whose layer and position come from different bits.
class Ziggurat {
 public:
  Ziggurat() {
    const double f = std::exp(-0.5 * r * r);
    x_[0] = area / f;
    x_[1] = r;
    for (std::size_t i = 2; i < layers; ++i) {
      x_[i] = std::sqrt(-2 * std::log(area / x_[i - 1] + std::exp(-0.5 * x_[i - 1] * x_[i - 1])));
    }
    x_[layers] = 0;
    for (std::size_t i = 0; i < layers; ++i) step_[i] = x_[i] * 0x1p-55;
    for (std::size_t i = 0; i < layers; ++i) {
      // Positions below are within the next layer too, and so under the curve.
      inside_[i] = static_cast<std::int64_t>(x_[i + 1] / x_[i] * 0x1p55);
    }
  }

  double normal(Xoshiro256& random) const {
    for (;;) {
      const std::uint64_t bits = random.next();
      const std::size_t layer = bits & (layers - 1);
      const std::int64_t position = static_cast<std::int64_t>(bits) >> 8;  // 56 bits, signed
      const double x = static_cast<double>(position) * step_[layer];
      if ((position < 0 ? -position : position) < inside_[layer]) [[likely]]
        return x;
      if (layer == 0) return tail(random, position < 0);
      const double above = std::exp(-0.5 * (x_[layer] * x_[layer] - x * x));
      const double below = std::exp(-0.5 * (x_[layer + 1] * x_[layer + 1] - x * x));
      if (above + random.uniform() * (below - above) < 1) return x;
    }
  }

 private:
  static constexpr std::size_t layers = 256;
  // where the tail begins, and each layer's area, for 256 of them
  static constexpr double r = 3.6541528853610088;
  static constexpr double area = 0.00492867323399;

  static double tail(Xoshiro256& random, bool negative) {
    double x = 0;
    double y = 0;
    do {
      x = -std::log(random.uniform()) / r;
      y = -std::log(random.uniform());
    } while (2 * y < x * x);
    return negative ? -(r + x) : r + x;
  }

  std::array<double, layers + 1> x_{};
  std::array<double, layers> step_{};
  std::array<std::int64_t, layers> inside_{};
};

/// What one would draw who needs no request to meet the same numbers again: one generator for all,
/// in the order in which it is asked.
class FastDraws {
 public:
  FastDraws(std::uint64_t seed, double mean_gap_ns)
      : random_(seed), mean_gap_ns_(mean_gap_ns), log_median_(std::log(operation_median_ns)) {}

  Nanoseconds gap(std::uint64_t) { return whole(-std::log(random_.uniform()) * mean_gap_ns_); }
  Nanoseconds cancel_after(std::uint64_t) {
    return random_.uniform() < cancel_probability ? whole(random_.uniform() * cancel_within_ns)
                                                  : never;
  }
  Nanoseconds operation(std::uint64_t, std::uint32_t) {
    return whole(std::exp(log_median_ + operation_sigma * ziggurat_.normal(random_)));
  }

 private:
  static Nanoseconds whole(double ns) {
    return static_cast<Nanoseconds>(ns);
  }  // half a nanosecond short, and fast

  Xoshiro256 random_;
  Ziggurat ziggurat_;
  double mean_gap_ns_;
  double log_median_;
};

}  // namespace caesura::peers
