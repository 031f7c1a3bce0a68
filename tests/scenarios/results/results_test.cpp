#include "scenarios/results/results.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

std::string keys(const Json& object) {
  std::string list;
  for (const auto& member : object.items()) list += (list.empty() ? "" : " ") + member.key();
  return list;
}

TEST(PolicyTotals, HasTheFieldsOfTheContractInTheirOrder) {
  const Json json = totals_of(random_reports(1, 50)).to_json("checkpoint");
  const std::string statistic = "count mean stddev min p50 p90 p95 p99 p99_9 max";
  const std::string row =
      "planned used saved forgone saved_fraction saved_of_avoidable used_after_cancel";
  EXPECT_EQ(keys(json),
            "policy requests cancels cancel_latency_s cancel_latency_by_operation_s "
            "acknowledge_latency_s request_latency_s "
            "discarded_answers interrupted tokens cost_usd busy_s orphans");
  EXPECT_EQ(keys(json["requests"]), "total completed cancelled failed timed_out rejected");
  EXPECT_EQ(keys(json["cancels"]), "sent effective too_late already_cancelled ignored");
  EXPECT_EQ(keys(json["cancel_latency_s"]), statistic);
  EXPECT_EQ(keys(json["cancel_latency_by_operation_s"]),
            "llm decompose tool agent transaction none");
  for (const auto& kind : json["cancel_latency_by_operation_s"]) EXPECT_EQ(keys(kind), statistic);
  EXPECT_EQ(keys(json["acknowledge_latency_s"]), statistic);
  EXPECT_EQ(keys(json["request_latency_s"]), statistic);
  EXPECT_EQ(keys(json["interrupted"]), "llm decompose tool agent unsafe");
  EXPECT_EQ(keys(json["tokens"]), row + " delivered billed input cached_input output");
  EXPECT_EQ(keys(json["tokens"]["input"]), row + " billed");
  EXPECT_EQ(keys(json["tokens"]["cached_input"]), row + " billed");
  EXPECT_EQ(keys(json["tokens"]["output"]), row + " delivered billed");
  EXPECT_EQ(keys(json["cost_usd"]), row);
  EXPECT_EQ(keys(json["busy_s"]), "llm decompose tool agent transaction");
  for (const auto& kind : json["busy_s"])
    EXPECT_EQ(keys(kind), "planned used saved forgone used_after_cancel");
  EXPECT_EQ(keys(json["orphans"]), "count seconds tokens cost_usd");
}

TEST(Results, HaveTheFieldsOfTheContractInTheirOrder) {
  const Json json = to_json(sample_results({"never", "checkpoint"}, random_reports(1, 5)));
  EXPECT_EQ(keys(json), "schema scenario engine run policies comparisons thresholds");
  EXPECT_EQ(json["schema"], "caesura.results/1");
  EXPECT_EQ(
      json["scenario"].dump(),
      R"({"name":"cancel-after-timeout","file":"cancel_after_timeout.yaml","seed":42,"requests":5})");
  EXPECT_EQ(
      json["run"].dump(),
      R"({"wall_seconds":0.05,"simulated_seconds":561.2,"messages":173210,"requests_per_second":201000.0,"peak_in_flight":611,)"
      R"("peak_rss_bytes":21000000,"threads":2,"partial":false,"version":"0.1.0"})");
  EXPECT_EQ(json["policies"][1]["policy"], "checkpoint");
  EXPECT_EQ(json["comparisons"].dump(), "[]");
  EXPECT_EQ(json["thresholds"].dump(), "[]");
}

