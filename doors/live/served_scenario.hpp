#pragma once

#include "scenarios/format/scenario.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// A scenario whose requests may each wish for a policy: its own, and behind them the built-in ones
/// whose names it does not use.
struct ServedScenario {
  Scenario scenario;
  std::size_t policy = 0;  ///< of requests that wish for none
};

/// The index of the one of this name.
std::optional<std::size_t> policy_named(const std::vector<Policy>& policies,
                                        const std::string& name);

/// `policy`: the name of one of the scenario's, or any as an item of `policy` in YAML; without it
/// the first of the scenario that can cancel. Throws ScenarioError.
ServedScenario load_served(const std::string& file, const ScenarioOptions& options,
                           const std::optional<std::string>& policy);

}  // namespace caesura
