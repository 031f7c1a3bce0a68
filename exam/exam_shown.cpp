#include "exam/exam_shown.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "exam/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::size_t lanes_max = 8;
constexpr std::size_t error_lines_max = 20;
constexpr std::size_t sentences_max = 4;       // of one clause of a play
constexpr std::size_t left_lines_max = 5;      // of one case
constexpr std::size_t sentence_columns = 600;  // a subject may say what it likes

std::string plural(std::size_t n, const char* one, const char* many) {
  return fmt::format("{} {}", count_figure(static_cast<std::int64_t>(n)), n == 1 ? one : many);
}

std::string shown_line(const std::string& text) {
  return shortened_to(printable_line(text), sentence_columns);
}

bool fails(const ExamResults& results, const CaseResult& result) {
  return std::any_of(all_clauses.begin(), all_clauses.end(), [&](Clause clause) {
    const auto outcome = outcome_of(result, clause, results.subject);
    return outcome && outcome->failed > 0;
  });
}

// ---- what ran on

constexpr std::array<const char*, 4> ran_on_heads{"ran on", "tokens", "$", "effects"};

/// None: nobody cancelled, or nothing was judged.
const RanOn* ran_on_of(const CaseResult& result) {
  const PlayResult* shown = shown_play(result);
  return shown == nullptr || !shown->facts.cancel ? nullptr : &shown->judgement.ran_on;
}

bool is_something(const RanOn& ran_on) {
  constexpr Duration shown_least = std::chrono::milliseconds(5);  // "0.01 s"
  return ran_on.busy >= shown_least || ran_on.tokens > 0 || ran_on.cost.picos > 0 ||
         ran_on.effects > 0;
}

std::array<std::string, 4> ran_on_figures(const RanOn& ran_on) {
  return {fmt::format("{:.2f} s", seconds(ran_on.busy)), count_figure(ran_on.tokens),
          money_figure(static_cast<double>(ran_on.cost.picos) / 1e12),
          count_figure(static_cast<std::int64_t>(ran_on.effects))};
}

// ---- failures

/// The attempts that reasons of these clauses name, or, if they name none, all; of those that the
/// lanes have a place for.
std::vector<std::size_t> lanes_of(const PlayResult& play, const std::vector<Clause>& told_of) {
  std::set<std::string> named;
  for (const Reason& reason : play.judgement.reasons) {
    const bool is_told_of =
        std::find(told_of.begin(), told_of.end(), reason.clause) != told_of.end();
    if (is_told_of && !reason.operation.empty()) named.insert(reason.operation);
  }
  std::vector<std::size_t> lanes;
  for (std::size_t i = 0; i < play.facts.attempts.size(); ++i) {
    const AttemptFacts& attempt = play.facts.attempts[i];
    if (attempt.asked > play.facts.watched_until) continue;
    if (named.empty() || named.count(attempt.operation) > 0) lanes.push_back(i);
  }
  return lanes;
}

std::string source_in(const PlayResult& play, const Reason& reason) {
  OperationKind kind = OperationKind::llm;
  for (const AttemptFacts& attempt : play.facts.attempts) {
    if (attempt.operation == reason.operation) kind = attempt.kind;
  }
  return source_of(reason.clause, kind);
}

/// "told: leak (3 of 50 plays, expected): …."
std::string sentence_of(const CaseResult& result, const ClauseOutcome& outcome,
                        const Reason& reason) {
  std::string note;
  if (result.plays.size() > 1) note = fmt::format("{} of {} plays", outcome.failed, outcome.judged);
  if (outcome.is_expected) note += note.empty() ? "expected" : ", expected";
  if (!note.empty()) note = " (" + note + ")";
  return shown_line(fmt::format("{}: {}{}: {}.", name_of(reason.clause), name_of(reason.verdict),
                                note, reason.text));
}

/// What is told of one clause of a play: its reasons, together where they rest on the same.
void add_reasons(ShownFailure& failure, Clause clause, const ClauseOutcome& outcome) {
  std::size_t told = 0;
  std::size_t more = 0;
  for (const Reason& reason : failure.play->judgement.reasons) {
    if (reason.clause != clause) continue;
    if (told == sentences_max) {
      ++more;
      continue;
    }
    ++told;
    std::string source = source_in(*failure.play, reason);
    const bool is_another = failure.reasons.empty() || failure.reasons.back().clause != clause ||
                            failure.reasons.back().source != source;
    if (is_another) {
      failure.reasons.push_back({.clause = clause,
                                 .is_expected = outcome.is_expected,
                                 .sentences = {},
                                 .source = std::move(source)});
    }
    failure.reasons.back().sentences.push_back(sentence_of(*failure.result, outcome, reason));
  }
  if (more > 0)
    failure.reasons.back().sentences.push_back(fmt::format(
        "{}: and {} more.", name_of(clause), count_figure(static_cast<std::int64_t>(more))));
}

// ---- the end of a report

struct ClauseCounts {
  std::size_t judged = 0;
  std::size_t held = 0;
  std::size_t expected = 0;    ///< of those that fail
  std::size_t unexpected = 0;  ///< likewise
};

