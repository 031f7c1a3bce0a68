#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

// What a request knows of the spending of its children, and when: worked by hand.

namespace caesura {
namespace {

using namespace testing;

const Policy checkpoint = policy(PolicyKind::checkpoint);

class BudgetsOfTrees : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, BudgetsOfTrees, ::testing::ValuesIn(both_engines));

CancelSource over_tokens(std::int64_t tokens) {
  CancelSource source;
  source.moment = CancelOverTokens{Tokens{tokens}};
  return source;
}

/// The child has its 150 tokens at 6 s, and the reply is there at 11 s; beside it ends a tool call
/// at 10 s. Then the request waits.
Model child_beside_a_tool() {
  Model model = two_priced_services();
  model.links.agent = fixed(5s);
  model.workflow = {{Parallel{{{add_agent(model, {llm_call}, told)}, {tool_call}}}},
                    {Wait{fixed(10s)}}};
  return model;
}

TEST_P(BudgetsOfTrees, AChildsSpendingIsKnownWhenItsReplyHasCome) {
  Model model = child_beside_a_tool();
  model.cancels = {over_tokens(50)};
  EXPECT_EQ(one(model, checkpoint).client.cancel_sent, at(11s));
  CancelSource cost;
  cost.moment = CancelOverCost{Money{100}};
  model.cancels = {cost};
  EXPECT_EQ(one(model, checkpoint).client.cancel_sent, at(11s));
}

TEST_P(BudgetsOfTrees, AllChildrensSpendingIsCountedOnce) {
  Model model = child_beside_a_tool();
  const WorkflowStep child = add_agent(model, {llm_call}, untold);
  model.workflow = {{Parallel{{{child}, {child}, {tool_call}}}}, child, {Wait{fixed(10s)}}};
  for (const auto& [limit, moment] :
       {std::pair<std::int64_t, Duration>{299, 11s}, {300, 22s}, {449, 22s}}) {
    model.cancels = {over_tokens(limit)};
    EXPECT_EQ(one(model, checkpoint).client.cancel_sent, at(moment)) << limit;
  }
  model.cancels = {over_tokens(450)};
  EXPECT_EQ(one(model, checkpoint).client.cancels_sent, 0U);
}

}  // namespace
}  // namespace caesura
