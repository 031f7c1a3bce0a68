#include "exam/clauses.hpp"

#include "exam/reasons.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace caesura {
namespace {

/// What had ended by itself: its answer was given, or it failed in one way or another.
bool has_ended_by_itself(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::ok:
    case AttemptEnd::failed:
    case AttemptEnd::turned_away:
    case AttemptEnd::refused:
    case AttemptEnd::reset:
    case AttemptEnd::lost:
      return true;
    case AttemptEnd::in_progress:
    case AttemptEnd::cut_off:
      return false;
  }
  return false;
}

bool is_model(OperationKind kind) {
  return kind == OperationKind::llm || kind == OperationKind::decompose;
}

/// Judges one play, clause by clause.
class Judge {
 public:
  explicit Judge(const PlayFacts& facts)
      : facts_(facts), until_(facts.next_turn ? facts.next_turn->prompted : facts.watched_until) {}

  Judgement judge() {
    const bool ended_before_cancel = facts_.fault && !facts_.cancel && !facts_.settled;
    if (ended_before_cancel) {
      judge_fault();
      return std::move(judgement_);
    }
    if (facts_.cancel) {
      judge_told(Clause::told);
      judge_told(Clause::children);
      judge_starts();
    }
    if (!facts_.leaves) {
      judge_truth();
      judge_settled();
    }
    if (facts_.next_turn) judge_next_turn();
    judge_usage();
    judge_effects();
    judge_strays();
    sum_up();
    return std::move(judgement_);
  }

  /// Where a deadline rests on it.
  Duration worst_lateness() const { return worst_lateness_; }

 private:
  void hold(Clause clause) {
    auto& verdict = judgement_.verdicts[index_of(clause)];
    if (!verdict) verdict = ClauseVerdict::pass;
  }

  void fail(Clause clause, ClauseVerdict verdict, Time at, std::string text,
            const AttemptFacts* attempt = nullptr) {
    auto& shown = judgement_.verdicts[index_of(clause)];
    shown = std::min(shown.value_or(ClauseVerdict::pass), verdict);
    Reason reason{.clause = clause, .verdict = verdict, .at = at, .text = std::move(text)};
    if (attempt != nullptr) {
      reason.operation = attempt->operation;
      reason.attempt = attempt->attempt;
    }
    judgement_.reasons.push_back(std::move(reason));
  }

  /// Asked only where a deadline rests on it, as it is noted how late the timer was there.
  Duration in_time(Time from) {
    const Duration late = lateness_after(facts_, from);
    worst_lateness_ = std::max(worst_lateness_, late);
    return facts_.within + late;
  }
  /// Whatever the world took it for, as its first turn was settled: no next one is there before its
  /// prompt.
  std::uint32_t turn_of(const AttemptFacts& attempt) const {
    return attempt.asked < until_ ? 1 : attempt.turn;
  }
  bool is_later_than_in_time(Time at, Time from) {
    return at - from > facts_.within && at - from > in_time(from);
  }
  Time cancel() const { return *facts_.cancel; }

  // ---- told, children

  bool is_in_progress_at_cancel(const AttemptFacts& attempt) const {
    if (attempt.asked > cancel()) return true;
    const auto over =
        attempt.given && has_ended_by_itself(attempt.end) ? attempt.given : attempt.ended;
    return !over || *over >= cancel();
  }

  static bool ends_by_itself_before(const AttemptFacts& attempt, Time moment) {
    if (has_ended_by_itself(attempt.end) && attempt.ended && *attempt.ended < moment) return true;
    // One that was told meanwhile would perhaps have ended before.
    return attempt.ends_by_itself && *attempt.ends_by_itself < moment;
  }

  /// Until when it is to be told; none: it is not owed a signal.
  std::optional<Time> deadline_of(const AttemptFacts& attempt) {
    if (attempt.asked > cancel() + in_time(cancel()) || attempt.asked >= until_) return {};
    if (!is_in_progress_at_cancel(attempt)) return {};
    const Time from = std::max(cancel(), attempt.asked);
    if (ends_by_itself_before(attempt, from + facts_.within)) return {};
    const Time deadline = from + in_time(from);
    if (ends_by_itself_before(attempt, deadline)) return {};
    return deadline;
  }

  void judge_told(Clause clause) {
    for (const AttemptFacts& attempt : facts_.attempts) {
      if (attempt.is_sub_agents != (clause == Clause::children)) continue;
      const std::optional<Time> deadline = deadline_of(attempt);
      if (!deadline) continue;
      const bool is_told = attempt.told && *attempt.told <= facts_.watched_until;
      if (is_told && *attempt.told <= *deadline) {
        hold(clause);
      } else if (is_told) {
        fail(clause, ClauseVerdict::late, attempt.asked, told_late(facts_, attempt), &attempt);
      } else {
        fail(clause, ClauseVerdict::leak, attempt.asked, never_told(facts_, attempt), &attempt);
      }
    }
  }

  // ---- nothing-starts

