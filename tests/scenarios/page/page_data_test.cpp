#include "scenarios/page/page_data.hpp"

#include "scenarios/report/figures.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

CancelledRow row(RequestNumber n, Duration sent_after, Duration wait) {
  return {.request = n,
          .arrived = Time{1s},
          .cancel_sent = Time{1s} + sent_after,
          .stopped = Time{1s} + sent_after + wait,
          .cancelled_in = 0};
}

std::vector<CancelledRow> rows_of(const std::vector<ReportPair>& reports) {
  std::vector<CancelledRow> rows;
  for (const auto& [request, client] : reports) {
    if (request.outcome != Outcome::cancelled) continue;
    rows.push_back({request.number, client.arrived, *client.cancel_sent, request.stopped,
                    request.cancelled_in});
  }
  return rows;
}

PageScenario sample(const std::vector<std::string>& policies,
                    const std::vector<ReportPair>& reports, bool with_rows = true) {
  PageScenario scenario;
  scenario.results = to_json(sample_results(policies, reports));
  if (with_rows) {
    scenario.rows.emplace();
    for (const auto& policy : policies) (*scenario.rows)[policy] = rows_of(reports);
  }
  return scenario;
}

Json scenario_of(const PageScenario& scenario) { return page_data({scenario})["scenarios"][0]; }

Json section(const Json& scenario, const std::string& id) {
  for (const auto& one : scenario["sections"]) {
    if (one["id"] == id) return one;
  }
  return nullptr;
}

Json points(const Json& figure, std::size_t series = 0) {
  return figure["chart"]["series"][series]["points"];
}

TEST(PageData, TheCurveIsTheDistributionFunctionOfTheLatencies) {
  const auto reports = random_reports(4, 300);
  const Json curve =
      points(section(scenario_of(sample({"checkpoint"}, reports)), "latency")["figures"][0]);
  auto rows = rows_of(reports);
  std::vector<double> latencies;
  for (const auto& r : rows) latencies.push_back(seconds(r.stopped - r.cancel_sent));
  std::sort(latencies.begin(), latencies.end());
  ASSERT_EQ(curve.size(), latencies.size());
  for (std::size_t i = 0; i < curve.size(); ++i) {
    EXPECT_EQ(curve[i][0], latencies[i]);
    EXPECT_EQ(curve[i][1], static_cast<double>(i + 1) / static_cast<double>(latencies.size()));
  }
}

TEST(PageData, OfManyLatenciesTheCurveHasExactQuantilesFromTheFirstToTheLast) {
  PageScenario scenario = sample({"checkpoint"}, random_reports(4, 20));
  auto& rows = scenario.rows->at("checkpoint");
  rows.clear();
  for (RequestNumber n = 0; n < 1001; ++n) rows.push_back(row(n, 1s, 1ms * ((n * 5) % 1001 + 1)));
  const Json curve = points(section(scenario_of(scenario), "latency")["figures"][0]);
  ASSERT_EQ(curve.size(), 400U);
  for (const auto& point : curve)
    EXPECT_DOUBLE_EQ(point[1].get<double>(), point[0].get<double>() / 1.001);
  EXPECT_EQ(curve.front()[0], 0.001);
  EXPECT_EQ(curve.back()[0], 1.001);
}

TEST(PageData, WithoutRequestsTheCurveGoesThroughThePercentilesAndTheRestIsSaidToBeMissing) {
  const PageScenario bare = sample({"checkpoint"}, random_reports(4, 300), false);
  const Json scenario = scenario_of(bare);
  const Json& latency = bare.results["policies"][0]["cancel_latency_s"];
  EXPECT_EQ(points(section(scenario, "latency")["figures"][0])[1],
            (Json::array({latency["p50"], 0.5})));
  EXPECT_THAT(scenario["missing"].get<std::string>(), HasSubstr("Run with --out DIR"));
  EXPECT_TRUE(section(scenario, "moment").is_null());
  EXPECT_TRUE(section(scenario, "timeline").is_null());
  EXPECT_TRUE(section(scenario, "sensitivity").is_null());
  EXPECT_TRUE(section(scenario, "scenario").is_null());
}

