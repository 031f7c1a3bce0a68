// Whole runs of the reference workload (reference_scenario.hpp), as `caesura run` has them: worlds,
// books, checks and statistics, but neither the file nor the report.
//
//   run/ENGINE/independent  requests that share nothing: one after another, in one thread or two
//   run/ENGINE/competing    requests that share a service of limited concurrency: all in one world,
//   2,000 or 200,000 in flight run/…/csv               with the lines of requests.csv, written
//   nowhere growth/…                the same with few and many operations a request, and few and
//   many requests
//
// `messages` is how many were delivered in a second; rates are by CPU time, and by real time with
// two threads.
#include "scenarios/run/runner.hpp"
#include "bench/reference_scenario.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <string_view>

namespace caesura::bench {
namespace {

struct Run {
  std::string name;
  EngineKind engine = EngineKind::direct;
  ReferenceOptions workload{};
  unsigned threads = 1;
  bool csv = false;
};

void play(benchmark::State& state, const Run& run) {
  const Scenario scenario = reference_scenario(run.workload);
  RunOptions options{
      .engine = run.engine, .threads = run.threads, .requests_csv = {}, .each_request = {}};
  if (run.csv)
    options.requests_csv = [](std::string_view lines) { benchmark::DoNotOptimize(lines); };
  const std::atomic<bool> stop{false};
  std::uint64_t messages = 0;
  for (auto _ : state) {
    Progress progress;
    messages += run_scenario(scenario, options, stop, progress).messages;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(run.workload.requests));
  state.counters["messages"] =
      benchmark::Counter(static_cast<double>(messages), benchmark::Counter::kIsRate);
}

void add(const Run& run) {
  auto* benchmark =
      benchmark::RegisterBenchmark(run.name.c_str(), play, run)->Unit(benchmark::kMillisecond);
  if (run.threads > 1) benchmark->MeasureProcessCPUTime()->UseRealTime();
}

constexpr EngineKind engines[] = {EngineKind::direct, EngineKind::caf};

std::string text(std::uint64_t n) { return std::to_string(n); }

void add_independent() {
  for (const EngineKind engine : engines) {
    const std::uint64_t requests = engine == EngineKind::direct ? 100'000 : 20'000;
    for (const unsigned threads : {1U, 2U}) {
      for (const bool csv : {false, true}) {
        add({.name = std::string("run/") + name_of(engine) +
                     "/independent/threads:" + text(threads) + (csv ? "/csv" : ""),
             .engine = engine,
             .workload = {.requests = requests},
             .threads = threads,
             .csv = csv});
      }
    }
  }
}

void add_competing() {
  struct Size {
    EngineKind engine;
    std::uint64_t in_flight;
    std::uint64_t requests;
  };
  for (const Size& size :
       {Size{EngineKind::direct, 2000, 100'000}, Size{EngineKind::direct, 200'000, 600'000},
        Size{EngineKind::caf, 2000, 20'000}}) {
    for (const bool csv : {false, true}) {
      add({.name = std::string("run/") + name_of(size.engine) + "/competing/" +
                   text(size.in_flight) + (csv ? "/csv" : ""),
           .engine = size.engine,
           .workload = {.requests = size.requests, .in_flight = size.in_flight, .compete = true},
           .csv = csv});
    }
  }
}

void add_growth() {
  for (const EngineKind engine : engines) {
    for (const std::uint32_t operations : {2U, 8U, 32U, 128U}) {
      const std::uint64_t total = engine == EngineKind::direct ? 400'000 : 160'000;
      add({.name = std::string("growth/") + name_of(engine) + "/operations:" + text(operations),
           .engine = engine,
           .workload = {.requests = total / operations,
                        .in_flight = 2000,
                        .operations = operations,
                        .compete = true}});
    }
  }
  for (const bool compete : {false, true}) {
    for (const std::uint64_t requests : {10'000U, 100'000U, 1'000'000U}) {
      add({.name = std::string("growth/") + (compete ? "competing" : "independent") +
                   "/requests:" + text(requests),
           .workload = {.requests = requests, .compete = compete}});
    }
  }
}

const bool added = [] {
  add_independent();
  add_competing();
  add_growth();
  return true;
}();

}  // namespace
}  // namespace caesura::bench
