#pragma once

#include "sim/time.hpp"
#include "doors/muxi/caller.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace caesura {

struct GatewayOptions {
  AccessRules access;
  std::size_t policy = 0;  ///< of requests that ask for none: index into Scenario::policies
  bool manual_clock = false;
  double time_scale = 1;
  std::size_t requests_max = 10'000;  ///< in flight
  bool strict = false;                ///< the reference runtime's quirks
  bool hides_others = false;          ///< 404 instead of 403 for somebody else's request
  std::chrono::system_clock::time_point start;
  std::size_t unsent_max =
      std::size_t{4}
      << 20U;  ///< bytes that a stream's client may not have taken; then it is cut off
  /// So long, by the wall clock, a cancel of an unknown id waits for its request to appear; with
  /// `strict` not at all.
  Duration early_cancel = std::chrono::milliseconds(250);
  std::size_t early_cancels_max = 1000;  ///< that wait; more are answered at once
  /// Silence, on the wall clock, that a stream breaks.
  std::chrono::milliseconds keepalive = std::chrono::seconds(1);
  /// Gets every call as it is answered; may be empty.
  std::function<void(const nlohmann::ordered_json&)> access_log;
  /// Gets lines of requests.csv as requests settle; may be empty.
  std::function<void(std::string_view)> requests_csv;
};

}  // namespace caesura
