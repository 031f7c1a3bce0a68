#include "scenarios/report/report.hpp"

#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string headline_of(const std::vector<ReportPair>& reports) {
  return headline(totals_of(reports).to_json("p"));
}

ReportPair completed() {
  ReportPair pair = cancelled_after_1500_of_10000_tokens();
  auto& [request, client] = pair;
  request.outcome = client.outcome = Outcome::completed;
  request.used = request.planned;
  request.saved = {};
  client.cancels_accepted = 0;
  client.cancels_ignored = 1;
  return pair;
}

TEST(Headline, SaysWhatACancelTookAndSaved) {
  EXPECT_EQ(headline_of({cancelled_after_1500_of_10000_tokens(), completed()}),
            "p: 1 of 2 requests was cancelled; a cancel took effect 4.1 s after it was sent, at "
            "the median, on average and at p99; "
            "it saved 42.5 % of tokens and $0.17, 96.6 % of what was avoidable.");
}

TEST(Headline, SaysSoIfNoneCompleted) {
  EXPECT_EQ(headline_of(failed_requests(25)),
            "p: none of 25 requests was cancelled, and none completed; 0 tokens and $0.00 were "
            "used.");
}

TEST(Headline, OfThePolicyNeverSaysThatCancelsWereIgnored) {
  EXPECT_EQ(headline_of({completed(), completed()}),
            "p: 2 cancels were ignored; 20,000 tokens and $0.40 were used, 300 tokens and $0.006 "
            "of them after a cancel had come.");
}

TEST(Headline, WithoutCancelsSaysWhatWasUsed) {
  ReportPair pair = completed();
  pair.client.cancel_sent.reset();
  pair.client.cancels_sent = pair.client.cancels_ignored = 0;
  EXPECT_EQ(headline_of({pair}),
            "p: none of 1 request was cancelled; 10,000 tokens and $0.20 were used.");
}

/// A request that ended so, and `orphans` agents of which ran on for an hour and 1,000 tokens each.
ReportPair leaving(Outcome outcome, std::uint32_t orphans) {
  ReportPair pair =
      outcome == Outcome::cancelled ? cancelled_after_1500_of_10000_tokens() : completed();
  pair.request.outcome = pair.client.outcome = outcome;
  pair.request.orphans = {.count = orphans,
                          .ran_on = std::chrono::hours{orphans},
                          .tokens = Tokens{1000 * orphans},
                          .cost = Money{20'000'000} * Tokens{1000 * orphans}};
  return pair;
}

TEST(Headline, SaysWhoseAgentsRanOnAsOrphans) {
  EXPECT_THAT(headline_of({leaving(Outcome::cancelled, 1)}),
              HasSubstr(" of what was avoidable; 1 agent of cancelled requests ran on as an orphan "
                        "for 60 min, which took 1,000 tokens and $0.02."));
  EXPECT_THAT(headline_of({leaving(Outcome::cancelled, 1), leaving(Outcome::timed_out, 2)}),
              HasSubstr("; 3 agents of cancelled or timed-out requests ran on as orphans for 3 h "
                        "together, which took 3,000 tokens and $0.06."));
  EXPECT_THAT(
      headline_of({leaving(Outcome::timed_out, 2), leaving(Outcome::failed, 0)}),
      HasSubstr(" of them after a cancel had come; 2 agents of timed-out requests ran on as "
                "orphans for 2 h together, which took 2,000 tokens and $0.04."));
  EXPECT_THAT(headline_of({leaving(Outcome::cancelled, 0), leaving(Outcome::timed_out, 0)}),
              Not(HasSubstr("orphan")));
}

TEST(Headline, SaysWhatOrphansUsedWhereNobodyCancelled) {
  ReportPair pair = leaving(Outcome::timed_out, 2);
  pair.client.cancel_sent.reset();
  pair.client.cancels_sent = pair.client.cancels_ignored = 0;
  EXPECT_EQ(headline_of({pair}),
            "p: none of 1 request was cancelled, and none completed; 10,000 tokens and $0.20 were "
            "used; 2 agents of timed-out requests ran on as orphans for 2 h together, which took "
            "2,000 tokens and "
            "$0.04.");
  pair.request.planned.tokens = {};
  pair.request.planned.cost = {};
  EXPECT_THAT(headline_of({pair}),
              EndsWith("2 agents of timed-out requests ran on as orphans for 2 h together."))
      << "of tools alone";
}

