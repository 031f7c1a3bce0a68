#include "actors/rules.hpp"

#include <algorithm>
#include <functional>

namespace caesura {
namespace {

template <class... Moments>
bool some_source_is(const Model& model) {
  return std::any_of(model.cancels.begin(), model.cancels.end(), [](const CancelSource& source) {
    return (std::holds_alternative<Moments>(source.moment) || ...);
  });
}

std::vector<std::optional<Plan>> plans_of_children(const Model& model) {
  std::vector<std::optional<Plan>> plans(model.children.size());
  for (std::size_t s = 0; s < plans.size(); ++s) {
    if (model.children[s]) plans[s] = shared_plan(model, model.children[s]->workflow);
  }
  return plans;
}

std::vector<Places> places_of_children(const Model& model) {
  std::vector<Places> places;
  for (const std::optional<ChildWorkflow>& child : model.children)
    places.emplace_back(child ? child->workflow : Workflow{});
  return places;
}

bool cuts_off(const Policy& policy) {
  return std::any_of(policy.aborts.begin(), policy.aborts.end(), std::identity());
}

bool may_fail_its_request(const ServiceProfile& service) {
  return service.failure_rate > 0 && service.on_failure == OnFailure::fail;
}

bool may_turn_a_request_away(const ServiceProfile& service) {
  return service.concurrency && service.queue;
}

/// The share of the operation after which the source sends; null if it waits for another operation
/// or for something else.
const Distribution* share_of(const CancelSource& source, const Ask& ask) {
  if (const auto* during = std::get_if<CancelDuringOperation>(&source.moment))
    return during->operation == ask.operation ? &during->at : nullptr;
  if (const auto* during = std::get_if<CancelDuringKind>(&source.moment)) {
    return ask.first_of_kind && during->kind == ask.kind ? &during->at : nullptr;
  }
  return nullptr;
}

}  // namespace

Rules::Rules(const Model& m, const Policy& p, Timing timing, LatenciesAhead* ahead,
             const FromOutside& from_outside)
    : model(m),
      policy(p),
      wished_policies(from_outside.wished_policies),
      outside_calls(from_outside.calls),
      latencies_ahead(ahead),
      shared_plan(caesura::shared_plan(m)),
      shared_child_plans(plans_of_children(m)),
      places(m.workflow),
      child_places(places_of_children(m)),
      cancels_during_operations(some_source_is<CancelDuringOperation, CancelDuringKind>(m)),
      cancels_on_budget(some_source_is<CancelOverCost, CancelOverTokens>(m)),
      failures_end_requests(
          std::any_of(m.services.begin(), m.services.end(), may_fail_its_request)),
      replies_end_requests(
          failures_end_requests ||
          std::any_of(m.services.begin(), m.services.end(), may_turn_a_request_away)),
      is_exact(timing == Timing::exact),
      ends_are_certain(timing == Timing::exact && !m.timeout && !cuts_off(p) &&
                       outside_calls == nullptr &&
                       std::none_of(wished_policies.begin(), wished_policies.end(), cuts_off)) {}

bool is_active(const Model& model, RequestNumber number, std::size_t source) {
  const double probability = model.cancels[source].probability;
  return probability >= 1 || draw(model.seed, number, 0, Purpose::cancel_probability,
                                  static_cast<std::uint32_t>(source)) < probability;
}

void announce_cancels_during(const Rules& rules, const Ask& ask, Duration duration,
                             Context& context) {
  if (!rules.cancels_during_operations || ask.ticket == no_ticket) return;
  for (std::size_t s = 0; s < rules.model.cancels.size(); ++s) {
    const CancelSource& source = rules.model.cancels[s];
    const Distribution* at = share_of(source, ask);
    if (at == nullptr || !is_active(rules.model, ask.number, s)) continue;
    const double share = at->quantile(draw(rules.model.seed, ask.number, 0, Purpose::cancel_moment,
                                           static_cast<std::uint32_t>(s)));
    const Duration delay = to_duration(share * static_cast<double>(duration.count()));
    context.relay(client_address, MomentKnown{.number = ask.number,
                                              .ticket = ask.ticket,
                                              .source = static_cast<std::uint16_t>(s),
                                              .delay = delay,
                                              .place = context.reserve(source.times)});
  }
}

Duration LinkEnd::delay(Time now, Duration drawn) {
  free = std::max(free, after(now, drawn));
  return free - now;
}

}  // namespace caesura
