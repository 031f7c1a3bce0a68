#pragma once

#include "doors/world/run_record.hpp"
#include "doors/world/turn_ledger.hpp"
#include "doors/world/world_event.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace caesura {

// What control calls and events.jsonl tell of runs.

nlohmann::ordered_json event_json(const RunRecord& run, const WorldEvent& event);
/// Likewise, as a line with its end.
std::string event_line(const RunRecord& run, const WorldEvent& event);

/// What a request is to do if nobody cancels it.
nlohmann::ordered_json plan_json(const TurnPlan& plan);
/// A run in a list.
nlohmann::ordered_json run_summary_json(const RunRecord& run);
/// All that is known of a run at `now`: its requests, their operations with every attempt, and
/// their ledgers, as they stood at the run's end if it has ended.
nlohmann::ordered_json run_json(const RunRecord& run, Time now);

}  // namespace caesura
