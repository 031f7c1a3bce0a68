#include "exam/exam_report.hpp"

#include "scenarios/report/terminal_text.hpp"
#include "exam/exam_shown.hpp"
#include "exam/lane.hpp"
#include "exam/reasons.hpp"
#include "tests/exam/sample_exam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string text_at(std::size_t width, const ExamResults& results = small_exam()) {
  return exam_text(results, {.width = width}, false);
}

/// As one line, so that it does not matter where it is broken.
std::string unbroken(const std::string& text) {
  std::string words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words += (words.empty() ? "" : " ") + word;
  return words;
}

/// What is told of the one failure of small_exam(), below its table, at a width.
std::string told_of_the_leak(std::size_t width) {
  const TableOptions options{.width = width};
  TextPage page(options);
  page.gap();
  page.prose(
      "backing-off is not judged: it said failed before operation.refused of operation 1 came; it "
      "never asked for operation 2 (search).");
  page.gap();
  page.prose("tool-in-progress: The cancel comes 200 ms into a tool of 4 s.");
  page.prose("told: leak: operation 2 (search) was never told: it ran on to its end (3.8 s).");
  page.prose("It rests on: " + source_of(Clause::told, OperationKind::tool) + ".");
  page.laid_out(lanes_text(small_exam().cases[1].plays[0].facts, {1}, std::min(width, 100UL)));
  page.prose("Again: caesura exam my-agent.yaml tool-in-progress --verbose");
  page.gap();
  page.prose("9 of 10 clauses hold; 1 failure is not expected.");
  page.prose("--verbose shows what was said, --out DIR keeps it with every event.");
  return std::move(page).take();
}

TEST(ExamText, HasOneTableWhereThereIsRoom) {
  EXPECT_EQ(
      text_at(150),
      R"(my-agent 1.2.3: 1 of 2 cases hold every clause that applies; in time is within 250 ms.

case              told  children  nothing-starts  truthful  settles  next-turn  usage  effects-once  no-stray  ran on  tokens        $  effects
mid-text            ok         —              ok        ok       ok          —      —             —        ok  0.00 s       0    $0.00        0
tool-in-progress  leak         —              ok        ok       ok          —      —             —        ok  3.80 s   1,234  $0.0027        1
backing-off          —         —               —         —        —          —      —             —         —       —       —        —        —
)" + told_of_the_leak(150));
}

TEST(ExamText, HasShorterHeadsAndATableOfWhatRanOnIn100Columns) {
  EXPECT_EQ(
      text_at(100),
      R"(my-agent 1.2.3: 1 of 2 cases hold every clause that applies; in time is within 250 ms.

case              told  child  starts  truth  settle  next  usage  once  stray
mid-text            ok      —      ok     ok      ok     —      —     —     ok
tool-in-progress  leak      —      ok     ok      ok     —      —     —     ok
backing-off          —      —       —      —       —     —      —     —      —

after the cancel  ran on  tokens        $  effects
tool-in-progress  3.80 s   1,234  $0.0027        1
)" + told_of_the_leak(100));
}

TEST(ExamText, HasAFewLinesACaseIn60Columns) {
  EXPECT_EQ(text_at(60), R"(my-agent 1.2.3: 1 of 2 cases hold every clause that applies;
in time is within 250 ms.

mid-text          ok told, nothing-starts, truthful,
                  settles, no-stray
tool-in-progress  told leak
                  ok nothing-starts, truthful, settles,
                  no-stray
                  ran on 3.80 s, 1,234 tokens, $0.0027, 1
                  effect
backing-off       — not judged

A clause that is not named has nothing to judge in that
case.
)" + told_of_the_leak(60));
}

TEST(ExamText, IsNeverWiderThanTheTerminal) {
  for (const ExamResults& results : {small_exam(), hostile_exam()}) {
    for (const std::size_t width : {20U, 33U, 40U, 60U, 80U, 100U, 140U, 200U}) {
      for (const std::string& line : lines_of(text_at(width, results)))
        EXPECT_LE(display_width(line), width) << line;
    }
  }
}

TEST(ExamText, NamesEveryCaseAndClauseAtEveryWidth) {
  ExamResults results = small_exam();
  CaseResult all = case_that_holds("all", {all_clauses.begin(), all_clauses.end()});
  results.cases.push_back(all);
  for (const std::size_t width : {0U, 60U, 80U, 200U}) {
    const std::string text = text_at(width, results);
    for (const CaseResult& result : results.cases) EXPECT_THAT(text, HasSubstr(result.name));
    for (const Clause clause : all_clauses) {
      const std::string name = width == 80 ? head_of(clause, ClauseHeads::brief) : name_of(clause);
      EXPECT_THAT(text, HasSubstr(name)) << width;
    }
  }
}

