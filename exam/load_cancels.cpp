#include "exam/load_cancels.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "actors/rules.hpp"

#include <algorithm>
#include <cmath>

namespace caesura {
namespace {

/// A share, from 0 to 1, of a duration.
Duration share_of(Duration whole, double share) {
  const double clamped = std::clamp(share, 0.0, 1.0);
  const auto part = std::llround(clamped * static_cast<double>(whole.count()));
  return Duration{std::min<std::int64_t>(part, whole.count())};
}

bool is_of_first_of_kind(const TurnRecord& turn, const OperationPath& path, OperationKind kind) {
  for (const OperationRecord& operation : turn.operations) {
    const PlannedOperation& planned = *operation.planned;
    if (planned.path.numbers.size() == 1 && planned.step.kind == kind) return planned.path == path;
  }
  return false;
}

}  // namespace

LoadCancels::LoadCancels(const Model& model, RequestNumber number, Time arrived, Duration delay)
    : model_(model), number_(number), arrived_(arrived), delay_(delay) {}

double LoadCancels::drawn(const Distribution& distribution, std::size_t source) const {
  return distribution.quantile(
      draw(model_.seed, number_, 0, Purpose::cancel_moment, static_cast<std::uint32_t>(source)));
}

std::vector<LoadCancel> LoadCancels::known() const {
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    if (!is_active(model_, number_, s)) continue;
    const auto& moment = model_.cancels[s].moment;
    if (const auto* after = std::get_if<CancelAfter>(&moment)) {
      cancels.push_back({arrived_ + to_duration(drawn(after->delay, s)), s});
    } else if (const auto* during = std::get_if<CancelDuringRequest>(&moment)) {
      Plan plan;
      expand(model_, number_, plan);
      const Duration planned = planned_times(model_, number_, plan).duration;
      cancels.push_back({arrived_ + delay_ + share_of(planned, drawn(during->share, s)), s});
    }
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::known_by(const WorldEvent& event, const TurnRecord& turn) {
  if (event.turn != 1 || event.operation.numbers.size() != 1 || event.unplanned) return {};
  if (event.kind == EventKind::operation_started && event.attempt == 1)
    return by_start(event, turn);
  if (event.kind == EventKind::operation_token) return by_chunk(event, turn);
  if (event.kind == EventKind::operation_ended || event.kind == EventKind::operation_failed)
    return by_budget(event, turn);
  return {};
}

std::vector<LoadCancel> LoadCancels::by_start(const WorldEvent& event,
                                              const TurnRecord& turn) const {
  std::vector<LoadCancel> cancels;
  const PlannedOperation* planned = turn.plan.find(event.operation);
  if (planned == nullptr) return cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    const auto& moment = model_.cancels[s].moment;
    const auto* operation = std::get_if<CancelDuringOperation>(&moment);
    const auto* kind = std::get_if<CancelDuringKind>(&moment);
    const bool is_it =
        operation != nullptr
            ? operation->operation == event.operation.numbers.front()
            : kind != nullptr && is_of_first_of_kind(turn, event.operation, kind->kind);
    if (!is_it || !is_active(model_, number_, s)) continue;
    const double share = drawn(operation != nullptr ? operation->at : kind->at, s);
    cancels.push_back({event.at + share_of(planned->sample.duration, share), s});
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::by_chunk(const WorldEvent& event, const TurnRecord& turn) {
  const PlannedOperation* planned = turn.plan.find(event.operation);
  if (planned == nullptr || planned->step.chunk_tokens == 0) return {};
  const bool is_last = event.token == planned->sample.tokens.output.value;
  if (event.token % planned->step.chunk_tokens != 0 && !is_last) return {};
  ++chunks_;
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    const auto* after = std::get_if<CancelAfterChunks>(&model_.cancels[s].moment);
    if (after != nullptr && after->chunks == chunks_ && is_active(model_, number_, s))
      cancels.push_back({event.at + delay_, s});
  }
  return cancels;
}

std::vector<LoadCancel> LoadCancels::by_budget(const WorldEvent& event, const TurnRecord& turn) {
  const Amounts used = ledger_of(turn, event.at).request.used;
  const Money cost_before = std::exchange(cost_, used.cost);
  const Tokens tokens_before = std::exchange(tokens_, used.tokens.sum());
  std::vector<LoadCancel> cancels;
  for (std::size_t s = 0; s < model_.cancels.size(); ++s) {
    const auto* over = std::get_if<CancelOverCost>(&model_.cancels[s].moment);
    const auto* above = std::get_if<CancelOverTokens>(&model_.cancels[s].moment);
    const bool is_over = over != nullptr && cost_before <= over->limit && cost_ > over->limit;
    const bool is_above =
        above != nullptr && tokens_before <= above->limit && tokens_ > above->limit;
    if ((is_over || is_above) && is_active(model_, number_, s)) cancels.push_back({event.at, s});
  }
  return cancels;
}

}  // namespace caesura
