#include "exam/subject_log.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace caesura {
namespace {

SettledFacts settled_facts(const SettledLine& line, Time at) {
  return {.at = at,
          .outcome = line.outcome,
          .input_tokens = line.input_tokens,
          .output_tokens = line.output_tokens,
          .error = line.error};
}

}  // namespace

SubjectAudience SubjectLog::audience(PlayAudience told) {
  SubjectAudience audience;
  audience.ready = std::move(told.ready);
  audience.text = [this](std::string_view run, std::string_view) { hear_text(run); };
  audience.settled = [this, settled = std::move(told.settled)](std::string_view run,
                                                               const SettledLine& line) {
    if (const std::uint32_t turn = hear_settled(run, line); turn != 0) settled(turn, line);
  };
  audience.broken = [this](std::string_view, std::string_view what) {
    last_heard_ = now_();
    note_broken(std::string(what));
  };
  audience.ended = std::move(told.ended);
  audience.line = [this](bool is_to_subject, std::string_view line) {
    result_.lines.add(now_(), is_to_subject, line);
  };
  return audience;
}

void SubjectLog::hear_text(std::string_view run) {
  last_heard_ = now_();
  if (!is_of_this_run(run))
    return note_broken(fmt::format("a text of run '{}', not {}", run, run_));
  if (!is_started_) return note_broken("a text before it was told to start");
  if (result_.facts.settled && !is_prompted_) note_broken("a text after `settled`");
}

std::uint32_t SubjectLog::hear_settled(std::string_view run, const SettledLine& line) {
  last_heard_ = now_();
  const auto out_of_place = [this](std::string text) {
    note_broken(std::move(text));
    return 0U;
  };
  if (!is_of_this_run(run))
    return out_of_place(fmt::format("a `settled` of run '{}', not {}", run, run_));
  if (!is_started_) return out_of_place("a `settled` before it was told to start");
  PlayFacts& facts = result_.facts;
  // After a hang-up the first turn has none.
  if (!facts.settled && !facts.next_turn) {
    facts.settled = settled_facts(line, now_());
    return 1;
  }
  if (!is_prompted_ || facts.next_turn->settled)
    return out_of_place(facts.next_turn ? "a third `settled`" : "a second `settled`");
  facts.next_turn->settled = settled_facts(line, now_());
  return 2;
}

void SubjectLog::note_broken(std::string text) {
  constexpr std::size_t most = 100;
  std::vector<BrokenLine>& lines = result_.facts.broken_lines;
  if (lines.size() < most) lines.push_back({.at = now_(), .text = std::move(text)});
}

}  // namespace caesura
