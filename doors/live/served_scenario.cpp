#include "doors/live/served_scenario.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caesura {
namespace {

std::vector<Policy> policies_from(const std::string& file, ScenarioOptions options,
                                  std::vector<std::string> texts) {
  options.policies = std::move(texts);
  return load_scenario(file, options).policies;
}

}  // namespace

std::optional<std::size_t> policy_named(const std::vector<Policy>& policies,
                                        const std::string& name) {
  const auto found = std::find_if(policies.begin(), policies.end(),
                                  [&](const Policy& policy) { return policy.name == name; });
  if (found == policies.end()) return std::nullopt;
  return static_cast<std::size_t>(found - policies.begin());
}

ServedScenario load_served(const std::string& file, const ScenarioOptions& options,
                           const std::optional<std::string>& policy) {
  Scenario scenario = load_scenario(file, options);
  std::vector<Policy>& policies = scenario.policies;
  std::string chosen;
  if (policy && policy_named(policies, *policy)) {
    chosen = *policy;
  } else if (policy) {
    const Policy given = policies_from(file, options, {*policy}).front();
    chosen = given.name;
    if (const auto same = policy_named(policies, chosen)) {
      policies[*same] = given;
    } else {
      policies.push_back(given);
    }
  } else {
    const auto can_cancel = [](const Policy& own) { return own.kind != PolicyKind::never; };
    const auto first = std::find_if(policies.begin(), policies.end(), can_cancel);
    chosen = first == policies.end() ? policies.front().name : first->name;
  }
  for (const Policy& built_in :
       policies_from(file, options, {"never", "checkpoint", "abort", "disconnect", "escalate"})) {
    if (!policy_named(policies, built_in.name)) policies.push_back(built_in);
  }
  const std::size_t index = policy_named(policies, chosen).value();
  return {.scenario = std::move(scenario), .policy = index};
}

}  // namespace caesura
