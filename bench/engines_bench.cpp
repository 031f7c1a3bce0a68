// What a message costs, and an actor, on both engines: Caesura's own actors at work in one world,
// beside so many requests in flight, each with a timer that waits. The worlds are in their steady
// state: each user sends the next request when the last is answered.
//
//   message_hop    an LLM that takes no time streams its answer: from the service to itself, to the
//   request, to the client, all at once timer_round    a request that waits, again and again: draws
//   a time, and sends itself a message that much later spawn_and_end  a request from its arrival to
//   its answer: 8 messages at once; but one in ten is in flight for an hour, so that others are
//
// `each` is the time of one. In it are one or two ns for counting the messages.
#include "bench/steady_world.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace caesura::bench {
namespace {

constexpr double hour_ns = 3600e9;

/// About an hour, different each time, so that timers fall due one by one.
Distribution about_an_hour() { return Distribution::uniform(0.5 * hour_ns, 1.5 * hour_ns); }

/// Without a workflow.
Model closed_model(std::uint64_t users) {
  constexpr std::uint64_t without_end = 1'000'000'000'000;
  Model model;
  model.load = {.requests = without_end,
                .duration = {},
                .arrivals = ClosedLoad{.users = users, .think = {}},
                .users = users};
  return model;
}

Model hopping_model(std::uint64_t users) {
  Model model = closed_model(users);
  ServiceProfile llm;
  llm.name = "llm";
  llm.output_tokens = Distribution::constant(200);
  model.services = {llm};
  model.workflow = {{Wait{about_an_hour()}}, {ServiceCall{.chunk_tokens = 1}}};
  return model;
}

Model waiting_model(std::uint64_t users) {
  Model model = closed_model(users);
  model.workflow.assign(1000, {Wait{about_an_hour()}});
  return model;
}

Model brief_model(std::uint64_t users) {
  Model model = closed_model(users);
  model.workflow = {{Wait{Distribution::mixture(
      {{.weight = 0.9, .value = {}}, {.weight = 0.1, .value = about_an_hour()}})}}};
  return model;
}

enum class Counted { messages, requests };

struct Kind {
  const char* name;
  Model (*model)(std::uint64_t users);
  Counted counted;
  std::uint64_t messages_to_settle;  ///< a user's, until it has a request that waits, and its first
                                     ///< round is over
};
constexpr Kind kinds[] = {{"message_hop", hopping_model, Counted::messages, 10},
                          {"timer_round", waiting_model, Counted::messages, 10},
                          {"spawn_and_end", brief_model, Counted::requests, 100}};

void engines(benchmark::State& state, const Kind& kind, EngineKind engine) {
  const auto users = static_cast<std::uint64_t>(state.range(0));
  SteadyWorld world(kind.model(users), {}, engine);
  world.deliver(kind.messages_to_settle * users);
  const auto count = [&] {
    return kind.counted == Counted::messages ? world.messages() : world.settled();
  };
  const std::uint64_t before = count();
  for (auto _ : state) world.deliver(100'000);
  const std::uint64_t done = count() - before;
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
  using benchmark::Counter;
  state.counters["each"] = Counter(static_cast<double>(done), Counter::kIsRate | Counter::kInvert);
}

const bool added = [] {
  for (const Kind& kind : kinds) {
    for (const EngineKind engine : {EngineKind::direct, EngineKind::caf}) {
      const std::string name = std::string(kind.name) + "/" + name_of(engine);
      auto* benchmark = benchmark::RegisterBenchmark(name.c_str(), engines, kind, engine);
      // A number of iterations that is known beforehand: the world is brought to its steady state
      // once.
      benchmark->Iterations(engine == EngineKind::direct ? 100 : 30)->Unit(benchmark::kMillisecond);
      benchmark->ArgName("in_flight")->Arg(100)->Arg(2000)->Arg(200'000);
    }
  }
  return true;
}();

}  // namespace
}  // namespace caesura::bench
