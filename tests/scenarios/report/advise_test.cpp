#include "scenarios/study/advise.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/report/advice_report.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// One call of 10 s and 100 tokens, cancelled after 3 s: under `escalate: {after: x}` it stops x
/// later if x is below 7 s, with 10 (3 + x) tokens used, and else at 10 s with all 100.
constexpr const char* constant = R"(
scenario: constant
load: {requests: 10, arrivals: at_once}
services: {llm: {m: {latency: 10s, output_tokens: 100, price: {input: 0, output: 1000}}}}
workflow: [{llm: m}]
cancel: {after: 3s}
policy: {escalate: {after: 1s, detect: 0s}}
)";

/// The same for calls of random length.
constexpr const char* random_calls = R"(
scenario: random
seed: 5
load: {requests: 400, arrivals: at_once}
services: {llm: {m: {latency: {exponential: {mean: 10s}}, output_tokens: 100}}}
workflow: [{llm: m}, {llm: m}]
cancel: {after: {exponential: {mean: 8s}}}
policy: [checkpoint, escalate: {after: 5s}]
)";

const std::atomic<bool> go_on{false};

struct Ask {
  const char* yaml = constant;
  std::vector<std::string> vary{"policy.0.escalate.after=1s,2s,8s"};
  Objective objective{"tokens.used", Goal::maximise};
  std::vector<std::string> hold{};
  unsigned threads = 2;
};

/// Needs its folder for as long as it runs.
class Advised {
 public:
  explicit Advised(const Ask& ask) {
    const ScenarioFolder folder;
    BatchProgress progress;
    advice_ = advise({.file = folder.write("s.yaml", ask.yaml),
                      .options = {},
                      .variations = parse_variations(ask.vary),
                      .target = {.objective = ask.objective, .holds = parse_holds(ask.hold)},
                      .threads = ask.threads},
                     go_on, progress);
    advice_.scenario = "s";
    advice_.question.file = "s.yaml";
    EXPECT_EQ(progress.runs_done, progress.runs_total);
    EXPECT_EQ(progress.runs_done, advice_.runs);
  }
  const Advice& operator*() const { return advice_; }
  const Advice* operator->() const { return &advice_; }

 private:
  Advice advice_;
};

TEST(Advice, FindsTheOptimumBetweenThePointsOfTheGrid) {
  const Advised advice({.hold = {"cancel_latency_s.max <= 4"}});
  ASSERT_TRUE(advice->found);
  EXPECT_TRUE(is_held(*advice));
  const Assessed& best = *advice->recommended;
  const double latency = figure_at(best.search, "cancel_latency_s.max");
  EXPECT_LE(latency, 4);
  EXPECT_GE(latency, 3.96);  // within the 1 % where it leaves off
  EXPECT_NEAR(figure_at(best.search, "tokens.used"), 10 * 10 * (3 + latency), 10);
  EXPECT_EQ(best.fresh.size(), fresh_seeds);
  EXPECT_EQ(judge_hold(best, advice->question.target.holds[0]), Hold::with_room);
  EXPECT_FALSE(advice->looked_better);
}

TEST(Advice, TakesAPointOfTheGridWhereNothingBetweenIsBetter) {
  const Advised advice({.objective = {"cost_usd.used", Goal::minimise}});
  EXPECT_THAT(advice->recommended->point, ElementsAre("1s"));
  EXPECT_NEAR(figure_at(advice->recommended->search, "cost_usd.used"), 10 * 40 * 0.001, 1e-12);
  ASSERT_TRUE(advice->runner_up);
  EXPECT_THAT(advice->runner_up->point, ElementsAre("2s"));
  EXPECT_NEAR(replicated_difference(*advice->runner_up, *advice->recommended, "cost_usd.used").mean,
              0.1, 1e-12);
}

TEST(Advice, RefinesAlongEveryAxisOfNumbersAndLeavesNamesAlone) {
  // Tokens 10 (w + x) at latency x, where w is the moment of the cancel.
  const Advised advice({.vary = {"cancel.0.after=1s,5s",
                                 "policy=escalate: {after: 2s, detect: 0s},{named: patient, "
                                 "escalate: {after: 4s, detect: 0s}}"},
                        .hold = {"tokens.used <= 520"}});
  ASSERT_TRUE(advice->found);
  EXPECT_THAT(advice->question.variations[1].values, Contains(advice->recommended->point[1]));
  EXPECT_THAT(advice->question.variations[0].values, Not(Contains(advice->recommended->point[0])));
  EXPECT_LE(figure_at(advice->recommended->search, "tokens.used"), 520);
  EXPECT_GT(figure_at(advice->recommended->search, "tokens.used"), 510);
}

TEST(Advice, SaysWhatTheUnconstrainedBestAndTheScenarioAsWrittenWouldDo) {
  const Advised advice({.hold = {"cancel_latency_s.max <= 4"}});
  ASSERT_TRUE(advice->unconstrained);
  EXPECT_THAT(advice->unconstrained->point, ElementsAre("8s"));
  ASSERT_TRUE(advice->as_written);
  EXPECT_EQ(figure_at(advice->as_written->search, "cancel_latency_s.max"), 1);
}

