#include "scenarios/results/comparison.hpp"

#include "tests/scenarios/sample_results.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t dollar = 1'000'000'000'000;
// 97.5th percentiles of Student's t with 2 and 3 degrees of freedom, from printed tables.
constexpr double t2 = 4.302652729911275;
constexpr double t3 = 3.182446305284263;

PairedDifferences differences(std::initializer_list<std::int64_t> latencies_s,
                              std::initializer_list<std::int64_t> saved_usd) {
  PairedDifferences all;
  for (const std::int64_t s : latencies_s) all.cancel_latency_ns.add(s * second);
  for (const std::int64_t usd : saved_usd) all.saved_picos.add(usd * dollar);
  return all;
}

void expect_interval(const Estimate& estimate, double middle, double half_width) {
  ASSERT_TRUE(estimate.difference);
  ASSERT_TRUE(estimate.ci95);
  EXPECT_DOUBLE_EQ(*estimate.difference, middle);
  EXPECT_NEAR(estimate.ci95->low, middle - half_width, 1e-9);
  EXPECT_NEAR(estimate.ci95->high, middle + half_width, 1e-9);
}

TEST(PairedRequest, HasALatencyOnlyIfItWasCancelled) {
  ReportPair pair = cancelled_after_1500_of_10000_tokens();
  EXPECT_EQ(paired_request(pair.request, pair.client).cancel_latency_ns, 4'100'000'000);
  EXPECT_EQ(paired_request(pair.request, pair.client).saved_picos, 170'000'000'000);
  pair.request.outcome = Outcome::completed;
  EXPECT_EQ(paired_request(pair.request, pair.client).cancel_latency_ns,
            PairedRequest::not_cancelled);
}

TEST(PairedDifferences, AreOfLatenciesThatBothPoliciesHaveAndOfAllSavings) {
  const PairedRequests reference{
      {.cancel_latency_ns = 10, .saved_picos = 5}, {.cancel_latency_ns = 20, .saved_picos = 7}, {}};
  const PairedRequests policy{
      {.cancel_latency_ns = 4, .saved_picos = 9}, {}, {.cancel_latency_ns = 0, .saved_picos = 1}};
  const PairedDifferences all = paired_differences(policy, reference);
  EXPECT_EQ(all.cancel_latency_ns.count(), 1U);
  EXPECT_EQ(all.cancel_latency_ns.sum(), -6);
  EXPECT_EQ(all.saved_picos.count(), 3U);
  EXPECT_EQ(all.saved_picos.sum(), 10 - 12);
}

TEST(PairedDifferences, OfThePolicyNeverAreTheReferencesSavings) {
  const PairedDifferences all = never_differences(
      {{.cancel_latency_ns = 10, .saved_picos = 5}, {.cancel_latency_ns = 0, .saved_picos = 7}});
  EXPECT_EQ(all.cancel_latency_ns.count(), 0U);
  EXPECT_EQ(all.saved_picos.count(), 2U);
  EXPECT_EQ(all.saved_picos.sum(), -12);
}

TEST(PairedDifferences, RefuseRunsOfDifferentSizes) {
  EXPECT_THROW(paired_differences({{}, {}}, {{}}), std::logic_error);
}

TEST(Compare, OverIndependentPairsIsStudentsIntervalOfTheirMean) {
  // 1, 2, 3, 4: mean 2.5, standard deviation sqrt(5/3).
  const PolicyComparison comparison =
      compare("abort", "checkpoint", {differences({1, 2, 3, 4}, {1, 2, 3, 4})}, Spread::pairs);
  EXPECT_EQ(comparison.policy, "abort");
  EXPECT_EQ(comparison.against, "checkpoint");
  const double half_width = t3 * std::sqrt(5.0 / 3) / 2;
  EXPECT_EQ(comparison.cancel_latency_s.pairs, 4U);
  expect_interval(comparison.cancel_latency_s, 2.5, half_width);
  expect_interval(comparison.saved_usd, 10, 4 * half_width);
}

TEST(Compare, OverReplicationsIsStudentsIntervalOfTheirSumsAndOfARatio) {
  // Latency: sums 10, 30, 20 of 2, 4, 2 pairs: ratio 7.5, residuals -5, 0, 5. Saved: sums 1, 2, 3:
  // residuals -1, 0, 1.
  const PolicyComparison comparison = compare(
      "a", "b",
      {differences({4, 6}, {1}), differences({6, 6, 9, 9}, {5, -3}), differences({10, 10}, {0, 3})},
      Spread::replications);
  EXPECT_EQ(comparison.cancel_latency_s.pairs, 8U);
  expect_interval(comparison.cancel_latency_s, 7.5, t2 * std::sqrt(3 * 50.0 / 2) / 8);
  EXPECT_EQ(comparison.saved_usd.pairs, 5U);
  expect_interval(comparison.saved_usd, 6, t2 * std::sqrt(3 * 2.0 / 2));
}

TEST(Compare, ReplicationsWithoutPairsDoNotMakeAnEstimateSurer) {
  const PairedDifferences none = differences({}, {1});
  const auto latency = [](const std::vector<PairedDifferences>& replications) {
    return compare("a", "b", replications, Spread::replications).cancel_latency_s;
  };
  const Estimate one = latency({differences({4, 6}, {1}), none, none});
  EXPECT_EQ(one.difference, 5.0);
  EXPECT_FALSE(one.ci95);
  expect_interval(latency({none, differences({4, 6}, {1}), differences({6, 6, 9, 9}, {1}), none,
                           differences({10, 10}, {1})}),
                  7.5, t2 * std::sqrt(3 * 50.0 / 2) / 8);
}

TEST(Compare, OfDependentPairsHasNoInterval) {
  const PolicyComparison comparison =
      compare("a", "b", {differences({1, 2}, {1, 2, 3})}, Spread::unknown);
  EXPECT_EQ(comparison.cancel_latency_s.difference, 1.5);
  EXPECT_FALSE(comparison.cancel_latency_s.ci95);
  EXPECT_EQ(comparison.saved_usd.difference, 6.0);
  EXPECT_FALSE(comparison.saved_usd.ci95);
}

TEST(Compare, WithoutPairsOrWithOneHasNoInterval) {
  for (const Spread spread : {Spread::pairs, Spread::replications, Spread::unknown}) {
    const PolicyComparison none = compare("a", "b", {differences({}, {})}, spread);
    EXPECT_EQ(none.cancel_latency_s.pairs, 0U);
    EXPECT_FALSE(none.cancel_latency_s.difference || none.saved_usd.difference);
    const PolicyComparison one = compare("a", "b", {differences({3}, {-2})}, spread);
    EXPECT_EQ(one.cancel_latency_s.difference, 3.0);
    EXPECT_EQ(one.saved_usd.difference, -2.0);
    EXPECT_FALSE(one.cancel_latency_s.ci95 || one.saved_usd.ci95);
  }
}

TEST(Compare, SumsOfPicodollarsBeyondADoubleAreExact) {
  PairedDifferences saved;
  for (int i = 0; i < 1000; ++i) saved.saved_picos.add(9'000'000'000'000'000'001);
  const Estimate estimate = compare("a", "b", {saved, saved}, Spread::replications).saved_usd;
  EXPECT_EQ(estimate.difference, 18'000'000'000.000000002);
  ASSERT_TRUE(estimate.ci95);
  EXPECT_EQ(estimate.ci95->low, estimate.ci95->high) << "replications that agree leave no doubt";
}

}  // namespace
}  // namespace caesura