TEST(Results, HaveComparisonsWithNullWhereThereIsNothingToSay) {
  Results results = sample_results({"checkpoint", "abort"}, random_reports(1, 5));
  results.comparisons = {
      {.policy = "abort",
       .against = "checkpoint",
       .cancel_latency_s = {.pairs = 2890, .difference = -9.5, .ci95 = Interval{-10, -9}},
       .saved_usd = {.pairs = 10000, .difference = 1.25, .ci95 = {}}},
      {.policy = "never", .against = "checkpoint", .cancel_latency_s = {}, .saved_usd = {}}};
  EXPECT_EQ(
      to_json(results)["comparisons"].dump(),
      R"([{"policy":"abort","against":"checkpoint","cancel_latency_s":{"mean_difference":-9.5,"ci95":[-10.0,-9.0],"pairs":2890},)"
      R"("cost_usd":{"saved_difference":1.25,"ci95":null,"pairs":10000}},)"
      R"({"policy":"never","against":"checkpoint","cancel_latency_s":{"mean_difference":null,"ci95":null,"pairs":0},)"
      R"("cost_usd":{"saved_difference":null,"ci95":null,"pairs":0}}])");
}

TEST(Results, NameTheirReplicationsIfThereAreSeveral) {
  Results results = sample_results({"checkpoint"}, random_reports(1, 5));
  results.replications = 20;
  EXPECT_EQ(keys(to_json(results)["scenario"]), "name file seed requests replications");
  EXPECT_EQ(to_json(results)["scenario"]["replications"], 20);
}

TEST(PolicyTotals, OfOneCancelledRequestAreAsWorkedByHand) {
  const Json json = totals_of({cancelled_after_1500_of_10000_tokens()}).to_json("checkpoint");
  EXPECT_EQ(json["cancels"].dump(),
            R"({"sent":1,"effective":1,"too_late":0,"already_cancelled":0,"ignored":0})");
  EXPECT_EQ(json["cancel_latency_s"]["p50"], 4.1);
  EXPECT_EQ(json["cancel_latency_by_operation_s"]["llm"]["max"], 4.1);
  EXPECT_EQ(json["cancel_latency_by_operation_s"]["none"]["max"], nullptr);
  EXPECT_EQ(json["acknowledge_latency_s"]["mean"], 0.08);
  EXPECT_EQ(json["request_latency_s"]["count"], 0);
  EXPECT_EQ(
      json["cost_usd"].dump(),
      R"({"planned":0.2,"used":0.03,"saved":0.17,"forgone":0.0,"saved_fraction":0.85,"saved_of_avoidable":)" +
          number_text(170.0 / 173) + R"(,"used_after_cancel":0.003})");
  EXPECT_EQ(
      json["tokens"]["output"].dump(),
      R"({"planned":1000,"used":200,"saved":800,"forgone":0,"saved_fraction":0.8,"saved_of_avoidable":)" +
          number_text(800.0 / 950) + R"(,"used_after_cancel":150,"delivered":0,"billed":200})");
  EXPECT_EQ(
      json["busy_s"]["llm"].dump(),
      R"({"planned":22.24,"used":5.56,"saved":16.68,"forgone":0.0,"used_after_cancel":4.06})");
}

TEST(PolicyTotals, OfNothingHaveNoSharesAndNullStatistics) {
  const Json json = PolicyTotals().to_json("checkpoint");
  EXPECT_EQ(json["cost_usd"]["saved_fraction"], 0);
  EXPECT_EQ(json["tokens"]["saved_of_avoidable"], 0);
  EXPECT_EQ(json["request_latency_s"]["count"], 0);
  EXPECT_TRUE(json["request_latency_s"]["p99"].is_null());
  EXPECT_EQ(PolicyTotals().latest(), Time{});
}

TEST(PolicyTotals, PlannedIsUsedAndSavedAndForgone) {
  const Json json = totals_of(random_reports(2, 1000)).to_json("checkpoint");
  const auto whole = [](const Json& row, const char* field) {
    return row.at(field).get<std::int64_t>();
  };
  for (const char* const part : {"input", "cached_input", "output"}) {
    const Json& row = json["tokens"][part];
    EXPECT_EQ(whole(row, "planned"),
              whole(row, "used") + whole(row, "saved") + whole(row, "forgone"));
  }
  for (const char* const field :
       {"planned", "used", "saved", "forgone", "used_after_cancel", "billed"}) {
    std::int64_t sum = 0;
    for (const char* const part : {"input", "cached_input", "output"})
      sum += whole(json["tokens"][part], field);
    EXPECT_EQ(whole(json["tokens"], field), sum) << field;
  }
  const auto adds_up = [](const Json& row) {
    EXPECT_DOUBLE_EQ(
        row["planned"].get<double>(),
        row["used"].get<double>() + row["saved"].get<double>() + row["forgone"].get<double>());
  };
  adds_up(json["cost_usd"]);
  for (const auto& kind : json["busy_s"]) adds_up(kind);
}

