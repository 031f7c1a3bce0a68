#pragma once

#include "model/model.hpp"
#include "scenarios/format/format_value.hpp"
#include "scenarios/format/world_block.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

inline constexpr std::size_t most_faults = 1000;

/// `world` as check() left it.
WorldBlock read_world(const Value& world);

/// Warnings of faults, as read from `world`, that no request of this model can meet, since none has
/// such an operation. Throws ScenarioError for them where all requests have the same plan, and
/// there also for faults at a token of what streams none.
std::vector<std::string> check_faults(const Value& world, const WorldBlock& block,
                                      const Model& model);

/// The faults in a text from outside: a list in JSON, as `world.faults` of a scenario has them.
/// Throws std::invalid_argument, in one line that names the member and, for an unknown key, the
/// nearest known one ("faults[0]: unknown key 'opration'; did you mean 'operation'?"), for anything
/// that a scenario could not have there, more than `most_faults`, and nesting beyond 20.
std::vector<CallFault> faults_from_text(const std::string& json);

}  // namespace caesura
