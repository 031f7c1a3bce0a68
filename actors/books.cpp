#include "actors/books.hpp"

#include <algorithm>
#include <optional>

namespace caesura {
namespace {

/// Whether a plan may hold a failure that ends its request.
bool may_fail(const Model& model) {
  return std::any_of(model.services.begin(), model.services.end(),
                     [](const ServiceProfile& service) {
                       return service.failure_rate > 0 && service.on_failure == OnFailure::fail;
                     });
}

}  // namespace

Amounts amounts_of(const Model& model, const PlanStep& step, const Usage& usage) {
  Amounts amounts;
  add_usage(model, step, usage, amounts);
  return amounts;
}

void add_usage(const Model& model, const PlanStep& step, const Usage& usage, Amounts& sum) {
  sum.tokens += usage.used;
  Duration& busy = sum.busy[index_of(step.kind)];
  busy = Duration{checked_sum(busy.count(), usage.busy.count())};
  if (step.kind != OperationKind::transaction)
    sum.cost += cost_of(model.services[step.service].price, usage.billed);
}

PlannedUse planned_use(const Model& model, RequestNumber request, const PlanStep& step) {
  if (step.is_child) {
    const ChildPlan child = plan_of_child(model, request, step);
    return planned_use(model, child.number, child.plan);
  }
  return {.reached = amounts_of(model, step, whole_usage(sample_of(model, request, step))),
          .beyond = {}};
}

PlannedUse planned_use(const Model& model, RequestNumber request, const Plan& plan) {
  std::optional<PlannedTimes> times;
  if (may_fail(model)) times = planned_times(model, request, plan);
  PlannedUse sum;
  for (const PlanStep& step : plan.steps) {
    if (step.what != PlanStep::What::operation) continue;
    const PlannedUse use = planned_use(model, request, step);
    const bool is_beyond = times && times->fatal && times->starts[step.number - 1] >= *times->fatal;
    (is_beyond ? sum.beyond : sum.reached) += use.reached;
    sum.beyond += use.beyond;
  }
  return sum;
}

Amounts used_since(const Model& model, const OperationRun& run, Time moment, Order order) {
  const bool had_started = run.start < moment || (run.start == moment && run.start_order < order);
  if (!had_started) return run.used;
  const Duration elapsed = std::min(moment - run.start, run.used.busy[index_of(run.step.kind)]);
  const Amounts before =
      amounts_of(model, run.step, usage_so_far(sample_of(model, run.request, run.step), elapsed));
  Amounts since = run.used - before;
  // A provider that bills nothing for what was cut off takes back what had been counted; nothing is
  // used up then.
  since.cost = std::max(since.cost, Money{});
  return since;
}

}  // namespace caesura
