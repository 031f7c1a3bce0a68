// What a message costs, and an actor, on both engines: Caesura's own actors at work in one world, beside so many pending timers. The worlds
// are in their steady state: each user sends the next request when the last is answered, so the number of timers stays the same.
//
//   message_hop    an LLM that takes no time streams its answer: from the service to itself, to the request, to the client, all at once
//   timer_round    a request that waits, again and again: draws a time, and sends itself a message that much later
//   spawn_and_end  a request without work: a timer for its arrival, its start, end and answer; 7 messages
//
// `each` is the time of one. In it are one or two ns for counting the messages.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "bench/steady_world.hpp"

namespace caesura::bench {
namespace {

constexpr double hour_ns = 3600e9;

/// About an hour, different each time, so that timers fall due one by one.
Distribution about_an_hour() { return Distribution::uniform(0.5 * hour_ns, 1.5 * hour_ns); }

/// `users` send the next request when they have the answer to the last, and have thought.
Model closed_model(std::uint64_t users, Distribution think) {
  constexpr std::uint64_t without_end = 1'000'000'000'000;
  Model model;
  model.load = {.requests = without_end, .duration = {}, .arrivals = ClosedLoad{users, std::move(think)}, .users = users};
  return model;
}

Model hopping_model(std::uint64_t timers) {
  Model model = closed_model(timers, {});
  ServiceProfile llm;
  llm.name = "llm";
  llm.output_tokens = Distribution::constant(200);
  model.services = {llm};
  model.workflow = {{Wait{about_an_hour()}}, {ServiceCall{.chunk_tokens = 1}}};
  return model;
}

Model waiting_model(std::uint64_t timers) {
  Model model = closed_model(timers, {});
  model.workflow.assign(1000, {Wait{about_an_hour()}});
  return model;
}

Model idle_model(std::uint64_t timers) { return closed_model(timers, about_an_hour()); }

enum class Counted { messages, requests };

void engines(benchmark::State& state, Model (*model)(std::uint64_t), Counted counted, EngineKind engine) {
  const auto timers = static_cast<std::uint64_t>(state.range(0));
  SteadyWorld world(model(timers), {}, engine);
  world.deliver(20 * timers);  // all users have sent their first requests, and whatever grows has grown
  const auto count = [&] { return counted == Counted::messages ? world.messages() : world.settled(); };
  const std::uint64_t before = count();
  for (auto _ : state) world.deliver(100'000);
  const std::uint64_t done = count() - before;
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
  using benchmark::Counter;
  state.counters["each"] = Counter(static_cast<double>(done), Counter::kIsRate | Counter::kInvert);
}

const bool added = [] {
  struct Kind {
    const char* name;
    Model (*model)(std::uint64_t);
    Counted counted;
  };
  for (const Kind& kind : {Kind{"message_hop", hopping_model, Counted::messages}, Kind{"timer_round", waiting_model, Counted::messages},
                           Kind{"spawn_and_end", idle_model, Counted::requests}}) {
    for (const EngineKind engine : {EngineKind::direct, EngineKind::caf}) {
      const std::string name = std::string(kind.name) + "/" + name_of(engine);
      auto* benchmark = benchmark::RegisterBenchmark(name.c_str(), engines, kind.model, kind.counted, engine);
      benchmark->ArgName("timers")->Arg(100)->Arg(2000)->Arg(200'000)->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace caesura::bench
