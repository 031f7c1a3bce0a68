#include "exam/turn_times.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Stretch = std::pair<Time, Time>;

/// The part of the time between two moments that no stretch covers.
Duration uncovered(std::vector<Stretch> stretches, Time from, Time to) {
  std::sort(stretches.begin(), stretches.end());
  Duration uncovered{0};
  Time covered = from;
  for (const auto& [begin, end] : stretches) {
    const Time until = std::min(begin, to);
    if (until > covered) uncovered += until - covered;
    covered = std::max(covered, end);
  }
  if (to > covered) uncovered += to - covered;
  return uncovered;
}

/// When the subject had what it had asked for, or was done with it.
Time end_of(const Attempt& attempt, Time over) {
  if (attempt.given) return *attempt.given;
  return attempt.told ? *attempt.told : attempt.ended.value_or(over);
}

Duration lateness_of(const Model& model, const OperationRecord& operation, const Attempt& attempt) {
  const auto whole = whole_duration(attempt.sample, attempt.pace);
  if (attempt.end != AttemptEnd::ok || !attempt.given || !attempt.started || !whole)
    return zero_duration;
  const PlannedOperation& planned = *operation.planned;
  const ServiceProfile& service = model.services[planned.step.service];
  const Distribution& link = link_to(model.links, service.kind);
  const auto drawn = [&](Purpose purpose) {
    return link_delay(link, model.seed, planned.request, planned.step.key, purpose);
  };
  Duration due = *whole + drawn(Purpose::link_reply);
  // Where places are few, it may have waited for one.
  const Time from = service.concurrency ? *attempt.started : attempt.asked;
  if (!service.concurrency) due += drawn(Purpose::link_ask);
  return std::max(*attempt.given - from - due, zero_duration);
}

/// Between the first and the last ask for what one answer calls for.
Duration skew_of(const TurnRecord& turn, const LoopStep& step) {
  std::optional<Time> first;
  Time last{};
  for (const LoopCall& call : step.calls) {
    for (const OperationRecord& operation : turn.operations) {
      if (operation.planned->path != call.operation || operation.attempts.empty()) continue;
      const Time asked = operation.attempts.front().asked;
      first = std::min(first.value_or(asked), asked);
      last = std::max(last, asked);
    }
  }
  return first ? last - *first : zero_duration;
}

}  // namespace

TurnTimes times_of(const TurnRecord& turn, Time begun, Time over) {
  TurnTimes times;
  std::vector<Stretch> stretches;
  for (const OperationRecord& operation : turn.operations) {
    for (const Attempt& attempt : operation.attempts) {
      stretches.emplace_back(attempt.asked, end_of(attempt, over));
      times.late += lateness_of(turn.plan.model(), operation, attempt);
    }
  }
  for (const UnplannedRecord& call : turn.unplanned)
    stretches.emplace_back(call.attempt.asked, end_of(call.attempt, over));
  times.own = uncovered(std::move(stretches), begun, over);
  for (const AgentLoop& loop : turn.plan.loops()) {
    for (const LoopStep& step : loop.steps) times.own += skew_of(turn, step);
  }
  return times;
}

std::optional<Time> works_until(const TurnRecord& turn, Time now) {
  std::optional<Time> until;
  const auto look_at = [&](const Attempt& attempt) {
    if (attempt.is_over() || !whole_duration(attempt.sample, attempt.pace)) return;
    const Time end = attempt.started ? attempt.ends_by_itself.value_or(Time{}) : now;
    if (end > Time{}) until = std::max(until.value_or(end), end);
  };
  for (const OperationRecord& operation : turn.operations)
    std::for_each(operation.attempts.begin(), operation.attempts.end(), look_at);
  for (const UnplannedRecord& call : turn.unplanned) look_at(call.attempt);
  return until;
}

}  // namespace caesura
