#include "bench/allocations.hpp"

#include "bench/steady_world.hpp"

#include <gtest/gtest.h>

namespace caesura::bench {
namespace {

constexpr std::uint64_t users = 2000;
constexpr std::uint64_t requests = 20'000;

/// Users who send the next request when they have the answer to the last. Each has 8 operations of
/// a service that counts its places.
Model busy_model() {
  Model model;
  model.load = {.requests = 1'000'000'000,
                .duration = {},
                .arrivals = ClosedLoad{.users = users, .think = {}},
                .users = users};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency = WholeLatency{Distribution::lognormal_median_sigma(2e9, 0.6)};
  llm.concurrency = 2 * users;
  model.services = {llm};
  model.workflow.assign(8, {ServiceCall{}});
  return model;
}

Model cancelled_now_and_then(Model model) {
  CancelSource source;
  source.probability = 0.3;
  source.moment = CancelAfter{Distribution::uniform(0, 16e9)};
  model.cancels = {source};
  return model;
}

/// What `requests` requests come to, once as many have gone before.
struct Steady {
  std::uint64_t allocations = 0;
  std::uint64_t messages = 0;
  std::uint64_t cancelled = 0;
};
Steady steady_state(const Model& model, EngineKind engine) {
  SteadyWorld world(model, {.name = "checkpoint", .kind = PolicyKind::checkpoint}, engine);
  world.settle(requests);
  const Steady before{
      .allocations = allocations(), .messages = world.messages(), .cancelled = world.cancelled()};
  world.settle(requests);
  return {.allocations = allocations() - before.allocations,
          .messages = world.messages() - before.messages,
          .cancelled = world.cancelled() - before.cancelled};
}

TEST(DirectWorld, TheSteadyStateAllocatesNothingPerMessage) {
  const std::uint64_t before = allocations();
  const Steady steady = steady_state(busy_model(), EngineKind::direct);
  EXPECT_GT(allocations() - before, steady.allocations) << "allocations are not counted at all";
  EXPECT_GT(steady.messages, 20 * requests);
  EXPECT_LE(steady.allocations, 10U) << "more than a few tables that grow at a new peak";
}

/// Nor do forks, a service's account of a request with many operations at once, or its queue.
TEST(DirectWorld, OperationsSideBySideThatWaitForTheirPlacesAllocateNothingEither) {
  Model model = busy_model();
  model.services[0].concurrency = users;
  model.workflow = {{Parallel{{4, Workflow(2, {ServiceCall{}})}}}};
  const Steady steady = steady_state(model, EngineKind::direct);
  EXPECT_GT(steady.messages, 20 * requests);
  EXPECT_LE(steady.allocations, 20U) << "more than a few tables that grow at a new peak";
}

/// The note that a request takes of its cancel, so that all the others are smaller.
TEST(DirectWorld, ACancelledRequestAllocatesOnce) {
  const Steady steady = steady_state(cancelled_now_and_then(busy_model()), EngineKind::direct);
  EXPECT_GT(steady.cancelled, requests / 5);
  // more of them at the end than at the beginning, at most
  constexpr std::uint64_t still_stopping = 300;
  EXPECT_LE(steady.allocations, steady.cancelled + still_stopping);
}

/// The element that CAF carries a message in; and what a request actor takes, which has many
/// messages.
TEST(CafWorld, AMessageAllocatesOnceAndARequestAFewTimes) {
  const Steady steady = steady_state(cancelled_now_and_then(busy_model()), EngineKind::caf);
  EXPECT_LE(steady.allocations, steady.messages + 4 * requests);
}

}  // namespace
}  // namespace caesura::bench