TEST(PageData, TheWaitByOperationIsTheSameFromTheRequestsAndFromTheResults) {
  const auto reports = random_reports(8, 300);
  const Json exact = section(scenario_of(sample({"checkpoint"}, reports)), "wait");
  const Json from_means = section(scenario_of(sample({"checkpoint"}, reports, false)), "wait");
  const Json& values = exact["figures"][0]["chart"]["series"][0]["values"];
  ASSERT_EQ(values.size(), 6U);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = values[i].get<double>();
    EXPECT_NEAR(value, from_means["figures"][0]["chart"]["series"][0]["values"][i].get<double>(),
                1e-9 * value);
  }
  EXPECT_EQ(exact["figures"][0]["table"]["rows"].size(), 6U);
}

TEST(PageData, TheLedgerAddsUpToWhatWasPlanned) {
  const PageScenario sampled = sample({"never", "checkpoint"}, random_reports(6, 200));
  const Json ledger = section(scenario_of(sampled), "ledger");
  ASSERT_THAT(ledger["figures"], SizeIs(3));
  const Json& policy = sampled.results["policies"][1];
  const std::vector<double> planned{policy["tokens"]["planned"], policy["cost_usd"]["planned"]};
  for (std::size_t f = 0; f < planned.size(); ++f) {
    double sum = 0;
    for (const auto& series : ledger["figures"][f]["chart"]["series"])
      sum += series["values"][1].get<double>();
    EXPECT_NEAR(sum, planned[f], 1e-9 * planned[f]);
  }
  const Json& row = ledger["figures"][0]["table"]["rows"][1];
  EXPECT_EQ(row[1], count_figure(policy["tokens"]["planned"]));
  EXPECT_EQ(row[3], count_figure(policy["tokens"]["used_after_cancel"]));
  EXPECT_EQ(row[4], count_figure(policy["tokens"]["saved"]));
  EXPECT_EQ(row[5], count_figure(policy["tokens"]["forgone"]));
}

TEST(PageData, MomentsAreBinsOfEquallyManyCancels) {
  PageScenario scenario = sample({"checkpoint"}, random_reports(4, 20));
  auto& rows = scenario.rows->at("checkpoint");
  rows.clear();
  for (RequestNumber n = 0; n < 1543; ++n) rows.push_back(row(n, 1ms * ((n * 11) % 1543), 2s));
  const Json moment = section(scenario_of(scenario), "moment");
  const Json& table = moment["figures"][0]["table"]["rows"];
  ASSERT_EQ(table.size(), 15U);
  for (const auto& bin : table) {
    EXPECT_TRUE(bin[2] == "102" || bin[2] == "103") << bin;
    EXPECT_EQ(bin[3], "2 s");
  }
}

TEST(PageData, CancelsOfTheSameMomentStayTogetherAndOneMomentIsNoCurve) {
  PageScenario scenario = sample({"checkpoint"}, random_reports(4, 20));
  auto& rows = scenario.rows->at("checkpoint");
  rows = {row(0, 30s, 1s), row(1, 30s, 2s), row(2, 30s, 3s)};
  const Json one = section(scenario_of(scenario), "moment");
  EXPECT_FALSE(one.contains("figures"));
  EXPECT_THAT(one["lines"][0].get<std::string>(), HasSubstr("Every cancel was sent 30 s after"));
  rows.push_back(row(3, 40s, 5s));
  const Json two = section(scenario_of(scenario), "moment");
  EXPECT_EQ(points(two["figures"][0]), (Json::array({{30.0, 2.0}, {40.0, 5.0}})));
}

TEST(PageData, TheParetoSetHasThePoliciesThatNoOtherBeats) {
  PageScenario scenario = sample({"never", "a", "b", "c"}, random_reports(4, 50));
  const auto set = [&](std::size_t i, double latency, double used, int cut_off) {
    Json& policy = scenario.results["policies"][i];
    policy["cancel_latency_s"]["mean"] = latency;
    policy["cost_usd"]["used"] = used;
    for (const char* const kind : {"llm", "decompose", "tool", "agent"})
      policy["interrupted"][kind] = 0;
    policy["interrupted"]["tool"] = cut_off;
  };
  scenario.results["policies"][0]["requests"]["cancelled"] = 0;
  set(1, 10, 5, 0);
  set(2, 10, 6, 0);  // dearer than a
  set(3, 0.1, 6, 7);
  const Json pareto = section(scenario_of(scenario), "pareto");
  std::vector<std::string> members;
  for (const auto& point : pareto["figures"][0]["chart"]["points"]) {
    if (point["member"]) members.push_back(point["name"]);
  }
  EXPECT_THAT(members, ElementsAre("a", "c"));
  EXPECT_THAT(pareto["figures"][0]["table"]["rows"], SizeIs(3));
}