ClauseCounts counts_of(const ExamResults& results) {
  ClauseCounts counts;
  for (const CaseResult& result : results.cases) {
    for (const Clause clause : all_clauses) {
      const auto outcome = outcome_of(result, clause, results.subject);
      if (!outcome) continue;
      ++counts.judged;
      if (outcome->failed == 0) {
        ++counts.held;
      } else {
        ++(outcome->is_expected ? counts.expected : counts.unexpected);
      }
    }
  }
  return counts;
}

std::string counts_line(const ClauseCounts& counts) {
  std::string line =
      fmt::format("{} of {}", counts.held, plural(counts.judged, "clause holds", "clauses hold"));
  if (counts.expected > 0)
    line += fmt::format("; {} expected (*)", plural(counts.expected, "failure is", "failures are"));
  if (counts.unexpected > 0)
    line +=
        fmt::format("; {} not expected", plural(counts.unexpected, "failure is", "failures are"));
  return line + ".";
}

void add_left_running(std::vector<std::string>& lines, const CaseResult& result) {
  std::size_t more = 0;
  std::size_t told = 0;
  for (const PlayResult& play : result.plays) {
    for (const std::string& left : play.left_running) {
      if (told == left_lines_max) {
        ++more;
        continue;
      }
      ++told;
      lines.push_back(shown_line(fmt::format("{}: {}.", result.name, left)));
    }
  }
  if (more > 0)
    lines.push_back(shown_line(fmt::format("{}: and {} more of these.", result.name, more)));
}

}  // namespace

std::string head_of(Clause clause, ClauseHeads heads) {
  if (heads == ClauseHeads::whole) return name_of(clause);
  switch (clause) {
    case Clause::told:
      return "told";
    case Clause::children:
      return "child";
    case Clause::nothing_starts:
      return "starts";
    case Clause::truthful:
      return "truth";
    case Clause::settles:
      return "settle";
    case Clause::next_turn:
      return "next";
    case Clause::usage:
      return "usage";
    case Clause::effects_once:
      return "once";
    case Clause::no_stray:
      return "stray";
  }
  return "";
}

std::string exam_cell(const ExamResults& results, const CaseResult& result, Clause clause) {
  const auto outcome = outcome_of(result, clause, results.subject);
  if (!outcome) return no_figure;
  if (outcome->failed == 0) return outcome->is_expected ? "ok*" : "ok";
  std::string text = name_of(outcome->worst);
  if (result.plays.size() > 1) text += fmt::format(" {}/{}", outcome->failed, outcome->judged);
  return outcome->is_expected ? text + "*" : text;
}

Grid clause_grid(const ExamResults& results, ClauseHeads heads) {
  Grid grid{.titles = 1, .header = {"case"}, .rows = {}};
  for (const Clause clause : all_clauses) grid.header.push_back(head_of(clause, heads));
  for (const CaseResult& result : results.cases) {
    grid.rows.push_back({shown_line(result.name)});
    for (const Clause clause : all_clauses)
      grid.rows.back().push_back(exam_cell(results, result, clause));
  }
  return grid;
}

Grid exam_grid(const ExamResults& results, ClauseHeads heads) {
  Grid grid = clause_grid(results, heads);
  grid.header.insert(grid.header.end(), ran_on_heads.begin(), ran_on_heads.end());
  for (std::size_t i = 0; i < results.cases.size(); ++i) {
    const RanOn* ran_on = ran_on_of(results.cases[i]);
    auto& row = grid.rows[i];
    if (ran_on == nullptr) {
      row.insert(row.end(), ran_on_heads.size(), no_figure);
    } else {
      for (std::string& figure : ran_on_figures(*ran_on)) row.push_back(std::move(figure));
    }
  }
  return grid;
}

Grid ran_on_grid(const ExamResults& results) {
  Grid grid{.titles = 1, .header = {"after the cancel"}, .rows = {}};
  grid.header.insert(grid.header.end(), ran_on_heads.begin(), ran_on_heads.end());
  for (const CaseResult& result : results.cases) {
    const RanOn* ran_on = ran_on_of(result);
    if (ran_on == nullptr || !is_something(*ran_on)) continue;
    grid.rows.push_back({shown_line(result.name)});
    for (std::string& figure : ran_on_figures(*ran_on))
      grid.rows.back().push_back(std::move(figure));
  }
  return grid;
}

std::vector<std::string> case_lines(const ExamResults& results, const CaseResult& result) {
  if (shown_play(result) == nullptr) return {std::string(no_figure) + " not judged"};
  std::string attention;
  std::string holding;
  for (const Clause clause : all_clauses) {
    const std::string cell = exam_cell(results, result, clause);
    if (cell == "ok") {
      holding += (holding.empty() ? "ok " : ", ") + std::string(name_of(clause));
    } else if (cell != no_figure) {
      attention += (attention.empty() ? "" : ", ") + std::string(name_of(clause)) + " " + cell;
    }
  }
  std::vector<std::string> lines;
  if (!attention.empty()) lines.push_back(std::move(attention));
  if (!holding.empty()) lines.push_back(std::move(holding));
  if (lines.empty()) lines.push_back(std::string(no_figure) + " nothing to judge");
  if (const RanOn* ran_on = ran_on_of(result); ran_on != nullptr && is_something(*ran_on)) {
    const auto [busy, tokens, cost, effects] = ran_on_figures(*ran_on);
    lines.push_back(fmt::format("ran on {}, {} {}, {}, {} {}", busy, tokens,
                                ran_on->tokens == 1 ? "token" : "tokens", cost, effects,
                                ran_on->effects == 1 ? "effect" : "effects"));
  }
  return lines;
}

