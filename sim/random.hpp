#pragma once

#include "sim/draw_key.hpp"

#include <cstdint>
#include <span>

namespace caesura {

/// A uniform number strictly between 0 and 1, a multiple of 2^-52 plus 2^-53, as a pure function of
/// the key: Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
/// with the seed as its key.
double uniform_draw(const DrawKey& key);

/// Those of several operations, in one go: u[i] becomes uniform_draw() of `key` with operation
/// operations[i], of which there are as many.
void uniform_draws(const DrawKey& key, std::span<const std::uint32_t> operations,
                   std::span<double> u);

/// 64 random bits as a pure function of the key, from the same generator.
std::uint64_t random_bits(const DrawKey& key);

/// A seed for replication `n` of a run with `seed`; replication 0 is the run itself.
std::uint64_t replication_seed(std::uint64_t seed, std::uint32_t n);

}  // namespace caesura
