#pragma once

#include "doors/world/conversation.hpp"
#include "doors/world/marks.hpp"
#include "doors/world/trace.hpp"
#include "doors/world/turn_plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace caesura {

/// The call of a tool that an answer of the model gives.
struct GivenCall {
  OperationPath operation = {};  ///< empty: a tool that was forced, outside the plan
  std::string id_key = {};       ///< what the protocol's id is made of, behind its prefix: RUN_N_OP
  std::string name = {};         ///< as the subject has offered it
  std::string arguments = {};    ///< JSON, ASCII alone
};

/// What a model says next.
struct Direction {
  enum class Standing : std::uint8_t {
    planned,
    added,  ///< calls of a planned answer that had to wait for an answer of their own
    unplanned,
  };
  Standing standing = Standing::planned;
  /// The model's call in the plan whose answer, tokens and times these are; empty: unplanned,
  /// without a place.
  OperationPath operation = {};
  /// Names the answer: two different ones have different names, the same one the same.
  std::string key = {};
  std::vector<GivenCall> calls = {};  ///< else it is text
  std::string text = {};              ///< without calls
  /// Of an answer without a place: how many output tokens it has, of which `text` has that many
  /// words or (JSON, calls) is cut into that many pieces.
  std::uint32_t tokens = 0;
};

/// The next answer of the model that `conversation` asks, whose work is request `turn` of run `run`
/// as `plan` has it: a pure function of these. `loop`: whose loop it is; null: none that the plan
/// has (unplanned). Throws Refusal: a tool that the plan wants is not offered (400), or two fit
/// equally.
Direction direct(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
                 const Conversation& conversation);

}  // namespace caesura
