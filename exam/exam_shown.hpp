#pragma once

#include "scenarios/report/report.hpp"
#include "exam/exam_results.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

// What a report of an exam says, whatever it is set in. Printable text of one line each, whatever
// the subject said, of at most a few hundred characters.

/// How a table's columns name the clauses: as files do, or by one word of it, of at most 6
/// characters.
enum class ClauseHeads { whole, brief };
std::string head_of(Clause clause, ClauseHeads heads);

/// A row a case, a column a clause: exam_cell().
Grid clause_grid(const ExamResults& results, ClauseHeads heads);
/// The same with what ran on beside; "—" where nobody cancelled.
Grid exam_grid(const ExamResults& results, ClauseHeads heads = ClauseHeads::whole);
/// What ran on, of the cases alone in which something did.
Grid ran_on_grid(const ExamResults& results);
/// A cell: "ok", a verdict, "leak 3/50" of several plays, "—" where nothing was judged. One that is
/// among the expected failures ends with "*", also if it is "ok".
std::string exam_cell(const ExamResults& results, const CaseResult& result, Clause clause);
/// A case without a table, for narrow terminals: the clauses that fail or are as nobody expected,
/// those that hold, and what ran on, if anything did: "told leak, nothing-starts leak", "ok
/// no-stray".
std::vector<std::string> case_lines(const ExamResults& results, const CaseResult& result);

/// "openai-agents 0.20.0"
std::string exam_name(const ExamResults& results);
/// "12 of 19 cases hold every clause that applies; in time is within 250 ms."
std::string exam_summary(const ExamResults& results);
inline std::string exam_headline(const ExamResults& results) {
  return exam_name(results) + ": " + exam_summary(results);
}
/// A line for the top of an exam that was interrupted; none for one that was not.
std::optional<std::string> partial_line(const ExamResults& results);
/// Which cases were not judged, and why, one line each.
std::vector<std::string> not_judged_lines(const ExamResults& results);

/// Why a clause failed, and on what that clause rests.
struct ShownReasons {
  Clause clause = Clause::told;
  bool is_expected = false;
  std::vector<std::string> sentences;  ///< "told: leak: operation 2 (search) was never told: …."
  std::string source;                  ///< "Caesura's rule"
};

/// A play of a case with clauses that failed, as it is told.
struct ShownFailure {
  const CaseResult* result = nullptr;
  const PlayResult* play = nullptr;
  std::string title;  ///< "tool-in-progress", with the number of the play if there were several
  std::vector<ShownReasons> reasons;
  std::vector<std::size_t> lanes;  ///< indices of the attempts that its lanes show
  std::size_t lanes_left_out = 0;  ///< that would be shown too, if there were not so many
  std::string command;             ///< that repeats it
};
/// In the order of the cases. A clause is told of in the first play that has its worst verdict.
std::vector<ShownFailure> shown_failures(const ExamResults& results);
/// Those of one case.
std::vector<ShownFailure> shown_failures(const ExamResults& results, const CaseResult& result);
/// "and 3 more calls"; none if its lanes are all there.
std::optional<std::string> left_out_line(const ShownFailure& failure);

/// Expected failures that hold, what had to be ended, how many clauses hold, and what to do next.
std::vector<std::string> closing_lines(const ExamResults& results);
/// The end of what the subject wrote to its standard error, if it crashed or hung: its last lines.
std::vector<std::string> last_errors(const PlayResult& play);

}  // namespace caesura
