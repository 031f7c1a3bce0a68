#include "doors/world/attempt_usage.hpp"

#include <algorithm>

namespace caesura {

bool is_used_in_full(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::ok:
    case AttemptEnd::failed:
    case AttemptEnd::lost:
      return true;
    case AttemptEnd::in_progress:
    case AttemptEnd::turned_away:
    case AttemptEnd::refused:
    case AttemptEnd::cut_off:
    case AttemptEnd::reset:
      return false;
  }
  return false;
}

Usage usage_of(const ServiceProfile& service, const Attempt& attempt, Time now) {
  if (!attempt.started) return {};
  if (is_used_in_full(attempt.end)) {
    Usage usage = whole_usage(attempt.sample);
    usage.busy = whole_duration(attempt.sample, attempt.pace).value_or(usage.busy);
    return usage;
  }
  const Duration elapsed = std::max(attempt.ended.value_or(now) - *attempt.started, zero_duration);
  return attempt.end == AttemptEnd::in_progress
             ? usage_so_far(attempt.sample, attempt.pace, elapsed)
             : usage_if_cut_off(service, attempt.sample, attempt.pace, elapsed);
}

LaterUsage usage_after(const ServiceProfile& service, const Attempt& attempt, Time moment,
                       Time now) {
  const Usage used = usage_of(service, attempt, now);
  const Money cost = cost_of(service.price, used.billed);
  if (!attempt.started || *attempt.started >= moment)
    return {.busy = used.busy, .tokens = used.used.sum(), .cost = cost};
  const Duration elapsed = std::min(moment, attempt.ended.value_or(now)) - *attempt.started;
  const Usage before = usage_so_far(attempt.sample, attempt.pace, elapsed);
  return {.busy = used.busy - before.busy,
          .tokens = used.used.sum() - before.used.sum(),
          .cost = cost - std::min(cost, cost_of(service.price, before.billed))};
}

}  // namespace caesura
