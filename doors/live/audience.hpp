#pragma once

#include "doors/live/live_request.hpp"

#include <cstdint>

namespace caesura {

/// Words that a model has said, as filler() has them.
struct SaidWords {
  bool are_answer = false;  ///< else of another call than the answering one
  std::uint32_t operation = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// What a door hears of the requests that it has started, in the order in which it happens. It may
/// ask anything of the session meanwhile.
class Audience {
 public:
  virtual ~Audience() = default;
  virtual void operation_started(LiveRequest& request, std::uint32_t operation, Time at) = 0;
  virtual void said(LiveRequest& request, const SaidWords& words, Time at) = 0;
  /// Its client knows its outcome. All words of a completed answer have been said.
  virtual void answered(LiveRequest& request, Time at) = 0;
  /// Nobody will see or hear of it any more.
  virtual void forgotten(const LiveRequest& request) = 0;
};

/// Hears of all requests, in order to count them.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void cancel_answered(CancelVerdict verdict) = 0;
  virtual void settled(const LiveRecord& record) = 0;
};

}  // namespace caesura
