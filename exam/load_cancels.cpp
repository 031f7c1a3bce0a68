#include "exam/load_cancels.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "doors/world/turn_ledger.hpp"

#include <utility>
#include <variant>

namespace caesura {

std::vector<LoadCancel> LoadCancels::known(Time sent, Duration delay) const {
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    if (const auto after_sending = cancel_after_sending(model_, number_, s)) {
      cancels.push_back({after(sent, *after_sending), s});
    } else if (cancels_during_request(model_, number_, s)) {
      Plan plan;
      expand(model_, number_, plan);
      const Duration planned = planned_times(model_, number_, plan).duration;
      cancels.push_back({after(sent + delay, cancel_into_request(model_, number_, s, planned)), s});
    }
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::known_by(const WorldEvent& event, const TurnRecord& turn,
                                              LinkEnd& to_user) {
  if (event.turn != 1 || event.operation.numbers.size() != 1 || event.unplanned) return {};
  if (event.kind == EventKind::operation_started && event.attempt == 1)
    return by_start(event, turn);
  if (event.kind == EventKind::operation_token) return by_chunk(event, turn, to_user);
  if (event.kind == EventKind::operation_ended || event.kind == EventKind::operation_failed)
    return by_budget(event, turn);
  return {};
}

std::vector<LoadCancel> LoadCancels::by_start(const WorldEvent& event,
                                              const TurnRecord& turn) const {
  std::vector<LoadCancel> cancels;
  const PlannedOperation* planned = turn.plan.find(event.operation);
  if (planned == nullptr) return cancels;
  const CancelledOperation operation{.number = planned->step.number,
                                     .kind = planned->step.kind,
                                     .first_of_kind = planned->step.first_of_kind,
                                     .duration = planned->sample.duration};
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    if (const auto into = cancel_into_operation(model_, number_, s, operation))
      cancels.push_back({after(event.at, *into), s});
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::by_chunk(const WorldEvent& event, const TurnRecord& turn,
                                              LinkEnd& to_user) {
  const PlannedOperation* planned = turn.plan.find(event.operation);
  if (planned == nullptr || planned->step.chunk_tokens == 0) return {};
  const bool is_last = event.token == planned->sample.tokens.output.value;
  if (event.token % planned->step.chunk_tokens != 0 && !is_last) return {};
  ++chunks_;
  const Duration drawn = link_delay(model_.links.client, model_.seed, number_, planned->step.key,
                                    Purpose::link_chunk_to_client, chunks_);
  const Time comes = event.at + to_user.delay(event.at, drawn);
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    const auto* chunks = std::get_if<CancelAfterChunks>(&model_.cancels[s].moment);
    if (chunks != nullptr && chunks->chunks == chunks_ && is_active(model_, number_, s))
      cancels.push_back({comes, s});
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::by_budget(const WorldEvent& event, const TurnRecord& turn) {
  const Amounts used = ledger_of(turn, event.at).request.used;
  const Spent before = std::exchange(spent_, Spent{used.cost, used.tokens.sum()});
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    if (cancels_over_budget(model_, number_, s, before, spent_)) cancels.push_back({event.at, s});
  }
  return cancels;
}

}  // namespace caesura