std::string exam_name(const ExamResults& results) {
  return shown_line(results.subject.name + (results.version.empty() ? "" : " " + results.version));
}

std::string exam_summary(const ExamResults& results) {
  std::size_t judged = 0;
  std::size_t held = 0;
  for (const CaseResult& result : results.cases) {
    if (shown_play(result) == nullptr) continue;
    ++judged;
    if (!fails(results, result)) ++held;
  }
  std::string text = judged == 0 ? std::string("no case was judged")
                                 : fmt::format("{} of {} every clause that applies", held,
                                               plural(judged, "case holds", "cases hold"));
  text += fmt::format("; in time is within {}", duration_figure(seconds(results.subject.within)));
  if (results.has_seed) text += fmt::format("; seed {}", results.seed);
  if (results.repeat > 1)
    text += fmt::format("; each case played {} times, the worst is shown", results.repeat);
  return text + ".";
}

std::optional<std::string> partial_line(const ExamResults& results) {
  if (!results.is_partial) return std::nullopt;
  return "Interrupted: this is what is known.";
}

std::vector<std::string> not_judged_lines(const ExamResults& results) {
  std::vector<std::string> lines;
  for (const CaseResult& result : results.cases) {
    if (shown_play(result) != nullptr || result.plays.empty()) continue;
    const PlayResult& play = result.plays.front();
    lines.push_back(shown_line(fmt::format("{} is not judged: {}.", result.name, play.not_judged)));
  }
  return lines;
}

std::vector<ShownFailure> shown_failures(const ExamResults& results) {
  std::vector<ShownFailure> shown;
  for (const CaseResult& result : results.cases) {
    for (ShownFailure& failure : shown_failures(results, result))
      shown.push_back(std::move(failure));
  }
  return shown;
}

std::vector<ShownFailure> shown_failures(const ExamResults& results, const CaseResult& result) {
  std::map<const PlayResult*, std::vector<Clause>> told_of;  // lie in a row: in the order of plays
  for (const Clause clause : all_clauses) {
    const auto outcome = outcome_of(result, clause, results.subject);
    if (outcome && outcome->failed > 0) told_of[worst_play(result, clause)].push_back(clause);
  }
  std::vector<ShownFailure> shown;
  for (const auto& [play, failed] : told_of) {
    ShownFailure failure{.result = &result,
                         .play = play,
                         .title = shown_line(result.name),
                         .reasons = {},
                         .lanes = lanes_of(*play, failed),
                         .command = shown_line(command_to_repeat(results, result))};
    if (result.plays.size() > 1)
      failure.title += fmt::format(", play {}", play - result.plays.data() + 1);
    for (const Clause clause : failed)
      add_reasons(failure, clause, *outcome_of(result, clause, results.subject));
    if (failure.lanes.size() > lanes_max) {
      failure.lanes_left_out = failure.lanes.size() - lanes_max;
      failure.lanes.resize(lanes_max);
    }
    shown.push_back(std::move(failure));
  }
  return shown;
}

std::optional<std::string> left_out_line(const ShownFailure& failure) {
  if (failure.lanes_left_out == 0) return std::nullopt;
  return fmt::format("and {}", plural(failure.lanes_left_out, "more call", "more calls"));
}

std::vector<std::string> closing_lines(const ExamResults& results) {
  std::vector<std::string> lines;
  for (const CaseResult& result : results.cases) {
    for (const Clause clause : all_clauses) {
      const auto outcome = outcome_of(result, clause, results.subject);
      if (!outcome || outcome->failed > 0 || !outcome->is_expected) continue;
      lines.push_back(shown_line(
          fmt::format("{}.{} holds, and is among the expected failures of {}: take it out there.",
                      result.name, name_of(clause), results.subject.file)));
    }
    add_left_running(lines, result);
  }
  const ClauseCounts counts = counts_of(results);
  if (counts.judged > 0) lines.push_back(counts_line(counts));
  if (counts.expected + counts.unexpected > 0)
    lines.emplace_back("--verbose shows what was said, --out DIR keeps it with every event.");
  return lines;
}

std::vector<std::string> last_errors(const PlayResult& play) {
  std::vector<std::string> lines;
  if (!play.facts.fault && !(play.facts.next_turn && play.facts.next_turn->fault)) return lines;
  std::string_view rest = play.stderr_text;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  while (!rest.empty() && lines.size() < error_lines_max) {
    const std::size_t before = rest.rfind('\n');
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    lines.push_back(shown_line(std::string(rest.substr(from))));
    rest = rest.substr(0, from == 0 ? 0 : before);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace caesura