TEST(ExamText, WhatASubjectSaysReachesNoTerminalRaw) {
  const ExamResults results = hostile_exam();
  for (const std::size_t width : {0U, 60U, 100U}) {
    const std::string text = exam_text(results, {.width = width}, true);
    for (const char c : text) {
      EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    }
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\xe2\x80\xae")), Not(HasSubstr("\xff"))));
    EXPECT_LT(text.size(), 200'000);
  }
}

TEST(ExamText, OnlyFailuresThatAreNotExpectedAreRed) {
  ExamResults results = small_exam();
  const TableOptions options{.width = 200, .colour = true};
  const std::string sentence =
      "told: leak: operation 2 (search) was never told: it ran on to its "
      "end (3.8 s).";
  EXPECT_THAT(exam_text(results, options, false), HasSubstr(text_red + sentence));
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}}};
  EXPECT_THAT(exam_text(results, options, false), Not(HasSubstr(text_red)));
}

TEST(ExamText, MarksExpectedFailuresAndThoseThatHold) {
  ExamResults results = small_exam();
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}},
      {.case_name = "mid-text", .clause = Clause::settles, .location = {}}};
  const std::string text = unbroken(text_at(0, results));
  EXPECT_THAT(text, HasSubstr("tool-in-progress leak* — ok"));
  EXPECT_THAT(text, HasSubstr("told: leak (expected): operation 2"));
  EXPECT_THAT(text, HasSubstr("mid-text ok — ok ok ok* —"));
  EXPECT_THAT(text, HasSubstr("mid-text.settles holds, and is among the expected failures of "
                              "my-agent.yaml: take it out there."));
  EXPECT_THAT(text, HasSubstr("9 of 10 clauses hold; 1 failure is expected (*). --verbose"));
}

TEST(ExamText, OfSeveralPlaysItShowsTheShareAndTheWorstPlayOfEachClause) {
  ExamResults results = small_exam();
  results.repeat = 3;
  std::vector<PlayResult>& plays = results.cases[1].plays;
  plays.push_back(plays[0]);
  plays.push_back(plays[0]);
  plays[0].judgement.verdicts[index_of(Clause::told)] = ClauseVerdict::pass;
  plays[0].judgement.reasons.clear();
  plays[2].judgement.verdicts[index_of(Clause::settles)] = ClauseVerdict::crash;
  plays[2].judgement.reasons.push_back({.clause = Clause::settles,
                                        .verdict = ClauseVerdict::crash,
                                        .text = "its process exited with status 1"});
  const std::string text = unbroken(text_at(0, results));
  EXPECT_THAT(text, HasSubstr("each case played 3 times, the worst is shown."));
  EXPECT_THAT(text, HasSubstr("tool-in-progress leak 2/3 — ok ok crash 1/3"));
  EXPECT_THAT(text, HasSubstr("tool-in-progress, play 2: The cancel"));
  EXPECT_THAT(text, HasSubstr("told: leak (2 of 3 plays): operation 2"));
  EXPECT_THAT(text, HasSubstr("tool-in-progress, play 3: The cancel"));
  EXPECT_THAT(text, HasSubstr("settles: crash (1 of 3 plays): its process exited with status 1."));
  EXPECT_THAT(text, HasSubstr("tool-in-progress --repeat 3 --verbose"));
}

TEST(ExamText, ACrashIsToldWithTheLast20LinesOfItsStandardError) {
  ExamResults results = small_exam();
  PlayResult& play = results.cases[1].plays[0];
  play.stderr_text.clear();
  for (int i = 1; i <= 30; ++i) play.stderr_text += "line " + std::to_string(i) + "\n";
  EXPECT_THAT(text_at(80, results), Not(HasSubstr("line 30")));
  play.facts.fault = SubjectFault{
      .kind = SubjectFault::Kind::crashed, .at = exam_time(700ms), .text = "exited with status 1"};
  const std::string text = unbroken(text_at(80, results));
  EXPECT_THAT(text, HasSubstr("The end of its standard error: line 11 line 12 "));
  EXPECT_THAT(text, HasSubstr("line 30 Again:"));
}

