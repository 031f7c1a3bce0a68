#pragma once

#include "sim/statistics.hpp"
#include "sim/time.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace caesura {

/// What of the latencies of a load that a program has played is not its rule's doing; durations are
/// a sample a request.
struct LoadErrors {
  Samples own;   ///< the program's own time: TurnTimes::own
  Samples late;  ///< of Caesura: TurnTimes::late, and by how much the program was begun too late
  Duration timer_late_max{0};  ///< of a timer of 5 ms that ran all along
  std::uint64_t waited = 0;    ///< requests that had to wait for a place
  Duration waited_max{0};
};

/// As results.json has it, in `world.load`.
nlohmann::ordered_json json_of(const LoadErrors& errors);
/// The same for people. `subject`: its name.
std::vector<std::string> sentences(const LoadErrors& errors, const std::string& subject);

}  // namespace caesura
