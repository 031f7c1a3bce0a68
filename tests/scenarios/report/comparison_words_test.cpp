#include "scenarios/report/comparison_words.hpp"

#include "scenarios/report/markdown.hpp"
#include "scenarios/report/table.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

/// Mean cancellation latency (null: none cancelled), dollars used and tools cut off.
struct Figures {
  Json latency;
  double used = 0;
  int cut_off = 0;
  int unsafe = 0;
};

Json document(const std::vector<std::pair<std::string, Figures>>& policies,
              const std::vector<PolicyComparison>& comparisons = {}) {
  std::vector<std::string> names;
  for (const auto& [name, figures] : policies) names.push_back(name);
  Results results = sample_results(names, {cancelled_after_1500_of_10000_tokens()});
  results.comparisons = comparisons;
  Json json = to_json(results);
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Figures& figures = policies[i].second;
    json["policies"][i]["cancel_latency_s"]["mean"] = figures.latency;
    json["policies"][i]["cost_usd"]["used"] = figures.used;
    json["policies"][i]["interrupted"]["tool"] = figures.cut_off;
    json["policies"][i]["interrupted"]["unsafe"] = figures.unsafe;
  }
  return json;
}

PolicyComparison abort_against_checkpoint() {
  return {.policy = "abort",
          .against = "checkpoint",
          .cancel_latency_s = {.pairs = 2890, .difference = -9.7, .ci95 = Interval{-9.79, -9.61}},
          .saved_usd = {.pairs = 10000, .difference = 12.34, .ci95 = Interval{12, 12.68}}};
}

std::string words_of(const PolicyComparison& comparison, const Figures& abort,
                     const Figures& checkpoint = {}) {
  return side_by_side_lines(document({{"checkpoint", checkpoint}, {"abort", abort}}, {comparison}))
      .at(0);
}

TEST(UndominatedPolicies, AreThoseThatNoOtherIsAtLeastAsGoodAsInAllAndBetterInOne) {
  EXPECT_THAT(undominated_policies(document({{"never", {nullptr, 9, 0}},
                                             {"checkpoint", {10, 8, 0}},
                                             {"abort", {0.1, 5, 200}},
                                             {"escalate", {4, 6, 50}},
                                             {"worse", {4, 6, 51}}})),
              ElementsAre("checkpoint", "abort", "escalate"));
}

TEST(UndominatedPolicies, AreAllWhereAllAreAlike) {
  EXPECT_THAT(undominated_policies(document({{"one", {1, 1, 1}}, {"two", {1, 1, 1}}})),
              ElementsAre("one", "two"));
  EXPECT_THAT(undominated_policies(document({{"one", {nullptr, 1, 0}}, {"two", {nullptr, 1, 0}}})),
              ElementsAre("one", "two"));
}

TEST(UndominatedPolicies, CountACancelThatNeverHappensAsTheLongestLatency) {
  EXPECT_THAT(
      undominated_policies(document({{"never", {nullptr, 5, 0}}, {"checkpoint", {1e9, 5, 0}}})),
      ElementsAre("checkpoint"));
  EXPECT_THAT(
      undominated_policies(document({{"never", {nullptr, 4, 0}}, {"checkpoint", {1, 5, 0}}})),
      ElementsAre("never", "checkpoint"));
}

TEST(SideBySide, SaysWhatAPolicyGainsHowSureThatIsAndItsPrice) {
  EXPECT_EQ(words_of(abort_against_checkpoint(), {.latency = 1, .cut_off = 212, .unsafe = 9}),
            "abort against checkpoint: cancels take effect 9.7 s sooner on average (95 % interval "
            "9.61 s to 9.79 s, 2,890 pairs); $12.34 "
            "more is saved (95 % interval $12.00 to $12.68, 10,000 pairs), at the price of 212 "
            "operations cut off, 9 of them unsafe.");
}

TEST(SideBySide, NamesDirectionsWhereAnIntervalHasBoth) {
  PolicyComparison comparison = abort_against_checkpoint();
  comparison.cancel_latency_s = {.pairs = 5, .difference = 1, .ci95 = Interval{-2, 4}};
  comparison.saved_usd = {.pairs = 6, .difference = -0.5, .ci95 = Interval{-1, 0}};
  EXPECT_EQ(words_of(comparison, {.latency = 1}),
            "abort against checkpoint: cancels take effect 1 s later on average (95 % interval 2 s "
            "sooner to 4 s later, 5 pairs); $0.50 "
            "less is saved (95 % interval $1.00 less to $0.00, 6 pairs).");
}

