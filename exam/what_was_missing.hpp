#pragma once

#include "scenarios/format/exam_block.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/world_event.hpp"
#include "exam/play_facts.hpp"

#include <optional>
#include <string>

namespace caesura {

// Why a play could not be judged, in words that say what to mend, on one line and without a full
// stop.

/// Why it was never cancelled at `moment`. `event`: the one that the moment is at or behind, if it
/// came.
std::string why_it_never_came(const PlayFacts& facts, const ExamMoment& moment,
                              const std::optional<WorldEvent>& event);
/// The moment was to come behind `event`, and `other` came first.
std::string came_too_early(const WorldEvent& other, const WorldEvent& event);
/// What a subject that plays `turn` left out of its plan, and why, as far as can be seen: "a call
/// of its model was refused: …", "it never asked for operation 2 (search)". Empty: nothing.
std::string what_was_missing(const PlayFacts& facts, const TurnRecord& turn);

}  // namespace caesura