  void judge_starts() {
    const Time deadline = cancel() + in_time(cancel());
    for (const AttemptFacts& attempt : facts_.attempts) {
      if (attempt.asked <= deadline || attempt.asked >= until_) continue;
      fail(Clause::nothing_starts, ClauseVerdict::leak, attempt.asked,
           started_after(facts_, attempt), &attempt);
    }
    for (const RefusedCall& call : facts_.refused_calls) {
      if (call.at <= deadline || call.at >= until_) continue;
      fail(Clause::nothing_starts, ClauseVerdict::leak, call.at, refused_after(facts_, call));
    }
    hold(Clause::nothing_starts);
  }

  // ---- truthful

  /// So long before the cancel that it cannot have crossed it.
  bool was_answered_before_cancel() {
    if (!facts_.plan_ends) return false;
    const Time given = *facts_.plan_ends;
    return is_later_than_in_time(cancel(), given);
  }

  bool has_failed_by(Time moment) const {
    const bool has_refused =
        std::any_of(facts_.refused_calls.begin(), facts_.refused_calls.end(),
                    [&](const RefusedCall& call) { return call.at <= moment; });
    return has_refused || std::any_of(facts_.attempts.begin(), facts_.attempts.end(),
                                      [&](const AttemptFacts& attempt) {
                                        return has_ended_by_itself(attempt.end) &&
                                               attempt.end != AttemptEnd::ok && attempt.ended &&
                                               *attempt.ended <= moment;
                                      });
  }

  void judge_truth() {
    if (!facts_.settled) return;
    const SettledFacts& settled = *facts_.settled;
    bool is_so = false;
    switch (settled.outcome) {
      case Outcome::cancelled:
        is_so = facts_.cancel && !was_answered_before_cancel();
        break;
      case Outcome::completed:
        is_so = facts_.plan_ends && *facts_.plan_ends <= settled.at;
        break;
      case Outcome::failed:
        is_so = facts_.is_own_timeout || has_failed_by(settled.at);
        break;
      case Outcome::timed_out:
      case Outcome::rejected:
        break;  // no subject can say so
    }
    if (is_so) {
      hold(Clause::truthful);
    } else {
      fail(Clause::truthful, ClauseVerdict::untrue, settled.at, said_what_is_not_so(facts_));
    }
  }

  // ---- settles

  void judge_fault() {
    const bool hung = facts_.fault->kind == SubjectFault::Kind::hung;
    fail(Clause::settles, hung ? ClauseVerdict::hang : ClauseVerdict::crash, facts_.fault->at,
         hung ? hung_text(facts_, *facts_.fault) : crashed_text(facts_, *facts_.fault));
  }

  void judge_settled() {
    if (facts_.fault) judge_fault();
    for (const BrokenLine& line : facts_.broken_lines)
      fail(Clause::settles, ClauseVerdict::broken, line.at, broken_text(facts_, line));
    if (facts_.settled) {
      const auto from = facts_.cancel ? facts_.cancel : facts_.plan_ends;
      const Duration longest = !from ? Duration::max()
                               : facts_.cancel
                                   ? in_time(*from)
                                   : facts_.settle_limit + lateness_after(facts_, *from);
      if (from && facts_.settled->at - *from > longest)
        fail(Clause::settles, ClauseVerdict::late, facts_.settled->at, settled_late(facts_, *from));
    }
    if (facts_.settled || facts_.fault) hold(Clause::settles);
  }

  // ---- next-turn

  void judge_next_turn() {
    const PlayFacts::NextTurn& next = *facts_.next_turn;
    if (next.fault) {
      const bool hung = next.fault->kind == SubjectFault::Kind::hung;
      fail(Clause::next_turn, hung ? ClauseVerdict::hang : ClauseVerdict::crash, next.fault->at,
           hung ? hung_text(facts_, *next.fault) : crashed_text(facts_, *next.fault));
    }
    for (const RefusedCall& call : facts_.refused_calls) {
      if (call.at < next.prompted) continue;
      fail(Clause::next_turn, ClauseVerdict::broken, call.at, refused_in_next_turn(call));
    }
    if (next.settled && next.settled->outcome != Outcome::completed)
      fail(Clause::next_turn, ClauseVerdict::broken, next.settled->at,
           next_turn_not_completed(*next.settled));
    if (next.settled || next.fault) hold(Clause::next_turn);
  }

  // ---- usage

  /// What is counted of the models' calls of the first turn.
  struct Counted {
    std::int64_t input = 0;
    std::int64_t output = 0;
  };

  Counted least_usage() const {
    Counted least;
    const Time known_by = facts_.cancel ? cancel() - facts_.within : facts_.settled->at;
    for (const AttemptFacts& attempt : facts_.attempts) {
      const bool was_said = is_model(attempt.kind) && !attempt.is_sub_agents &&
                            attempt.says_usage && attempt.given && *attempt.given <= known_by;
      if (!was_said) continue;
      least.input += attempt.input_tokens;
      least.output += attempt.output_tokens;
    }
    return least;
  }

  Counted most_usage() const {
    Counted most;
    for (const AttemptFacts& attempt : facts_.attempts) {
      const bool was_asked = is_model(attempt.kind) && attempt.asked <= facts_.settled->at;
      if (!was_asked) continue;
      most.input += attempt.input_tokens;
      most.output += attempt.generated_by_settled;
    }
    return most;
  }

