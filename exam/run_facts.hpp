#pragma once

#include "sim/time.hpp"
#include "doors/world/run_record.hpp"
#include "exam/play_facts.hpp"

#include <optional>

namespace caesura {

/// What the world saw of a run's calls, as it stands at `now`: fills in the attempts, in the order
/// in which they were read, the refused calls, the cancels of unknown calls and the end of the
/// plan. What was used after the cancel is counted from `facts.cancel`.
void add_run_facts(PlayFacts& facts, const RunRecord& run, const Model& model, Time now);

}  // namespace caesura
