#include "exam/exam_page.hpp"

#include "exam/lane_picture.hpp"
#include "exam/reasons.hpp"
#include "tests/exam/sample_exam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(ExamPage, HasARowACaseAndACellAClause) {
  const std::string page = exam_page(small_exam());
  EXPECT_THAT(
      page,
      HasSubstr(R"(<tr><th scope="row">mid-text</th><td class="ok">ok</td><td class="none">—</td>)"
                R"(<td class="ok">ok</td><td class="ok">ok</td><td class="ok">ok</td>)"
                R"(<td class="none">—</td><td class="none">—</td><td class="none">—</td>)"
                R"(<td class="ok">ok</td><td class="figure">0.00 s</td><td class="figure">0</td>)"
                R"(<td class="figure">$0.00</td><td class="figure">0</td></tr>)"));
  for (const Clause clause : all_clauses) {
    EXPECT_THAT(page, HasSubstr(std::string("<th scope=\"col\">") + name_of(clause) + "</th>"));
  }
  EXPECT_THAT(page, HasSubstr("backing-off is not judged: it said failed before"));
}

TEST(ExamPage, AFailureIsToldWhereItsCellLeads) {
  const std::string page = exam_page(small_exam());
  EXPECT_THAT(page, HasSubstr(R"(<td class="bad"><a href="#failure-1">leak</a></td>)"));
  EXPECT_THAT(page, HasSubstr(R"(<section id="failure-1" )"));
  EXPECT_THAT(page, HasSubstr("told: leak: operation 2 (search) was never told: it ran on to its "
                              "end (3.8 s)."));
  EXPECT_THAT(page, HasSubstr("It rests on: SHOULD"));
  EXPECT_THAT(page,
              HasSubstr("<code>caesura exam my-agent.yaml tool-in-progress --verbose</code>"));
}

TEST(ExamPage, AnExpectedFailureDoesNotLookLikeOneThatIsNot) {
  ExamResults results = small_exam();
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}},
      {.case_name = "mid-text", .clause = Clause::settles, .location = {}}};
  const std::string page = exam_page(results);
  EXPECT_THAT(page, HasSubstr(R"(<td class="expected"><a href="#failure-1">leak*</a></td>)"));
  EXPECT_THAT(page, HasSubstr(R"(<p class="sentence expected">told: leak (expected): )"));
  EXPECT_THAT(page, HasSubstr(R"(<td class="bad">ok*</td>)"));
  EXPECT_THAT(page, HasSubstr("mid-text.settles holds"));
}

TEST(ExamPage, AsksForNothingAndHasNoScript) {
  const std::string page = exam_page(small_exam());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page,
              AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<link")), Not(HasSubstr("src=")),
                    Not(HasSubstr("url(")), Not(HasSubstr("@import"))));
}

TEST(ExamPage, WhatASubjectSaysIsOnlyEverText) {
  const std::string page = exam_page(hostile_exam());
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")),
                          Not(HasSubstr("\xe2\x80\xae")), Not(HasSubstr("\xff"))));
  EXPECT_EQ(page.find('\0'), std::string::npos);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_LT(page.size(), 400'000);
}

TEST(LanePicture, HasABarBeforeTheCancelAndOneAfterIt) {
  const PlayFacts facts = case_that_leaks().plays[0].facts;
  const std::string html = lane_picture(facts, {1}, "tool-in-progress", "failure-1");
  // 150 to 625 are 5.4 s: 0.4 s is at 185.2, 0.6 s at 202.8, 4.4 s at 537.
  EXPECT_THAT(html, HasSubstr(R"(<rect class="bar" x="185.2" y="40" width="17.6" height="12"/>)"));
  EXPECT_THAT(html,
              HasSubstr(R"(<rect class="after" x="202.8" y="40" width="334.3" height="12"/>)"));
  EXPECT_THAT(html, HasSubstr(">3.8 s</text>"));
  EXPECT_THAT(html, HasSubstr(R"(<line class="cancel" x1="202.8" x2="202.8")"));
  EXPECT_THAT(html, HasSubstr(">said cancelled</text>"));
  EXPECT_THAT(html, Not(HasSubstr("<circle")));
}

TEST(LanePicture, SaysInWordsWhatItShows) {
  PlayFacts facts = case_that_leaks().plays[0].facts;
  EXPECT_THAT(lane_picture(facts, {0, 1}, "x", "y"),
              HasSubstr("<desc id=\"y-words\">operation 1 (planner): asked for 590 ms before the "
                        "cancel, ended 210 ms before the cancel, not told. operation 2 (search): "
                        "asked for 200 ms before the cancel, ended 3.8 s after the cancel, went on "
                        "for 3.8 s, not told. The subject said cancelled 20 ms after the "
                        "cancel.</desc>"));
}

TEST(LanePicture, ACallThatWasToldHasADotThere) {
  PlayFacts facts = case_that_leaks().plays[0].facts;
  facts.attempts[1].told = exam_time(1100ms);
  facts.attempts[1].ended = exam_time(1100ms);
  facts.attempts[1].end = AttemptEnd::cut_off;
  const std::string html = lane_picture(facts, {1}, "x", "y");
  EXPECT_THAT(html, HasSubstr(R"(<circle class="told" cx="246.8" cy="46" r="5"/>)"));
  EXPECT_THAT(html, HasSubstr("told 500 ms after the cancel."));
}

TEST(LanePicture, HasAHandfulOfRoundTimesHoweverLongThePlay) {
  PlayFacts facts = case_that_leaks().plays[0].facts;
  for (const Duration length : {Duration(1ns), Duration(1ms), Duration(700ms), Duration(40s)}) {
    facts.watched_until = facts.started + length;
    const std::string html = lane_picture(facts, {1}, "x", "y");
    std::size_t ticks = 0;
    for (auto at = html.find("tick"); at != std::string::npos; at = html.find("tick", at + 1))
      ++ticks;
    EXPECT_LE(ticks, 10) << length.count();
    EXPECT_THAT(html, Not(HasSubstr("nan")));
  }
}

}  // namespace
}  // namespace caesura
