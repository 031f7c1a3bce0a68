#include "model/latencies_ahead.hpp"

#include "model/plan.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;

/// 20 operations in a row: a model whose latency alone is drawn, one that is constant, a tool, a
/// transaction.
Model of_twenty() {
  Model model = two_services();
  model.services[0].latency = WholeLatency{Distribution::lognormal_median_sigma(2e9, 0.6)};
  model.services[0].output_tokens = Distribution::constant(17);
  model.services[1].latency = WholeLatency{Distribution::exponential(1e9)};
  model.services.push_back(service(ServiceKind::llm, fixed(3s)));
  const Workflow five{call(OperationKind::llm, 0),
                      call(OperationKind::llm, 0),
                      call(OperationKind::tool, 1),
                      call(OperationKind::llm, 2),
                      {Transaction{Distribution::exponential(1e8)}}};
  model.workflow = {{Repeat{Distribution::constant(4), five}}};
  return model;
}

bool is_drawn(const PlanStep& step) {
  return step.kind != OperationKind::transaction && step.service != 2;
}

TEST(LatenciesAhead, AreThoseOfEachOperationByItself) {
  const Model model = of_twenty();
  const Plan plan = shared_plan(model).value();
  ASSERT_EQ(plan.operations, 20U);
  LatenciesAhead latencies(model);
  for (RequestNumber request = 0; request < 50; ++request) {
    const Ticket ticket = static_cast<Ticket>(request % 3);  // used again
    latencies.begin(ticket, request);
    for (const PlanStep& step : plan.steps) {
      const OperationSample* found = latencies.find(ticket, request, step.number);
      ASSERT_EQ(found != nullptr, is_drawn(step)) << "operation " << step.number;
      if (found == nullptr) continue;
      const OperationSample alone = sample_of(model, request, step);
      const OperationSample sample = *found;
      EXPECT_EQ(sample.duration, alone.duration);
      EXPECT_EQ(sample.tokens, alone.tokens);
      EXPECT_FALSE(sample.fails || sample.by_token);
    }
  }
}

TEST(LatenciesAhead, AreThereForEightOperationsAtATimeAndForTheNext) {
  const Model model = of_twenty();
  LatenciesAhead latencies(model);
  latencies.begin(0, 5);
  EXPECT_EQ(latencies.find(0, 5, 17), nullptr) << "none of the eight before was asked for";
  EXPECT_NE(latencies.find(0, 5, 1), nullptr);
  EXPECT_NE(latencies.find(0, 5, 11), nullptr) << "of the next eight";
  EXPECT_EQ(latencies.find(0, 5, 1), nullptr) << "of the eight before";
  EXPECT_NE(latencies.find(0, 5, 17), nullptr);
  EXPECT_EQ(latencies.find(0, 5, 21), nullptr) << "there is no such operation";
}

TEST(LatenciesAhead, AreOfTheRequestThatHasTheTicketAlone) {
  const Model model = of_twenty();
  LatenciesAhead latencies(model);
  EXPECT_EQ(latencies.find(0, 0, 1), nullptr) << "none was drawn";
  latencies.begin(1, 7);
  EXPECT_NE(latencies.find(1, 7, 1), nullptr);
  EXPECT_EQ(latencies.find(0, 7, 1), nullptr);
  EXPECT_EQ(latencies.find(1, 8, 1), nullptr);
  EXPECT_EQ(latencies.find(no_ticket, 7, 1), nullptr);
  latencies.begin(1, 8);
  EXPECT_EQ(latencies.find(1, 7, 1), nullptr);
  EXPECT_NE(latencies.find(1, 8, 1), nullptr);
}

TEST(LatenciesAhead, AreNotDrawnForMoreThanFitsIntoTheCache) {
  const Model model = of_twenty();
  LatenciesAhead latencies(model);
  latencies.begin(1'000'000, 7);
  latencies.begin(no_ticket, 7);
  EXPECT_EQ(latencies.find(1'000'000, 7, 1), nullptr);
  EXPECT_EQ(latencies.find(no_ticket, 7, 1), nullptr);
}

TEST(LatenciesAhead, AreNotThereWhereMoreThanTheLatencyIsDrawn) {
  const auto is_there = [](const Model& model) {
    LatenciesAhead latencies(model);
    latencies.begin(0, 0);
    return latencies.find(0, 0, 1) != nullptr;
  };
  const Model model = of_twenty();
  ASSERT_TRUE(is_there(model));
  Model failing = model;
  failing.services[0].failure_rate = 0.5;
  EXPECT_FALSE(is_there(failing));
  Model of_any_length = model;
  of_any_length.services[0].output_tokens = Distribution::geometric(100);
  EXPECT_FALSE(is_there(of_any_length));
  Model by_token = model;
  by_token.services[0].latency =
      TokenLatency{Distribution::exponential(1e8), Distribution::exponential(1e7)};
  EXPECT_FALSE(is_there(by_token));
  Model of_any_shape = model;
  of_any_shape.workflow = {
      {Repeat{Distribution::uniform_whole(1, 2), {call(OperationKind::llm, 0)}}}};
  EXPECT_FALSE(is_there(of_any_shape));
}

}  // namespace
}  // namespace caesura
