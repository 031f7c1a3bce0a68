#pragma once

#include "scenarios/scenario.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

enum class Comparison : std::uint8_t { less, less_or_equal, greater, greater_or_equal, equal, not_equal };

/// A number of one policy's results, and what it is held against.
struct Threshold {
  std::string expression;  ///< as written, in one line
  std::string policy;
  std::string field;  ///< path within the policy's results: "cancel_latency_s.p99"
  Comparison comparison = Comparison::less;
  double limit = 0;
};

struct Verdict {
  std::optional<double> value;  ///< empty where the results have no such number (a percentile of nothing)
  bool ok = false;
};

/// Reads `POLICY.FIELD OP NUMBER`, with OP one of < <= > >= == != and spaces as one likes. FIELD is any number of a policy's results.
/// Throws ScenarioError with the location, and for an unknown field the nearest known one. The policy is not looked up.
Threshold parse_threshold(const ThresholdText& text);

/// The scenario's thresholds, without those on policies that were left out. Throws ScenarioError as above, and for an unknown policy.
std::vector<Threshold> parse_thresholds(const Scenario& scenario);

/// Judges by `policies` of results.json. A number that is null, or a policy that is not there, is not ok.
Verdict judge(const Threshold& threshold, const nlohmann::ordered_json& policies);

/// Whether no threshold of results.json has failed; those of a partial run have not.
bool thresholds_held(const nlohmann::ordered_json& results);

}  // namespace caesura
