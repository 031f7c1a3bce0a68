#pragma once

#include <cstdint>
#include <span>

namespace caesura {

/// What a number is drawn for. Draws that differ in any part are independent; equal keys give equal
/// numbers, always and everywhere.
struct DrawKey {
  std::uint64_t seed = 0;
  std::uint64_t request = 0;
  std::uint32_t operation = 0;
  std::uint32_t purpose = 0;
};

/// A uniform number strictly between 0 and 1, a multiple of 2^-52 plus 2^-53, as a pure function of
/// the key: Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
/// with the seed as its key.
double uniform_draw(const DrawKey& key);

/// Those of several operations in a row, in one go: u[i] becomes uniform_draw() of `first` with
/// operation `first.operation` + i.
void uniform_draws(const DrawKey& first, std::span<double> u);

/// 64 random bits as a pure function of the key, from the same generator.
std::uint64_t random_bits(const DrawKey& key);

/// A seed for replication `n` of a run with `seed`; replication 0 is the run itself.
std::uint64_t replication_seed(std::uint64_t seed, std::uint32_t n);

}  // namespace caesura
