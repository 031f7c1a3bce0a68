#include "scenarios/report/table.hpp"

#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <string>

namespace caesura {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string text_of(const Results& results, const TableOptions& options = {}) {
  return table_text(to_json(results), results.background, options);
}

Results one_cancelled() {
  return sample_results({"checkpoint"}, {cancelled_after_1500_of_10000_tokens()});
}

Results three_policies() {
  Results results = sample_results({"never", "checkpoint", "fast-tools"}, random_reports(1, 300));
  results.thresholds = {
      parse_threshold({.expression = "checkpoint.cancel_latency_s.p99 < 120", .location = ""}),
      parse_threshold({.expression = "fast-tools.requests.total == 300", .location = ""})};
  return results;
}

TEST(Table, OfOnePolicyInAPipe) {
  EXPECT_EQ(text_of(one_cancelled()), R"(cancel-after-timeout — Users give up after 30 s.

Cancels: 30 s after sending.
checkpoint: 1 of 1 request was cancelled; a cancel took effect 4.1 s after it
was sent, at the median, on average and at p99; it saved 85 % of tokens and
$0.17, 98.3 % of what was avoidable.

policy      requests  cancelled  stop after p50    p90    p99  tokens saved  $ saved  of avoidable  cut off (unsafe)  discarded
checkpoint         1          1           4.1 s  4.1 s  4.1 s          85 %    $0.17        98.3 %             0 (0)          0

policy      ledger  planned   used  saved  forgone
checkpoint  tokens   10,000  1,500  8,500        0
checkpoint  cost      $0.20  $0.03  $0.17    $0.00

checkpoint: 1 cancelled

Engine caf: 1 request in 50 ms (201,000 requests/s) on 2 threads; 9.35 min of
simulated time; seed 42; Caesura 0.1.0.
Virtual time: consequences of the rule under the scenario's latencies, not the
speed of this machine.
)");
}

TEST(Table, OnANarrowTerminalIsTurnedOnItsSide) {
  EXPECT_THAT(text_of(one_cancelled(), {.width = 60}), HasSubstr(R"(
policy            checkpoint
requests                   1
cancelled                  1
stop after p50         4.1 s
p90                    4.1 s
p99                    4.1 s
tokens saved            85 %
$ saved                $0.17
of avoidable          98.3 %
cut off (unsafe)       0 (0)
discarded                  0

policy      ledger  planned   used  saved  forgone
checkpoint  tokens   10,000  1,500  8,500        0
)"));
}

TEST(Table, OnAVeryNarrowTerminalIsToldLineByLine) {
  EXPECT_THAT(text_of(one_cancelled(), {.width = 26}), HasSubstr(R"(
checkpoint
  requests               1
  cancelled              1
  stop after p50     4.1 s
  p90                4.1 s
  p99                4.1 s
  tokens saved        85 %
  $ saved            $0.17
  of avoidable      98.3 %
  cut off (unsafe)   0 (0)
  discarded              0

checkpoint tokens
  planned  10,000
  used      1,500
  saved     8,500
  forgone       0
)"));
}

TEST(Table, IsNeverWiderThanTheTerminal) {
  Results results = three_policies();
  results.background.description =
      "日本語 a_very_long_word_that_does_not_fit_on_a_line_of_twenty_columns — 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀";
  results.policies.push_back(
      {.policy = {.name = "a-name-of-sixty-four-letters-which-is-the-most-that-a-slug-may-have"},
       .totals = {}});
  results.run.partial = true;
  for (const bool partial : {false, true}) {
    results.run.partial = partial;
    for (std::size_t width = 20; width <= 200; ++width) {
      std::istringstream lines(text_of(results, {.width = width}));
      for (std::string line; std::getline(lines, line);)
        ASSERT_LE(display_width(line), width) << line;
    }
  }
}

TEST(Table, SaysHowRequestsEndedAndWhichThresholdsWereHeld) {
  const std::string text = text_of(three_policies());
  EXPECT_THAT(text, HasSubstr(" completed, "));
  EXPECT_THAT(text, HasSubstr(" timed out, "));
  EXPECT_THAT(text, HasSubstr("\nFAILED  checkpoint.cancel_latency_s.p99 < 120 ("));
  EXPECT_THAT(text, HasSubstr("\nok      fast-tools.requests.total == 300 (300)\n"));
}

TEST(Table, SaysHowRequestsEndedWhereNoneHasCompleted) {
  EXPECT_THAT(text_of(sample_results({"never", "abort"}, failed_requests(25))),
              HasSubstr("\n\nnever: 25 failed\nabort: 25 failed\n\n"));
}

TEST(Table, SpeaksOfMoneyOnlyWhereThereIsAny) {
  const auto reports = random_reports(1, 300);
  const Results free = sample_results({"never", "abort"}, free_of_charge(reports));
  for (const std::size_t width : {0, 26, 60, 100}) {
    const std::string text = text_of(free, {.width = width});
    EXPECT_THAT(text, AllOf(Not(HasSubstr("$")), Not(HasSubstr("dollar")), Not(HasSubstr("cost"))));
  }
  EXPECT_THAT(text_of(sample_results({"never", "abort"}, reports)),
              AllOf(HasSubstr("$ saved"), HasSubstr("cost  "), HasSubstr("dollars")));
}

TEST(Table, IsColouredOnlyIfAsked) {
  EXPECT_THAT(text_of(three_policies()), Not(HasSubstr("\x1b")));
  const std::string text = text_of(three_policies(), {.width = 100, .colour = true});
  EXPECT_THAT(text, AllOf(HasSubstr("\x1b[31mFAILED\x1b[0m  checkpoint."),
                          HasSubstr("\x1b[32mok\x1b[0m      fast-tools."),
                          HasSubstr("\n\x1b[1mcheckpoint: ")));
}

TEST(Table, OfAnInterruptedRunSaysSoFirst) {
  Results results = three_policies();
  results.requests = 10'000;
  results.run.partial = true;
  EXPECT_THAT(text_of(results), AllOf(StartsWith("Interrupted: partial results of 900 of 30,000 "
                                                 "requests; thresholds were not\njudged\n"),
                                      Not(HasSubstr("FAILED"))));
  EXPECT_THAT(text_of(results, {.width = 60, .colour = true}), StartsWith("\x1b[31mInterrupted: "));
}

TEST(Table, OfNoRequestsIsWhole) {
  Results results = sample_results({"checkpoint"}, {});
  results.run.partial = true;
  EXPECT_THAT(text_of(results), HasSubstr("checkpoint: no request has ended."));
}

TEST(Table, ShowsNoControlCharactersOfAScenario) {
  Results results = one_cancelled();
  results.background.description = "line\nbreak \x1b[2J\x07 and \u202e";
  EXPECT_THAT(text_of(results), AllOf(StartsWith("cancel-after-timeout — line break [2J and\n"),
                                      Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace caesura
