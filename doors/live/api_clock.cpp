#include "doors/live/api_clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>

namespace caesura {

Time ApiClock::client_time(Time simulated) const {
  if (time_scale_ == 1) return simulated;
  const double nanoseconds =
      std::round(static_cast<double>(simulated.time_since_epoch().count()) / time_scale_);
  if (nanoseconds >= 0x1p63) return Time::max();
  return Time{Duration{static_cast<std::int64_t>(nanoseconds)}};
}

std::chrono::microseconds ApiClock::since_epoch(Time t) const {
  const auto start =
      std::chrono::duration_cast<std::chrono::microseconds>(start_.time_since_epoch());
  // std::chrono::round() overflows in the last microsecond of time.
  const std::int64_t nanoseconds = client_time(t).time_since_epoch().count();
  return start +
         std::chrono::microseconds(nanoseconds / 1000 + (nanoseconds % 1000 >= 500 ? 1 : 0));
}

nlohmann::ordered_json ApiClock::json(Time t, TimeForm form) const {
  if (form == TimeForm::rfc3339) return rfc3339(t);
  return static_cast<double>(since_epoch(t).count()) / 1e6;
}

std::string ApiClock::rfc3339(Time t) const {
  const std::int64_t micros = since_epoch(t).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(static_cast<std::time_t>(micros / 1'000'000)), micros % 1'000'000);
}

}  // namespace caesura
