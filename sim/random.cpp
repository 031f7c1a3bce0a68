#include "sim/random.hpp"

#include "sim/lanes.hpp"

#include <Random123/philox.h>

#include <cstddef>

namespace caesura {
std::uint64_t random_bits(const DrawKey& key) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const r123::Philox4x32::ctr_type counter{
      {low(key.request), high(key.request), key.operation, key.purpose}};
  const r123::Philox4x32::key_type philox_key{{low(key.seed), high(key.seed)}};
  const auto block = r123::Philox4x32{}(counter, philox_key);
  return (std::uint64_t{block[1]} << 32) | block[0];
}

double uniform_draw(const DrawKey& key) {
  // 52 bits: with 53 the half would be rounded away, and 1 could come out.
  return (static_cast<double>(random_bits(key) >> 12) + 0.5) * 0x1p-52;
}

void uniform_draws(const DrawKey& key, std::span<const std::uint32_t> operations,
                   std::span<double> u) {
  for (std::size_t i = lanes::uniform_draws(key, operations, u); i < u.size(); ++i) {
    DrawKey one = key;
    one.operation = operations[i];
    u[i] = uniform_draw(one);
  }
}

std::uint64_t replication_seed(std::uint64_t seed, std::uint32_t n) {
  constexpr std::uint32_t replication_purpose = 0xffff'ffff;
  return n == 0 ? seed
                : random_bits(
                      {.seed = seed, .request = n, .operation = 0, .purpose = replication_purpose});
}

}  // namespace caesura
