#include "scenarios/study/sensitivity.hpp"

#include "scenarios/run/runner.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <utility>

namespace caesura {
namespace {

constexpr double factor = 1.5;

struct Assumption {
  std::string name;
  std::function<void(Model&)> enlarge;
};

void scale(Distribution& distribution) { distribution = distribution.scaled(factor); }
bool is_nothing(const Distribution& distribution) {
  return distribution.is_constant() && distribution.highest() == 0;
}

void scale_latency(ServiceProfile& service) {
  if (auto* whole = std::get_if<WholeLatency>(&service.latency)) scale(whole->whole);
  if (auto* by_token = std::get_if<TokenLatency>(&service.latency)) {
    scale(by_token->time_to_first_token);
    scale(by_token->time_per_output_token);
  }
}

void add_services(const Model& model, std::vector<Assumption>& all) {
  for (std::size_t s = 0; s < model.services.size(); ++s) {
    const ServiceProfile& service = model.services[s];
    if (model.child_of(static_cast<std::uint16_t>(s)) != nullptr)
      continue;  // its time is its workflow's
    all.push_back({std::string("latency of ") + name_of(service.kind) + ' ' + service.name,
                   [s](Model& changed) { scale_latency(changed.services[s]); }});
  }
}

void add_links(const Model& model, std::vector<Assumption>& all) {
  struct Named {
    const char* name;
    Distribution Links::*link;
  };
  for (const auto& [name, link] : {Named{"client", &Links::client}, Named{"llm", &Links::llm},
                                   Named{"tool", &Links::tool}, Named{"agent", &Links::agent}}) {
    if (is_nothing(model.links.*link)) continue;
    all.push_back({std::string("link: ") + name,
                   [link = link](Model& changed) { scale(changed.links.*link); }});
  }
}

void add_cancels(const Model& model, std::vector<Assumption>& all) {
  for (std::size_t c = 0; c < model.cancels.size(); ++c) {
    const CancelSource& source = model.cancels[c];
    const std::string of =
        model.cancels.size() == 1 ? " the cancel" : " cancel " + std::to_string(c + 1);
    if (source.probability > 0 && source.probability < 1) {
      all.push_back({"probability of" + of, [c](Model& changed) {
                       changed.cancels[c].probability =
                           std::min(1.0, factor * changed.cancels[c].probability);
                     }});
    }
    if (std::holds_alternative<CancelAfter>(source.moment)) {
      all.push_back({"time before" + of, [c](Model& changed) {
                       scale(std::get<CancelAfter>(changed.cancels[c].moment).delay);
                     }});
    }
  }
}

SensitivityFigures run(const Scenario& scenario) {
  const std::atomic<bool> stop{false};
  Progress progress;
  const RunOutcome outcome = run_scenario(scenario,
                                          {.engine = EngineKind::direct,
                                           .threads = 1,
                                           .time_scale = 1,
                                           .requests_csv = {},
                                           .each_request = {}},
                                          stop, progress);
  const auto json = outcome.policies.front().totals.to_json("");
  const auto& mean = json.at("cancel_latency_s").at("mean");
  return {
      .cancel_latency_mean_s = mean.is_null() ? std::nullopt : std::optional(mean.get<double>()),
      .saved_usd = json.at("cost_usd").at("saved"),
      .saved_tokens = json.at("tokens").at("saved")};
}

double change(double from, double to) {
  return from == to ? 0 : std::fabs(to - from) / std::max(std::fabs(from), 1e-12);
}

double size_of(const SensitivityFigures& base, const SensitivityFigures& changed) {
  return std::max(
      {change(base.cancel_latency_mean_s.value_or(0), changed.cancel_latency_mean_s.value_or(0)),
       change(base.saved_usd, changed.saved_usd), change(base.saved_tokens, changed.saved_tokens)});
}

}  // namespace

Sensitivity analyse_sensitivity(const Scenario& scenario, const Policy& policy,
                                std::uint64_t requests_most) {
  Scenario base = scenario;
  base.policies = {policy};
  base.model.load.requests = std::min(base.model.load.requests, requests_most);
  const std::atomic<bool> stop{false};
  Sensitivity result{.policy = policy.name,
                     .requests = count_requests(base.model, stop),
                     .factor = factor,
                     .base = run(base),
                     .effects = {},
                     .tried = 0};
  std::vector<Assumption> assumptions;
  add_services(base.model, assumptions);
  add_links(base.model, assumptions);
  add_cancels(base.model, assumptions);
  result.tried = assumptions.size();
  for (const Assumption& assumption : assumptions) {
    Scenario changed = base;
    assumption.enlarge(changed.model);
    result.effects.push_back({assumption.name, run(changed)});
  }
  std::erase_if(result.effects,
                [&](const AssumptionEffect& e) { return size_of(result.base, e.figures) == 0; });
  std::stable_sort(result.effects.begin(), result.effects.end(),
                   [&](const AssumptionEffect& a, const AssumptionEffect& b) {
                     return size_of(result.base, a.figures) > size_of(result.base, b.figures);
                   });
  return result;
}

}  // namespace caesura
