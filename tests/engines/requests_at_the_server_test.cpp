#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <utility>

// How many requests of clients are at the server at one time: worked by hand.

namespace caesura {
namespace {

using namespace testing;

const Policy checkpoint = policy(PolicyKind::checkpoint);

/// The client's link takes 10 s.
Model far_away(Workflow workflow, Duration timeout) {
  Model model = two_priced_services();
  model.links.client = fixed(10s);
  model.timeout = timeout;
  model.workflow = std::move(workflow);
  return model;
}

class RequestsAtTheServer : public TreesOnBothEngines {
 protected:
  std::uint64_t peak(const Model& model) {
    PassedOn reports([](const Settled&) {});
    const auto world =
        GetParam().make({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
    announce_load(model, *world);
    const std::atomic<bool> stop{false};
    EXPECT_TRUE(world->run(stop));
    return world->counters().requests_peak;
  }
};
INSTANTIATE_TEST_SUITE_P(Virtual, RequestsAtTheServer, ::testing::ValuesIn(both_engines));

TEST_P(RequestsAtTheServer, AreThoseOfClientsAloneUntilTheyStop) {
  Model model = two_priced_services();
  const WorkflowStep child = add_agent(model, {tool_call}, untold);
  model.workflow = {{Parallel{{{child}, {child}}}}};
  EXPECT_EQ(peak(model), 1U);
  model.load.requests = 3;
  EXPECT_EQ(peak(model), 3U);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 5s};
  EXPECT_EQ(peak(model), 2U);
  model.timeout = 3s;  // orphans run on
  EXPECT_EQ(peak(model), 1U);
}

TEST_P(RequestsAtTheServer, AreNotThoseWhoseTimeWasUpBefore) {
  EXPECT_EQ(peak(far_away({llm_call}, 1s)), 0U);
  EXPECT_EQ(peak(far_away({llm_call}, 10s)), 1U);
}

}  // namespace
}  // namespace caesura
