#pragma once

#include "sim/time.hpp"
#include "doors/live/live_request.hpp"

#include <nlohmann/json.hpp>

namespace caesura {

/// What a page draws: operations with their times, the cancel, the stop, and what was saved.
/// Simulated seconds.
nlohmann::ordered_json timeline(const LiveRequest& request, Time now);

inline double dollars(Money money) { return static_cast<double>(money.picos) / 1e12; }

}  // namespace caesura