TEST(PageData, ComparisonsAreATableWithSigns) {
  PageScenario scenario = sample({"a", "b"}, random_reports(4, 50));
  EXPECT_THAT(section(scenario_of(scenario), "policies")["tables"], SizeIs(1));
  scenario.results["comparisons"] =
      Json::array({{{"policy", "b"},
                    {"against", "a"},
                    {"cancel_latency_s",
                     {{"mean_difference", -9.5}, {"ci95", Json::array({-10, -9})}, {"pairs", 12}}},
                    {"cost_usd", {{"saved_difference", 1.5}, {"ci95", nullptr}, {"pairs", 12}}}}});
  const Json tables = section(scenario_of(scenario), "policies")["tables"];
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_EQ(tables[1]["rows"][0],
            (Json::array({"b", "a", "-9.5 s", "-10 s to -9 s", "+$1.50", "—"})));
}

TEST(PageData, SaysHowRequestsEndedWhereNoneHasCompleted) {
  const Json run = section(scenario_of(sample({"never", "abort"}, failed_requests(25))), "run");
  EXPECT_EQ(run["lines"][0], "never: 25 failed");
  EXPECT_EQ(run["lines"][1], "abort: 25 failed");
}

TEST(PageData, SpeaksOfMoneyOnlyWhereThereIsAny) {
  const auto reports = random_reports(4, 50);
  PageScenario scenario = sample({"a", "b"}, free_of_charge(reports));
  const Json comparison{
      {"policy", "b"},
      {"against", "a"},
      {"cancel_latency_s", {{"mean_difference", -9.5}, {"ci95", nullptr}, {"pairs", 12}}},
      {"cost_usd", {{"saved_difference", 0}, {"ci95", Json::array({0, 0})}, {"pairs", 12}}}};
  scenario.results["comparisons"] = Json::array({comparison});
  const Json page = scenario_of(scenario);
  EXPECT_THAT(page.dump(), Not(AnyOf(HasSubstr("$"), HasSubstr("dollar"), HasSubstr("Cost"),
                                     HasSubstr("cost"), HasSubstr("usd"))));
  EXPECT_EQ(section(page, "policies")["tables"][1]["rows"][0],
            (Json::array({"b", "a", "-9.5 s", "—"})));
  EXPECT_THAT(section(page, "ledger")["figures"], SizeIs(2));
  EXPECT_EQ(section(page, "pareto")["figures"][0]["chart"]["y"]["unit"], "count");
  EXPECT_THAT(scenario_of(sample({"a", "b"}, reports)).dump(), HasSubstr("$"));
}

TEST(PageData, TheParetoSetWeighsTokensWhereNothingCostsAny) {
  PageScenario scenario = sample({"a", "b"}, free_of_charge(random_reports(4, 50)));
  scenario.results["policies"][1]["tokens"]["used"] =
      scenario.results["policies"][0]["tokens"]["used"].get<std::int64_t>() + 1;
  const Json points = section(scenario_of(scenario), "pareto")["figures"][0]["chart"]["points"];
  EXPECT_EQ(points[0]["member"], true);
  EXPECT_EQ(points[1]["member"], false);
}

TEST(PageData, APolicyHasTheSameColourInEveryScenario) {
  const auto reports = random_reports(4, 50);
  const Json page = page_data(
      {sample({"never", "abort"}, reports), sample({"checkpoint", "abort", "never"}, reports)});
  const auto colours = [&](std::size_t s) {
    std::vector<std::string> all;
    for (const auto& item : page["scenarios"][s]["sections"][0]["items"])
      all.push_back(item["colour"]);
    return all;
  };
  EXPECT_THAT(colours(0), ElementsAre("never", "policy-1"));
  EXPECT_THAT(colours(1), ElementsAre("policy-2", "policy-1", "never"));
}

