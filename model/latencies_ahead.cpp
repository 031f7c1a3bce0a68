#include "model/latencies_ahead.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <variant>

namespace caesura {

LatenciesAhead::LatenciesAhead(const Model& model) : seed_(model.seed) {
  const std::optional<Plan> plan = shared_plan(model);
  if (!plan) return;
  operations_.resize(plan->operations);
  keys_.resize(plan->operations);
  for (const PlanStep& step : plan->steps) {
    if (step.what != PlanStep::What::operation) continue;
    keys_[step.number - 1] = step.key;
    if (step.kind == OperationKind::transaction || step.is_child) continue;
    const ServiceProfile& service = model.services[step.service];
    const std::optional<OperationSample> sample = sample_but_latency(service);
    if (!sample) continue;
    const Distribution& latency = std::get<WholeLatency>(service.latency).whole;
    if (latency.is_constant()) continue;
    operations_[step.number - 1] = {.latency = &latency, .sample = *sample};
    is_of_use_ = true;
  }
}

void LatenciesAhead::draw(Row& row, RequestNumber request, std::size_t block) const {
  row.request = request;
  row.block = block;
  const std::size_t first = block * at_once;
  const std::size_t count = std::min(at_once, operations_.size() - first);
  std::array<double, at_once> numbers{};
  const std::span<double> drawn(numbers.data(), count);
  draws(seed_, request, std::span(keys_).subspan(first, count), Purpose::latency, drawn);
  for (std::size_t begin = 0, end = 0; begin < count; begin = end) {
    const Distribution* const latency = operations_[first + begin].latency;
    for (end = begin + 1; end < count && operations_[first + end].latency == latency;) ++end;
    if (latency == nullptr) continue;
    latency->to_quantiles(drawn.subspan(begin, end - begin));
    for (std::size_t i = begin; i < end; ++i) row.latencies[i] = to_duration(drawn[i]);
  }
}

}  // namespace caesura
