#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/results/thresholds.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// An expression cut at its comparison, spaces around the parts left out.
struct CutExpression {
  std::string_view left;
  Comparison comparison = Comparison::less;
  std::string_view right;
};
/// Empty if there is no comparison. The parts are views of `expression`.
std::optional<CutExpression> cut_expression(std::string_view expression);

/// The path of every number in a policy's results, in their order: "cancel_latency_s.p99".
const std::vector<std::string>& known_fields();

/// What is wrong with `field` as the path of a number in a policy's results; empty if nothing is.
std::string field_fault(const std::string& field);

/// Reads `POLICY.FIELD OP NUMBER`, with OP one of < <= > >= == != and spaces as one likes. FIELD is
/// any number of a policy's results. Throws ScenarioError with the location, and for an unknown
/// field the nearest known one. The policy is not looked up.
Threshold parse_threshold(const ThresholdText& text);

/// The same without a policy: `FIELD OP NUMBER`, to be held by whichever policy it is judged by.
/// `policy` is empty.
Threshold parse_hold(const ThresholdText& text);

/// The scenario's thresholds, without those on policies that were left out. Throws ScenarioError as
/// above, and for an unknown policy.
std::vector<Threshold> parse_thresholds(const Scenario& scenario);

}  // namespace caesura
