#include "scenarios/results/json_numbers.hpp"

#include "scenarios/results/decimal.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>

namespace caesura {

using Json = nlohmann::ordered_json;

Json optional_json(const std::optional<double>& x) { return x ? Json(*x) : Json(nullptr); }
Json seconds_json(int128 ns) { return nearest_double(ns, nanosecond_decimals); }
Json usd_json(int128 picos) { return nearest_double(picos, money_decimals); }

Json whole_json(int128 n) {
  const bool fits = n >= std::numeric_limits<std::int64_t>::min() &&
                    n <= std::numeric_limits<std::int64_t>::max();
  return fits ? Json(static_cast<std::int64_t>(n)) : Json(to_double(n));
}

Json summary_json(const Samples& samples) {
  const Summary s = samples.summary();
  return {{"count", s.count},
          {"mean", optional_json(s.mean)},
          {"stddev", optional_json(s.stddev)},
          {"min", optional_json(s.min)},
          {"p50", optional_json(s.p50)},
          {"p90", optional_json(s.p90)},
          {"p95", optional_json(s.p95)},
          {"p99", optional_json(s.p99)},
          {"p99_9", optional_json(s.p99_9)},
          {"max", optional_json(s.max)}};
}

}  // namespace caesura
