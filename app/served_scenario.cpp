#include "app/served_scenario.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caesura {
namespace {

std::vector<Policy> policies_from(const std::string& file, ScenarioOptions options, std::vector<std::string> texts) {
  options.policies = std::move(texts);
  return load_scenario(file, options).policies;
}

std::vector<Policy>::iterator find(std::vector<Policy>& policies, const std::string& name) {
  return std::find_if(policies.begin(), policies.end(), [&](const Policy& policy) { return policy.name == name; });
}

}  // namespace

ServedScenario load_served(const std::string& file, const ScenarioOptions& options, const std::optional<std::string>& policy) {
  Scenario scenario = load_scenario(file, options);
  std::vector<Policy>& policies = scenario.policies;
  std::string chosen;
  if (policy && find(policies, *policy) != policies.end()) {
    chosen = *policy;
  } else if (policy) {
    const Policy given = policies_from(file, options, {*policy}).front();
    chosen = given.name;
    const auto same = find(policies, chosen);
    same == policies.end() ? policies.push_back(given) : void(*same = given);
  } else {
    const auto can_cancel = [](const Policy& own) { return own.kind != PolicyKind::never; };
    const auto first = std::find_if(policies.begin(), policies.end(), can_cancel);
    chosen = first == policies.end() ? policies.front().name : first->name;
  }
  for (const Policy& built_in : policies_from(file, options, {"never", "checkpoint", "abort", "disconnect", "escalate"})) {
    if (find(policies, built_in.name) == policies.end()) policies.push_back(built_in);
  }
  const auto index = static_cast<std::size_t>(find(policies, chosen) - policies.begin());
  return {.scenario = std::move(scenario), .policy = index};
}

}  // namespace caesura
