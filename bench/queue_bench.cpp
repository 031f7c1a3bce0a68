// The direct engine by itself, without actors: one message is written, queued and handed over,
// beside so many that wait.
//
//   queue/hop    due at once
//   queue/timer  due about an hour later, as are all the others
#include "sim/direct_engine.hpp"
#include "sim/random.hpp"
#include "actors/messages.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace caesura::bench {
namespace {

using Engine = DirectEngine<Address, Message>;
using std::chrono::hours;
using std::chrono::nanoseconds;

/// From half an hour to one and a half.
Duration delay_of(std::uint64_t message) {
  return nanoseconds{
      static_cast<std::int64_t>((0.5 + uniform_draw({.seed = 1, .request = message})) * 3600e9)};
}

void fill(Engine& engine, std::int64_t messages, Duration beyond) {
  for (std::int64_t i = 0; i < messages; ++i) {
    engine.post({}, WaitOver{}, beyond + delay_of(static_cast<std::uint64_t>(i)),
                engine.reserve(1));
  }
}

void hop(benchmark::State& state) {
  Engine engine;
  fill(engine, state.range(0), hours{1000});
  engine.post({}, WaitOver{}, zero_duration, engine.reserve(1));
  const auto bounce = [&](Address to, const Message& message) {
    engine.post(to, message, zero_duration, engine.reserve(1));
  };
  for (auto _ : state) engine.step(bounce);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hop)->Name("queue/hop")->ArgName("in_flight")->Arg(100)->Arg(2000)->Arg(200'000);

void timer(benchmark::State& state) {
  Engine engine;
  fill(engine, state.range(0), zero_duration);
  std::uint64_t n = 0;
  const auto again = [&](Address to, const Message& message) {
    engine.post(to, message, delay_of(++n), engine.reserve(1));
  };
  for (auto _ : state) engine.step(again);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(timer)->Name("queue/timer")->ArgName("in_flight")->Arg(100)->Arg(2000)->Arg(200'000);

}  // namespace
}  // namespace caesura::bench
