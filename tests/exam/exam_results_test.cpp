#include "exam/exam_results.hpp"

#include "tests/exam/sample_exam.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// tool-in-progress: it leaks, then holds, then is late.
CaseResult three_plays() {
  CaseResult result = case_that_leaks();
  result.plays.push_back(result.plays[0]);
  result.plays.push_back(result.plays[0]);
  result.plays[1].judgement.verdicts[index_of(Clause::told)] = ClauseVerdict::pass;
  result.plays[1].judgement.reasons.clear();
  result.plays[2].judgement.verdicts[index_of(Clause::told)] = ClauseVerdict::late;
  return result;
}

TEST(ExamResults, OfSeveralPlaysTheWorstCountsAndTheShareIsKept) {
  const auto outcome = outcome_of(three_plays(), Clause::told, {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->worst, ClauseVerdict::leak);
  EXPECT_EQ(outcome->judged, 3);
  EXPECT_EQ(outcome->failed, 2);
}

TEST(ExamResults, AClauseThatNoPlayJudgedHasNoOutcome) {
  EXPECT_FALSE(outcome_of(three_plays(), Clause::children, {}));
  EXPECT_EQ(worst_play(three_plays(), Clause::children), nullptr);
  EXPECT_FALSE(outcome_of(case_not_judged(), Clause::told, {}));
}

TEST(ExamResults, APlayThatWasNotJudgedIsNotCounted) {
  CaseResult result = case_that_leaks();
  result.plays.insert(result.plays.begin(), case_not_judged().plays[0]);
  EXPECT_EQ(outcome_of(result, Clause::told, {})->judged, 1);
  EXPECT_EQ(shown_play(result), &result.plays[1]);
}

TEST(ExamResults, EachClauseHasAWorstPlayOfItsOwn) {
  CaseResult result = three_plays();
  result.plays[2].judgement.verdicts[index_of(Clause::settles)] = ClauseVerdict::crash;
  EXPECT_EQ(worst_play(result, Clause::told), &result.plays[0]);
  EXPECT_EQ(worst_play(result, Clause::settles), &result.plays[2]);
  EXPECT_EQ(worst_play(result, Clause::truthful), &result.plays[0]);
  EXPECT_EQ(shown_play(result), &result.plays[2]);
}

TEST(ExamResults, ACaseThatWasNotJudgedHasNoPlayToShow) {
  EXPECT_EQ(shown_play(case_not_judged()), nullptr);
  EXPECT_EQ(shown_play({.name = "none", .file = {}, .description = {}, .plays = {}}), nullptr);
}

TEST(ExamResults, AreAsExpectedIfJustTheExpectedFailuresFail) {
  ExamResults results = small_exam();
  EXPECT_FALSE(is_as_expected(results));
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}}};
  EXPECT_TRUE(is_as_expected(results));
  // One that is not judged is neither.
  results.subject.expected_failures.push_back(
      {.case_name = "backing-off", .clause = Clause::told, .location = {}});
  results.subject.expected_failures.push_back(
      {.case_name = "mid-text", .clause = Clause::children, .location = {}});
  EXPECT_TRUE(is_as_expected(results));
  results.subject.expected_failures.push_back(
      {.case_name = "mid-text", .clause = Clause::told, .location = {}});
  EXPECT_FALSE(is_as_expected(results));
}

TEST(ExamResults, ACaseIsRepeatedByACommandWithTheSameOptions) {
  ExamResults results = small_exam();
  EXPECT_EQ(command_to_repeat(results, results.cases[1]),
            "caesura exam my-agent.yaml tool-in-progress --verbose");
  results.seed = 42;
  results.has_seed = true;
  results.subject.within = 300ms;
  results.has_within = true;
  results.repeat = 50;
  EXPECT_EQ(command_to_repeat(results, results.cases[1]),
            "caesura exam my-agent.yaml tool-in-progress --seed 42 --within 300ms --repeat 50 "
            "--verbose");
  results.subject.within = 12500us;
  EXPECT_EQ(command_to_repeat(results, results.cases[1]),
            "caesura exam my-agent.yaml tool-in-progress --seed 42 --within 12500000ns --repeat 50 "
            "--verbose");
}

TEST(ExamResults, TheCommandIsOneThatAShellTakesForTheFilesThatWereGiven) {
  ExamResults results = small_exam();
  results.subject.file = "it's mine/$(reboot).yaml";
  results.cases[0].file = "../own_case-1@2.yaml";
  EXPECT_EQ(command_to_repeat(results, results.cases[0]),
            R"(caesura exam 'it'\''s mine/$(reboot).yaml' ../own_case-1@2.yaml --verbose)");
}

}  // namespace
}  // namespace caesura
