#pragma once

#include "model/purpose.hpp"
#include "model/request_id.hpp"
#include "model/seed.hpp"

#include <cstdint>

namespace caesura {

/// The number by which turn `turn`, from 1, of a conversation that begins with request `first`
/// draws its samples: a child's of that request, at a key that no plan comes to.
inline RequestNumber turn_number(const Seed& seed, RequestNumber first, std::uint32_t turn) {
  return turn == 1 ? first : child_number(seed, first, ~std::uint32_t{0} - turn);
}

}  // namespace caesura
