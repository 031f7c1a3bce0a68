#include "scenarios/report/markdown.hpp"

#include "scenarios/results/threshold_reader.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>

namespace caesura {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(EscapedMarkdown, ShowsMarkupAsItIs) {
  EXPECT_EQ(escaped_markdown("a|b"), "a&#124;b");
  EXPECT_EQ(escaped_markdown("<script>&"), "&lt;script&gt;&amp;");
  EXPECT_EQ(escaped_markdown("`x` *b* _i_ [l](u) # ~"),
            "\\`x\\` \\*b\\* \\_i\\_ \\[l\\](u) \\# \\~");
  EXPECT_EQ(escaped_markdown("back\\slash"), "back\\\\slash");
  EXPECT_EQ(escaped_markdown("two\nlines\r\n\n"), "two lines   ");
}

TEST(EscapedMarkdown, BeginsNoListRuleOrHeading) {
  EXPECT_EQ(escaped_markdown("- item"), "\\- item");
  EXPECT_EQ(escaped_markdown("  + item"), "\\+ item");
  EXPECT_EQ(escaped_markdown("---"), "\\---");
  EXPECT_EQ(escaped_markdown("1. item"), "1\\. item");
  EXPECT_EQ(escaped_markdown("2) item"), "2\\) item");
  EXPECT_EQ(escaped_markdown("# title"), "\\# title");
  EXPECT_EQ(escaped_markdown("> quote"), "&gt; quote");
}

TEST(EscapedMarkdown, LeavesFiguresReadable) {
  for (const char* const figure : {"$12.40", "7.07 min", "31.2 %", "1,234", "—", "12 (3)"})
    EXPECT_EQ(escaped_markdown(figure), figure);
}

TEST(Markdown, OfOnePolicy) {
  Results results = sample_results({"checkpoint"}, {cancelled_after_1500_of_10000_tokens()});
  results.thresholds = {
      parse_threshold({.expression = "checkpoint.cancel_latency_s.p99 < 4", .location = ""}),
      parse_threshold({.expression = "checkpoint.tokens.saved >= 8500", .location = ""})};
  EXPECT_EQ(markdown_text(to_json(results), results.background), R"(# cancel-after-timeout

Users give up after 30 s.

Cancels: 30 s after sending.

- checkpoint: 1 of 1 request was cancelled; a cancel took effect 4.1 s after it was sent, at the median, on average and at p99; it saved 85 % of tokens and $0.17, 98.3 % of what was avoidable.

| policy | requests | cancelled | stop after p50 | p90 | p99 | tokens saved | $ saved | of avoidable | cut off (unsafe) | discarded |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| checkpoint | 1 | 1 | 4.1 s | 4.1 s | 4.1 s | 85 % | $0.17 | 98.3 % | 0 (0) | 0 |

| policy | ledger | planned | used | saved | forgone |
| --- | --- | ---: | ---: | ---: | ---: |
| checkpoint | tokens | 10,000 | 1,500 | 8,500 | 0 |
| checkpoint | cost | $0.20 | $0.03 | $0.17 | $0.00 |

- checkpoint: 1 cancelled

- **FAILED**: `checkpoint.cancel_latency_s.p99 < 4` (4.1)
- ok: `checkpoint.tokens.saved >= 8500` (8500)

Engine caf: 1 request in 50 ms (201,000 requests/s) on 2 threads; 9.35 min of simulated time; seed 42; Caesura 0.1.0.
Virtual time: consequences of the rule under the scenario's latencies, not the speed of this machine.
)");
}

TEST(Markdown, SaysHowRequestsEndedWhereNoneHasCompleted) {
  const Results results = sample_results({"never", "abort"}, failed_requests(25));
  EXPECT_THAT(markdown_text(to_json(results), results.background),
              HasSubstr("\n\n- never: 25 failed\n- abort: 25 failed\n\n"));
}

TEST(Markdown, SpeaksOfMoneyOnlyWhereThereIsAny) {
  const auto reports = random_reports(1, 300);
  const Results free = sample_results({"never", "abort"}, free_of_charge(reports));
  EXPECT_THAT(markdown_text(to_json(free), free.background),
              AllOf(Not(HasSubstr("$")), Not(HasSubstr("dollar")), Not(HasSubstr("cost"))));
  const Results priced = sample_results({"never", "abort"}, reports);
  EXPECT_THAT(markdown_text(to_json(priced), priced.background), HasSubstr("| $ saved |"));
}

TEST(Markdown, OfAnInterruptedRunSaysSoFirst) {
  Results results = sample_results({"checkpoint"}, random_reports(1, 10));
  results.requests = 1000;
  results.run.partial = true;
  results.thresholds = {
      parse_threshold({.expression = "checkpoint.requests.total < 4", .location = ""})};
  EXPECT_THAT(markdown_text(to_json(results), results.background),
              AllOf(HasSubstr("\n\n**Interrupted: partial results of 10 of 1,000 requests; "
                              "thresholds were not judged**\n\n"),
                    HasSubstr("- not judged: `checkpoint.requests.total < 4`\n")));
}

TEST(Markdown, IsNotBrokenByHostileText) {
  Results results = sample_results({"p"}, random_reports(1, 10));
  results.scenario = "x | y\n# z";
  results.background = {.description = "```\n<script>alert(1)</script>\n| a | b |\n---",
                        .cancel_rule = "<b>|`",
                        .lateness_max = {},
                        .explanations = {"**bold** <b>"}};
  const std::string text = markdown_text(to_json(results), results.background);
  EXPECT_THAT(text, AllOf(HasSubstr("# x &#124; y \\# z\n"), Not(HasSubstr("<script")),
                          Not(HasSubstr("```")), HasSubstr("&lt;b&gt;&#124;\\`"),
                          HasSubstr("\n\n- \\*\\*bold\\*\\* &lt;b&gt;\n\n")));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto bars = std::count(line.begin(), line.end(), '|');
    EXPECT_TRUE(bars == 0 || bars == 12 || bars == 7 || bars == 8) << line;
  }
}

}  // namespace
}  // namespace caesura
