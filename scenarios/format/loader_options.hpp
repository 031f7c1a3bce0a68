#pragma once

#include "scenarios/format/format_value.hpp"
#include "scenarios/format/scenario.hpp"

#include <deque>
#include <string>
#include <vector>

namespace caesura {

/// Changes the tree of a scenario, not checked yet, as the options say: --set in order, then
/// --seed, --requests, --policy, and what is varied. What they put in is placed in a source of its
/// own, kept in `sources`, so that an error names the option. Throws ScenarioError for options that
/// cannot be applied.
void apply_options(const ScenarioOptions& options, Value& root, std::deque<Source>& sources);

}  // namespace caesura
