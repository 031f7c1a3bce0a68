#pragma once

#include "sim/statistics.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace caesura {

// Figures as results.json has them.

nlohmann::ordered_json seconds_json(int128 ns);
nlohmann::ordered_json usd_json(int128 picos);
/// A double where 64 bits do not hold it.
nlohmann::ordered_json whole_json(int128 n);
/// null where there is none.
nlohmann::ordered_json optional_json(const std::optional<double>& x);
/// The fields of `cancel_latency_s`; with `count` 0 the others are null.
nlohmann::ordered_json summary_json(const Samples& samples);

}  // namespace caesura
