#include "exam/exam_json.hpp"

#include "scenarios/results/json_text.hpp"
#include "tests/exam/sample_exam.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <sstream>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

TEST(ExamJson, HasItsFieldsInTheirOrder) {
  ExamResults results = small_exam();
  results.cases.pop_back();
  results.cases.erase(results.cases.begin());
  EXPECT_EQ(json_text(exam_json(results)), R"json({
  "schema": "caesura.exam/1",
  "subject": "my-agent",
  "version": "1.2.3",
  "seed": 1,
  "within_s": 0.25,
  "cases": [
    {
      "case": "tool-in-progress",
      "plays": 1,
      "verdicts": {
        "told": "leak",
        "children": null,
        "nothing-starts": "pass",
        "truthful": "pass",
        "settles": "pass",
        "next-turn": null,
        "usage": null,
        "effects-once": null,
        "no-stray": "pass"
      },
      "reasons": [
        {
          "clause": "told",
          "verdict": "leak",
          "operation": "2",
          "text": "operation 2 (search) was never told: it ran on to its end (3.8 s)"
        }
      ],
      "ran_on": {
        "seconds": 3.8,
        "tokens": 1234,
        "cost_usd": 0.0027,
        "effects": 1
      },
      "not_judged": null,
      "failed": {
        "told": {
          "plays": 1,
          "of": 1
        }
      }
    }
  ]
}
)json");
}

TEST(ExamJson, OfACaseThatWasNotJudgedSaysWhyAndNothingElse) {
  const Json json = exam_json(small_exam())["cases"][2];
  EXPECT_EQ(json["case"], "backing-off");
  EXPECT_EQ(json["verdicts"].size(), clauses);
  for (const auto& verdict : json["verdicts"]) EXPECT_TRUE(verdict.is_null());
  EXPECT_EQ(json["reasons"], Json::array());
  EXPECT_TRUE(json["ran_on"].is_null());
  EXPECT_EQ(json["not_judged"],
            "it said failed before operation.refused of operation 1 came; it never asked for "
            "operation 2 (search)");
}

TEST(ExamJson, EveryFailureHasAReasonWhicheverPlayItWasIn) {
  ExamResults results = small_exam();
  CaseResult& result = results.cases[1];
  // Worse, so that the case is shown by it, and without the leak.
  PlayResult play = case_that_holds("", {Clause::told, Clause::settles}).plays[0];
  play.judgement.verdicts[index_of(Clause::settles)] = ClauseVerdict::crash;
  play.judgement.reasons = {{.clause = Clause::settles,
                             .verdict = ClauseVerdict::crash,
                             .text = "its process exited with status 1"}};
  result.plays.push_back(play);
  const Json json = exam_json(results)["cases"][1];
  EXPECT_EQ(json["plays"], 2);
  EXPECT_EQ(json["verdicts"]["told"], "leak");
  EXPECT_EQ(json["verdicts"]["settles"], "crash");
  ASSERT_EQ(json["reasons"].size(), 2);
  EXPECT_EQ(json["reasons"][0]["clause"], "told");
  EXPECT_EQ(json["reasons"][1]["clause"], "settles");
  EXPECT_TRUE(json["reasons"][1]["operation"].is_null());
  EXPECT_EQ(json["failed"],
            (Json{{"told", {{"plays", 1}, {"of", 2}}}, {"settles", {{"plays", 1}, {"of", 2}}}}));
}

TEST(ExamJson, HasEveryCaseAndClauseAndIsJsonWhateverTheSubjectSays) {
  const ExamResults results = hostile_exam();
  const Json json = Json::parse(json_text(exam_json(results)));
  EXPECT_EQ(json["partial"], true);
  ASSERT_EQ(json["cases"].size(), results.cases.size());
  for (const Json& one : json["cases"]) EXPECT_EQ(one["verdicts"].size(), clauses);
}

TEST(LinesJsonl, HasWhatWasSaidBothWaysWithTimes) {
  EXPECT_EQ(
      lines_jsonl(case_that_leaks().plays[0]),
      R"({"at_s":0.0,"to":"subject","line":"{\"do\":\"start\"}"})"
      "\n"
      R"({"at_s":0.62,"to":"caesura","line":"{\"is\":\"settled\",\"outcome\":\"cancelled\"}"})"
      "\n");
}

TEST(LinesJsonl, IsALineOfJsonForEachWhateverTheSubjectSays) {
  std::istringstream lines(lines_jsonl(hostile_exam().cases[3].plays[0]));
  std::size_t n = 0;
  for (std::string line; std::getline(lines, line); ++n) EXPECT_TRUE(Json::accept(line)) << line;
  EXPECT_EQ(n, 3);
}

}  // namespace
}  // namespace caesura
