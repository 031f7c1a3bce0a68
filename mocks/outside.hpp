#pragma once

#include "sim/time.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/rules.hpp"

#include <cstdint>
#include <unordered_map>

namespace caesura {

/// Through it calls from outside ask the scenario's services: the one caller of all of them. What
/// becomes of a call is what the service tells this actor of it, which whoever is outside observes.
///
/// Guarantees: every call asks its service once; one that is hung up before its reply has come is
/// withdrawn, once and at once, whether or not its Ask has arrived, and no other is.
class Outside {
 public:
  explicit Outside(const Rules& rules) : rules_(&rules) {}

  void receive(const AskFromOutside& ask, Context& context);
  /// Nothing if the call is over.
  void receive(const HangUp& hang_up, Context& context);
  void receive(const Queued&, Context&) {}
  void receive(const Started&, Context&) {}
  void receive(const ModelChunk&, Context&) {}
  void receive(const Reply& reply, Context& context);

 private:
  /// Where a call that is not over was sent.
  struct Asked {
    std::uint16_t service = 0;
    Time arrives;     ///< of the Ask
    Order order = 0;  ///< likewise
  };

  const Rules* rules_;
  std::unordered_map<std::uint32_t, Asked> calls_;  ///< by number; never walked through
};

}  // namespace caesura
