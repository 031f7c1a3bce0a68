#pragma once

#include "sim/time.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace caesura {

/// How moments in `data` are written: seconds since 1970 as floats, or, for the one client that
/// parses nothing else, RFC 3339.
enum class TimeForm : std::uint8_t { seconds, rfc3339 };

/// What clients are told of simulated moments: the wall clock's reading at the start, and from
/// there on simulated time at its pace. With a clock that is moved by hand it stands still with it.
class ApiClock {
 public:
  ApiClock(std::chrono::system_clock::time_point start, double time_scale)
      : start_(start), time_scale_(time_scale) {}

  /// As clients' clocks go: simulated time at its pace. No later than Time::max().
  Time client_time(Time simulated) const;
  /// Microseconds are the finest that clients see.
  std::chrono::microseconds since_epoch(Time t) const;
  std::int64_t milliseconds(Time t) const { return since_epoch(t).count() / 1000; }
  nlohmann::ordered_json json(Time t, TimeForm form) const;
  /// "2026-08-04T11:44:21.099000Z"
  std::string rfc3339(Time t) const;

 private:
  std::chrono::system_clock::time_point start_;
  double time_scale_;
};

}  // namespace caesura