TEST(ExamText, OfVeryManyReasonsAndCallsItShowsTheFirst) {
  const std::string text = unbroken(text_at(0, hostile_exam()));
  EXPECT_THAT(text, HasSubstr("told: and 996 more."));
  EXPECT_THAT(text, HasSubstr("and 992 more calls"));
  EXPECT_THAT(text, HasSubstr("and 995 more of these."));
}

TEST(ExamText, SaysThatItWasInterrupted) {
  ExamResults results = small_exam();
  results.is_partial = true;
  EXPECT_THAT(text_at(80, results), testing::StartsWith("Interrupted: this is what is known.\n"));
  results.cases.clear();
  EXPECT_EQ(text_at(100, results),
            "Interrupted: this is what is known.\n"
            "my-agent 1.2.3: no case was judged; in time is within 250 ms.\n");
}

TEST(ExamText, SaysWhatWasSaidIfItIsToBeVerbose) {
  EXPECT_THAT(text_at(100), Not(HasSubstr("what was said:")));
  EXPECT_THAT(exam_text(small_exam(), {.width = 100}, true),
              HasSubstr("tool-in-progress, what was said:\n"
                        "0.000 s > {\"do\":\"start\"}\n"
                        "0.620 s < {\"is\":\"settled\",\"outcome\":\"cancelled\"}\n"));
}

TEST(ExamText, SaysThatNothingRanOnWhereThereIsNoTableOfIt) {
  ExamResults results = small_exam();
  results.cases.resize(1, {});
  EXPECT_THAT(text_at(100, results), HasSubstr("\nNothing ran on after a cancel.\n"));
}

TEST(ExamMarkdown, HasATableAndASectionForEachFailure) {
  std::string lanes;
  for (const std::string& line : lanes_text(small_exam().cases[1].plays[0].facts, {1}, 100))
    lanes += line + "\n";
  const std::string source = source_of(Clause::told, OperationKind::tool);
  ASSERT_EQ(source.find_first_of("\\`*_[]~<>&|"), std::string::npos);
  std::string escaped = source;
  for (auto at = escaped.find('#'); at != std::string::npos; at = escaped.find('#', at + 2))
    escaped.insert(at, "\\");
  EXPECT_EQ(
      exam_markdown(small_exam()),
      R"(## my-agent 1.2.3: 1 of 2 cases hold every clause that applies; in time is within 250 ms.

| case | told | children | nothing-starts | truthful | settles | next-turn | usage | effects-once | no-stray | ran on | tokens | $ | effects |
|---|---|---|---|---|---|---|---|---|---|--:|--:|--:|--:|
| mid-text | ok | — | ok | ok | ok | — | — | — | ok | 0.00 s | 0 | $0.00 | 0 |
| tool-in-progress | leak | — | ok | ok | ok | — | — | — | ok | 3.80 s | 1,234 | $0.0027 | 1 |
| backing-off | — | — | — | — | — | — | — | — | — | — | — | — | — |

backing-off is not judged: it said failed before operation.refused of operation 1 came; it never asked for operation 2 (search).

### tool-in-progress

The cancel comes 200 ms into a tool of 4 s.

* told: leak: operation 2 (search) was never told: it ran on to its end (3.8 s). It rests on: )" +
          escaped + ".\n\n```text\n" + lanes + R"(```

Again: `caesura exam my-agent.yaml tool-in-progress --verbose`

9 of 10 clauses hold; 1 failure is not expected.

\--verbose shows what was said, --out DIR keeps it with every event.
)");
}

TEST(ExamMarkdown, WhatASubjectSaysStaysInItsPlace) {
  const std::string text = exam_markdown(hostile_exam());
  EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xff")),
                          Not(HasSubstr("\n| **b**")), Not(HasSubstr(" **b** \\`c"))));
  // Outside of code nothing of it is HTML; in code it is text.
  std::string fence;
  for (const std::string& line : lines_of(text)) {
    if (fence.empty() && line.starts_with("```")) {
      fence = line.substr(0, line.find("text"));
    } else if (line == fence) {
      fence.clear();
    } else if (fence.empty() && !line.starts_with("Again: ````")) {
      EXPECT_THAT(line, Not(HasSubstr("<script>")));
    }
    if (line.starts_with("| ")) {
      EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 15) << line;
    }
  }
  EXPECT_EQ(fence, "");
}

}  // namespace
}  // namespace caesura
