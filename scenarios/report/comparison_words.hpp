#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace caesura {

// What a report for people says of several policies side by side: made from results.json, plain
// text of one line each.

/// The names of the policies that no other one is better than in mean cancellation latency, dollars
/// used (where nothing costs any, tokens) or operations cut off without being worse in another of
/// the three (the Pareto set), in order. A policy under which nothing was cancelled has the longest
/// latency.
std::vector<std::string> undominated_policies(const nlohmann::ordered_json& results);

/// A sentence per comparison: what the policy does to latency and savings, how sure that is, and
/// its price. If need be, why there are no intervals. Then, of several policies, the undominated
/// ones. Nothing of an interrupted run.
std::vector<std::string> side_by_side_lines(const nlohmann::ordered_json& results);

}  // namespace caesura
