#pragma once

#include "actors/context.hpp"
#include "engines/caf_envelope.hpp"
#include "engines/hosted_actors.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/error.hpp>
#include <caf/execution_unit.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <type_traits>
#include <utility>

namespace caesura {

/// A CAF actor that hosts one actor in virtual time. Like CAF's actor_pool it has no mailbox: what
/// is enqueued it handles before enqueue() returns, and lets out what the hosted actor throws. For
/// the queue of virtual time hands it one message after another: a mailbox would be empty whenever
/// one comes. And it costs: an event-based actor is CAF's 1,016 bytes, this 120, and requests were
/// a quarter slower.
template <class Hosted>
class PromptHost final : public caf::monitorable_actor {
 public:
  PromptHost(caf::actor_config& config, Context& context, Hosted&& hosted)
      : monitorable_actor(config), context_(context), hosted_(std::move(hosted)) {}

  /// Envelopes are for the hosted actor, as long as this one has not ended; CAF's own, as an exit
  /// at its shutdown, are for CAF.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override {
    const Envelope* envelope = envelope_of(*element);
    if (envelope == nullptr) {
      handle_system_message(*element, unit, false);
    } else if (!getf(is_terminated_flag)) {
      if constexpr (std::is_same_v<Hosted, Actor>)
        receive(hosted_, envelope->message, context_);
      else
        hand_over(hosted_, envelope->message, context_);
    }
  }

  const char* name() const override { return "caesura.prompt-host"; }
  /// CAF asks this of an actor that nobody has ended.
  void on_destroy() override {
    if (!getf(is_cleaned_up_flag)) cleanup(caf::exit_reason::unreachable, nullptr);
  }

 private:
  Context& context_;
  Hosted hosted_;
};

/// Starts a host, hidden from CAF's registry, for `unit` to hand messages. `context` outlives it.
template <class Hosted>
caf::strong_actor_ptr spawn_prompt_host(caf::execution_unit& unit, Context& context,
                                        Hosted hosted) {
  caf::actor_system& system = unit.system();
  caf::actor_config config(&unit);
  config.flags |= caf::abstract_actor::is_hidden_flag;
  return caf::make_actor<PromptHost<Hosted>, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config, context, std::move(hosted));
}

}  // namespace caesura
