#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/service_profile.hpp"
#include "doors/world/run_record.hpp"

namespace caesura {

/// Whether an attempt that ended so has used all that its operation uses.
bool is_used_in_full(AttemptEnd end);

/// What an attempt has used, as it stands at `now`; nothing if it was never in service.
Usage usage_of(const ServiceProfile& service, const Attempt& attempt, Time now);

/// What of it was used after a moment.
struct LaterUsage {
  Duration busy{0};
  Tokens tokens;
  Money cost;  ///< at least zero, where what was cut off is not billed
};
LaterUsage usage_after(const ServiceProfile& service, const Attempt& attempt, Time moment,
                       Time now);

}  // namespace caesura
