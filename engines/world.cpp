#include "engines/world.hpp"

#include "model/arrivals.hpp"

#include <algorithm>

namespace caesura {

void receive(Actor& actor, const Message& message, Context& context) {
  // In virtual time most go to services.
  if (auto* const service = std::get_if<Service>(&actor))
    return hand_over(*service, message, context);
  std::visit([&](auto& a) { hand_over(a, message, context); }, actor);
}

std::vector<Actor> lasting_actors(const Rules& rules, LoadPlay play) {
  std::vector<Actor> actors;
  actors.emplace_back(Client(rules, play));
  actors.emplace_back(Directory(rules));
  for (std::size_t s = 0; s < rules.model.services.size(); ++s)
    actors.emplace_back(Service(rules, static_cast<std::uint16_t>(s)));
  return actors;
}

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
