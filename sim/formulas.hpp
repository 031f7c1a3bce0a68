#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

/// Formulas that sim/lanes.cpp computes for four numbers at a time as well: the same operations in
/// the same order there, so that the last bit is the same. None of these is left to the C library,
/// whose last bit may differ from one processor to another.
namespace caesura::formulas {

using Coefficients = std::array<double, 8>;

/// The rational function for the middle of the standard normal distribution, |u − 1/2| <= middle:
/// M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
/// Statistics 37 (1988), routine PPND16. Coefficients by ascending power.
inline constexpr double middle = 0.425;
inline constexpr double middle_squared = 0.180625;
inline constexpr Coefficients numerator{3.3871328727963666080,    1.3314166789178437745e+2,
                                        1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                        4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                        3.3430575583588128105e+4, 2.5090809287301226727e+3};
inline constexpr Coefficients denominator{1.0,
                                          4.2313330701600911252e+1,
                                          6.8718700749205790830e+2,
                                          5.3941960214247511077e+3,
                                          2.1213794301586595867e+4,
                                          3.9307895800092710610e+4,
                                          2.8729085735721942674e+4,
                                          5.2264952788528545610e+3};

inline double polynomial(const Coefficients& c, double x) {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x +
         c[0];
}

/// The quantile function of the standard normal distribution, to about 1e-16 relative; ±infinity at
/// 0 and 1: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution",
/// Applied Statistics 37 (1988), routine PPND16.
double normal_quantile(double u);

/// e^x = 2^k · e^r with whole k and |r| <= ln(2) / 2; ln 2 in two parts, the first with so few
/// digits that k times it is exact (Cody and Waite). e^r is its Taylor series up to r^13, whose
/// rest is below 2^-57; summed by Estrin's scheme, where the parts overlap.
inline constexpr double log2_e = 0x1.71547652b82fep0;
inline constexpr double ln_2_first = 0x1.62e42fefa0000p-1;
inline constexpr double ln_2_rest = 0x1.cf79abc9e3b3ap-40;
/// Added to a number below 2^51 in size, it leaves the nearest whole number in the lowest bits of
/// the sum.
inline constexpr double to_nearest = 0x1.8p52;
/// 1 / n!, from n = 2.
inline constexpr std::array<double, 12> taylor{
    1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,       1.0 / 5040,
    1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};

inline constexpr double greatest_exponent = 700;

/// e^x to a relative 2^-52; beyond ±700, close to where it would leave the range of numbers, as at
/// ±700.
inline double exponential(double x) {
  x = std::min(std::max(x, -greatest_exponent), greatest_exponent);
  const double shifted = x * log2_e + to_nearest;
  const double k = shifted - to_nearest;
  const double r = (x - k * ln_2_first) - k * ln_2_rest;
  const double r2 = r * r;
  const double r4 = r2 * r2;
  const auto& t = taylor;
  const double low = (t[0] + r * t[1]) + r2 * (t[2] + r * t[3]);
  const double mid = (t[4] + r * t[5]) + r2 * (t[6] + r * t[7]);
  const double high = (t[8] + r * t[9]) + r2 * (t[10] + r * t[11]);
  const double e_r = 1 + (r + r2 * (low + r4 * (mid + r4 * high)));
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(e_r) +
                               (std::bit_cast<std::uint64_t>(shifted) << 52U));
}

}  // namespace caesura::formulas
