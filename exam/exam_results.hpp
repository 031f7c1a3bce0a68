#pragma once

#include "scenarios/format/exam_block.hpp"
#include "scenarios/format/subject_file.hpp"
#include "exam/clauses.hpp"
#include "exam/play_facts.hpp"
#include "exam/spoken_lines.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// One play of a case.
struct PlayResult {
  PlayFacts facts;
  /// Why it could not be judged: "it said failed before operation.started of operation 2 came; it
  /// never asked for operation 2 (search)". Empty: it was.
  std::string not_judged = {};
  Judgement judgement = {};                    ///< nothing in it if it was not judged
  std::string missing = {};                    ///< what_was_missing(), of the first turn
  std::vector<std::string> left_running = {};  ///< what had to be ended at its end, for the report
  std::string stderr_text = {};                ///< its first and last MiB
  SpokenLines lines = {};
  std::string events = {};  ///< events.jsonl
};

/// A case, and all its plays.
struct CaseResult {
  std::string name;               ///< "tool-in-progress"
  std::string file;               ///< as the command that repeats it names it
  std::string description;        ///< the scenario's
  std::vector<PlayResult> plays;  ///< at least one, but where the exam was interrupted
};

/// A clause of a case over all its plays.
struct ClauseOutcome {
  ClauseVerdict worst = ClauseVerdict::pass;
  std::uint32_t judged = 0;  ///< plays
  std::uint32_t failed = 0;  ///< of these
  bool is_expected = false;  ///< to fail, as the subject's file says
  bool is_as_expected() const { return (failed > 0) == is_expected; }
};
/// None: no play judged it.
std::optional<ClauseOutcome> outcome_of(const CaseResult& result, Clause clause,
                                        const SubjectFile& subject);
/// The first of its plays that has the clause's worst verdict. None: no play judged the clause.
const PlayResult* worst_play(const CaseResult& result, Clause clause);
/// The play that the case is shown by: the one with the worst verdict, the first of such. None: no
/// play was judged.
const PlayResult* shown_play(const CaseResult& result);

/// A whole exam.
struct ExamResults {
  SubjectFile subject;
  std::string version = {};  ///< of the subject; empty: unknown
  std::uint64_t seed = 1;
  bool has_seed = false;    ///< it was asked for
  bool has_within = false;  ///< likewise the subject's `within`, other than its file's
  std::uint32_t repeat = 1;
  std::vector<CaseResult> cases = {};  ///< in their order, without the rehearsal
  bool is_partial = false;             ///< Ctrl-C
};
/// Whether every clause that was judged is as the subject's file says.
bool is_as_expected(const ExamResults& results);
/// What a user types into a shell to see one case again: "caesura exam SUBJECT.yaml CASE --seed 42
/// --verbose".
std::string command_to_repeat(const ExamResults& results, const CaseResult& result);

}  // namespace caesura
