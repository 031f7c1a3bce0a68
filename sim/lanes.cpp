#include "sim/lanes.hpp"

#include "sim/formulas.hpp"

#if defined(__x86_64__)

#include <Random123/philox.h>

#include <array>
#include <bit>
#include <cstdint>
#include <immintrin.h>

namespace caesura::lanes {
namespace {

constexpr std::size_t width = 4;
using Numbers = __m256d;
using Bits = __m256i;

bool can_do() {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  return has_avx2;
}

[[gnu::target("avx2")]] inline Numbers all(double x) { return _mm256_set1_pd(x); }
[[gnu::target("avx2")]] inline Bits all_words(std::uint64_t x) {
  return _mm256_set1_epi64x(static_cast<std::int64_t>(x));
}

/// The first two words of Philox-4x32-10's blocks; words are the lower halves of lanes, above which
/// anything may be.
[[gnu::target("avx2")]] inline Bits random_words(const DrawKey& key,
                                                 const std::uint32_t* operations) {
  const Bits multiplier0 = all_words(PHILOX_M4x32_0);
  const Bits multiplier1 = all_words(PHILOX_M4x32_1);
  Bits word0 = all_words(key.request);
  Bits word1 = all_words(key.request >> 32U);
  Bits word2 = _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(operations)));
  Bits word3 = all_words(key.purpose);
  std::uint64_t key0 = key.seed;
  std::uint64_t key1 = key.seed >> 32U;
  for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; ++round) {
    const Bits product0 = _mm256_mul_epu32(word0, multiplier0);
    const Bits product1 = _mm256_mul_epu32(word2, multiplier1);
    word0 =
        _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), word1), all_words(key0));
    word1 = product1;
    word2 =
        _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), word3), all_words(key1));
    word3 = product0;
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
  }
  return _mm256_or_si256(_mm256_slli_epi64(word1, 32),
                         _mm256_and_si256(word0, all_words(0xffff'ffff)));
}

/// As uniform_draw() makes them of random bits. 52 bits below the exponent of 2^52 are that number
/// plus 2^52.
[[gnu::target("avx2")]] inline Numbers uniform(Bits random) {
  const Bits above_2_52 = _mm256_or_si256(_mm256_srli_epi64(random, 12),
                                          all_words(std::bit_cast<std::uint64_t>(0x1p52)));
  return (_mm256_castsi256_pd(above_2_52) - all(0x1p52) + all(0.5)) * all(0x1p-52);
}

[[gnu::target("avx2")]] inline Numbers polynomial(const formulas::Coefficients& c, Numbers x) {
  Numbers sum = all(c[7]);
  for (std::size_t i = 7; i-- > 0;) sum = sum * x + all(c[i]);
  return sum;
}

[[gnu::target("avx2")]] inline Numbers normal_quantiles(Numbers u) {
  const Numbers q = u - all(0.5);
  const Numbers r = all(formulas::middle_squared) - q * q;
  const Numbers z = q * polynomial(formulas::numerator, r) / polynomial(formulas::denominator, r);
  const Numbers distance = _mm256_andnot_pd(all(-0.0), q);
  auto tails = static_cast<unsigned>(
      _mm256_movemask_pd(_mm256_cmp_pd(distance, all(formulas::middle), _CMP_GT_OQ)));
  if (tails == 0) return z;
  alignas(Numbers) std::array<double, width> us{};
  alignas(Numbers) std::array<double, width> zs{};
  _mm256_store_pd(us.data(), u);
  _mm256_store_pd(zs.data(), z);
  for (; tails != 0; tails &= tails - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(tails));
    zs[i] = formulas::normal_quantile(us[i]);
  }
  return _mm256_load_pd(zs.data());
}

[[gnu::target("avx2")]] inline Numbers exponential(Numbers x) {
  x = _mm256_min_pd(_mm256_max_pd(x, all(-formulas::greatest_exponent)),
                    all(formulas::greatest_exponent));
  const Numbers shifted = x * all(formulas::log2_e) + all(formulas::to_nearest);
  const Numbers k = shifted - all(formulas::to_nearest);
  const Numbers r = (x - k * all(formulas::ln_2_first)) - k * all(formulas::ln_2_rest);
  const Numbers r2 = r * r;
  const Numbers r4 = r2 * r2;
  const auto& t = formulas::taylor;
  const Numbers low = (all(t[0]) + r * all(t[1])) + r2 * (all(t[2]) + r * all(t[3]));
  const Numbers mid = (all(t[4]) + r * all(t[5])) + r2 * (all(t[6]) + r * all(t[7]));
  const Numbers high = (all(t[8]) + r * all(t[9])) + r2 * (all(t[10]) + r * all(t[11]));
  const Numbers e_r = all(1) + (r + r2 * (low + r4 * (mid + r4 * high)));
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(e_r),
                                              _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52)));
}

[[gnu::target("avx2")]] void draw_fours(const DrawKey& key,
                                        std::span<const std::uint32_t> operations,
                                        std::span<double> u) {
  for (std::size_t i = 0; i + width <= u.size(); i += width)
    _mm256_storeu_pd(&u[i], uniform(random_words(key, &operations[i])));
}

[[gnu::target("avx2")]] void lognormal_fours(double median, double sigma, std::span<double> u) {
  for (std::size_t i = 0; i + width <= u.size(); i += width) {
    const Numbers z = normal_quantiles(_mm256_loadu_pd(&u[i]));
    _mm256_storeu_pd(&u[i], all(median) * exponential(all(sigma) * z));
  }
}

}  // namespace

std::size_t uniform_draws(const DrawKey& key, std::span<const std::uint32_t> operations,
                          std::span<double> u) {
  if (!can_do()) return 0;
  draw_fours(key, operations, u);
  return u.size() / width * width;
}

std::size_t lognormal(double median, double sigma, std::span<double> u) {
  if (!can_do()) return 0;
  lognormal_fours(median, sigma, u);
  return u.size() / width * width;
}

}  // namespace caesura::lanes

#else

namespace caesura::lanes {

std::size_t uniform_draws(const DrawKey&, std::span<const std::uint32_t>, std::span<double>) {
  return 0;
}
std::size_t lognormal(double, double, std::span<double>) { return 0; }

}  // namespace caesura::lanes

#endif
