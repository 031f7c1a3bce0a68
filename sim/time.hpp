#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace caesura {

/// Simulated time has no `now()`: only an engine knows what time it is.
struct SimulatedClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<SimulatedClock>;
  static constexpr bool is_steady = true;
};

/// Whole nanoseconds; about 292 years either way.
using Duration = SimulatedClock::duration;

/// Nanoseconds since the start of the run.
using Time = SimulatedClock::time_point;

inline constexpr Duration zero_duration{0};

/// No sampled duration is longer than this (a heavy tail such as Pareto's knows no bound).
inline constexpr Duration longest_duration = std::chrono::hours{24 * 365};

/// `delay` (>= 0) after `t`. Throws std::overflow_error where no Time is that late.
constexpr Time after(Time t, Duration delay) {
  if (t > Time{} && delay > Time::max() - t)
    throw std::overflow_error(
        "simulated time runs past 292 years; shorten the load, its think times or the latencies");
  return t + delay;
}

/// For output only: results are computed in nanoseconds.
constexpr double seconds(Duration d) { return static_cast<double>(d.count()) / 1e9; }
constexpr double seconds(Time t) { return seconds(t.time_since_epoch()); }

}  // namespace caesura
