#pragma once

#include "sim/time.hpp"
#include "model/request_id.hpp"
#include "scenarios/format/exam_block.hpp"
#include "exam/play_facts.hpp"

#include <cstdint>
#include <string>

namespace caesura {

// Why a clause does not hold, in one sentence with its numbers and without a full stop.

std::string told_late(const PlayFacts& facts, const AttemptFacts& attempt);
std::string never_told(const PlayFacts& facts, const AttemptFacts& attempt);
std::string started_after(const PlayFacts& facts, const AttemptFacts& attempt);
std::string refused_after(const PlayFacts& facts, const RefusedCall& call);
std::string said_what_is_not_so(const PlayFacts& facts);
/// `from`: the cancel, or, where nobody cancels, the end of the plan.
std::string settled_late(const PlayFacts& facts, Time from);
std::string hung_text(const PlayFacts& facts, const SubjectFault& fault);
std::string crashed_text(const PlayFacts& facts, const SubjectFault& fault);
std::string broken_text(const PlayFacts& facts, const BrokenLine& line);
std::string refused_in_next_turn(const RefusedCall& call);
std::string next_turn_not_completed(const SettledFacts& settled);
/// `what`: "input" or "output"; it is to be from `least` to `most`.
std::string miscounted(const char* what, std::int64_t said, std::int64_t least, std::int64_t most);
std::string committed_twice(const PlayFacts& facts, const AttemptFacts& first,
                            const AttemptFacts& again);
std::string cancelled_again(const PlayFacts& facts, const AttemptFacts& attempt,
                            const NotedSignal& signal);
/// `over`: when the attempt was.
std::string cancelled_when_over(const PlayFacts& facts, const AttemptFacts& attempt,
                                const NotedSignal& signal, Time over);
std::string cancelled_unknown(const PlayFacts& facts, Time at);

/// What is judged from: "cancel", or what stands for it, "walk-away" or "timeout".
const char* cancel_word(const PlayFacts& facts);

/// "3 ms after the cancel", "at the cancel", "3 ms before the cancel"; "the walk-away" or "its
/// timeout" where that stands for it; without one, since the start.
std::string when(const PlayFacts& facts, Time at);

/// "operation 2 (search)", "attempt 2 of operation 1 (planner)", "a call of planner outside the
/// plan".
std::string named(const AttemptFacts& attempt);

/// On what a clause rests: a specification's MUST or SHOULD, with the sentence and where it stands,
/// or Caesura's rule. `kind`: of the operation that it is about; it names the protocol.
std::string source_of(Clause clause, OperationKind kind);

}  // namespace caesura
