#pragma once

#include "sim/draw_key.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// Draws four at a time, where the processor has operations on four numbers (AVX2), with the very
/// bits of those that are made one by one. Each function does as many of the first as make up fours
/// and returns how many those are: 0 if the processor cannot.
namespace caesura::lanes {

/// u[i] becomes uniform_draw() of the key with operation operations[i], of which there are as many.
std::size_t uniform_draws(const DrawKey& key, std::span<const std::uint32_t> operations,
                          std::span<double> u);

/// Each u, in (0, 1), becomes median · e^(sigma · normal_quantile(u)).
std::size_t lognormal(double median, double sigma, std::span<double> u);

}  // namespace caesura::lanes
