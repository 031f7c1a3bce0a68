#include "engines/world.hpp"

#include "model/arrivals.hpp"
#include "actors/rules.hpp"

#include <algorithm>

namespace caesura {

void announce_load(const Model& model, World& world) {
  if (const ClosedLoad* closed = closed_load(model)) {
    for (std::uint64_t user = 0; user < std::min(closed->users, model.load.requests); ++user) {
      world.post(client_address, Arrive{user}, Time{});
    }
  } else if (const auto first = Arrivals(model).next()) {
    world.post(client_address, Arrive{0}, *first);
  }
}

}  // namespace caesura
