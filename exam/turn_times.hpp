#pragma once

#include "sim/time.hpp"
#include "doors/world/run_record.hpp"

#include <optional>

namespace caesura {

/// Where the time of a request goes that its plan does not take.
struct TurnTimes {
  /// The subject's own: in which nothing that it had asked for was in progress (handshakes, what it
  /// thinks between two answers), and by how much it asked for the last call of an answer of its
  /// model later than for the first.
  Duration own{0};
  /// The world's: by how much what it was asked for came later than drawn, over all calls that
  /// ended well; waiting for a place of a service is no lateness.
  Duration late{0};
};

/// Of a turn that was begun at `begun` and was over for its user at `over`, both of the world's
/// clock. If it went as planned, with its calls of one answer at once, it took no longer than the
/// plan, `own` and `late` together.
TurnTimes times_of(const TurnRecord& turn, Time begun, Time over);

/// Until when services work on calls of the turn that end by themselves: `now` for one that waits
/// for a place. None: on none.
std::optional<Time> works_until(const TurnRecord& turn, Time now);

}  // namespace caesura
