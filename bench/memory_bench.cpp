// Memory in the steady state, on both engines: the reference workload with competing requests
// (reference_scenario.hpp) in one world.
//
//   memory/…       bytes a request in flight, about 200,000 of them: how much more malloc has given
//   out than before the world was made
//                  (mallinfo2), and how much more of the process is resident. In it are the
//                  operations and cancels that wait, and what is free of pools and tables; not the
//                  books of a run, which are outside the world.
//   allocations/…  calls of operator new (allocations.hpp) for each message and for each request,
//   of which 30 % are cancelled. A cancelled
//                  one takes a note.
#include "bench/allocations.hpp"
#include "bench/process_usage.hpp"
#include "bench/reference_scenario.hpp"
#include "bench/steady_world.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <malloc.h>
#include <string>

namespace caesura::bench {
namespace {

struct Bytes {
  double allocated = 0;
  double resident = 0;
};
Bytes bytes_in_use() {
  malloc_trim(0);
  const auto info = mallinfo2();
  return {.allocated = static_cast<double>(info.uordblks + info.hblkhd),
          .resident = resident_bytes()};
}

SteadyWorld reference_world(std::uint64_t in_flight, EngineKind engine) {
  const Scenario scenario =
      reference_scenario({.requests = 1'000'000'000, .in_flight = in_flight, .compete = true});
  return {scenario.model, scenario.policies.front(), engine};
}

void memory(benchmark::State& state, EngineKind engine) {
  constexpr std::uint64_t in_flight = 200'000;
  for (auto _ : state) {
    const Bytes before = bytes_in_use();
    SteadyWorld world = reference_world(in_flight, engine);
    world.settle(in_flight);
    const Bytes after = bytes_in_use();
    const auto requests = static_cast<double>(world.in_flight());
    state.counters["in flight"] = requests;
    state.counters["B allocated"] = (after.allocated - before.allocated) / requests;
    state.counters["B resident"] = (after.resident - before.resident) / requests;
  }
}

void allocations_per(benchmark::State& state, EngineKind engine) {
  SteadyWorld world = reference_world(2000, engine);
  world.settle(20'000);
  const std::uint64_t allocations_before = allocations();
  const std::uint64_t messages_before = world.messages();
  const std::uint64_t settled_before = world.settled();
  for (auto _ : state) world.settle(10'000);
  const auto made = static_cast<double>(allocations() - allocations_before);
  state.counters["a message"] = made / static_cast<double>(world.messages() - messages_before);
  state.counters["a request"] = made / static_cast<double>(world.settled() - settled_before);
}

const bool added = [] {
  for (const EngineKind engine : {EngineKind::direct, EngineKind::caf}) {
    const std::string name = name_of(engine);
    benchmark::RegisterBenchmark(("memory/" + name).c_str(), memory, engine)
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
    benchmark::RegisterBenchmark(("allocations/" + name).c_str(), allocations_per, engine)
        ->Unit(benchmark::kMillisecond)
        ->Iterations(5);
  }
  return true;
}();

}  // namespace
}  // namespace caesura::bench
