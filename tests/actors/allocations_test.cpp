#include <gtest/gtest.h>

#include "bench/allocations.hpp"
#include "bench/steady_world.hpp"

namespace caesura::bench {
namespace {

constexpr std::uint64_t users = 2000;
constexpr std::uint64_t requests = 20'000;

/// Users who send the next request when they have the answer to the last. Each has 8 operations of a service that counts its places.
Model busy_model() {
  Model model;
  model.load = {.requests = 1'000'000'000, .duration = {}, .arrivals = ClosedLoad{.users = users, .think = {}}, .users = users};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency = WholeLatency{Distribution::lognormal_median_sigma(2e9, 0.6)};
  llm.concurrency = 2 * users;
  model.services = {llm};
  model.workflow.assign(8, {ServiceCall{}});
  return model;
}

/// Calls of operator new over `requests` requests, about 17 messages each, once as many have gone before.
std::uint64_t allocations_in_the_steady_state(const Model& model) {
  SteadyWorld world(model, {.name = "checkpoint", .kind = PolicyKind::checkpoint}, EngineKind::direct);
  world.settle(requests);
  const std::uint64_t before = allocations();
  world.settle(requests);
  return allocations() - before;
}

TEST(DirectWorld, TheSteadyStateAllocatesNothingPerMessage) {
  const std::uint64_t start = allocations();
  const std::uint64_t made = allocations_in_the_steady_state(busy_model());
  EXPECT_GT(allocations() - start, made) << "allocations are not counted at all";
  std::cerr << made << "\n";
  EXPECT_LE(made, 100U);
}

TEST(DirectWorld, ACancelledRequestAllocatesOneNote) {
  Model model = busy_model();
  CancelSource source;
  source.probability = 0.3;
  source.moment = CancelAfter{Distribution::uniform(0, 16e9)};
  model.cancels = {source};
  const std::uint64_t made = allocations_in_the_steady_state(model);
  std::cerr << made << "\n";
  EXPECT_LE(made, 3 * requests / 10);
}

}  // namespace
}  // namespace caesura::bench
