#pragma once

#include <chrono>
#include <cstdint>

namespace caesura {

/// Who waits for the terminal replies: the thread that cancels, after each cancel, or one that does
/// nothing else.
enum class ReceivedBy : std::uint8_t { caller, thread };

/// Requests whose only operation lasts for hours, all in flight and pending on timers, of which one
/// a millisecond is cancelled, at absolute deadlines, by a thread that does not belong to the
/// actors. The policy aborts at once, so a cancel brings the terminal reply right away.
struct CancelWorkload {
  std::uint64_t in_flight = 100'000;
  std::uint64_t cancels = 5'000;  ///< > 0, <= in_flight
  int workers = 1;
  ReceivedBy received_by = ReceivedBy::thread;
  /// How long nothing happens, once all are in flight, to see what that costs.
  std::chrono::duration<double> idle{2};
};

/// Times are microseconds since right before the cancel was posted.
struct CancelTimes {
  double acknowledged_p50_us = 0;  ///< the client's actor got the request's answer to the cancel
  double acknowledged_p99_us = 0;
  /// The terminal reply reached the report sink, in the thread that ran the actor.
  double reported_p50_us = 0;
  double p50_us = 0;  ///< the terminal reply was received by who waits for it
  double p99_us = 0;
  double max_us = 0;
  double caller_late_p50_us = 0;  ///< how late the calling thread itself was; in none of the above
  double bytes_per_request_in_flight = 0;  ///< resident memory
  double idle_core_share = 0;  ///< the process's CPU time while nothing happens, in cores
};

/// On the real-time world. Throws std::runtime_error if a reply is not that of the request
/// cancelled.
CancelTimes measure_cancels(const CancelWorkload& workload);

}  // namespace caesura
