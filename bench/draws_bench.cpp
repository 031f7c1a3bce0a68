// What a random number costs, and a sample of every kind of distribution, the random number
// included; and the samples of a request's eight operations, drawn in one go, and one at a time:
// each when the one before is known.
#include "sim/distribution.hpp"
#include "sim/random.hpp"
#include "model/latencies_ahead.hpp"
#include "model/plan.hpp"
#include "bench/reference_scenario.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace caesura::bench {
namespace {

void uniform_number(benchmark::State& state) {
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(uniform_draw({.seed = 1, .request = n++}));
}
BENCHMARK(uniform_number)->Name("draws/random_number");

void draws(benchmark::State& state, const Distribution& distribution) {
  std::uint64_t n = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(distribution.quantile(uniform_draw({.seed = 1, .request = n++})));
  state.SetItemsProcessed(state.iterations());
}

Distribution mixed() {
  return Distribution::mixture({{.weight = 0.9, .value = Distribution::exponential(1)},
                                {.weight = 0.1, .value = Distribution::exponential(10)}});
}
Distribution percentiles() {
  return Distribution::quantiles(
      {{.p = 0.5, .value = 1}, {.p = 0.9, .value = 3}, {.p = 0.99, .value = 10}});
}
/// A thousand values, as from a log.
Distribution logged() {
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  return Distribution::empirical(values);
}

BENCHMARK_CAPTURE(draws, constant, Distribution::constant(1));
BENCHMARK_CAPTURE(draws, uniform, Distribution::uniform(1, 2));
BENCHMARK_CAPTURE(draws, uniform_whole, Distribution::uniform_whole(1, 6));
BENCHMARK_CAPTURE(draws, normal, Distribution::normal(1, 0.2));
BENCHMARK_CAPTURE(draws, lognormal, Distribution::lognormal_median_sigma(1, 0.6));
BENCHMARK_CAPTURE(draws, exponential, Distribution::exponential(1));
BENCHMARK_CAPTURE(draws, gamma_cv_half, Distribution::gamma(1, 0.5));
BENCHMARK_CAPTURE(draws, gamma_cv_3, Distribution::gamma(1, 3));
BENCHMARK_CAPTURE(draws, weibull, Distribution::weibull(0.7, 1));
BENCHMARK_CAPTURE(draws, pareto, Distribution::pareto(1, 1.5));
BENCHMARK_CAPTURE(draws, geometric, Distribution::geometric(8));
BENCHMARK_CAPTURE(draws, negative_binomial, Distribution::negative_binomial(7.8, 0.2));
BENCHMARK_CAPTURE(draws, mixture, mixed());
BENCHMARK_CAPTURE(draws, quantiles, percentiles());
BENCHMARK_CAPTURE(draws, empirical, logged());
BENCHMARK_CAPTURE(draws, lognormal_clamped,
                  Distribution::lognormal_median_sigma(1, 0.6).clamped(0.1, 10));
BENCHMARK_CAPTURE(draws, lognormal_scaled,
                  Distribution::lognormal_median_sigma(1, 0.6).clamped(0.1, 10).scaled(2));

const Model& reference_model() {
  static const Model model = reference_scenario({}).model;
  return model;
}

void in_one_go(benchmark::State& state) {
  const Model& model = reference_model();
  const Plan plan = shared_plan(model).value();
  LatenciesAhead latencies(model);
  RequestNumber request = 0;
  for (auto _ : state) {
    latencies.begin(0, request);
    benchmark::DoNotOptimize(latencies.find(0, request, 1));
    ++request;
  }
  state.SetItemsProcessed(state.iterations() * plan.operations);
}
BENCHMARK(in_one_go)->Name("samples_of_a_request/in_one_go");

void one_at_a_time(benchmark::State& state) {
  const Model& model = reference_model();
  const Plan plan = shared_plan(model).value();
  RequestNumber request = 0;
  for (auto _ : state) {
    for (const PlanStep& step : plan.steps) {
      const OperationSample sample = sample_of(model, request, step);
      request += sample.duration >
                 longest_duration;  // never; but the processor has to wait for the sample to know
    }
    ++request;
  }
  state.SetItemsProcessed(state.iterations() * plan.operations);
}
BENCHMARK(one_at_a_time)->Name("samples_of_a_request/one_at_a_time");

}  // namespace
}  // namespace caesura::bench
