#include "bench/realtime_cancel.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>

namespace caesura {
namespace {

/// The times of each cancel are counters; the benchmark's own time is that of all, at one a
/// millisecond.
void cancel_in_real_time(benchmark::State& state) {
  CancelWorkload workload;
  workload.in_flight = static_cast<std::uint64_t>(state.range(0));
  workload.cancels = std::min<std::uint64_t>(workload.in_flight, 3'000);
  for (auto _ : state) {
    const CancelTimes times = measure_cancels(workload);
    state.counters["acknowledged_p50_us"] = times.acknowledged_p50_us;
    state.counters["acknowledged_p99_us"] = times.acknowledged_p99_us;
    state.counters["p50_us"] = times.p50_us;
    state.counters["p99_us"] = times.p99_us;
    state.counters["max_us"] = times.max_us;
    state.counters["bytes_per_request_in_flight"] = times.bytes_per_request_in_flight;
    state.counters["idle_core_share"] = times.idle_core_share;
  }
}
BENCHMARK(cancel_in_real_time)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace caesura
