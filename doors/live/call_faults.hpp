#pragma once

#include "model/pace.hpp"
#include "model/service_profile.hpp"
#include "scenarios/format/world_block.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace caesura {

/// The first of `faults` for attempt `attempt` (from 1) at the operation; null: it goes well.
const CallFault* fault_for(std::span<const CallFault> faults,
                           std::span<const std::uint32_t> operation, std::uint32_t attempt);

/// What a call comes to by a fault, or without one.
struct FaultedCall {
  OperationSample sample;
  Pace pace = {};
  /// It is answered so, and no service is asked.
  std::optional<CallFault::Status> refused = {};
  /// Its connection is reset: before the answer (0), or once that output token is sent; none:
  /// never.
  std::optional<std::uint32_t> reset_at_token = {};
  /// It ends well, and its connection is reset instead of the answer.
  bool loses_answer = false;
  std::optional<std::string> error = {};  ///< that it fails with; `sample` fails then
};

/// `fault`: null, or one that the call has.
FaultedCall faulted(const OperationSample& sample, const CallFault* fault);

}  // namespace caesura
