#include "scenarios/format/format_number.hpp"
#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// What the reader throws, or "accepted".
std::string refusal(const std::function<void()>& read) {
  try {
    read();
    return "accepted";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

TEST(ScenarioValues, DurationsAreExact) {
  EXPECT_EQ(duration_from("250us"), 250us);
  EXPECT_EQ(duration_from("10ms"), 10ms);
  EXPECT_EQ(duration_from("1.5s"), 1500ms);
  EXPECT_EQ(duration_from("2m"), 2min);
  EXPECT_EQ(duration_from("1h"), 1h);
  EXPECT_EQ(duration_from("7ns"), 7ns);
  EXPECT_EQ(duration_from("0.1s"), 100ms);
  EXPECT_EQ(duration_from("0.3us"), 300ns);
  EXPECT_EQ(duration_from("1.000000001s"), 1'000'000'001ns);
  EXPECT_EQ(duration_from("1.10000000000000000000000000000000s"), 1100ms)
      << "zeros at the end change nothing";
  EXPECT_EQ(duration_from("000000000000000000000000000000000000001s"), 1s);
  EXPECT_EQ(duration_from("8760h"), longest_duration);
  EXPECT_EQ(duration_from("0s"), 0s);
  EXPECT_EQ(duration_from("1e-07s"), 100ns);
  EXPECT_EQ(duration_from("1.5e+3ms"), 1500ms);
  EXPECT_EQ(refusal([] { duration_from("1.0000000000000000000000000000001s"); }),
            "is finer than a nanosecond; round it");
  for (const char* text : {"", "s", "1", "1.s", ".5s", "+1s", "1d", "1 s", "1S", "1es", "1e-s",
                           "1.e3s", "e3s", "0x1s", "1m30s", "--1s", "1.2.3s", "nans"}) {
    EXPECT_NE(refusal([&] { duration_from(text); }), "accepted") << text;
  }
}

TEST(ScenarioValues, WholeNumbersMayBeWrittenWithAnExponent) {
  const auto equals = [](const char* text, int128 n) { return whole_from(text) == n; };
  EXPECT_TRUE(equals("1e6", 1'000'000));
  EXPECT_TRUE(equals("1.5e3", 1500));
  EXPECT_TRUE(equals("1000.0", 1000));
  EXPECT_TRUE(equals("10e-1", 1));
  EXPECT_TRUE(equals("18446744073709551615", UINT64_MAX));
  EXPECT_TRUE(equals("-0", 0));
  EXPECT_TRUE(equals("0e99999999999", 0));
  EXPECT_EQ(refusal([] { whole_from("1e-1"); }), "must be a whole number");
  EXPECT_EQ(refusal([] { whole_from("1e-999999999999"); }), "must be a whole number");
  EXPECT_TRUE(whole_from("1e999999999999") > INT64_MAX);
  EXPECT_EQ(refusal([] { whole_from("1_000"); }), "");
  EXPECT_EQ(refusal([] { whole_from("0x10"); }), "");
  EXPECT_EQ(refusal([] { whole_from("1e"); }), "");
  EXPECT_EQ(refusal([] { whole_from("."); }), "");
  EXPECT_EQ(refusal([] { whole_from("-.inf"); }), "must be a finite number");
}

TEST(ScenarioValues, NumbersAreReadAsTheNearestDouble) {
  EXPECT_EQ(number_from("0.1"), 0.1);
  EXPECT_EQ(number_from("+.5"), 0.5);
  EXPECT_EQ(number_from("5."), 5);
  EXPECT_EQ(number_from("1e-999"), 0);
  EXPECT_EQ(refusal([] { number_from("1e999"); }), "must be a finite number");
  EXPECT_EQ(refusal([] { number_from("inf"); }), "");
  EXPECT_EQ(refusal([] { number_from("1,5"); }), "");
}

TEST(ScenarioValues, RatesAreFractionsInLowestTerms) {
  EXPECT_EQ(rate_from("1.50/m").requests, 1);
  EXPECT_EQ(rate_from("1.50/m").per, 40s);
  EXPECT_EQ(rate_from("7/s").requests, 7);
  EXPECT_EQ(rate_from("7/s").per, 1s);
  EXPECT_EQ(rate_from("60000000000/m").per, 1ns);
  EXPECT_EQ(rate_from("1e+3/s").per, 1ms);
  EXPECT_EQ(rate_from("1e-3/s").per, 1000s);
  for (const char* text : {"", "/s", "1/", "1/d", "1/ms", "-1/s", "0/s", "0.0/h", "1e/s", "1.e3/s",
                           "1 /s", "1/s/s", "99999999999999999999999999/s"}) {
    EXPECT_NE(refusal([&] { rate_from(text); }), "accepted") << text;
  }
}

TEST(ScenarioValues, RatesOfManyDigitsAreTheNearestFractionThatIsKept) {
  EXPECT_NEAR(1e9 / rate_from("41.666666666666664/s").mean_gap_ns(), 41.666666666666664, 1e-14);
  EXPECT_NEAR(6e10 / rate_from("7.0710678118654755/m").mean_gap_ns(), 7.0710678118654755, 2e-15);
  EXPECT_EQ(rate_from("0.33333333333333333333333333333333333/s").per, 3s)
      << "rounded after the 21st digit, a third it is";
  EXPECT_EQ(refusal([] { rate_from("1000000000.0000001/s"); }),
            "is over 1000000000/s; at most one request arrives a nanosecond");
  EXPECT_EQ(refusal([] { rate_from("1e-300/s"); }), "is below one a year");
  EXPECT_EQ(refusal([] { rate_from("0e9/s"); }), "must be above 0");
}

TEST(ScenarioValues, MayBeWrittenAsAProgramPrintsADouble) {
  const ScenarioFolder folder;
  const auto scenario = folder.load(
      scenario_with({"cancel: [{after: 1s, probability: 0.5}]"}),
      sets({"load.requests=1e+06", "load.arrivals={poisson: 41.666666666666664/s}",
            "services.llm.m.latency=3.0000000000000000e-01s", "services.llm.m.failure_rate=1e-07",
            "services.llm.m.output_tokens=2.5e+02", "services.llm.m.concurrency=16.0",
            "services.llm.m.price.per_1k=3e-02",
            "services.tool.t.latency={lognormal: {median: 1e-01s, sigma: 0.70710678118654757}}",
            "timeout=4.125e+01s", "cancel.0.probability=0.33333333333333331",
            "cancel.0.after={exponential: {mean: 1.0e-01s}}"}));
  EXPECT_EQ(scenario.model.load.requests, 1'000'000U);
}

TEST(ScenarioValues, PricesAreWholeNumbersOfPicodollarsAToken) {
  EXPECT_EQ(price_from("3.00", 1'000'000).picos, 3'000'000);
  EXPECT_EQ(price_from("0.000001", 1'000'000).picos, 1);
  EXPECT_EQ(price_from("0.02", 1000).picos, 20'000'000);
  EXPECT_EQ(price_from("1e-12", 1).picos, 1);
  EXPECT_NE(refusal([] { price_from("0.0000001", 1'000'000); }), "accepted");
  EXPECT_NE(refusal([] { price_from("1e30", 1); }), "accepted");
}

TEST(ScenarioValues, TraceSecondsAreRoundedToNanoseconds) {
  EXPECT_EQ(seconds_from("1.0000000005"), 1'000'000'001ns);
  EXPECT_EQ(seconds_from("1.00000000049999999999999999999999999"), 1s);
  EXPECT_EQ(seconds_from("1e-05"), 10us);
  EXPECT_EQ(seconds_from("0.0000000004"), 0ns);
  EXPECT_EQ(seconds_from("1e-40"), 0ns);
  EXPECT_EQ(seconds_from("9e-10"), 1ns);
}

class LoadedDistributions : public ::testing::Test {
 protected:
  Distribution duration(const std::string& yaml) const {
    return std::get<Wait>(folder_.load(scenario_with({"workflow: [{wait: " + yaml + "}]"}))
                              .model.workflow[0]
                              .what)
        .duration;
  }
  Distribution tokens(const std::string& yaml) const {
    return folder_
        .load(scenario_with({"services: {llm: {m: {latency: 1s, output_tokens: " + yaml + "}}}"}))
        .model.services[0]
        .output_tokens;
  }
  Distribution share(const std::string& yaml) const {
    const auto cancels =
        folder_.load(scenario_with({"cancel: [{during: {request: " + yaml + "}}]"})).model.cancels;
    return std::get<CancelDuringRequest>(cancels[0].moment).share;
  }
  ScenarioFolder folder_;
};

TEST_F(LoadedDistributions, OfDurationsAreInNanoseconds) {
  EXPECT_TRUE(duration("5s").is_constant());
  EXPECT_EQ(duration("5s").mean(), 5e9);
  EXPECT_EQ(duration("{uniform: [1s, 2s]}").quantile(0.25), 1.25e9);
  EXPECT_EQ(duration("{normal: {mean: 5s, stddev: 1s}}").quantile(0.5), 5e9);
  EXPECT_EQ(duration("{lognormal: {median: 5s, sigma: 1}}").quantile(0.5), 5e9);
  EXPECT_NEAR(duration("{lognormal: {median: 1s, p95: 3s}}").quantile(0.95), 3e9, 1);
  EXPECT_NEAR(duration("{lognormal: {mean: 5s, cv: 2}}").mean(), 5e9, 1);
  EXPECT_EQ(duration("{exponential: {mean: 3s}}").mean(), 3e9);
  EXPECT_NEAR(duration("{gamma: {mean: 3s, cv: 0.5}}").mean(), 3e9, 1);
  EXPECT_EQ(duration("{weibull: {shape: 1, scale: 3s}}").mean(), 3e9);
  EXPECT_EQ(duration("{pareto: {min: 2s, alpha: 2}}").lowest(), 2e9);
  EXPECT_NEAR(duration("{quantiles: {p50: 5.7s, p90: 22.2s, p99.9: 84s}}").quantile(0.9), 22.2e9,
              1);
  EXPECT_EQ(duration("{quantiles: {p100: 4s, p0: 1s}}").quantile(0.5), 2e9);
  EXPECT_EQ(duration("{empirical: [3s, 1s, 2s]}").quantile(0.5), 2e9);
}

TEST_F(LoadedDistributions, AreClampedByMinAndMaxBesideThem) {
  const auto clamped = duration("{exponential: {mean: 3s}, min: 1s, max: 10s}");
  EXPECT_EQ(clamped.lowest(), 1e9);
  EXPECT_EQ(clamped.highest(), 10e9);
  EXPECT_EQ(duration("{max: 10s, pareto: {min: 2s, alpha: 2}}").lowest(), 2e9)
      << "pareto's own min is another one";
}

TEST_F(LoadedDistributions, MayBeMixedAndNested) {
  const auto mixture = duration(
      "{mixture: [{weight: 3, value: 1s}, {weight: 1, value: {mixture: [{weight: 1, value: "
      "{uniform: [2s, 4s]}}, {weight: 1, value: "
      "9s}]}}]}");
  EXPECT_NEAR(mixture.mean(), (3 * 1e9 + 0.5 * 3e9 + 0.5 * 9e9) / 4, 1);
}

TEST_F(LoadedDistributions, OfCountsAreWholeWhereTheyAreUniform) {
  EXPECT_EQ(tokens("1e3").mean(), 1000);
  EXPECT_EQ(tokens("{uniform: [1, 2]}").quantile(0.2), 1);
  EXPECT_EQ(tokens("{uniform: [1, 2]}").quantile(0.8), 2);
  EXPECT_EQ(tokens("{geometric: {mean: 2.5}}").lowest(), 1);
  EXPECT_EQ(tokens("{negative_binomial: {mean: 2.5, r: 0.5}}").lowest(), 0);
  EXPECT_EQ(tokens("{lognormal: {median: 214.5, sigma: 0.9}, max: 1000}").highest(), 1000);
  EXPECT_EQ(tokens("{empirical: [1, 5]}").highest(), 5);
}

TEST_F(LoadedDistributions, OfSharesStayBetween0And1) {
  EXPECT_EQ(share("0.5").mean(), 0.5);
  EXPECT_EQ(share("{uniform: [0, 1]}").quantile(0.3), 0.3);
  EXPECT_EQ(share("{normal: {mean: 0.5, stddev: 1}}").highest(), 1);
  EXPECT_EQ(share("{normal: {mean: 0.5, stddev: 1}}").lowest(), 0);
}

TEST_F(LoadedDistributions, AreReadFromAFileBesideTheScenario) {
  folder_.write("latencies.csv", "# measured\n1s\n\n 250ms\r\n2m\n");
  EXPECT_EQ(duration("{empirical: latencies.csv}").lowest(), 250e6);
  EXPECT_EQ(duration("{empirical: latencies.csv, max: 60s}").highest(), 60e9);
  folder_.write("tokens.csv", "100\n1e3\n");
  EXPECT_EQ(tokens("{empirical: tokens.csv}").highest(), 1000);
  folder_.write("shares.csv", "0.25\n");
  EXPECT_EQ(share("{empirical: shares.csv}").mean(), 0.25);
}

TEST_F(LoadedDistributions, SayWhereTheirFileIsWrong) {
  const auto error = [&](const std::string& csv) {
    folder_.write("v.csv", csv);
    return folder_.error(scenario_with({"workflow: [{wait: {empirical: v.csv}}]"}));
  };
  EXPECT_EQ(error("1s\n2\n"),
            "v.csv:2:1: a value needs a unit; write 2s if seconds are meant (units: ns, us, ms, s, "
            "m, h)");
  EXPECT_EQ(error("1s\n x\n"), "v.csv:2:2: a value must be a duration such as 30s, not 'x'");
  EXPECT_EQ(error("\n"), "s.yaml:4:31: 'v.csv' holds no values; write one a line");
  folder_.write("v.csv", "5\n1.5\n");
  EXPECT_EQ(folder_.error(scenario_with(
                {"services: {llm: {m: {latency: 1s, output_tokens: {empirical: v.csv}}}}"})),
            "v.csv:2:1: a value must be a whole number, not '1.5'");
}

}  // namespace
}  // namespace caesura
