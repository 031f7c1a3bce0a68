#include "scenarios/report/cancel_rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace caesura {
namespace {

std::string rule(CancelSource source) {
  Model model;
  model.cancels = {std::move(source)};
  return describe_cancels(model);
}

std::string after(const Distribution& delay) { return rule({.moment = CancelAfter{delay}}); }

TEST(CancelRule, SaysWhenNobodyCancels) { EXPECT_EQ(describe_cancels(Model()), "nobody cancels"); }

TEST(CancelRule, GivesADelayAsPeopleSayIt) {
  EXPECT_EQ(after(Distribution::constant(30e9)), "30 s after sending");
  EXPECT_EQ(after(Distribution::uniform(5e9, 60e9)), "5 s to 60 s after sending");
  EXPECT_EQ(after(Distribution::exponential(10e9)), "10 s on average after sending");
  EXPECT_EQ(after(Distribution::pareto(1e9, 0.9)), "a widely varying time after sending");
}

TEST(CancelRule, GivesMomentsOfOperations) {
  EXPECT_EQ(rule({.moment = CancelDuringOperation{1, Distribution::constant(0.5)}}),
            "at 50 % of the 1st operation");
  EXPECT_EQ(rule({.moment = CancelDuringKind{OperationKind::tool, Distribution::uniform(0, 1)}}),
            "at a random moment of the first tool call");
  EXPECT_EQ(rule({.moment = CancelDuringRequest{Distribution::uniform(0.2, 0.4)}}),
            "between 20 % and 40 % of the time the request takes");
}

TEST(CancelRule, GivesChunksAndBudgets) {
  EXPECT_EQ(rule({.moment = CancelAfterChunks{10}}), "at the 10th chunk");
  EXPECT_EQ(rule({.moment = CancelAfterChunks{22}}), "at the 22nd chunk");
  EXPECT_EQ(rule({.moment = CancelAfterChunks{113}}), "at the 113th chunk");
  EXPECT_EQ(rule({.moment = CancelOverCost{{1'000'000'000'000}}}), "once it has cost over $1.00");
  EXPECT_EQ(rule({.moment = CancelOverTokens{{50'000}}}), "once it has used over 50,000 tokens");
}

TEST(CancelRule, NamesProbabilityRepetitionAndEverySource) {
  Model model;
  model.cancels = {{.probability = 0.2,
                    .moment = CancelAfter{Distribution::constant(5e9)},
                    .times = 3,
                    .every = std::chrono::milliseconds{500}},
                   {.moment = CancelAfterChunks{1}, .even_if_finished = true}};
  EXPECT_EQ(describe_cancels(model),
            "for 20 % of requests 5 s after sending, 3 times 500 ms apart, or at the 1st chunk, "
            "even if it has finished");
}

}  // namespace
}  // namespace caesura
