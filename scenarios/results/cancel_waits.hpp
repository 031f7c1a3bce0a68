#pragma once

#include "sim/time.hpp"
#include "actors/reports.hpp"

#include <cstdint>
#include <vector>

namespace caesura {

/// Explanations look at the first requests only, so that they cost a long run nothing.
inline constexpr std::uint64_t explained_requests = 10'000;

/// A cancel that came while an operation was in progress.
struct CancelWait {
  RequestNumber request = 0;
  Duration operation{0};  ///< its service time if nothing cuts it off
  Duration waited{0};     ///< from the server's receipt of the cancel to the request's stop
};

/// Of the first requests of one policy. What is made of it is a function of the set alone.
class CancelWaits {
 public:
  /// Takes note of the request if it was cancelled while an operation was in progress.
  void add(const RequestReport& report) {
    if (report.number >= explained_requests || !report.operation_hit || !report.cancel_received)
      return;
    waits_.push_back(
        {report.number, *report.operation_hit, report.stopped - *report.cancel_received});
  }
  void merge(const CancelWaits& other) {
    waits_.insert(waits_.end(), other.waits_.begin(), other.waits_.end());
  }
  const std::vector<CancelWait>& all() const { return waits_; }

 private:
  std::vector<CancelWait> waits_;  // in no order
};

}  // namespace caesura
