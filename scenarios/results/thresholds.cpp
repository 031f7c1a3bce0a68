#include "scenarios/results/thresholds.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace caesura {

using Json = nlohmann::ordered_json;

bool holds(double value, Comparison comparison, double limit) {
  switch (comparison) {
    case Comparison::less:
      return value < limit;
    case Comparison::less_or_equal:
      return value <= limit;
    case Comparison::greater:
      return value > limit;
    case Comparison::greater_or_equal:
      return value >= limit;
    case Comparison::equal:
      return value == limit;
    case Comparison::not_equal:
      return value != limit;
  }
  return false;
}

Verdict judge(const Threshold& threshold, const Json& policies) {
  std::string path = "/" + threshold.field;
  std::replace(path.begin(), path.end(), '.', '/');
  const Json::json_pointer pointer(path);
  for (const auto& policy : policies) {
    if (policy.at("policy") != threshold.policy || !policy.contains(pointer)) continue;
    const Json& number = policy.at(pointer);
    if (!number.is_number()) return {};
    const auto value = number.get<double>();
    return {value, holds(value, threshold.comparison, threshold.limit)};
  }
  return {};
}

bool thresholds_held(const Json& results) {
  const Json& thresholds = results.at("thresholds");
  return std::none_of(thresholds.begin(), thresholds.end(),
                      [](const Json& threshold) { return threshold.at("ok") == false; });
}

}  // namespace caesura
