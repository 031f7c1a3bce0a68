#pragma once

#include "model/pace.hpp"
#include "model/request_id.hpp"
#include "model/service_profile.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace caesura {

/// What a call from outside asks of a service, and what it is to be like.
struct OutsideCall {
  std::uint16_t service = 0;  ///< index into Model::services, of one that no child request plays
  RequestNumber request = 0;  ///< with `key`: what its links' delays are drawn for
  std::uint32_t key = 0;      ///< of its step in that request's plan (PlanStep)
  OperationSample sample{};
  std::uint32_t chunk_tokens = 0;  ///< 0: the answer is not streamed
  Pace pace{};
};

/// The calls from outside of one world that are not over, by number. Whoever posts a call adds it
/// before; the world's actors read it. Any thread may call it at any time.
class OutsideCalls {
 public:
  /// `number`: from 1, below 2^30, that no call had before.
  void add(std::uint32_t number, const OutsideCall& call);
  /// Throws std::out_of_range for a call that is not there.
  OutsideCall at(std::uint32_t number) const;
  /// Once its reply has been delivered, or its Withdraw; nothing if it is not there.
  void remove(std::uint32_t number);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, OutsideCall> calls_;  ///< never walked through
};

}  // namespace caesura
