#include "scenarios/study/compare.hpp"

#include "scenarios/results/csv.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/study/change_gates.hpp"
#include "scenarios/report/compare_report.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

SavedResults saved(const Results& results) {
  return {.file = "results.json", .document = to_json(results), .evidence = {}};
}

/// The results of random reports, so that every figure has some value.
SavedResults sample(const std::vector<std::string>& policies = {"checkpoint"},
                    std::uint64_t seed = 1) {
  return saved(sample_results(policies, random_reports(seed, 400)));
}

SavedResults with(SavedResults results, const std::string& pointer, const Json& value) {
  results.document["policies"][0][Json::json_pointer(pointer)] = value;
  return results;
}

Figure figure_of(const ScenarioComparison& comparison, const std::string& field,
                 std::size_t policy = 0) {
  for (const auto& figure : comparison.policies.at(policy).figures) {
    if (figure.field == field) return figure;
  }
  throw std::logic_error("no figure " + field);
}

/// With the rows of requests.csv that belong to the reports.
SavedResults with_rows(const std::vector<ReportPair>& reports) {
  SavedResults results = saved(sample_results({"checkpoint"}, reports));
  const auto file =
      std::filesystem::path(testing::TempDir()) /
      (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".rows.csv");
  std::string text;
  append_csv_header(text);
  for (const auto& [request, client] : reports)
    append_csv_row(text, "checkpoint", request, client, 0);
  std::ofstream(file, std::ios::binary) << text;
  results.evidence = read_evidence(file.string(), {.requests = {{"checkpoint", reports.size()}}});
  std::filesystem::remove(file);
  return results;
}

/// Every cancelled request has stopped so much later.
std::vector<ReportPair> later(std::vector<ReportPair> reports, Duration by) {
  for (auto& [request, client] : reports) {
    if (request.outcome == Outcome::cancelled) request.stopped += by;
  }
  return reports;
}

TEST(Compare, OfEqualResultsFindsNoDifference) {
  const Comparisons comparisons = compare_all({sample()}, {sample()});
  EXPECT_FALSE(comparisons.any_difference());
  const std::string text = compare_text(comparisons, {}, {});
  EXPECT_THAT(text, HasSubstr("No differences: all 177 figures of 1 policy are equal."));
  EXPECT_THAT(text, Not(HasSubstr("beyond noise")));
}

