#include "sim/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <span>

namespace caesura {
namespace {

struct KnownAnswer {
  DrawKey key;
  std::uint64_t first_two_words = 0;  // of Philox's block: the second word is the high half
};

/// One Philox round backwards, with the constants of the paper; its multipliers are odd, so they
/// have inverses modulo 2^32.
std::array<std::uint32_t, 4> philox_round_undone(const std::array<std::uint32_t, 4>& out,
                                                 std::uint32_t key0, std::uint32_t key1) {
  constexpr std::uint32_t multiplier0 = 0xd2511f53;
  constexpr std::uint32_t multiplier1 = 0xcd9e8d57;
  const auto inverse = [](std::uint32_t odd) {
    std::uint32_t x = odd;
    for (int i = 0; i < 5; ++i) x *= 2 - odd * x;
    return x;
  };
  const auto high = [](std::uint32_t x, std::uint32_t y) {
    return static_cast<std::uint32_t>((std::uint64_t{x} * y) >> 32);
  };
  const std::uint32_t in0 = out[3] * inverse(multiplier0);
  const std::uint32_t in2 = out[1] * inverse(multiplier1);
  return {in0, out[0] ^ high(multiplier1, in2) ^ key0, in2, out[2] ^ high(multiplier0, in0) ^ key1};
}

/// The key, for seed 0, whose block is `block`: Philox is a bijection.
DrawKey key_for_block(std::array<std::uint32_t, 4> block) {
  for (std::uint32_t round = 10; round-- > 0;)
    block = philox_round_undone(block, round * 0x9e3779b9u, round * 0xbb67ae85u);
  return {.seed = 0,
          .request = (std::uint64_t{block[1]} << 32) | block[0],
          .operation = block[2],
          .purpose = block[3]};
}

/// Pearson's statistic of `pairs` in a grid of 16 by 16: 255 degrees of freedom.
double chi_square_of_pairs(const std::function<std::array<double, 2>(std::uint32_t)>& pair) {
  constexpr std::uint32_t pairs = 50'000;
  std::array<int, 256> counts{};
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const auto [x, y] = pair(i);
    ++counts[static_cast<std::size_t>(x * 16) * 16 + static_cast<std::size_t>(y * 16)];
  }
  double sum = 0;
  for (const int count : counts) sum += std::pow(count - pairs / 256.0, 2) / (pairs / 256.0);
  return sum;
}

}  // namespace

