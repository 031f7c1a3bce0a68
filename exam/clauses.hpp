#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "scenarios/format/exam_block.hpp"
#include "exam/play_facts.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// In the order of precedence: where several meet in one clause the first is shown.
enum class ClauseVerdict : std::uint8_t { crash, hang, untrue, leak, broken, stray, late, pass };
const char* name_of(ClauseVerdict verdict);

/// Why a clause does not hold, in a sentence with its numbers.
struct Reason {
  Clause clause = Clause::told;
  ClauseVerdict verdict = ClauseVerdict::leak;
  std::string operation = {};  ///< "2"; empty: of none
  std::uint32_t attempt = 0;   ///< of it; 0: of none
  Time at = {};                ///< of what it is about: an attempt's start, a signal, …
  std::string text;            ///< one line, without a full stop at its end
};

/// What went on after the cancel.
struct RanOn {
  Duration busy{0};  ///< of models and tools together
  std::int64_t tokens = 0;
  Money cost = {};
  std::uint64_t effects = 0;  ///< committed
};

struct Judgement {
  /// By index_of(clause); none: the case has nothing of its kind.
  std::array<std::optional<ClauseVerdict>, clauses> verdicts = {};
  std::vector<Reason> reasons = {};  ///< in the order of clauses, then of time
  RanOn ran_on = {};
};

/// What of a play is judged, by every clause; a pure function of what was seen.
Judgement judge(const PlayFacts& facts);

/// By how much the exam's timer was late at worst in the time that what is asked for `from` on is
/// judged in: twice `within`. What of a tick's lateness was before `from` does not count.
Duration lateness_after(const PlayFacts& facts, Time from);
/// The machine was too busy for this play to be judged: somewhere that a deadline rests on, its
/// timer was late by more than `within`.
bool was_too_busy(const PlayFacts& facts);

}  // namespace caesura