TEST(Headline, WithoutMoneyCountsTokensAndWithoutTokensCountsTime) {
  ReportPair pair = cancelled_after_1500_of_10000_tokens();
  for (Amounts* const part : {&pair.request.planned, &pair.request.used, &pair.request.saved,
                              &pair.request.used_after_cancel}) {
    part->cost = {};
  }
  EXPECT_THAT(headline_of({pair}),
              HasSubstr("it saved 85 % of tokens, 98.3 % of what was avoidable."));
  for (Amounts* const part : {&pair.request.planned, &pair.request.used, &pair.request.saved,
                              &pair.request.used_after_cancel}) {
    part->tokens = {};
  }
  EXPECT_THAT(headline_of({pair}),
              HasSubstr("it saved 75 % of busy time, 80.4 % of what was avoidable."));
}

/// Any number of requests that ended in each way, whatever else the totals say.
nlohmann::ordered_json with_outcomes(const std::array<std::int64_t, 5>& counts) {
  nlohmann::ordered_json policy = totals_of({}).to_json("p");
  std::int64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    policy["requests"][name_of(static_cast<Outcome>(i))] = counts[i];
    total += counts[i];
  }
  policy["requests"]["total"] = total;
  return {{"policies", nlohmann::ordered_json::array({policy})}};
}

TEST(OutcomeLines, SayHowRequestsEndedInEveryMixAndNumber) {
  const std::map<std::int64_t, std::string> figures{
      {0, ""}, {1, "1"}, {999, "999"}, {1000, "1,000"}, {1'000'000, "1,000,000"}};
  // In the order of Outcome.
  const std::array<std::string, 5> words{" completed", " cancelled", " failed", " timed out",
                                         " rejected"};
  std::array<std::int64_t, 5> counts{};
  const std::function<void(std::size_t)> each = [&](std::size_t place) {
    if (place < counts.size()) {
      for (const auto& [count, figure] : figures) {
        counts[place] = count;
        each(place + 1);
      }
      return;
    }
    std::string expected;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0)
        expected += (expected.empty() ? "p: " : ", ") + figures.at(counts[i]) + words[i];
    }
    const auto lines = outcome_lines(with_outcomes(counts));
    if (expected.empty()) {
      EXPECT_THAT(lines, IsEmpty());
    } else {
      EXPECT_THAT(lines, ElementsAre(expected));
    }
  };
  each(0);
}

TEST(OutcomeLines, SayWhatBecameOfCancelsWithoutEffect) {
  EXPECT_THAT(outcome_lines(to_json(sample_results(
                  {"p", "q"}, {cancelled_after_1500_of_10000_tokens(), completed()}))),
              ElementsAre("p: 1 completed, 1 cancelled; of 2 cancels 1 ignored",
                          "q: 1 completed, 1 cancelled; of 2 cancels 1 ignored"));
}

TEST(Grids, HaveMoneyOnlyWhereThereIsAny) {
  const auto reports = random_reports(3, 50);
  const auto priced = to_json(sample_results({"never", "abort"}, reports));
  const auto free = to_json(sample_results({"never", "abort"}, free_of_charge(reports)));
  EXPECT_THAT(policy_grid(priced).header, Contains("$ saved"));
  EXPECT_THAT(policy_grid(free).header, Not(Contains("$ saved")));
  EXPECT_EQ(ledger_grid(priced).rows.size(), 4U);
  ASSERT_EQ(ledger_grid(free).rows.size(), 2U);
  for (const Grid& grid :
       {policy_grid(priced), policy_grid(free), ledger_grid(priced), ledger_grid(free)}) {
    for (const auto& row : grid.rows) EXPECT_EQ(row.size(), grid.header.size());
  }
  EXPECT_THAT(ledger_grid(free).header, Contains("billed"));
  EXPECT_EQ(ledger_grid(free).rows[1][1], "tokens");
}

