#pragma once

#include "sim/time.hpp"
#include "engines/world.hpp"

#include <cstdint>
#include <limits>
#include <memory>

namespace caesura {

struct RealtimeOptions {
  /// So many times faster than life; > 0. The reachable lateness grows with it.
  double time_scale = 1;
  /// Threads that run actors, > 0. They keep the time too.
  int workers = 1;
  /// run() returns when so many ClientReports have come in; by default it goes on until told to
  /// stop.
  std::uint64_t requests_expected = std::numeric_limits<std::uint64_t>::max();
};

/// The actors on CAF, on a scheduler and a clock of our own (RealtimeCoordinator). Time is
/// simulated time: wall-clock time since begin(), times the scale.
///
/// Inside an actor the time is the clock's when it comes to handle a message, so what is measured
/// has really happened; it is never before the message was due, and never goes back.
///
/// What one actor sends another without delays comes in the order sent, and so do its delayed
/// messages whose due times do not descend. A delayed message that falls due earlier than one sent
/// before it comes first if there is still time when it is sent, later than due if there is none.
/// Between different senders nothing is guaranteed but that no message comes before it is due.
class RealtimeWorld : public World {
 public:
  /// From any thread, at any time: before begin(), the message waits for it; after run(),
  /// nothing happens. A moment that has passed is the present. While all workers sleep, the calling
  /// thread lends itself: actors handle the message, and what follows from it at once, before
  /// post() returns. So hold no lock that the sink or the observer takes.
  void post(Address to, const Message& message, Time at) override = 0;
  /// Starts the clock, at most once (std::logic_error); otherwise run() does.
  virtual void begin() = 0;
  /// Once only (std::logic_error). Returns true when the expected requests are settled, or false,
  /// soon after `stop` is set. What is still on its way then is forgotten. Rethrows the first
  /// exception of an actor, as soon as it is thrown.
  bool run(const std::atomic<bool>& stop) override = 0;
  /// From any thread. After run(), `requests_now` says how many actors it had to abandon. Dropped
  /// messages that CAF itself drops, those to an actor that ended while they were on their way, are
  /// not counted, nor observed.
  WorldCounters counters() const override = 0;

  /// The simulated time; the start, before begin().
  virtual Time now() const = 0;
  /// The greatest difference, in simulated time, between when a message was due and when its actor
  /// came to handle it.
  virtual Duration greatest_lateness() const = 0;
};

/// Throws std::invalid_argument for options out of range.
std::unique_ptr<RealtimeWorld> make_realtime_world(const WorldOptions& options,
                                                   const RealtimeOptions& realtime);

}  // namespace caesura