TEST(PageData, ShowsLanesForOperationsSideBySideAndWhatWasCutOff) {
  PageScenario scenario = sample({"checkpoint"}, random_reports(4, 50));
  Timeline line{.request = 7,
                .outcome = Outcome::cancelled,
                .arrived = Time{10s},
                .cancel_sent = Time{12s},
                .stopped = Time{15s},
                .operations = {}};
  line.operations = {{{1}, OperationKind::llm, "coder", Time{10s}, Time{11s}, false},
                     {{2}, OperationKind::tool, "shell", Time{11s}, Time{14s}, false},
                     {{3}, OperationKind::agent, "team", Time{11s}, Time{15s}, true},
                     {{4}, OperationKind::tool, "shell", Time{14s}, Time{15s}, false},
                     {{3, 1}, OperationKind::llm, "coder", Time{14s}, Time{16s}, false}};
  scenario.scenario = ScenarioPart{.description = "",
                                   .cancel_rule = "",
                                   .yaml = "",
                                   .timelines = {{"checkpoint", {line}}},
                                   .explanations = {},
                                   .sensitivity = {}};
  const Json figure = section(scenario_of(scenario), "timeline")["figures"][0];
  const Json& row = figure["chart"]["rows"][0];
  EXPECT_EQ(row["lanes"], 3);
  EXPECT_EQ(row["cancel"], 2.0);
  EXPECT_EQ(row["stop"], 5.0);
  std::vector<int> lanes;
  for (const auto& bar : row["bars"]) lanes.push_back(bar["lane"]);
  EXPECT_THAT(lanes, ElementsAre(0, 0, 1, 0, 2));
  EXPECT_EQ(row["bars"][2]["cut_off"], true);
  EXPECT_EQ(figure["note"], "Stops 3 s after its cancel under checkpoint.");
  EXPECT_EQ(figure["table"]["rows"][4], (Json::array({"3 agent team", "1 s to 5 s, cut off"})));
  EXPECT_EQ(figure["table"]["rows"][5], (Json::array({"3.1 llm coder", "4 s to 6 s"})));
  EXPECT_THAT(section(scenario_of(scenario), "timeline")["lines"],
              SizeIs(2));  // an orphan runs on after the stop
}

TEST(PageData, TellsTheEightAssumptionsThatMatterMost) {
  PageScenario scenario = sample({"checkpoint"}, random_reports(4, 50));
  Sensitivity sensitivity{
      .policy = "checkpoint",
      .requests = 2000,
      .factor = 1.5,
      .base = {.cancel_latency_mean_s = 10, .saved_usd = 4, .saved_tokens = 100},
      .effects = {},
      .tried = 12};
  for (int i = 0; i < 9; ++i) {
    sensitivity.effects.push_back(
        {"assumption " + std::to_string(i),
         {.cancel_latency_mean_s = 12.5, .saved_usd = 3, .saved_tokens = 100}});
  }
  scenario.scenario = ScenarioPart{.description = "",
                                   .cancel_rule = "",
                                   .yaml = "",
                                   .timelines = {},
                                   .explanations = {"p: length bias."},
                                   .sensitivity = sensitivity};
  const Json figure = section(scenario_of(scenario), "sensitivity")["figures"][0];
  EXPECT_THAT(figure["table"]["rows"], SizeIs(8));
  EXPECT_EQ(section(scenario_of(scenario), "wait")["remarks"], Json::array({"p: length bias."}));
  EXPECT_EQ(figure["table"]["rows"][0],
            (Json::array({"assumption 0", "12.5 s", "+25 %", "$3.00", "-25 %"})));
  EXPECT_EQ(figure["chart"]["series"][0]["values"][0], 0.25);
  EXPECT_EQ(figure["chart"]["series"][1]["values"][7], -0.25);
}

TEST(RequestsToShow, AreSpreadOverTheRanksOfLatencyWhateverTheOrderOfRows) {
  std::vector<CancelledRow> rows;
  for (RequestNumber n = 0; n < 101; ++n) rows.push_back(row(n, 1s, 1s * ((n * 37) % 101)));
  std::set<Duration> waits;
  const auto shown = requests_to_show(rows);
  for (const RequestNumber n : shown) waits.insert(1s * ((n * 37) % 101));
  EXPECT_THAT(waits, ElementsAre(0s, 20s, 40s, 60s, 80s, 100s));
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(requests_to_show(rows), shown);
}

TEST(RequestsToShow, OfFewTakesEachOnce) {
  EXPECT_THAT(requests_to_show({row(5, 1s, 2s), row(3, 1s, 1s)}), ElementsAre(3, 5));
  EXPECT_THAT(requests_to_show({}), SizeIs(0));
}

}  // namespace
}  // namespace caesura
