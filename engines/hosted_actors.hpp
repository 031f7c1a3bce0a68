#pragma once

#include "model/arrivals.hpp"
#include "actors/context.hpp"
#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/request.hpp"
#include "actors/rules.hpp"
#include "mocks/client.hpp"
#include "mocks/outside.hpp"
#include "mocks/service.hpp"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <variant>
#include <vector>

namespace caesura {

using Actor = std::variant<Client, Directory, Service, Request, Outside>;

static_assert(sizeof(Message) == 48,
              "with what the direct engine adds, a message fills a cache line");

/// Hands `message` to an actor of known kind. One that this kind of actor never gets is a broken
/// invariant: throws std::logic_error.
template <class OneActor>
void hand_over(OneActor& actor, const Message& message, Context& context) {
  if constexpr (requires {
                  typename OneActor::MostlyGets;
                }) {  // a call that can be foreseen and inlined, unlike those of a visit
    if (const auto* m = std::get_if<typename OneActor::MostlyGets>(&message))
      return actor.receive(*m, context);
  }
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { actor.receive(m, context); }) {
          actor.receive(m, context);
        } else {
          throw std::logic_error("a message came to an actor that never gets it");
        }
      },
      message);
}
void receive(Actor& actor, const Message& message, Context& context);

/// For what comes to a request that is gone: throws BrokenInvariant if it says that an operation of
/// that request has started.
void expect_may_be_late(const Message& message, const Model& model);

/// The actors that live as long as a world, in the order of their addresses: the client, the
/// directory, the services, and, where they are called from outside, the actor that asks them for
/// it. `requests_peak`: as a Directory's.
std::vector<Actor> lasting_actors(const Rules& rules, LoadPlay play,
                                  std::atomic<std::uint64_t>& requests_peak);

}  // namespace caesura
