#include "doors/live/call_faults.hpp"

#include <algorithm>
#include <variant>

namespace caesura {
namespace {

void apply(const CallFault::Status& status, FaultedCall& call) { call.refused = status; }
void apply(const CallFault::Reset& reset, FaultedCall& call) { call.reset_at_token = reset.token; }
void apply(const CallFault::Lost&, FaultedCall& call) { call.loses_answer = true; }
void apply(const CallFault::Hang&, FaultedCall& call) { call.pace = hanging; }
void apply(const CallFault::Stall& stall, FaultedCall& call) {
  call.pace = stalling(call.sample, stall.token, stall.for_);
}
void apply(const CallFault::Slow& slow, FaultedCall& call) {
  call.sample = slowed(call.sample, slow.factor);
}
void apply(const CallFault::Error& error, FaultedCall& call) {
  call.sample.fails = true;
  call.error = error.message;
}

}  // namespace

const CallFault* fault_for(std::span<const CallFault> faults,
                           std::span<const std::uint32_t> operation, std::uint32_t attempt) {
  const auto fits = [&](const CallFault& fault) {
    return std::equal(fault.operation.begin(), fault.operation.end(), operation.begin(),
                      operation.end()) &&
           fault.attempt.value_or(attempt) == attempt;
  };
  const auto found = std::find_if(faults.begin(), faults.end(), fits);
  return found == faults.end() ? nullptr : &*found;
}

FaultedCall faulted(const OperationSample& sample, const CallFault* fault) {
  FaultedCall call{.sample = sample};
  if (fault != nullptr) std::visit([&](const auto& what) { apply(what, call); }, fault->what);
  return call;
}

}  // namespace caesura
