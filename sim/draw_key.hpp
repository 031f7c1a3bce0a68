#pragma once

#include <cstdint>

namespace caesura {

/// What a number is drawn for. Draws that differ in any part are independent; equal keys give equal
/// numbers, always and everywhere.
struct DrawKey {
  std::uint64_t seed = 0;
  std::uint64_t request = 0;
  std::uint32_t operation = 0;
  std::uint32_t purpose = 0;
};

}  // namespace caesura