TEST(OperationGrid, IsThereOnlyIfCancelsLandedInSeveralKindsOfOperation) {
  ReportPair in_tool = cancelled_after_1500_of_10000_tokens();
  in_tool.request.cancelled_in = index_of(OperationKind::tool);
  const auto one_kind = operation_grid(to_json(sample_results({"p"}, {in_tool, in_tool})));
  EXPECT_FALSE(one_kind);
  ReportPair in_nothing = in_tool;
  in_nothing.request.cancelled_in = nothing_in_progress;
  const auto two_kinds = operation_grid(to_json(sample_results({"p"}, {in_tool, in_nothing})));
  ASSERT_TRUE(two_kinds);
  EXPECT_THAT(two_kinds->rows[0],
              ElementsAre("p", "tool", "1", "4.1 s", "4.1 s", "4.1 s", "4.1 s"));
  EXPECT_THAT(two_kinds->rows[1],
              ElementsAre("p", "nothing in progress", "1", "4.1 s", "4.1 s", "4.1 s", "4.1 s"));
}

TEST(RunLine, SaysHowManyReplicationsOfTheSeedThereWere) {
  Results results = sample_results({"p"}, {});
  EXPECT_THAT(run_line(to_json(results)), HasSubstr("of simulated time; seed 42;"));
  results.replications = 20;
  EXPECT_THAT(run_line(to_json(results)),
              HasSubstr("of simulated time; 20 replications of seed 42;"));
}

TEST(MeasureLine, IsHonestAboutWhatWasMeasured) {
  Results results = sample_results({"p"}, {});
  EXPECT_THAT(measure_line(to_json(results), results.background),
              HasSubstr("not the speed of this machine"));
  results.engine = "caf-realtime";
  results.background.lateness_max = std::chrono::microseconds{1234};
  EXPECT_THAT(measure_line(to_json(results), results.background),
              HasSubstr("a message was at most 1.23 ms late."));
}

nlohmann::ordered_json policies_of(
    const std::vector<std::pair<std::string, std::vector<ReportPair>>>& policies) {
  nlohmann::ordered_json results;
  for (const auto& [name, reports] : policies)
    results["policies"].push_back(totals_of(reports).to_json(name));
  return results;
}

TEST(Overall, SaysWhatTheFirstPolicySavesAndWhatTheQuickestWouldCost) {
  ReportPair quick = cancelled_after_1500_of_10000_tokens();
  quick.request.stopped = *quick.client.cancel_sent + std::chrono::milliseconds(25);
  quick.request.interrupted[index_of(OperationKind::tool)] = 2;
  quick.request.interrupted_unsafe = 1;
  EXPECT_EQ(overall(policies_of({{"never", {completed()}},
                                 {"checkpoint", {cancelled_after_1500_of_10000_tokens()}},
                                 {"abort", {quick}}})),
            "Cancelling at checkpoints saves 85 % of tokens and $0.17, 98.3 % of what was "
            "avoidable; a cancel takes 4.1 s on average, 4.1 s "
            "at p99; aborting would cut that to 25 ms on average, at the price of 2 operations cut "
            "off, 1 of them unsafe.");
}

TEST(Overall, NamesAPolicyThatHasANameOfItsOwnAndNoSlowerOne) {
  const auto pair = cancelled_after_1500_of_10000_tokens();
  EXPECT_EQ(overall(policies_of({{"fast-tools", {pair}}, {"checkpoint", {pair}}})),
            "Policy fast-tools saves 85 % of tokens and $0.17, 98.3 % of what was avoidable; a "
            "cancel takes 4.1 s on average, 4.1 s at p99.");
}

TEST(Overall, SaysSoIfNothingWasCancelled) {
  EXPECT_EQ(overall(policies_of({{"never", {completed()}}})),
            "No request was cancelled, so nothing was saved.");
  EXPECT_EQ(overall(policies_of({{"never", failed_requests(2)}, {"abort", failed_requests(2)}})),
            "No request was cancelled, and none completed.");
  EXPECT_EQ(overall(policies_of({{"never", {}}})),
            "No request was cancelled, so nothing was saved.");
}

TEST(PartialLine, OfAServedRunCountsTheRequestsThatHadNotEnded) {
  Results results = sample_results({"checkpoint"}, {completed(), completed()});
  results.run.partial = true;
  results.run.served = true;
  results.requests = 3;
  EXPECT_EQ(partial_line(to_json(results)), "1 request had not ended and is not counted");
  results.requests = 1002;
  EXPECT_EQ(partial_line(to_json(results)), "1,000 requests had not ended and are not counted");
}

}  // namespace
}  // namespace caesura
