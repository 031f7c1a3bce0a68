#include "model/plan.hpp"

#include "tests/small_models.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;

std::vector<std::uint32_t> operation_numbers(const Plan& plan) {
  std::vector<std::uint32_t> numbers;
  for (const PlanStep& step : plan.steps) {
    if (step.what == PlanStep::What::operation) numbers.push_back(step.number);
  }
  return numbers;
}

Model with_workflow(Workflow workflow) {
  Model model = two_services();
  model.workflow = std::move(workflow);
  return model;
}

Plan plan_of(const Model& model, RequestNumber request = 0) {
  Plan plan;
  expand(model, request, plan);
  return plan;
}

TEST(Plan, OperationsAreNumberedDepthFirstFromOne) {
  const Model model =
      with_workflow({call(OperationKind::llm, 0),
                     {Parallel{{{call(OperationKind::tool, 1), call(OperationKind::tool, 1)},
                                {call(OperationKind::llm, 0)}}}},
                     {Wait{fixed(1s)}},
                     {Transaction{fixed(1s)}}});
  EXPECT_EQ(operation_numbers(plan_of(model)), (std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
}

TEST(Plan, ModelCallsBeforeAnOperationAreCounted) {
  const Model model =
      with_workflow({call(OperationKind::decompose, 0), call(OperationKind::tool, 1),
                     call(OperationKind::llm, 0), call(OperationKind::llm, 0)});
  const Plan plan = plan_of(model);
  EXPECT_EQ(plan.steps[2].model_call, 1U);
  EXPECT_EQ(plan.steps[3].model_call, 2U);
  EXPECT_TRUE(plan.steps[3].last_model_call);
  EXPECT_TRUE(plan.steps[2].first_of_kind);
  EXPECT_FALSE(plan.steps[3].first_of_kind);
}

TEST(Plan, IsAPureFunctionOfSeedAndRequest) {
  const Model model =
      with_workflow({{Repeat{Distribution::uniform_whole(1, 50), {call(OperationKind::llm, 0)}}}});
  std::size_t different = 0;
  for (RequestNumber n = 0; n < 50; ++n) {
    EXPECT_EQ(plan_of(model, n).operations, plan_of(model, n).operations);
    different += plan_of(model, n).operations != plan_of(model, n + 1).operations ? 1U : 0U;
  }
  EXPECT_GT(different, 40U);
}

TEST(Plan, IsSharedByAllRequestsUnlessItsShapeIsDrawn) {
  Model model = with_workflow({{Repeat{Distribution::constant(3), {call(OperationKind::llm, 0)}}},
                               {Wait{Distribution::exponential(1e9)}}});
  ASSERT_TRUE(shared_plan(model));
  EXPECT_EQ(shared_plan(model)->operations, 3U);
  model.workflow.push_back({Choose{{1, 1}, {{call(OperationKind::llm, 0)}, {}}}});
  EXPECT_FALSE(shared_plan(model));
}

TEST(Plan, ChoosesBranchesByTheirWeights) {
  const Model model =
      with_workflow({{Choose{{3, 1, 0},
                             {{call(OperationKind::llm, 0)},
                              {call(OperationKind::tool, 1)},
                              {call(OperationKind::tool, 1), call(OperationKind::tool, 1)}}}}});
  int first = 0;
  for (RequestNumber n = 0; n < 4000; ++n) {
    const Plan plan = plan_of(model, n);
    ASSERT_EQ(plan.operations, 1U) << "a branch of weight 0 was chosen";
    first += plan.steps[0].kind == OperationKind::llm ? 1 : 0;
  }
  EXPECT_NEAR(first, 3000, 120);  // over four standard deviations
}

TEST(Plan, RefusesMoreOperationsThanARequestMayHave) {
  const Model model =
      with_workflow({{Repeat{Distribution::constant(1e7), {call(OperationKind::llm, 0)}}}});
  EXPECT_THROW(plan_of(model), PlanTooLong);
}

TEST(Plan, RefusesToSpinOnRepeatsOfNothing) {
  const Model model = with_workflow(
      {{Repeat{Distribution::constant(1e12),
               {{Repeat{Distribution::constant(0), {call(OperationKind::llm, 0)}}}}}}});
  EXPECT_THROW(plan_of(model), PlanTooLong);
}

TEST(PlannedTimes, AParallelStepTakesItsLongestBranch) {
  Model model =
      with_workflow({{Parallel{{{call(OperationKind::llm, 0), call(OperationKind::llm, 0)},
                                {call(OperationKind::tool, 1)},
                                {}}}},
                     {Wait{fixed(3s)}}});
  model.links.llm = fixed(100ms);
  const Plan plan = plan_of(model);
  EXPECT_EQ(planned_times(model, 0, plan).duration, Duration{13s});
  EXPECT_EQ(planned_times(model, 0, plan).starts[1], Duration{1300ms});
}

TEST(PlannedTimes, AgreeWithTheRunOfAnyRequestThatNobodyCancels) {
  Model model = with_workflow(
      {{Repeat{Distribution::uniform_whole(0, 4), {call(OperationKind::llm, 0)}}},
       {ParallelTimes{Distribution::uniform_whole(0, 5),
                      {call(OperationKind::tool, 1), {Transaction{fixed(50ms)}}}}},
       {Choose{{1, 2},
               {{{Wait{Distribution::exponential(1e9)}}}, {call(OperationKind::llm, 0)}}}}});
  model.load.requests = 300;
  model.links.tool = Distribution::exponential(1e7);
  model.services[0].latency = WholeLatency{Distribution::lognormal_median_sigma(1e9, 1)};
  model.services[1].latency = WholeLatency{Distribution::exponential(1e9)};
  for (const auto& [number, s] : play(model)) {
    EXPECT_EQ(s.request.stopped - s.request.started,
              planned_times(model, number, plan_of(model, number)).duration);
  }
}

}  // namespace
}  // namespace caesura
