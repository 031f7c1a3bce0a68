#pragma once

#include "sim/time.hpp"
#include "model/service_profile.hpp"

#include <cstdint>
#include <optional>

namespace caesura {

/// How the time of one operation's work goes by: undisturbed, or standing still once, for a while
/// or for good. A moment of work is a time since the operation's start as its sample has it; by
/// the pace it falls due as much later as the work has stood still before it. Time that stands
/// still is time in service.
struct Pace {
  /// Moments of work later than this fall due `standstill` later; max: none do.
  Duration stands_still_after = Duration::max();
  Duration standstill = Duration::max();  ///< up to longest_duration; max: for good
};

/// The operation starts, makes no token and never ends.
inline constexpr Pace hanging{.stands_still_after = Duration{-1}};

/// Once output token `token` exists (0: once the operation has started), what is due later comes
/// `lasts` later, or never. An operation that makes no such token, or is over with it, is
/// undisturbed. `token` >= 0, `lasts` from 0 to longest_duration.
Pace stalling(const OperationSample& sample, std::int64_t token,
              std::optional<Duration> lasts = std::nullopt);

/// The sample with all its times multiplied by `factor` (positive and finite), each to the nearest
/// nanosecond, halves up; by no more than its duration can grow, which is longest_duration at most.
OperationSample slowed(const OperationSample& sample, double factor);

/// When the moment of work `work` falls due, since the start; none: never.
std::optional<Duration> due(const Pace& pace, Duration work);

/// The latest moment of work that has fallen due `elapsed` (>= 0) after the start; before zero if
/// none has. For each moment that falls due, worked(due(work)) is `work`.
Duration worked(const Pace& pace, Duration elapsed);

/// How long the operation is in service if nothing cuts it off; none: it never ends.
std::optional<Duration> whole_duration(const OperationSample& sample, const Pace& pace);

/// As their namesakes of an undisturbed operation (service_profile.hpp), `elapsed` (>= 0) after the
/// start; `busy` counts all time in service. A transactional operation that never ends is never the
/// whole: it has what is used so far.
Tokens tokens_generated(const OperationSample& sample, const Pace& pace, Duration elapsed);
Usage usage_so_far(const OperationSample& sample, const Pace& pace, Duration elapsed);
Usage usage_if_cut_off(const ServiceProfile& profile, const OperationSample& sample,
                       const Pace& pace, Duration elapsed);

}  // namespace caesura
