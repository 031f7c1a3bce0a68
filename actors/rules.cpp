#include "actors/rules.hpp"

#include "model/cancel_moments.hpp"

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

void announce_cancels_during(const Rules& rules, const Ask& ask, Duration duration,
                             Context& context) {
  if (!rules.cancels_during_operations || ask.ticket == no_ticket) return;
  const CancelledOperation operation{.number = ask.operation,
                                     .kind = ask.kind,
                                     .first_of_kind = ask.first_of_kind,
                                     .duration = duration};
  for (std::size_t s = 0; s < rules.model.cancels.size(); ++s) {
    const auto delay = cancel_into_operation(rules.model, ask.number, s, operation);
    if (!delay) continue;
    context.relay(client_address,
                  MomentKnown{.number = ask.number,
                              .ticket = ask.ticket,
                              .source = static_cast<std::uint16_t>(s),
                              .delay = *delay,
                              .place = context.reserve(rules.model.cancels[s].times)});
  }
}

Duration LinkEnd::delay(Time now, Duration drawn) {
  free = std::max(free, after(now, drawn));
  return free - now;
}

}  // namespace caesura
