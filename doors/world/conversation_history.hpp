#pragma once

#include "doors/world/conversation.hpp"
#include "doors/world/marks.hpp"
#include "doors/world/turn_plan.hpp"

#include <vector>

namespace caesura {

/// What a conversation holds of a plan's calls.
struct HeldCalls {
  OperationPath last = {};        ///< the furthest call of the loop; empty: none
  bool has_final_answer = false;  ///< the text with which the loop ends is there, as its id says
  /// The furthest of each loop of the plan of which there is one, in the plan's order; that of the
  /// agent whose loop this is included.
  std::vector<OperationPath> furthest = {};
};

/// How far the plan of request `turn` is in a conversation, whatever its framework has made of it.
/// A call is held if it is there as a call or as a result. It is known by its id; else by the mark
/// in its arguments; else (this loop's alone) by its name, in the order of the plan, if it comes
/// behind where this turn begins: the first text with a mark of the turn, or else the newest user's
/// message. A text that tells of a call holds it too, by the mark in it: a mark is only given with
/// the call. Ids and marks of other runs or turns are calls of no plan. `loop`: null: none.
/// Linear in the conversation.
HeldCalls held_calls(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
                     const Conversation& conversation);

/// The call of the plan that is this operation; null: there is none.
const LoopCall* call_in(const TurnPlan& plan, const OperationPath& operation);

}  // namespace caesura
