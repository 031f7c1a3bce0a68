#pragma once

#include "doors/world/conversation.hpp"
#include "doors/world/marks.hpp"
#include "doors/world/turn_plan.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace caesura {

/// What a call says by itself of whose it is, before the conversation is read.
struct CallHint {
  std::optional<std::string> path_run = {};  ///< /r/{run}/…
  std::optional<std::string> key_run = {};   ///< the key that names a run
};

/// Whose work a call is, as far as it says.
struct Trace {
  std::string run = std::string(default_run);
  /// None: no trace at all; the first request of the run that is not settled.
  std::optional<std::uint32_t> turn = {};
  OperationPath agent = {};  ///< the sub-agent whose loop it is; empty: none is named
};
/// The path's run, else the key's, else the conversation's, else `default`; the request and the
/// agent from the conversation's newest trace in that run, a mark or one of the mock's ids, as
/// docs/world.md ("Whose call it is") says. A mark outside of users' messages (a summary's, in a
/// system message) counts where there is no other trace. A message whose marks all stand inside its
/// texts and name operations only quotes calls: it tells the request, but no agent. Linear in the
/// conversation.
Trace trace_of(const CallHint& hint, const Conversation& conversation);

/// Whose loop the call is: the trace's agent (null if the plan has no loop of that name), else the
/// first loop of its model's name for which `is_open`, else the first of that name; null if there
/// is none of that name. (An agent has a model of its own, but may be asked several times.) What in
/// the conversation names calls of one of these loops, the newest first, comes before `is_open`.
const AgentLoop* loop_for(const Trace& trace, const TurnPlan& plan,
                          const Conversation& conversation,
                          const std::function<bool(const AgentLoop&)>& is_open);

}  // namespace caesura
