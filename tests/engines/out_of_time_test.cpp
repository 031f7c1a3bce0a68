#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <utility>

// Requests whose time is up when they reach the server: worked by hand.

namespace caesura {
namespace {

using namespace testing;

constexpr std::size_t llm = index_of(OperationKind::llm);

const Policy checkpoint = policy(PolicyKind::checkpoint);

class RequestsOutOfTime : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, RequestsOutOfTime, ::testing::ValuesIn(both_engines));

/// The client's link takes 10 s.
Model far_away(Workflow workflow, Duration timeout) {
  Model model = two_priced_services();
  model.links.client = fixed(10s);
  model.timeout = timeout;
  model.workflow = std::move(workflow);
  return model;
}

TEST_P(RequestsOutOfTime, StartNothingAndUseNothingWhateverComesFirst) {
  Model with_child = two_priced_services();
  const WorkflowStep child = add_agent(with_child, {llm_call}, untold);
  for (const Workflow& workflow :
       {Workflow{llm_call}, Workflow{{Transaction{fixed(2s)}}, llm_call},
        Workflow{{Wait{fixed(0s)}}}, Workflow{{Wait{fixed(0s)}}, tool_call}, Workflow{child},
        Workflow{{Parallel{{{llm_call}, {tool_call}, {child}}}}}}) {
    Model model = far_away(workflow, 1s);
    model.services = with_child.services;
    model.children = with_child.children;
    const Settled s = one(model, checkpoint);
    EXPECT_EQ(s.request.outcome, Outcome::timed_out);
    EXPECT_EQ(s.request.stopped, at(1s));
    EXPECT_EQ(s.client.answered, at(20s));
    EXPECT_EQ(s.request.used, Amounts{});
    EXPECT_EQ(s.request.billed, TokenCounts{});
    EXPECT_EQ(s.request.forgone, s.request.planned);
    EXPECT_EQ(s.request.operations_done, 0U);
    EXPECT_EQ(s.request.interrupted[llm], 0U);
    EXPECT_EQ(s.request.orphans, Orphans{});
  }
}

TEST_P(RequestsOutOfTime, AreNotCancelledByACancelThatComesWithThem) {
  const Settled s = one(far_away({llm_call}, 1s), checkpoint, 0s);
  EXPECT_EQ(s.request.outcome, Outcome::timed_out);
  EXPECT_EQ(s.client.cancels_too_late, 1U);
}

TEST_P(RequestsOutOfTime, AtTheVeryEndOfTheirTimeStartNothingAndMayStillBeCancelled) {
  const Model model = far_away({{Transaction{fixed(2s)}}, llm_call}, 10s);
  const Settled late = one(model, checkpoint);
  EXPECT_EQ(late.request.outcome, Outcome::timed_out);
  EXPECT_EQ(late.request.stopped, at(10s));
  EXPECT_EQ(late.request.used, Amounts{});
  const Settled cancelled = one(model, checkpoint, 0s);
  EXPECT_EQ(cancelled.request.outcome, Outcome::cancelled);
  EXPECT_EQ(cancelled.request.stopped, at(10s));
  EXPECT_EQ(cancelled.request.saved, cancelled.request.planned);
  constexpr std::size_t tool = index_of(OperationKind::tool);
  EXPECT_EQ(one(far_away({tool_call}, 11s), checkpoint).request.used.busy[tool], Duration{1s});
}

}  // namespace
}  // namespace caesura