  void judge_usage() {
    if (!facts_.settled) return;
    const Counted least = least_usage();
    const Counted most = most_usage();
    const auto check = [&](const char* what, std::optional<std::int64_t> said, std::int64_t low,
                           std::int64_t high) {
      if (!said) return;
      if (*said >= low && *said <= high) return hold(Clause::usage);
      fail(Clause::usage, ClauseVerdict::broken, facts_.settled->at,
           miscounted(what, *said, low, high));
    };
    check("input", facts_.settled->input_tokens, least.input, most.input);
    check("output", facts_.settled->output_tokens, least.output, most.output);
  }

  // ---- effects-once

  void judge_effects() {
    std::map<std::string, const AttemptFacts*> committed;
    for (const AttemptFacts& attempt : facts_.attempts) {
      if (!attempt.is_unsafe) continue;
      hold(Clause::effects_once);
      if (!attempt.committed || attempt.operation.empty()) continue;
      const std::string place = std::to_string(turn_of(attempt)) + "#" + attempt.operation;
      const auto [first, is_first] = committed.emplace(place, &attempt);
      if (!is_first)
        fail(Clause::effects_once, ClauseVerdict::broken, *attempt.committed,
             committed_twice(facts_, *first->second, attempt), &attempt);
    }
  }

  // ---- no-stray

  /// Since when nobody works on it, or waits for its answer; what a cancel has cut off is over with
  /// that cancel.
  static std::optional<Time> over_since(const AttemptFacts& attempt) {
    if (!attempt.ended) return std::nullopt;
    return std::max(*attempt.ended, attempt.given.value_or(*attempt.ended));
  }

  void judge_strays() {
    hold(Clause::no_stray);
    for (const AttemptFacts& attempt : facts_.attempts) {
      const std::optional<Time> over = over_since(attempt);
      bool is_first = true;
      for (const NotedSignal& signal : attempt.signals) {
        const bool is_judged = facts_.next_turn || signal.at <= facts_.watched_until;
        if (signal.kind != SignalKind::cancel || !is_judged) continue;
        if (!std::exchange(is_first, false)) {
          fail(Clause::no_stray, ClauseVerdict::stray, signal.at,
               cancelled_again(facts_, attempt, signal), &attempt);
        } else if (over && is_later_than_in_time(signal.at, *over)) {
          fail(Clause::no_stray, ClauseVerdict::stray, signal.at,
               cancelled_when_over(facts_, attempt, signal, *over), &attempt);
        }
      }
    }
    for (const Time at : facts_.unknown_cancels)
      fail(Clause::no_stray, ClauseVerdict::stray, at, cancelled_unknown(facts_, at));
  }

  // ---- what ran on

  void sum_up() {
    std::stable_sort(judgement_.reasons.begin(), judgement_.reasons.end(),
                     [](const Reason& a, const Reason& b) {
                       return a.clause != b.clause ? a.clause < b.clause : a.at < b.at;
                     });
    if (!facts_.cancel) return;
    RanOn& ran_on = judgement_.ran_on;
    for (const AttemptFacts& attempt : facts_.attempts) {
      if (attempt.asked >= until_) continue;
      ran_on.busy += attempt.busy_after_cancel;
      ran_on.tokens += attempt.tokens_after_cancel;
      ran_on.cost += attempt.cost_after_cancel;
      if (attempt.committed && *attempt.committed > cancel()) ++ran_on.effects;
    }
  }

  const PlayFacts& facts_;
  const Time until_;  ///< what is judged of the first turn was asked before
  Duration worst_lateness_{0};
  Judgement judgement_;
};

}  // namespace

const char* name_of(ClauseVerdict verdict) {
  switch (verdict) {
    case ClauseVerdict::crash:
      return "crash";
    case ClauseVerdict::hang:
      return "hang";
    case ClauseVerdict::untrue:
      return "untrue";
    case ClauseVerdict::leak:
      return "leak";
    case ClauseVerdict::broken:
      return "broken";
    case ClauseVerdict::stray:
      return "stray";
    case ClauseVerdict::late:
      return "late";
    case ClauseVerdict::pass:
      return "pass";
  }
  return "";
}

Judgement judge(const PlayFacts& facts) { return Judge(facts).judge(); }

Duration lateness_after(const PlayFacts& facts, Time from) {
  const auto is_before = [](const TimerLateness& tick, Time moment) {
    return tick.due + tick.late < moment;
  };
  Duration worst{0};
  for (auto tick = std::lower_bound(facts.lateness.begin(), facts.lateness.end(), from, is_before);
       tick != facts.lateness.end() && tick->due <= from + 2 * facts.within; ++tick)
    worst = std::max(worst, tick->due + tick->late - std::max(tick->due, from));
  return worst;
}

bool was_too_busy(const PlayFacts& facts) {
  Judge judge(facts);
  judge.judge();
  return judge.worst_lateness() > facts.within;
}

}  // namespace caesura