TEST(Compare, HasEveryNumberOfThePolicyOnce) {
  const auto comparison = compare(sample(), sample());
  std::vector<std::string> fields;
  for (const auto& figure : comparison.policies[0].figures) fields.push_back(figure.field);
  std::vector<std::string> known = known_fields();
  EXPECT_EQ(fields.front(), "cancel_latency_s.p50");
  std::sort(fields.begin(), fields.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(fields, known);
}

TEST(Compare, TellsDifferenceAndRelativeDifference) {
  const auto comparison =
      compare(with(sample(), "/cost_usd/used", 40), with(sample(), "/cost_usd/used", 30));
  const Figure figure = figure_of(comparison, "cost_usd.used");
  EXPECT_FALSE(figure.equal);
  EXPECT_EQ(figure.difference(), -10);
  EXPECT_EQ(figure.relative_difference(), -0.25);
  EXPECT_EQ(comparison.policies[0].differing(), 1U);
}

TEST(Compare, TakesAChangeFromNothingAsInfinite) {
  const auto comparison =
      compare(with(sample(), "/tokens/saved", 0), with(sample(), "/tokens/saved", 7));
  EXPECT_EQ(figure_of(comparison, "tokens.saved").relative_difference(),
            std::numeric_limits<double>::infinity());
  const auto back = compare(with(sample(), "/tokens/saved", 7), with(sample(), "/tokens/saved", 0));
  EXPECT_EQ(figure_of(back, "tokens.saved").relative_difference(), -1);
}

TEST(Compare, CannotTellTheDifferenceToNothing) {
  const auto comparison = compare(sample(), with(sample(), "/cancel_latency_s/p99", nullptr));
  const Figure figure = figure_of(comparison, "cancel_latency_s.p99");
  EXPECT_FALSE(figure.equal);
  EXPECT_FALSE(figure.b);
  EXPECT_FALSE(figure.difference());
  EXPECT_EQ(figure.noise, Noise::unknown);
}

TEST(Compare, MatchesPoliciesByNameAndNamesTheOthers) {
  const auto comparison =
      compare(sample({"never", "checkpoint", "abort"}), sample({"fast-tools", "abort", "never"}));
  ASSERT_EQ(comparison.policies.size(), 2U);
  EXPECT_EQ(comparison.policies[0].policy, "never");
  EXPECT_EQ(comparison.policies[1].policy, "abort");
  EXPECT_THAT(comparison.policies_only_in_a, ElementsAre("checkpoint"));
  EXPECT_THAT(comparison.policies_only_in_b, ElementsAre("fast-tools"));
  const std::string text = compare_text(
      {.scenarios = {comparison}, .scenarios_only_in_a = {}, .scenarios_only_in_b = {}}, {}, {});
  EXPECT_THAT(text,
              AllOf(HasSubstr("Only in A: checkpoint."), HasSubstr("Only in B: fast-tools.")));
}

TEST(Compare, MatchesScenariosByNameIfThereAreSeveral) {
  const auto named = [](const std::string& name) {
    SavedResults results = sample();
    results.document["scenario"]["name"] = name;
    return results;
  };
  const Comparisons comparisons =
      compare_all({named("x"), named("y"), named("x")}, {named("z"), named("x")});
  ASSERT_EQ(comparisons.scenarios.size(), 1U);
  EXPECT_THAT(comparisons.scenarios_only_in_a, ElementsAre("y", "x"));
  EXPECT_THAT(comparisons.scenarios_only_in_b, ElementsAre("z"));
  EXPECT_TRUE(comparisons.any_difference());
  EXPECT_EQ(compare_all({named("x")}, {named("y")}).scenarios.size(), 1U);
}

TEST(Compare, JudgesMeansByTheirSpread) {
  const auto mean = [](double value) {
    return with(with(sample(), "/request_latency_s/mean", value), "/request_latency_s/stddev",
                1);  // of some 80
  };
  const auto near = figure_of(compare(mean(10), mean(10.1)), "request_latency_s.mean");
  EXPECT_EQ(near.noise, Noise::within);
  EXPECT_EQ(near.test, NoiseTest::welch);
  EXPECT_EQ(figure_of(compare(mean(10), mean(11)), "request_latency_s.mean").noise, Noise::beyond);
}

TEST(Compare, JudgesCountsOfRequestsAsShares) {
  const auto discarded = [](int n) { return with(sample(), "/discarded_answers", n); };  // of 400
  EXPECT_EQ(figure_of(compare(discarded(40), discarded(50)), "discarded_answers").noise,
            Noise::within);
  EXPECT_EQ(figure_of(compare(discarded(40), discarded(70)), "discarded_answers").noise,
            Noise::beyond);
  EXPECT_EQ(figure_of(compare(discarded(40), discarded(70)), "discarded_answers").test,
            NoiseTest::two_proportions);
}

TEST(Compare, DoesNotPretendToJudgeWhatOneFileAloneDoesNotTell) {
  for (const char* const field : {"cancel_latency_s.p99", "cancel_latency_s.max", "cost_usd.used",
                                  "tokens.saved", "busy_s.tool.used"}) {
    std::string pointer = std::string("/") + field;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    EXPECT_EQ(figure_of(compare(sample(), with(sample(), pointer, 12345)), field).noise,
              Noise::unknown)
        << field;
  }
}

TEST(Compare, PairsTheRowsOfTheSameRequests) {
  const auto reports = random_reports(1, 400);
  // The reports wait for minutes; all that changes is a second.
  const auto comparison =
      compare(with_rows(reports), with_rows(later(reports, std::chrono::seconds(1))));
  EXPECT_TRUE(comparison.policies[0].paired);
  const Figure mean = figure_of(comparison, "cancel_latency_s.mean");
  EXPECT_NEAR(*mean.difference(), 1, 1e-9);
  EXPECT_EQ(mean.test, NoiseTest::paired_blocks);
  EXPECT_EQ(mean.noise, Noise::beyond);
  const Figure median = figure_of(comparison, "cancel_latency_s.p50");
  EXPECT_EQ(median.test, NoiseTest::order_statistics);
  EXPECT_EQ(median.noise, Noise::within);
  EXPECT_EQ(figure_of(comparison, "cancel_latency_s.max").noise, Noise::unknown);
}

TEST(Compare, DoesNotPairTheRowsOfAnotherSeed) {
  const auto reports = random_reports(1, 400);
  SavedResults other = with_rows(later(reports, std::chrono::seconds(1)));
  other.document["scenario"]["seed"] = 43;
  const auto comparison = compare(with_rows(reports), other);
  EXPECT_FALSE(comparison.policies[0].paired);
  EXPECT_EQ(figure_of(comparison, "cancel_latency_s.mean").test, NoiseTest::blocks);
  EXPECT_EQ(figure_of(comparison, "cancel_latency_s.mean").noise, Noise::within);
}

TEST(Compare, JudgesSumsPerRequest) {
  // Twice the load: twice the sums, and nothing else.
  const auto comparison =
      compare(with_rows(random_reports(1, 4000)), with_rows(random_reports(2, 8000)));
  const Figure total = figure_of(comparison, "requests.total");
  EXPECT_EQ(total.test, NoiseTest::exact);
  EXPECT_EQ(total.noise, Noise::beyond);
  EXPECT_GT(*figure_of(comparison, "cost_usd.used").relative_difference(), 0.8);
  // One in twenty may be beyond by chance; of the ratios, which hang together, not most.
  std::size_t judged = 0, beyond = 0;
  for (const auto& figure : comparison.policies[0].figures) {
    if (figure.test == NoiseTest::blocks)
      ++judged, beyond += figure.noise == Noise::beyond ? 1U : 0U;
  }
  EXPECT_GT(judged, 40U);
  EXPECT_LT(beyond, judged / 4);
  EXPECT_FALSE(comparison.policies[0].paired);
}

TEST(RowEvidence, OfAnotherRunIsRefused) {
  const auto reports = random_reports(1, 10);
  const auto file = std::filesystem::path(testing::TempDir()) / "row_evidence_test.csv";
  std::string text;
  append_csv_header(text);
  for (const auto& [request, client] : reports)
    append_csv_row(text, "checkpoint", request, client, 0);
  std::ofstream(file, std::ios::binary) << text;
  const auto fault = [&](const std::map<std::string, std::uint64_t>& requests) -> std::string {
    try {
      read_evidence(file.string(), {.requests = requests});
    } catch (const ScenarioError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault({{"checkpoint", 10}}), "");
  EXPECT_THAT(fault({{"checkpoint", 9}}), HasSubstr(":11: policy 'checkpoint' has more requests"));
  EXPECT_THAT(fault({{"checkpoint", 11}}),
              HasSubstr(":12: the file ends; it has 10 requests of policy 'checkpoint', and "
                        "results.json 11"));
  EXPECT_THAT(fault({{"abort", 10}}),
              HasSubstr(":2: results.json beside it has no policy 'checkpoint'"));
  std::filesystem::remove(file);
}

TEST(CompareReport, ShowsFiguresThatDifferAndOnDemandAll) {
  const Comparisons comparisons =
      compare_all({sample()}, {with(sample(), "/cancel_latency_by_operation_s/tool/count", 1234)});
  const std::string text = compare_text(comparisons, {}, {});
  EXPECT_THAT(text, HasSubstr("1 of 177 figures of 1 policy differ"));
  EXPECT_THAT(text, HasSubstr("cancel_latency_by_operation_s.tool.count"));
  EXPECT_THAT(text, Not(HasSubstr("cost_usd.used")));
  EXPECT_THAT(compare_text(comparisons, {}, {.table = {}, .all = true}),
              HasSubstr("cost_usd.used"));
}

TEST(CompareReport, SaysWhatElseTheTwoDifferIn) {
  SavedResults other = sample();
  other.document["engine"] = "direct";
  other.document["scenario"]["seed"] = 43;
  EXPECT_THAT(compare_text(compare_all({sample()}, {other}), {}, {}),
              HasSubstr("The two differ in seed, engine.\n"));
  EXPECT_THAT(compare_text(compare_all({sample()}, {sample()}), {}, {}),
              Not(HasSubstr("The two differ in")));
}

TEST(CompareReport, PrintsNoEscapeSequenceOfAFile) {
  SavedResults a = sample(), b = with(sample(), "/cost_usd/used", 1);
  for (SavedResults* const results : {&a, &b}) {
    results->document["scenario"]["name"] = "\x1b[31mred\nline";
    results->document["policies"][0]["policy"] = "\x1b[31mred";
  }
  EXPECT_THAT(compare_text(compare_all({a}, {b}), {}, {}), Not(HasSubstr("\x1b")));
}

TEST(CompareReport, ForProgramsHasEveryFigure) {
  const Comparisons comparisons = compare_all(
      {sample()}, {with(with(sample(), "/orphans/count", 3), "/cancel_latency_s/p50", nullptr)});
  const auto gates = {parse_change_gate("orphans.count > 5"),
                      parse_change_gate("orphans.count > 1")};
  const Json json = compare_json(comparisons, gates, fired_gates(gates, comparisons));
  EXPECT_EQ(json["schema"], "caesura.comparison/1");
  const Json& figures = json["comparisons"][0]["policies"][0]["figures"];
  EXPECT_EQ(figures.size(), known_fields().size());
  EXPECT_EQ(figures[0]["field"], "cancel_latency_s.p50");
  EXPECT_TRUE(figures[0]["b"].is_null());
  const auto orphans = std::find_if(figures.begin(), figures.end(),
                                    [](const Json& f) { return f["field"] == "orphans.count"; });
  EXPECT_EQ((*orphans)["difference"], 3);
  EXPECT_TRUE((*orphans)["relative_difference"].is_null());  // JSON knows no infinity
  EXPECT_EQ(json["fail_on"][0]["fired"], false);
  EXPECT_EQ(json["fail_on"][1]["fired"], true);
}

std::string gate_fault(const std::string& expression) {
  try {
    parse_change_gate(expression);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(ChangeGate, IsAFieldAComparisonAndAChange) {
  const ChangeGate gate = parse_change_gate("cancel_latency_s.p99 > +10%");
  EXPECT_FALSE(gate.policy);
  EXPECT_EQ(gate.field, "cancel_latency_s.p99");
  EXPECT_EQ(gate.comparison, Comparison::greater);
  EXPECT_TRUE(gate.relative);
  EXPECT_DOUBLE_EQ(gate.limit, 0.1);
  const ChangeGate of_policy = parse_change_gate("fast-tools.cost_usd.used<=-0.5");
  EXPECT_EQ(of_policy.policy, "fast-tools");
  EXPECT_EQ(of_policy.field, "cost_usd.used");
  EXPECT_FALSE(of_policy.relative);
  EXPECT_EQ(of_policy.limit, -0.5);
  EXPECT_EQ(parse_change_gate("discarded_answers != 0").field, "discarded_answers");
}

TEST(ChangeGate, OfAnUnknownFieldNamesTheNearest) {
  EXPECT_THAT(gate_fault("cancel_latncy_s.p99 > 1"),
              AllOf(StartsWith("--fail-on"), HasSubstr("did you mean 'cancel_latency_s.p99'?")));
  EXPECT_THAT(gate_fault("checkpoint.cancel_latncy_s.p99 > 1"),
              HasSubstr("did you mean 'cancel_latency_s.p99'?"));
  EXPECT_THAT(gate_fault("cancel_latency_s.p98 > 1"),
              HasSubstr("unknown field 'cancel_latency_s.p98'"));
  EXPECT_THAT(gate_fault("checkpoint.interrupted > 1"), HasSubstr("interrupted is not a number"));
  EXPECT_THAT(gate_fault("interrupted > 1"), HasSubstr("interrupted is not a number"));
}

TEST(ChangeGate, OfAnyOtherFormIsRefused) {
  for (const char* const bad :
       {"", "cost_usd.used", "> 5", "cost_usd.used = 5", "cost usd.used > 5"}) {
    EXPECT_THAT(gate_fault(bad), HasSubstr("it must read [POLICY.]FIELD OP CHANGE")) << bad;
  }
  for (const char* const bad : {"", "5s", "+-5", "%", "inf%", "nan", "5%%", "10 percent"}) {
    EXPECT_THAT(gate_fault(std::string("cost_usd.used >") + bad), HasSubstr("is no change")) << bad;
  }
}

/// The reasons for which the expression fires.
std::vector<std::string> reasons(const std::string& expression, const SavedResults& a,
                                 const SavedResults& b) {
  std::vector<std::string> all;
  for (const auto& gate : fired_gates({parse_change_gate(expression)}, compare_all({a}, {b})))
    all.push_back(gate.reason);
  return all;
}

TEST(ChangeGates, FireOnTheChangeOfBAgainstA) {
  const SavedResults a = with(sample(), "/cost_usd/used", 40),
                     b = with(sample(), "/cost_usd/used", 44.5);
  EXPECT_THAT(reasons("cost_usd.used > +11%", a, b),
              ElementsAre("checkpoint.cost_usd.used: 40 in A, 44.5 in B, a change of +11.25 %"));
  EXPECT_THAT(reasons("cost_usd.used > +12%", a, b), IsEmpty());
  EXPECT_THAT(reasons("checkpoint.cost_usd.used > 4", a, b),
              ElementsAre("checkpoint.cost_usd.used: 40 in A, 44.5 in B, a change of +4.5"));
  EXPECT_THAT(reasons("cost_usd.used > 5", a, b), IsEmpty());
  EXPECT_THAT(reasons("cost_usd.used < -10%", b, a),
              ElementsAre("checkpoint.cost_usd.used: 44.5 in A, 40 in B, a change of -10.1124 %"));
  EXPECT_THAT(reasons("cost_usd.used != 0", a, a), IsEmpty());
}

TEST(ChangeGates, TakeAChangeFromNothingAsInfinite) {
  const SavedResults none = with(sample(), "/orphans/count", 0),
                     one = with(sample(), "/orphans/count", 1);
  EXPECT_THAT(reasons("orphans.count > +1000000%", none, one),
              ElementsAre("checkpoint.orphans.count: 0 in A, 1 in B, a change of +∞"));
  EXPECT_THAT(reasons("orphans.count > 0%", none, none), IsEmpty());
}

TEST(ChangeGates, FireOnWhatCannotBeCompared) {
  const SavedResults none = with(sample(), "/cancel_latency_s/p99", nullptr);
  EXPECT_THAT(
      reasons("cancel_latency_s.p99 > +10%", with(sample(), "/cancel_latency_s/p99", 2), none),
      ElementsAre(
          "checkpoint.cancel_latency_s.p99: 2 in A, nothing in B, which cannot be compared"));
  EXPECT_THAT(reasons("cancel_latency_s.p99 > +10%", none, none), IsEmpty());
  EXPECT_THAT(reasons("never.cost_usd.used > 1", sample({"never", "checkpoint"}), sample()),
              ElementsAre("policy never is in A only"));
  EXPECT_THAT(reasons("cost_usd.used > 1", sample({"never"}), sample()),
              ElementsAre("no policy is in both"));
  SavedResults partial = sample();
  partial.document["run"]["partial"] = true;
  EXPECT_THAT(reasons("cost_usd.used > 1", sample(), partial),
              ElementsAre("B was interrupted, and is not complete"));
  const std::vector<ChangeGate> gates{parse_change_gate("cost_usd.used > 1")};
  EXPECT_EQ(fired_gates(gates, {}).size(), 1U);
}

TEST(ChangeGates, LookAtEveryPolicyUnlessOneIsNamed) {
  const SavedResults a = sample({"checkpoint", "abort"});
  SavedResults b = a;
  for (auto& policy : b.document["policies"]) policy["orphans"]["count"] = 2;
  EXPECT_EQ(reasons("orphans.count > 1", a, b).size(), 2U);
  EXPECT_THAT(reasons("abort.orphans.count > 1", a, b),
              ElementsAre(StartsWith("abort.orphans.count: 0 in A, 2 in B")));
}

TEST(ChangeGates, OnAnUnknownPolicyNameTheNearest) {
  try {
    reasons("chekpoint.orphans.count > 1", sample(), sample());
    FAIL() << "nothing was thrown";
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unknown policy 'chekpoint'; did you mean 'checkpoint'?"));
  }
}

TEST(CheckResults, NamesTheFault) {
  const auto fault = [](const Json& document) -> std::string {
    try {
      check_results("b.json", document);
    } catch (const ScenarioError& error) {
      return error.what();
    }
    return "";
  };
  const Json good = sample().document;
  EXPECT_EQ(fault(good), "");
  EXPECT_THAT(fault(Json(5)), StartsWith("b.json: is no results.json"));
  EXPECT_THAT(fault(Json::object()), HasSubstr("it has no schema"));
  const auto changed = [&](const char* pointer, const Json& value) {
    Json document = good;
    document[Json::json_pointer(pointer)] = value;
    return fault(document);
  };
  EXPECT_THAT(changed("/schema", "caesura.results/2"), HasSubstr("another schema"));
  EXPECT_THAT(changed("/scenario/seed", "x"), HasSubstr("scenario/seed is no count"));
  EXPECT_THAT(changed("/policies", 5), HasSubstr("policies is no list"));
  EXPECT_THAT(changed("/policies/0/policy", 5), HasSubstr("a policy has no name"));
  EXPECT_THAT(changed("/policies/0/cancel_latency_s/p99", "fast"),
              HasSubstr("cancel_latency_s.p99 of policy 'checkpoint' is not a number"));
  EXPECT_THAT(changed("/policies/0/requests/total", nullptr),
              HasSubstr("requests.total of policy 'checkpoint' is no count"));
  EXPECT_THAT(changed("/policies/1", good["policies"][0]),
              HasSubstr("two policies named 'checkpoint'"));
}

TEST(CompareText, NeitherShowsNorCountsMoneyWhereNothingCostsAny) {
  const auto reports = random_reports(1, 100);
  const auto text = [&](const std::vector<ReportPair>& of_b) {
    const SavedResults a = saved(sample_results({"p"}, free_of_charge(reports)));
    return compare_text(compare_all({a}, {saved(sample_results({"p"}, of_b))}), {},
                        {.table = {}, .all = true});
  };
  EXPECT_THAT(text(free_of_charge(reports)),
              AllOf(Not(HasSubstr("cost_usd")), Not(HasSubstr("$")), HasSubstr("tokens.used")));
  EXPECT_THAT(text(reports), AllOf(HasSubstr("cost_usd.used"), HasSubstr("$0.00")));
}

}  // namespace
}  // namespace caesura
