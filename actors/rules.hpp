#pragma once

#include "model/latencies_ahead.hpp"
#include "model/model.hpp"
#include "model/plan.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"

#include <optional>
#include <span>

namespace caesura {

/// How a world keeps time: on time, each message delivered when it is due and in its order; or the
/// clock's, at which messages are late.
enum class Timing : std::uint8_t { exact, real };

class OutsideCalls;

/// What comes into a world from outside, beside its load. All of it outlives the world.
struct FromOutside {
  std::span<const Policy> wished_policies = {};  ///< for requests that wish for one
  const OutsideCalls* calls = nullptr;           ///< of its services; null: there are none
};

/// What every actor of one world goes by: the scenario and the policy, with what follows from them.
/// Immutable, but for what `latencies_ahead` holds at a time; outlives the actors.
struct Rules {
  /// `ahead`: outlives the rules; null where actors live in several threads.
  Rules(const Model& m, const Policy& p, Timing timing, LatenciesAhead* ahead = nullptr,
        const FromOutside& from_outside = {});

  const Model& model;
  const Policy policy;
  const std::span<const Policy> wished_policies;  ///< as in FromOutside
  const OutsideCalls* const outside_calls;        ///< likewise
  LatenciesAhead* const latencies_ahead;
  const std::optional<Plan> shared_plan;  ///< the plan of every request, if all have the same
  /// Likewise of children, by the agent's index, as Model::children.
  const std::vector<std::optional<Plan>> shared_child_plans;
  const Places places;  ///< in the workflow, for those who have a plan of their own
  const std::vector<Places> child_places;
  const bool cancels_during_operations;  ///< some source sends during an operation
  const bool cancels_on_budget;          ///< some source sends when a budget is exceeded
  const bool failures_end_requests;      ///< some service may fail its request
  const bool replies_end_requests;       ///< some service may fail its request, or turn it away
  const bool is_exact;                   ///< each message is delivered when it is due, in its order
  const bool ends_are_certain;  ///< what has started ends when it is due: no message is late,
                                ///< nothing is cut off
};

/// sample_of() for the request with this ticket: in `rules.latencies_ahead`, if it is there, until
/// that is used again; else in `room`.
inline const OperationSample& sample_of(const Rules& rules, Ticket ticket, RequestNumber request,
                                        const PlanStep& step, OperationSample& room) {
  if (rules.latencies_ahead != nullptr) {
    if (const OperationSample* drawn = rules.latencies_ahead->find(ticket, request, step.number))
      return *drawn;
  }
  return room = sample_of(rules.model, request, step);
}

/// Whether a service keeps account of a started operation until its end: if its places are counted,
/// the answer is streamed, or a child request performs it. Else it sends the reply when it starts,
/// and a request that leaves need not tell it.
inline bool is_held(const Model& model, std::uint16_t service, std::uint32_t chunk_tokens) {
  return model.services[service].concurrency || chunk_tokens > 0 ||
         model.child_of(service) != nullptr;
}

// The lasting actors' addresses are known to all.
inline constexpr Address client_address{0, 0};
inline constexpr Address directory_address{1, 0};
constexpr Address service_address(std::uint16_t service) { return {2U + service, 0}; }
/// Of the actor through which calls from outside ask services, in worlds that have such calls.
inline Address outside_address(const Model& model) {
  return service_address(static_cast<std::uint16_t>(model.services.size()));
}

/// Called where an operation of known `duration` starts, before its end is scheduled: tells the
/// client of every source that sends during it. A child request's operations are none of the
/// client's business.
void announce_cancels_during(const Rules& rules, const Ask& ask, Duration duration,
                             Context& context);

/// The end of a link on which messages never overtake each other.
struct LinkEnd {
  Time free{};  ///< no message arrives earlier

  /// How long a message sent now takes whose own delay was drawn as `drawn`.
  Duration delay(Time now, Duration drawn);
};

}  // namespace caesura
