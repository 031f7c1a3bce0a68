#include "doors/world/event_waits.hpp"

#include <iterator>
#include <utility>
#include <vector>

namespace caesura {
namespace {

/// The token that the pattern asks for, if an attempt has made it.
std::optional<WorldEvent> made_token(const RunRecord& run, const EventPattern& pattern) {
  for (const auto& [number, turn] : run.turns) {
    if (pattern.turn && *pattern.turn != number) continue;
    for (const OperationRecord& operation : turn.operations) {
      if (pattern.operation && *pattern.operation != operation.planned->path) continue;
      for (const Attempt& attempt : operation.attempts) {
        if (pattern.attempt && *pattern.attempt != attempt.number) continue;
        if (attempt.generated < *pattern.token) continue;
        const auto after = due(attempt.pace, token_time(attempt.sample, *pattern.token));
        return WorldEvent{.kind = pattern.kind,
                          .at = *attempt.started + after.value_or(zero_duration),
                          .turn = number,
                          .operation = operation.planned->path,
                          .attempt = attempt.number,
                          .token = *pattern.token};
      }
    }
  }
  return std::nullopt;
}

/// The one attempt that the pattern is of, if there was one.
const Attempt* attempt_of(const RunRecord& run, const EventPattern& pattern) {
  if (!pattern.operation || !pattern.attempt || run.turns.empty()) return nullptr;
  const auto turn = pattern.turn ? run.turns.find(*pattern.turn) : std::prev(run.turns.end());
  if (turn == run.turns.end() || (!pattern.turn && turn->second.is_settled())) return nullptr;
  for (const OperationRecord& operation : turn->second.operations) {
    if (operation.planned->path != *pattern.operation) continue;
    if (*pattern.attempt == 0 || *pattern.attempt > operation.attempts.size()) return nullptr;
    return &operation.attempts[*pattern.attempt - 1];
  }
  return nullptr;
}

bool is_beyond_plan(const RunRecord& run, const EventPattern& pattern) {
  if (!pattern.turn || !pattern.operation) return false;
  const auto turn = run.turns.find(*pattern.turn);
  return turn != run.turns.end() && turn->second.plan.find(*pattern.operation) == nullptr;
}

/// Of what comes after an attempt's end, if at all.
bool comes_late(EventKind kind) {
  return kind == EventKind::operation_given || kind == EventKind::signal ||
         kind == EventKind::stray_signal || kind == EventKind::noted_again;
}

}  // namespace

bool EventPattern::fits(const WorldEvent& event) const {
  return event.kind == kind && (!turn || *turn == event.turn) &&
         (!operation || *operation == event.operation) && (!attempt || *attempt == event.attempt) &&
         (!token || kind != EventKind::operation_token || *token == event.token);
}

std::optional<WorldEvent> event_that_came(const RunRecord& run, const EventPattern& pattern) {
  for (const WorldEvent& event : run.events.kept()) {
    if (pattern.fits(event)) return event;
  }
  // Of tokens only the first is kept.
  if (pattern.kind != EventKind::operation_token || !pattern.token) return std::nullopt;
  return made_token(run, pattern);
}

bool is_hopeless(const RunRecord& run, const EventPattern& pattern) {
  if (run.ended || is_beyond_plan(run, pattern)) return true;
  const Attempt* attempt = attempt_of(run, pattern);
  if (attempt == nullptr || comes_late(pattern.kind)) return false;
  return attempt->is_over();
}

void EventWaits::add(Number number, const EventPattern& pattern, Told told) {
  waiting_.emplace(number, Waiting{pattern, std::move(told)});
}

void EventWaits::expire(Number number) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  const Told told = std::move(found->second.told);
  waiting_.erase(found);
  told(WaitEnd::too_late, nullptr);
}

void EventWaits::come(const WorldEvent& event) {
  std::vector<Told> told;
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    if (waiting->second.pattern.fits(event)) {
      told.push_back(std::move(waiting->second.told));
      waiting = waiting_.erase(waiting);
    } else {
      ++waiting;
    }
  }
  for (const Told& tell : told) tell(WaitEnd::come, &event);
}

void EventWaits::give_up(const RunRecord& run) {
  std::vector<Told> told;
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    if (is_hopeless(run, waiting->second.pattern)) {
      told.push_back(std::move(waiting->second.told));
      waiting = waiting_.erase(waiting);
    } else {
      ++waiting;
    }
  }
  for (const Told& tell : told) tell(WaitEnd::hopeless, nullptr);
}

}  // namespace caesura