TEST(Advice, ComesNearestIfNothingHolds) {
  const Advised advice({.hold = {"cancel_latency_s.max < 0.5"}});
  EXPECT_FALSE(advice->found);
  EXPECT_FALSE(is_held(*advice));
  EXPECT_THAT(advice->recommended->point, ElementsAre("1s"));
  EXPECT_THAT(advice_words(*advice), HasSubstr("No point holds cancel_latency_s.max < 0.5"));
  EXPECT_THAT(advice_words(*advice), HasSubstr("500 ms above the limit"));
}

TEST(Advice, FindsWhatHoldsBetweenPointsThatDoNot) {
  const Advised advice({.vary = {"policy.0.escalate.after=1s,6s"},
                        .hold = {"cancel_latency_s.max > 3", "cancel_latency_s.max < 4"}});
  EXPECT_TRUE(advice->found);
  EXPECT_TRUE(is_held(*advice));
}

TEST(Advice, HasNothingToSayWithoutAValue) {
  const Advised advice(
      {.vary = {"policy=never"}, .objective = {"cancel_latency_s.p99", Goal::minimise}});
  EXPECT_FALSE(advice->recommended);
  EXPECT_FALSE(is_held(*advice));
  EXPECT_THAT(advice_words(*advice), HasSubstr("No candidate has a value of cancel_latency_s.p99"));
}

TEST(Advice, DoesNotTrustASeedThatALimitWasSearchedWith) {
  const Advised advice({.yaml = random_calls,
                        .vary = {"policy.1.escalate.after=1s,4s,16s"},
                        .objective = {"interrupted.llm", Goal::minimise},
                        .hold = {"cancel_latency_s.mean < 4"}});
  ASSERT_TRUE(advice->found);
  const auto& hold = advice->question.target.holds[0];
  EXPECT_EQ(judge_hold(*advice->recommended, hold), Hold::with_room);
  ASSERT_TRUE(advice->looked_better);
  EXPECT_NE(judge_hold(*advice->looked_better, hold), Hold::with_room);
  EXPECT_LT(figure_at(advice->looked_better->search, "interrupted.llm"),
            figure_at(advice->recommended->search, "interrupted.llm"));
  EXPECT_THAT(advice_words(*advice), HasSubstr("looked better still"));
}

TEST(Advice, HasACurveAlongEveryAxisThroughWhatItRecommends) {
  const Advised advice({.vary = {"policy.0.escalate.after=1s,2s,8s", "cancel.0.after=3s,2s"},
                        .hold = {"cancel_latency_s.max <= 4"}});
  ASSERT_EQ(advice->curves.size(), 2U);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    std::vector<double> values;
    bool passes = false;
    for (const auto& step : advice->curves[axis].steps) {
      values.push_back(std::stod(step.value));
      passes = passes || step.value == advice->recommended->point[axis];
    }
    EXPECT_TRUE(passes);
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    EXPECT_GE(values.size(), advice->question.variations[axis].values.size());
  }
}

TEST(Advice, DoesNotDependOnTheThreads) {
  const auto told = [](unsigned threads) {
    const Advised advice(
        {.yaml = random_calls,
         .vary = {"policy.1.escalate.after=1s,4s,16s", "cancel.0.after.exponential.mean=4s,8s"},
         .objective = {"tokens.used", Goal::minimise},
         .hold = {"cancel_latency_s.p95 < 6"},
         .threads = threads});
    Advice same = *advice;
    same.question.threads = 1;
    return json_text(advice_json(same)) + advice_text(same, {});
  };
  EXPECT_EQ(told(1), told(5));
}

TEST(Advice, FitsIntoATerminal) {
  const Advised advice({.hold = {"cancel_latency_s.max <= 4"}});
  for (const std::size_t width : {40U, 60U, 100U}) {
    std::istringstream text(advice_text(*advice, {.width = width}));
    for (std::string line; std::getline(text, line);) EXPECT_LE(display_width(line), width) << line;
  }
  EXPECT_THAT(advice_text(*advice, {}), HasSubstr("recommended"));
}

TEST(Advice, OfAPointThatIsNoScenarioIsRefusedBeforeAnythingRuns) {
  const ScenarioFolder folder;
  BatchProgress progress;
  const Question question{.file = folder.write("s.yaml", constant),
                          .options = {},
                          .variations = parse_variations({"policy.0.escalate.after=1s,2x,3x"}),
                          .target = {.objective = {"tokens.used", Goal::minimise}, .holds = {}}};
  try {
    advise(question, go_on, progress);
    FAIL() << "no error";
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("--vary policy.0.escalate.after=2x: "));
  }
  EXPECT_EQ(progress.runs_total, 0U);
}

TEST(ReplicatedMean, HasStudentsInterval) {
  const ReplicatedMean mean = replicated_mean({1, 2, 3});
  EXPECT_DOUBLE_EQ(mean.mean, 2);
  // t with 2 degrees of freedom at 0.975 is 4.302653.
  EXPECT_NEAR(mean.high - mean.mean, 4.302653 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(mean.mean - mean.low, 4.302653 / std::sqrt(3), 1e-6);
}

TEST(ReplicatedMean, OfEqualValuesIsThatValueExactly) {
  const ReplicatedMean mean = replicated_mean(std::vector<double>(10, 0.1));
  EXPECT_EQ(mean.low, 0.1);
  EXPECT_EQ(mean.mean, 0.1);
  EXPECT_EQ(mean.high, 0.1);
}

TEST(ReplicatedMean, OfAMissingValueIsNone) {
  EXPECT_TRUE(std::isnan(replicated_mean({1, NAN}).mean));
}

}  // namespace
}  // namespace caesura
