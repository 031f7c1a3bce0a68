#include "engines/hosted_actors.hpp"

#include "actors/joined_reports.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace caesura {

void receive(Actor& actor, const Message& message, Context& context) {
  // In virtual time most go to services.
  if (auto* const service = std::get_if<Service>(&actor))
    return hand_over(*service, message, context);
  std::visit([&](auto& a) { hand_over(a, message, context); }, actor);
}

void expect_may_be_late(const Message& message, const Model& model) {
  if (!std::holds_alternative<Started>(message)) return;
  throw BrokenInvariant("broken invariant: a request of seed " + std::to_string(model.seed.value) +
                        " has ended, and something started in it; please report this with the "
                        "scenario");
}

std::vector<Actor> lasting_actors(const Rules& rules, LoadPlay play,
                                  std::atomic<std::uint64_t>& requests_peak) {
  std::vector<Actor> actors;
  actors.emplace_back(Client(rules, play));
  actors.emplace_back(Directory(rules, requests_peak));
  for (std::size_t s = 0; s < rules.model.services.size(); ++s)
    actors.emplace_back(Service(rules, static_cast<std::uint16_t>(s)));
  if (rules.outside_calls != nullptr) actors.emplace_back(Outside(rules));
  return actors;
}

}  // namespace caesura
