#include "scenarios/results/results.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Threshold parsed(const std::string& expression) {
  return parse_threshold({.expression = expression, .location = "a.yaml:7:5"});
}

std::string error_of(const std::string& expression) {
  try {
    parsed(expression);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

Scenario scenario_with(const std::vector<std::string>& thresholds) {
  Scenario scenario;
  scenario.policies = {{.name = "checkpoint"}, {.name = "fast-tools"}};
  scenario.policies_left_out = {"abort"};
  for (const auto& expression : thresholds)
    scenario.thresholds.push_back({.expression = expression, .location = "a.yaml:7:5"});
  return scenario;
}

TEST(Threshold, IsAPolicyAFieldAComparisonAndANumber) {
  const Threshold threshold = parsed("checkpoint.cancel_latency_s.p99 < 120");
  EXPECT_EQ(threshold.expression, "checkpoint.cancel_latency_s.p99 < 120");
  EXPECT_EQ(threshold.policy, "checkpoint");
  EXPECT_EQ(threshold.field, "cancel_latency_s.p99");
  EXPECT_EQ(threshold.comparison, Comparison::less);
  EXPECT_EQ(threshold.limit, 120);
}

TEST(Threshold, NeedsNoSpacesAndAllowsMany) {
  const Threshold narrow = parsed("fast-tools.cost_usd.saved_fraction>0.2");
  EXPECT_EQ(narrow.policy, "fast-tools");
  EXPECT_EQ(narrow.field, "cost_usd.saved_fraction");
  EXPECT_EQ(narrow.limit, 0.2);
  const Threshold broad = parsed("  p.request_latency_s.p99_9 \n >= \t -1.5e3  ");
  EXPECT_EQ(broad.field, "request_latency_s.p99_9");
  EXPECT_EQ(broad.comparison, Comparison::greater_or_equal);
  EXPECT_EQ(broad.limit, -1500);
  EXPECT_EQ(broad.expression, "p.request_latency_s.p99_9   >=   -1.5e3");
}

TEST(Threshold, ReachesNumbersAtEveryDepth) {
  for (const char* const field :
       {"discarded_answers", "requests.total", "tokens.input.saved_of_avoidable",
        "cancel_latency_by_operation_s.none.p50", "busy_s.transaction.used", "orphans.cost_usd"}) {
    EXPECT_EQ(parsed(std::string("p.") + field + "==0").field, field);
  }
}

TEST(Threshold, OfAnUnknownFieldNamesPlaceAndNearestField) {
  EXPECT_THAT(error_of("checkpoint.cancel_latncy_s.p99 < 120"),
              AllOf(StartsWith("a.yaml:7:5: "), HasSubstr("'cancel_latncy_s.p99'"),
                    HasSubstr("did you mean 'cancel_latency_s.p99'?")));
  EXPECT_THAT(error_of("checkpoint.nothing_like_it_at_all < 120"), HasSubstr("unknown field"));
  EXPECT_THAT(error_of("checkpoint.cancel_latency_s.p99.x < 120"), HasSubstr("unknown field"));
}

TEST(Threshold, OnAnObjectSaysWhichNumbersAreBelowIt) {
  EXPECT_THAT(error_of("checkpoint.interrupted < 1"),
              HasSubstr("interrupted is not a number; the numbers below it are llm, decompose, "
                        "tool, agent, unsafe"));
  EXPECT_THAT(error_of("checkpoint.busy_s < 1"), HasSubstr("llm.planned, llm.used"));
  EXPECT_THAT(error_of("checkpoint.policy == 1"), HasSubstr("policy is a name and not a number"));
}

TEST(Threshold, OfAnyOtherFormIsRefused) {
  for (const char* const bad :
       {"", "checkpoint", "checkpoint.requests.total", "requests < 5", ".requests.total < 5",
        "checkpoint. < 5", "< 5", "checkpoint.requests.total = 5", "checkpoint.requests.total ! 5",
        "checkpoint requests.total < 5"}) {
    EXPECT_THAT(error_of(bad), HasSubstr("it must read POLICY.FIELD OP NUMBER")) << bad;
  }
  for (const char* const bad :
       {"", "5 6", "1_000", "5%", "inf", "nan", "0x10", "five", "< 5", "5s"}) {
    EXPECT_THAT(error_of(std::string("p.requests.total <") + bad),
                HasSubstr("is not a decimal number"))
        << bad;
  }
  EXPECT_THAT(error_of("p.requests.total < 1e999"), HasSubstr("out of range"));
}

TEST(Thresholds, OnAnUnknownPolicyNameTheNearestOne) {
  try {
    parse_thresholds(scenario_with({"chekpoint.requests.total > 0"}));
    FAIL() << "nothing was thrown";
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(),
                AllOf(StartsWith("a.yaml:7:5: "),
                      HasSubstr("unknown policy 'chekpoint'; did you mean 'checkpoint'?")));
  }
}

TEST(Thresholds, OnAPolicyLeftOutAreLeftOutButStillChecked) {
  const auto thresholds = parse_thresholds(
      scenario_with({"abort.requests.total > 0", "fast-tools.requests.total > 0"}));
  ASSERT_EQ(thresholds.size(), 1U);
  EXPECT_EQ(thresholds[0].policy, "fast-tools");
  EXPECT_THROW(parse_thresholds(scenario_with({"abort.requests.totl > 0"})), ScenarioError);
}

TEST(Thresholds, AreJudgedByTheNumbersOfTheirPolicy) {
  Results results =
      sample_results({"checkpoint", "abort"}, {cancelled_after_1500_of_10000_tokens()});
  const auto policies = to_json(results)["policies"];
  const auto judged = [&](const std::string& expression) {
    return judge(parsed(expression), policies);
  };
  EXPECT_EQ(judged("checkpoint.cancel_latency_s.p99 < 4.2").value, 4.1);
  EXPECT_TRUE(judged("checkpoint.cancel_latency_s.p99 < 4.2").ok);
  EXPECT_FALSE(judged("checkpoint.cancel_latency_s.p99 < 4.1").ok);
  EXPECT_TRUE(judged("checkpoint.cancel_latency_s.p99 <= 4.1").ok);
  EXPECT_TRUE(judged("checkpoint.cost_usd.saved == 0.17").ok);
  EXPECT_FALSE(judged("checkpoint.cost_usd.saved != 0.17").ok);
  EXPECT_TRUE(judged("abort.tokens.saved > 8499").ok);
  EXPECT_TRUE(judged("abort.tokens.saved >= 8500").ok);
}

TEST(Thresholds, OnANumberThatThereIsNoneOfAreNotOk) {
  const auto policies = to_json(sample_results({"checkpoint"}, {}))["policies"];
  for (const char* const comparison : {"<", ">", "!="}) {
    const Verdict verdict =
        judge(parsed(std::string("checkpoint.request_latency_s.p99") + comparison + "1"), policies);
    EXPECT_FALSE(verdict.value);
    EXPECT_FALSE(verdict.ok);
  }
  EXPECT_FALSE(judge(parsed("abort.requests.total == 0"), policies).ok);
}

}  // namespace
}  // namespace caesura
