#include "exam/exam_junit.hpp"

#include "exam/lane.hpp"
#include "exam/reasons.hpp"
#include "tests/exam/sample_exam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size()))
    text.replace(at, part.size(), by);
  return text;
}

TEST(ExamJunit, HasATestForEachCaseAndClauseThatWasJudged) {
  const ExamResults results = small_exam();
  std::string lanes;
  for (const std::string& line : lanes_text(results.cases[1].plays[0].facts, {1}, 100))
    lanes += line + "\n";
  const std::string source = replaced(source_of(Clause::told, OperationKind::tool), "\"", "&quot;");
  EXPECT_EQ(
      exam_junit(results), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="my-agent" tests="11" failures="1" errors="0" skipped="1">
    <properties>
      <property name="version" value="1.2.3"/>
      <property name="summary" value="1 of 2 cases hold every clause that applies; in time is within 250 ms."/>
    </properties>
    <testcase classname="mid-text" name="told"/>
    <testcase classname="mid-text" name="nothing-starts"/>
    <testcase classname="mid-text" name="truthful"/>
    <testcase classname="mid-text" name="settles"/>
    <testcase classname="mid-text" name="no-stray"/>
    <testcase classname="tool-in-progress" name="told">
      <failure type="leak" message="told: leak: operation 2 (search) was never told: it ran on to its end (3.8 s).">told: leak: operation 2 (search) was never told: it ran on to its end (3.8 s).
It rests on: )" + source + ".\n" +
                               lanes +
                               R"xml(Again: caesura exam my-agent.yaml tool-in-progress --verbose
</failure>
    </testcase>
    <testcase classname="tool-in-progress" name="nothing-starts"/>
    <testcase classname="tool-in-progress" name="truthful"/>
    <testcase classname="tool-in-progress" name="settles"/>
    <testcase classname="tool-in-progress" name="no-stray"/>
    <testcase classname="backing-off" name="backing-off">
      <skipped message="it said failed before operation.refused of operation 1 came; it never asked for operation 2 (search)"/>
    </testcase>
  </testsuite>
</testsuites>
)xml");
}

TEST(ExamJunit, SkipsExpectedFailuresAndFailsThoseThatHold) {
  ExamResults results = small_exam();
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}},
      {.case_name = "mid-text", .clause = Clause::settles, .location = {}}};
  const std::string xml = exam_junit(results);
  EXPECT_THAT(xml, HasSubstr(R"(tests="11" failures="1" errors="0" skipped="2")"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"expected: told: leak (expected): operation 2"));
  EXPECT_THAT(xml,
              HasSubstr("<failure message=\"it holds, and is among the expected failures: take "
                        "it out there\"/>"));
}

TEST(ExamJunit, CrashesAndHangsAreErrors) {
  for (const ClauseVerdict verdict : {ClauseVerdict::crash, ClauseVerdict::hang}) {
    ExamResults results = small_exam();
    Judgement& judgement = results.cases[1].plays[0].judgement;
    judgement.verdicts[index_of(Clause::told)] = verdict;
    judgement.reasons[0].verdict = verdict;
    const std::string xml = exam_junit(results);
    EXPECT_THAT(xml, HasSubstr(R"(failures="0" errors="1" skipped="1")"));
    EXPECT_THAT(xml, HasSubstr(std::string("<error type=\"") + name_of(verdict) + "\" message"));
    EXPECT_THAT(xml, Not(HasSubstr("<failure")));
  }
}

TEST(ExamJunit, CountsWhatItHas) {
  const std::string xml = exam_junit(hostile_exam());
  const auto attribute = [&](const std::string& name) {
    const auto at = xml.find(" " + name + "=\"") + name.size() + 3;
    return std::stoul(xml.substr(at, xml.find('"', at) - at));
  };
  EXPECT_EQ(attribute("tests"), count(xml, "<testcase "));
  EXPECT_EQ(attribute("failures"), count(xml, "<failure "));
  EXPECT_EQ(attribute("errors"), count(xml, "<error "));
  EXPECT_EQ(attribute("skipped"), count(xml, "<skipped "));
  EXPECT_GT(attribute("errors"), 0);
}

}  // namespace
}  // namespace caesura
