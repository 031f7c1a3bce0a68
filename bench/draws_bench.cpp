#include <benchmark/benchmark.h>

#include "sim/distribution.hpp"
#include "sim/random.hpp"

namespace caesura {
namespace {

void uniform_draws(benchmark::State& state) {
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(uniform_draw({.seed = 1, .request = n++}));
}
BENCHMARK(uniform_draws);

void samples(benchmark::State& state, const Distribution& distribution) {
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(distribution.quantile(uniform_draw({.seed = 1, .request = n++})));
}
BENCHMARK_CAPTURE(samples, exponential, Distribution::exponential(1));
BENCHMARK_CAPTURE(samples, lognormal, Distribution::lognormal_median_sigma(1, 0.6));
BENCHMARK_CAPTURE(samples, gamma, Distribution::gamma(1, 3));
BENCHMARK_CAPTURE(samples, negative_binomial, Distribution::negative_binomial(7.8, 0.2));

}  // namespace
}  // namespace caesura
