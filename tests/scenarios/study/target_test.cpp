#include "scenarios/study/target.hpp"

#include "scenarios/results/threshold_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <string>

namespace caesura {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Nothing but two numbers.
PolicyFigures candidate(double cost, double p95) {
  PolicyFigures policy{.policy = "p", .figures = std::vector<double>(known_fields().size(), 0)};
  policy.figures[field_index("cost_usd.used")] = cost;
  policy.figures[field_index("cancel_latency_s.p95")] = p95;
  return policy;
}

Target cheap_within(const std::string& hold) {
  return {.objective = {"cost_usd.used", Goal::minimise}, .holds = parse_holds({hold})};
}

template <class Parse>
std::string error_of(const Parse& parse) {
  try {
    parse();
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Hold, IsAFieldAComparisonAndANumber) {
  const auto holds = parse_holds({" cancel_latency_s.p95<10"});
  ASSERT_EQ(holds.size(), 1U);
  EXPECT_EQ(holds[0].expression, "cancel_latency_s.p95<10");
  EXPECT_EQ(holds[0].policy, "");
  EXPECT_EQ(holds[0].field, "cancel_latency_s.p95");
  EXPECT_EQ(holds[0].comparison, Comparison::less);
  EXPECT_EQ(holds[0].limit, 10);
}

TEST(Hold, ThatCannotBeReadIsRefusedByItsOption) {
  const auto error = [](const std::string& text) { return error_of([&] { parse_holds({text}); }); };
  EXPECT_EQ(error("cancel_latency_s.p98 < 1"),
            "--hold: threshold 'cancel_latency_s.p98 < 1': unknown field 'cancel_latency_s.p98'; "
            "did you mean 'cancel_latency_s.p90'?");
  EXPECT_EQ(error("discarded_answers"),
            "--hold: threshold 'discarded_answers': it must read FIELD OP NUMBER, with OP one of < "
            "<= > >= == !=");
  EXPECT_THAT(error("tokens.used < many"), testing::HasSubstr("'many' is not a decimal number"));
  EXPECT_THAT(error("< 1"), testing::HasSubstr("FIELD OP NUMBER"));
}

TEST(Objective, ThatIsNoNumberIsRefusedByItsOption) {
  const auto error = [](Goal goal, const std::string& field) {
    return error_of([&] { parse_objective(goal, field); });
  };
  EXPECT_THAT(error(Goal::minimise, "cost_usd.usd"),
              testing::StartsWith("--minimise: unknown field 'cost_usd.usd'; did you mean"));
  EXPECT_THAT(
      error(Goal::maximise, "tokens.input"),
      testing::StartsWith("--maximise: tokens.input is not a number; the numbers below it"));
  EXPECT_EQ(error(Goal::maximise, "tokens.saved"), "no error");
}

TEST(Standing, IsTheObjectiveAndTheWorstMiss) {
  Target target = cheap_within("cancel_latency_s.p95 < 10");
  EXPECT_TRUE(standing_of(candidate(3, 9.9), target).held());
  EXPECT_EQ(standing_of(candidate(3, 9.9), target).value, 3);
  EXPECT_DOUBLE_EQ(standing_of(candidate(3, 12), target).miss, 0.2);
  target.holds.push_back(parse_holds({"cost_usd.used <= 2"})[0]);
  EXPECT_DOUBLE_EQ(standing_of(candidate(3, 12), target).miss, 0.5);
}

TEST(Standing, AtALimitThatHasToBeExceededIsAMiss) {
  EXPECT_FALSE(standing_of(candidate(3, 10), cheap_within("cancel_latency_s.p95 < 10")).held());
  EXPECT_TRUE(standing_of(candidate(3, 10), cheap_within("cancel_latency_s.p95 <= 10")).held());
  EXPECT_FALSE(standing_of(candidate(3, 0), cheap_within("cancel_latency_s.p95 != 0")).held());
}

TEST(Standing, WithoutAFigureHoldsNothing) {
  EXPECT_TRUE(
      std::isinf(standing_of(candidate(3, none), cheap_within("cancel_latency_s.p95 < 10")).miss));
  EXPECT_FALSE(standing_of(candidate(none, 1), cheap_within("cancel_latency_s.p95 < 10")).usable());
}

TEST(IsBetter, PrefersWhatHoldsThenTheNearerThenTheValue) {
  const Target target = cheap_within("cancel_latency_s.p95 < 10");
  const auto better = [&](const PolicyFigures& a, const PolicyFigures& b) {
    return is_better(standing_of(a, target), standing_of(b, target), target.objective.goal);
  };
  EXPECT_TRUE(better(candidate(9, 9), candidate(1, 11)));
  EXPECT_TRUE(better(candidate(9, 11), candidate(1, 12)));
  EXPECT_TRUE(better(candidate(1, 9), candidate(2, 1)));
  EXPECT_FALSE(better(candidate(1, 9), candidate(1, 1)));
  EXPECT_FALSE(better(candidate(none, 9), candidate(1, 99)));
  EXPECT_TRUE(better(candidate(1, none), candidate(none, 9)));
  EXPECT_TRUE(is_better({.value = 2, .miss = 0}, {.value = 1, .miss = 0}, Goal::maximise));
}

TEST(UsualObjective, IsMoneyWhereThereIsAnyThenTokensThenTime) {
  const auto result = [](double cost, double tokens) {
    PolicyFigures policy = candidate(0, 0);
    policy.figures[field_index("cost_usd.planned")] = cost;
    policy.figures[field_index("tokens.planned")] = tokens;
    return std::optional(BatchResult{.seed = 1, .requests = 1, .policies = {policy}});
  };
  EXPECT_EQ(usual_objective({std::nullopt, result(0, 5), result(1, 5)}).field, "cost_usd.used");
  EXPECT_EQ(usual_objective({result(0, 5)}).field, "tokens.used");
  EXPECT_EQ(usual_objective({result(0, 0)}).field, "cancel_latency_s.mean");
}

TEST(PolicyFigures, AreTheResultsAndBack) {
  const auto json = PolicyTotals().to_json("checkpoint");
  const PolicyFigures figures = figures_of(json);
  EXPECT_EQ(figures.policy, "checkpoint");
  EXPECT_TRUE(std::isnan(figure_at(figures, "cancel_latency_s.p95")));
  EXPECT_EQ(figure_at(figures, "requests.total"), 0);
  EXPECT_EQ(policy_json(figures), json);
}

}  // namespace
}  // namespace caesura
