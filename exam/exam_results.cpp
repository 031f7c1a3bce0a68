#include "exam/exam_results.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caesura {
namespace {

bool is_expected_to_fail(const SubjectFile& subject, const std::string& case_name, Clause clause) {
  return std::any_of(subject.expected_failures.begin(), subject.expected_failures.end(),
                     [&](const ExpectedFailure& expected) {
                       return expected.case_name == case_name && expected.clause == clause;
                     });
}

ClauseVerdict worst_of(const Judgement& judgement) {
  ClauseVerdict worst = ClauseVerdict::pass;
  for (const auto& verdict : judgement.verdicts) worst = std::min(worst, verdict.value_or(worst));
  return worst;
}

/// As a shell takes it for one word.
std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:@%+=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
    return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// Exact, as options and scenario files have it.
std::string duration_argument(Duration duration) {
  if (duration % std::chrono::milliseconds(1) == Duration{0})
    return fmt::format("{}ms", duration / std::chrono::milliseconds(1));
  return fmt::format("{}ns", duration.count());
}

}  // namespace

std::optional<ClauseOutcome> outcome_of(const CaseResult& result, Clause clause,
                                        const SubjectFile& subject) {
  ClauseOutcome outcome;
  for (const PlayResult& play : result.plays) {
    const auto verdict = play.judgement.verdicts[index_of(clause)];
    if (!verdict) continue;
    ++outcome.judged;
    if (*verdict != ClauseVerdict::pass) ++outcome.failed;
    outcome.worst = std::min(outcome.worst, *verdict);
  }
  if (outcome.judged == 0) return std::nullopt;
  outcome.is_expected = is_expected_to_fail(subject, result.name, clause);
  return outcome;
}

const PlayResult* worst_play(const CaseResult& result, Clause clause) {
  const PlayResult* worst = nullptr;
  for (const PlayResult& play : result.plays) {
    const auto verdict = play.judgement.verdicts[index_of(clause)];
    if (!verdict) continue;
    if (worst == nullptr || *verdict < *worst->judgement.verdicts[index_of(clause)]) worst = &play;
  }
  return worst;
}

const PlayResult* shown_play(const CaseResult& result) {
  const PlayResult* shown = nullptr;
  for (const PlayResult& play : result.plays) {
    if (!play.not_judged.empty()) continue;
    if (shown == nullptr || worst_of(play.judgement) < worst_of(shown->judgement)) shown = &play;
  }
  return shown;
}

bool is_as_expected(const ExamResults& results) {
  for (const CaseResult& result : results.cases) {
    for (const Clause clause : all_clauses) {
      const auto outcome = outcome_of(result, clause, results.subject);
      if (outcome && !outcome->is_as_expected()) return false;
    }
  }
  return true;
}

std::string command_to_repeat(const ExamResults& results, const CaseResult& result) {
  std::string command =
      fmt::format("caesura exam {} {}", shell_word(results.subject.file), shell_word(result.file));
  if (results.has_seed) command += fmt::format(" --seed {}", results.seed);
  if (results.has_within) command += " --within " + duration_argument(results.subject.within);
  if (results.repeat > 1) command += fmt::format(" --repeat {}", results.repeat);
  return command + " --verbose";
}

}  // namespace caesura
