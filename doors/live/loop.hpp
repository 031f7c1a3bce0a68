#pragma once

#include <chrono>
#include <functional>

namespace caesura {

/// The thread that a live session is used from, as the session sees it. What an action throws is
/// the loop's to deal with.
class Loop {
 public:
  virtual ~Loop() = default;
  /// Soon, and not within the call. From any thread.
  virtual void post(std::function<void()> action) = 0;
  /// At that moment of the wall clock or soon after, and not within the call.
  virtual void at(std::chrono::steady_clock::time_point moment, std::function<void()> action) = 0;
};

}  // namespace caesura
