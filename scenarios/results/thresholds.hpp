#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

enum class Comparison : std::uint8_t {
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  equal,
  not_equal
};

/// A number of one policy's results, and what it is held against.
struct Threshold {
  std::string expression;  ///< as written, in one line
  std::string policy;
  std::string field;  ///< path within the policy's results: "cancel_latency_s.p99"
  Comparison comparison = Comparison::less;
  double limit = 0;
};

/// `value` compared with `limit`.
bool holds(double value, Comparison comparison, double limit);

struct Verdict {
  /// Empty where the results have no such number (a percentile of nothing).
  std::optional<double> value;
  bool ok = false;
};

/// Judges by `policies` of results.json. A number that is null, or a policy that is not there, is
/// not ok.
Verdict judge(const Threshold& threshold, const nlohmann::ordered_json& policies);

/// Whether no threshold of results.json has failed; those of a partial run have not.
bool thresholds_held(const nlohmann::ordered_json& results);

}  // namespace caesura