TEST(SideBySide, SaysWhatTheReferenceCutsOffToo) {
  EXPECT_THAT(words_of(abort_against_checkpoint(), {.latency = 1}, {.latency = 1, .cut_off = 1}),
              EndsWith("; 0 operations cut off, against 1 operation cut off."));
}

TEST(SideBySide, WithoutCommonCancelsOrMoneySaysSo) {
  PolicyComparison comparison = abort_against_checkpoint();
  comparison.cancel_latency_s = {};
  EXPECT_THAT(words_of(comparison, {.latency = 1}),
              HasSubstr("checkpoint: no request was cancelled under both; $12.34 more is saved"));
  Json free = document({{"checkpoint", {}}, {"abort", {}}}, {abort_against_checkpoint()});
  free["policies"][1]["cost_usd"]["planned"] = 0;
  EXPECT_THAT(side_by_side_lines(free).at(0), Not(HasSubstr("$")));
}

TEST(SideBySide, SaysNothingOfLatencyWhereAPolicyCancelsNothing) {
  PolicyComparison comparison = abort_against_checkpoint();
  comparison.policy = "never";
  comparison.cancel_latency_s = {};
  Json results = document({{"never", {}}, {"checkpoint", {}}}, {comparison});
  results["policies"][0]["requests"]["cancelled"] = 0;
  EXPECT_THAT(side_by_side_lines(results).at(0),
              StartsWith("never against checkpoint: $12.34 more is saved (95 %"));
  results["policies"][0]["cost_usd"]["planned"] = 0;
  EXPECT_EQ(side_by_side_lines(results).at(0),
            "never against checkpoint: no request was cancelled under both.");
}

TEST(SideBySide, SaysWhyThereIsNoIntervalAndWhatGivesOne) {
  PolicyComparison comparison = abort_against_checkpoint();
  comparison.cancel_latency_s.ci95.reset();
  comparison.saved_usd.ci95.reset();
  Json results = document({{"checkpoint", {}}, {"abort", {}}}, {comparison});
  const auto lines = side_by_side_lines(results);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(
      lines[0],
      HasSubstr("9.7 s sooner on average (2,890 pairs); $12.34 more is saved (10,000 pairs)."));
  EXPECT_EQ(lines[1],
            "Requests compete, so their pairs are not independent of one another and tell no "
            "interval; --replications 20 gives intervals.");
  results["engine"] = "caf-realtime";
  EXPECT_THAT(side_by_side_lines(results)[1], Not(HasSubstr("--replications")))
      << "which real time does not have";
  comparison.saved_usd.pairs = 1;
  EXPECT_THAT(side_by_side_lines(document({{"checkpoint", {}}, {"abort", {}}}, {comparison})),
              SizeIs(2))
      << "one pair has none anyway";
}

TEST(SideBySide, NamesTheUndominatedPoliciesLast) {
  const auto lines = side_by_side_lines(
      document({{"never", {nullptr, 9, 0}}, {"checkpoint", {10, 8, 0}}, {"abort", {0.1, 5, 200}}}));
  EXPECT_EQ(lines.back(),
            "In cancellation latency, dollars and operations cut off, no policy is better in one "
            "and worse in none than: checkpoint, abort.");
}

TEST(SideBySide, OfOnePolicyOrAnInterruptedRunSaysNothing) {
  EXPECT_THAT(side_by_side_lines(document({{"checkpoint", {}}})), IsEmpty());
  Json partial = document({{"checkpoint", {}}, {"abort", {}}});
  partial["run"]["partial"] = true;
  EXPECT_THAT(side_by_side_lines(partial), IsEmpty());
}

TEST(SideBySide, StandsInTheTableBrokenAtItsWidthAndInMarkdown) {
  const Json results = document({{"checkpoint", {}}, {"abort", {}}}, {abort_against_checkpoint()});
  const std::string table = table_text(results, {}, {.width = 60, .colour = false});
  EXPECT_THAT(table, HasSubstr("\nabort against checkpoint: cancels take effect 9.7 s sooner\n"));
  std::vector<std::size_t> widths;
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = table.find('\n', begin);
    widths.push_back(display_width(table.substr(begin, end - begin)));
    begin = end + 1;
  }
  EXPECT_THAT(widths, Each(Le(60U)));
  EXPECT_THAT(
      markdown_text(results, {}),
      HasSubstr(
          "\n- abort against checkpoint: cancels take effect 9.7 s sooner on average (95 % "));
}

}  // namespace
}  // namespace caesura
