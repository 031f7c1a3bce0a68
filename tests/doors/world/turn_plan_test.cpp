#include "doors/world/turn_plan.hpp"

#include "tests/doors/world/small_world.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace caesura {
namespace {

using namespace testing;

std::string told(const AgentLoop& loop) {
  std::string text = loop.agent.text() + ":";
  for (const LoopStep& step : loop.steps) {
    text += " " + step.operation.text() + "(";
    for (const LoopCall& call : step.calls)
      text += (text.back() == '(' ? "" : ",") + call.operation.text();
    text += step.hands_off ? "!)" : ")";
  }
  return text;
}

TEST(TurnPlan, IsALoopOfModelAndTools) {
  const Model model =
      small_world({ask_model, ask_search, ask_model, at_once({ask_read, ask_search}), ask_model});
  const TurnPlan plan(model, 0);
  ASSERT_EQ(plan.loops().size(), 1U);
  EXPECT_EQ(told(plan.loops()[0]), ": 1(2) 3(4,5) 6()");
  EXPECT_EQ(plan.loops()[0].model, main_model);
  EXPECT_EQ(plan.operations().size(), 6U);
}

TEST(TurnPlan, HasTheLoopsOfAgentsBelowTheirOperation) {
  const Model model =
      small_world({ask_model, at_once({ask_researcher, ask_helpdesk}), ask_model, ask_researcher});
  const TurnPlan plan(model, 7);
  std::vector<std::string> loops;
  for (const AgentLoop& loop : plan.loops()) loops.push_back(told(loop));
  EXPECT_EQ(loops,
            (std::vector<std::string>{": 1(2,3) 4(5!)", "2: 2.1(2.2) 2.3()", "5: 5.1(5.2) 5.3()"}));
  std::vector<std::string> operations;
  for (const PlannedOperation& operation : plan.operations())
    operations.push_back(operation.path.text());
  EXPECT_EQ(operations,
            (std::vector<std::string>{"1", "2.1", "2.2", "2.3", "3", "4", "5.1", "5.2", "5.3"}));
  EXPECT_EQ(plan.loop_of(path("5"))->agent, path("5"));
  EXPECT_EQ(plan.loop_of(path("3")), nullptr);
  EXPECT_EQ(plan.find(path("2")), nullptr);
  EXPECT_EQ(plan.find(path("2.3"))->sample.tokens.output, Tokens{30});
  EXPECT_EQ(plan.loops_with_model("researcher-model").size(), 2U);
  EXPECT_TRUE(plan.loops_with_model("researcher").empty());
}

TEST(TurnPlan, HasTheSamplesOfTheRequestAndOfItsChildren) {
  const Model model = small_world({ask_model, ask_researcher, ask_model});
  const TurnPlan plan(model, 3);
  Plan whole;
  expand(model, 3, whole);
  const ChildPlan child = plan_of_child(model, 3, whole.steps[1]);
  EXPECT_EQ(plan.find(path("1"))->request, 3U);
  EXPECT_EQ(plan.find(path("2.1"))->request, child.number);
  EXPECT_EQ(plan.find(path("2.2"))->step.key, child.plan.steps[1].key);
}

TEST(TurnPlan, WithoutToolsIsOneText) {
  EXPECT_EQ(told(TurnPlan(small_world({ask_model}), 0).loops()[0]), ": 1()");
}

TEST(TurnPlan, RefusesWhatNoLoopCanPlay) {
  const WorkflowStep other_model = call(OperationKind::llm, writer_model);
  const std::vector<Workflow> workflows{
      {},
      {ask_search, ask_model},
      {ask_model, ask_search},
      {ask_model, ask_helpdesk},
      {ask_model, at_once({ask_researcher, ask_researcher})},
      {ask_model, ask_model},
      {ask_model, ask_search, ask_read, ask_model},
      {ask_model, ask_search, at_once({ask_read}), ask_model},
      {ask_model, at_once({ask_read}), ask_search, ask_model},
      {ask_model, at_once({ask_model, ask_search}), ask_model},
      {ask_model, at_once({at_once({ask_search, ask_read}), ask_search}), ask_model},
      {ask_model, {Parallel{{{ask_search, ask_read}}}}, ask_model},
      {ask_model, {Wait{fixed(1s)}}, ask_search, ask_model},
      {ask_model, {Transaction{fixed(1s)}}, ask_model},
      {ask_model, ask_search, other_model}};
  for (std::size_t i = 0; i < workflows.size(); ++i) {
    const Model model = small_world(workflows[i]);
    EXPECT_THROW(TurnPlan(model, 0), std::invalid_argument) << i;
  }
}

TEST(TurnPlan, OfAgentsThatAskAgentsManyTimesIsBounded) {
  Model model = small_world({ask_model, at_once({ask_researcher, ask_researcher}), ask_model});
  // Each of twenty agents asks the next one twice: 2^20 leaves, each of several operations.
  WorkflowStep below = ask_researcher;
  const WorkflowStep research = call(OperationKind::llm, researcher_model);
  for (int level = 0; level < 5; ++level) {
    Parallel parallel;
    for (int i = 0; i < 20; ++i) parallel.branches.push_back({below});
    model.services.push_back(service(ServiceKind::agent, {}));
    model.children.resize(model.services.size());
    model.children.back() = ChildWorkflow{.workflow = {research, {parallel}, research}};
    below = call(OperationKind::agent, static_cast<std::uint16_t>(model.services.size() - 1));
  }
  model.workflow = {ask_model, below, ask_model};
  EXPECT_THROW(TurnPlan(model, 0), PlanTooLong);
}

}  // namespace
}  // namespace caesura