TEST(UniformDraw, AgreesWithTheKnownAnswersOfRandom123) {
  constexpr std::uint64_t ones = 0xffff'ffff'ffff'ffff;
  const std::array<KnownAnswer, 3> answers{{
      {{.seed = 0, .request = 0, .operation = 0, .purpose = 0}, 0xe169c58d'6627e8d5},
      {{.seed = ones, .request = ones, .operation = 0xffffffff, .purpose = 0xffffffff},
       0x41c83b0e'408f276d},
      {{.seed = 0x299f31d0'a4093822,
        .request = 0x85a308d3'243f6a88,
        .operation = 0x13198a2e,
        .purpose = 0x03707344},
       0x94fdcceb'd16cfe09},
  }};
  for (const auto& answer : answers) {
    EXPECT_NEAR(uniform_draw(answer.key), static_cast<double>(answer.first_two_words) * 0x1p-64,
                0x1p-52);
  }
}

TEST(UniformDraw, StaysInsideTheOpenIntervalAtPhiloxsExtremes) {
  const DrawKey least = key_for_block({0, 0, 0, 0});
  EXPECT_GT(uniform_draw(least), 0);
  EXPECT_LT(uniform_draw(least), 0x1p-52);
  const DrawKey greatest = key_for_block({0xffffffff, 0xffffffff, 0, 0});
  EXPECT_LT(uniform_draw(greatest), 1);
  EXPECT_GE(uniform_draw(greatest), 1 - 0x1p-52);
}

TEST(UniformDraw, HasTheMomentsOfTheUniformDistribution) {
  constexpr int draws = 100'000;
  double sum = 0;
  double squares = 0;
  for (std::uint32_t i = 0; i < draws; ++i) {
    const double u = uniform_draw({.seed = 3, .request = i, .operation = 1, .purpose = 2});
    sum += u;
    squares += u * u;
  }
  // Five standard errors: sqrt(1/12 / n) and sqrt(4/45 / n).
  EXPECT_NEAR(sum / draws, 0.5, 0.0046);
  EXPECT_NEAR(squares / draws, 1.0 / 3, 0.0047);
}

TEST(UniformDraw, NeighbouringKeysAreIndependent) {
  const auto draw = [](std::uint64_t seed, std::uint64_t request, std::uint32_t operation,
                       std::uint32_t purpose) {
    return uniform_draw(
        {.seed = seed, .request = request, .operation = operation, .purpose = purpose});
  };
  using Pair = std::array<double, 2>;
  // 255 degrees of freedom: 362 is exceeded with a probability of 1e-5, and 165 undercut with 1e-6.
  const auto expect_plausible = [](double chi_square) {
    EXPECT_LT(chi_square, 362);
    EXPECT_GT(chi_square, 165);
  };
  expect_plausible(chi_square_of_pairs([&](std::uint32_t i) {
    return Pair{draw(i, 0, 0, 0), draw(i + 1, 0, 0, 0)};
  }));
  expect_plausible(chi_square_of_pairs([&](std::uint32_t i) {
    return Pair{draw(1, i, 0, 0), draw(1, i + 1, 0, 0)};
  }));
  expect_plausible(chi_square_of_pairs([&](std::uint32_t i) {
    return Pair{draw(1, 0, i, 0), draw(1, 0, i + 1, 0)};
  }));
  expect_plausible(chi_square_of_pairs([&](std::uint32_t i) {
    return Pair{draw(1, 0, 0, i), draw(1, 0, 0, i + 1)};
  }));
  expect_plausible(chi_square_of_pairs([&](std::uint32_t i) {
    return Pair{draw(1, i, 1, 2), draw(1, i, 2, 1)};
  }));
}

TEST(UniformDraw, DependsOnEveryBitOfItsKey) {
  const DrawKey key{.seed = 1, .request = 2, .operation = 3, .purpose = 4};
  std::set<double> seen{uniform_draw(key)};
  for (int bit = 0; bit < 64; ++bit) {
    DrawKey seed = key;
    seed.seed ^= std::uint64_t{1} << bit;
    DrawKey request = key;
    request.request ^= std::uint64_t{1} << bit;
    DrawKey small = key;
    (bit < 32 ? small.operation : small.purpose) ^= std::uint32_t{1} << (bit % 32);
    seen.insert({uniform_draw(seed), uniform_draw(request), uniform_draw(small)});
  }
  EXPECT_EQ(seen.size(), 1u + 3 * 64);
}

TEST(UniformDraws, AreThoseOfEachOperationByItself) {
  for (const std::uint32_t step : {1U, 0U, 5U, 0x9e37'79b9U}) {  // in a row, and in no order
    for (std::uint64_t n = 0; n < 2000; ++n) {
      const DrawKey key{.seed = random_bits({.seed = n}),
                        .request = random_bits({.request = n}),
                        .operation = 3,
                        .purpose = 7};
      std::array<std::uint32_t, 13> operations{};
      for (std::uint32_t i = 0; i < operations.size(); ++i) operations[i] = 0xffff'fff8U + i * step;
      std::array<double, 13> u{};
      const std::span<double> drawn(u.data(), n % (u.size() + 1));
      uniform_draws(key, std::span(operations).first(drawn.size()), drawn);
      for (std::uint32_t i = 0; i < u.size(); ++i) {
        DrawKey alone = key;
        alone.operation = operations[i];
        ASSERT_EQ(u[i], i < drawn.size() ? uniform_draw(alone) : 0)
            << "number " << i << " of " << drawn.size();
      }
    }
  }
}

TEST(ReplicationSeed, IsTheSeedItselfFirstAndThenAlwaysAnother) {
  EXPECT_EQ(replication_seed(42, 0), 42u);
  std::set<std::uint64_t> seen;
  for (std::uint32_t n = 0; n < 1000; ++n)
    seen.insert({replication_seed(42, n), replication_seed(43, n)});
  EXPECT_EQ(seen.size(), 2000u);
}

}  // namespace caesura