TEST(PolicyTotals, DependNeitherOnOrderNorOnShards) {
  auto reports = random_reports(3, 500);
  const std::string expected = json_text(totals_of(reports).to_json("p"));
  const Time latest = totals_of(reports).latest();
  std::shuffle(reports.begin(), reports.end(), std::mt19937_64(4));
  for (const std::size_t shards : {1U, 2U, 7U, 500U}) {
    PolicyTotals sum;
    for (std::size_t shard = 0; shard < shards; ++shard) {
      PolicyTotals part;
      for (std::size_t i = shard; i < reports.size(); i += shards)
        part.add(reports[i].request, reports[i].client);
      sum.merge(std::move(part));
    }
    EXPECT_EQ(json_text(sum.to_json("p")), expected);
    EXPECT_EQ(sum.requests(), 500U);
    EXPECT_EQ(sum.latest(), latest);
  }
}

TEST(PolicyTotals, OfMoreMoneyThanADoubleCountsAreExactToTheLastDivision) {
  ReportPair pair = cancelled_after_1500_of_10000_tokens();
  pair.request.planned.cost = pair.request.used.cost = {9'000'000'000'000'000'001};
  pair.request.saved.cost = {};
  PolicyTotals totals;
  for (int i = 0; i < 1000; ++i) totals.add(pair.request, pair.client);
  EXPECT_EQ(totals.to_json("p")["cost_usd"]["used"], 9'000'000'000.000000001);
}

TEST(PolicyTotals, RefuseTimesThatCannotBe) {
  ReportPair good = cancelled_after_1500_of_10000_tokens();
  good.request.number = good.client.number = 17;
  const auto message = [](const ReportPair& pair) -> std::string {
    try {
      PolicyTotals().add(pair.request, pair.client);
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(good), "");
  ReportPair bad = good;
  bad.client.cancel_sent.reset();
  EXPECT_EQ(message(bad), "request 17: it was cancelled, and no cancel was sent");
  bad = good;
  bad.client.acknowledged.reset();
  EXPECT_EQ(message(bad), "request 17: its first cancel was never acknowledged");
  bad = good;
  bad.client.acknowledged = Time{Duration{1}};
  EXPECT_EQ(message(bad), "request 17: its first cancel was acknowledged before it was sent");
  bad = good;
  bad.request.stopped = Time{Duration{1}};
  EXPECT_EQ(message(bad), "request 17: it was cancelled before the cancel was sent");
  bad = good;
  bad.client.arrived = Time{std::chrono::hours{1}};
  EXPECT_EQ(message(bad), "request 17: it was answered before it arrived");
}

TEST(Results, OfAPartialRunHaveThresholdsThatWereNotJudged) {
  Results results = sample_results({"checkpoint"}, random_reports(5, 5));
  results.thresholds = {
      parse_threshold({.expression = "checkpoint.requests.total == 6", .location = ""})};
  EXPECT_EQ(to_json(results)["thresholds"].dump(),
            R"([{"expression":"checkpoint.requests.total == 6","value":5.0,"ok":false}])");
  EXPECT_FALSE(thresholds_held(to_json(results)));
  results.run.partial = true;
  EXPECT_EQ(to_json(results)["thresholds"].dump(),
            R"([{"expression":"checkpoint.requests.total == 6","value":null,"ok":null}])");
  EXPECT_TRUE(thresholds_held(to_json(results)));
}

}  // namespace
}  // namespace caesura
