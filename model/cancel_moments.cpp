#include "model/cancel_moments.hpp"

#include "model/purpose.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

namespace caesura {
namespace {

double drawn_moment(const Model& model, RequestNumber number, std::size_t source,
                    const Distribution& distribution) {
  return distribution.quantile(
      draw(model.seed, number, 0, Purpose::cancel_moment, static_cast<std::uint32_t>(source)));
}

/// The share of the operation after which the source sends; null if it waits for another operation
/// or for something else.
const Distribution* share_of(const CancelSource& source, const CancelledOperation& operation) {
  if (const auto* during = std::get_if<CancelDuringOperation>(&source.moment))
    return during->operation == operation.number ? &during->at : nullptr;
  if (const auto* during = std::get_if<CancelDuringKind>(&source.moment)) {
    return operation.first_of_kind && during->kind == operation.kind ? &during->at : nullptr;
  }
  return nullptr;
}

}  // namespace

bool is_active(const Model& model, RequestNumber number, std::size_t source) {
  const double probability = model.cancels[source].probability;
  return probability >= 1 || draw(model.seed, number, 0, Purpose::cancel_probability,
                                  static_cast<std::uint32_t>(source)) < probability;
}

std::optional<Duration> cancel_after_sending(const Model& model, RequestNumber number,
                                             std::size_t source) {
  const auto* after = std::get_if<CancelAfter>(&model.cancels[source].moment);
  if (after == nullptr || !is_active(model, number, source)) return std::nullopt;
  return to_duration(drawn_moment(model, number, source, after->delay));
}

bool cancels_during_request(const Model& model, RequestNumber number, std::size_t source) {
  return std::holds_alternative<CancelDuringRequest>(model.cancels[source].moment) &&
         is_active(model, number, source);
}

Duration cancel_into_request(const Model& model, RequestNumber number, std::size_t source,
                             Duration planned) {
  const auto& during = std::get<CancelDuringRequest>(model.cancels[source].moment);
  const double share = std::clamp(drawn_moment(model, number, source, during.share), 0.0, 1.0);
  return Duration{std::min<std::int64_t>(std::llround(share * static_cast<double>(planned.count())),
                                         planned.count())};
}

std::optional<Duration> cancel_into_operation(const Model& model, RequestNumber number,
                                              std::size_t source,
                                              const CancelledOperation& operation) {
  const Distribution* at = share_of(model.cancels[source], operation);
  if (at == nullptr || !is_active(model, number, source)) return std::nullopt;
  const double share = drawn_moment(model, number, source, *at);
  return to_duration(share * static_cast<double>(operation.duration.count()));
}

bool cancels_over_budget(const Model& model, RequestNumber number, std::size_t source,
                         const Spent& before, const Spent& now) {
  const auto& moment = model.cancels[source].moment;
  bool exceeded = false;
  if (const auto* over = std::get_if<CancelOverCost>(&moment)) {
    exceeded = before.cost <= over->limit && now.cost > over->limit;
  } else if (const auto* above = std::get_if<CancelOverTokens>(&moment)) {
    exceeded = before.tokens <= above->limit && now.tokens > above->limit;
  }
  return exceeded && is_active(model, number, source);
}

}  // namespace caesura
