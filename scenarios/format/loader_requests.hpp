#pragma once

#include "model/model.hpp"
#include "scenarios/format/format_value.hpp"
#include "scenarios/format/loader_distribution.hpp"

#include <string>
#include <vector>

namespace caesura {

/// All of these take values as check() left them, and throw ScenarioError for what only shows when
/// values meet.

Load read_load(const Value& load, const DistributionReader& distributions);

/// One source, or a list of them.
std::vector<CancelSource> read_cancels(const Value& cancel,
                                       const DistributionReader& distributions);

/// At least one; names differ.
std::vector<Policy> read_policies(const Value& policy);

/// Of `policy` before it is checked: what the policies in it would be called, as far as that can be
/// told.
std::vector<std::string> policy_names(const Value& policy);

}  // namespace caesura
