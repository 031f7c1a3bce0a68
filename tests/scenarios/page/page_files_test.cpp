#include "scenarios/page/page_files.hpp"

#include "scenarios/results/csv.hpp"
#include "scenarios/results/json_text.hpp"
#include "scenarios/page/page_data.hpp"
#include "tests/scenarios/loader_fixture.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* scenario_text = R"(
scenario: cancel-after-timeout
description: Two calls.
seed: 42
load: {requests: 30, arrivals: at_once}
services: {llm: {writer: {latency: 2s, output_tokens: 10}}}
workflow: [{llm: writer}, {llm: writer}]
cancel: [{after: 3s}]
policy: [never, checkpoint]
)";

class PageFilesTest : public testing::Test {
 protected:
  static Json document() { return to_json(sample_results({"checkpoint"}, random_reports(1, 40))); }
  static std::string csv() {
    std::string text;
    append_csv_header(text);
    for (const auto& [request, client] : random_reports(1, 40))
      append_csv_row(text, "checkpoint", request, client, 0);
    return text;
  }
  std::string error(const std::string& path) {
    try {
      read_page_scenarios(path);
    } catch (const ScenarioError& problem) {
      return problem.what();
    }
    return "no error";
  }
  std::string error_of(const Json& changed) {
    return error(folder_.write("r.json", json_text(changed)));
  }

  ScenarioFolder folder_;
};

TEST_F(PageFilesTest, TakesWhatLiesBesideResultsJson) {
  folder_.write("results.json", json_text(document()));
  folder_.write("requests.csv", csv());
  folder_.write("scenario.yaml", scenario_text);
  for (const std::string& path : {folder_.file(""), folder_.file("results.json")}) {
    const auto all = read_page_scenarios(path);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].results, document());
    ASSERT_TRUE(all[0].rows);
    EXPECT_EQ(all[0].rows->at("checkpoint").size(),
              document()["policies"][0]["requests"]["cancelled"].get<std::size_t>());
    ASSERT_TRUE(all[0].scenario);
    EXPECT_EQ(all[0].scenario->description, "Two calls.");
    EXPECT_EQ(all[0].scenario->yaml, scenario_text);
    EXPECT_TRUE(all[0].scenario->sensitivity);
    ASSERT_EQ(all[0].scenario->timelines.size(), 1U);
    EXPECT_LE(all[0].scenario->timelines[0].requests.size(), shown_requests);
  }
}

TEST_F(PageFilesTest, DoesWithoutWhatIsNotThere) {
  const auto all = read_page_scenarios(folder_.write("results.json", json_text(document())));
  EXPECT_FALSE(all.at(0).rows);
  EXPECT_FALSE(all.at(0).scenario);
}

TEST_F(PageFilesTest, ReadsWhatRunPrinted) {
  Json two = Json::array({document(), document()});
  two[1]["scenario"]["name"] = "another";
  const auto all = read_page_scenarios(folder_.write("printed.json", json_text(two)));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].results, two[1]);
  EXPECT_EQ(read_page_scenarios(folder_.write("one.json", json_text(document()))).size(), 1U);
}

TEST_F(PageFilesTest, ReadsTheFoldersOfSeveralScenariosInOrder) {
  for (const char* const name : {"b", "a", "c"}) {
    std::filesystem::create_directory(folder_.file(name));
    if (std::string(name) == "c") continue;  // of something else
    Json one = document();
    one["scenario"]["name"] = name;
    folder_.write(std::string(name) + "/results.json", json_text(one));
  }
  const auto all = read_page_scenarios(folder_.file(""));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].results["scenario"]["name"], "a");
}

TEST_F(PageFilesTest, SaysWhatIsWrongWithAFile) {
  const std::string text = json_text(document());
  EXPECT_THAT(error(folder_.file("none.json")), HasSubstr("none.json"));
  EXPECT_THAT(error(folder_.file("")), HasSubstr("has no results.json"));
  EXPECT_THAT(error(folder_.write("cut.json", text.substr(0, text.size() / 2))),
              ContainsRegex("cut.json:[0-9]+:[0-9]+: is not JSON, or is cut off"));
  EXPECT_THAT(error(folder_.write("empty.json", "")), HasSubstr("empty.json: is empty"));
  EXPECT_THAT(error(folder_.write("none.json", "[]")), HasSubstr("none.json: is an empty array"));
  EXPECT_THAT(error(folder_.write("seven.json", "7")),
              HasSubstr("seven.json:1: is no results.json"));
  Json other = document();
  other["schema"] = "caesura.results/2";
  EXPECT_THAT(error_of(other),
              ContainsRegex("r.json:[0-9]+: has another schema than caesura.results/1"));
}

TEST_F(PageFilesTest, SaysWhichFieldIsMissingOrOfAnotherKind) {
  Json missing = document();
  missing["policies"][0]["tokens"].erase("saved");
  EXPECT_THAT(error_of(missing),
              ContainsRegex("r.json:[0-9]+: policies.0.tokens.saved is missing"));
  Json text = document();
  text["policies"][0]["requests"]["cancelled"] = "many";
  EXPECT_THAT(
      error_of(text),
      ContainsRegex("r.json:[0-9]+: requests.cancelled of policy 'checkpoint' is not a number"));
  Json null = document();
  null["policies"][0]["requests"]["cancelled"] = nullptr;
  EXPECT_THAT(
      error_of(null),
      ContainsRegex("r.json:[0-9]+: policies.0.requests.cancelled is not what it should be"));
  Json none = document();
  none["policies"] = Json::array();
  EXPECT_THAT(error_of(none), ContainsRegex("r.json:[0-9]+: it has no policies"));
  Json comparison = document();
  comparison["comparisons"] = Json::array({"better"});
  EXPECT_THAT(error_of(comparison),
              ContainsRegex("r.json:[0-9]+: comparisons.0 is not what it should be"));
  Json stranger = document();
  const Json estimate{
      {"mean_difference", 1}, {"saved_difference", 1}, {"ci95", nullptr}, {"pairs", 1}};
  stranger["comparisons"].push_back({{"policy", "fast"},
                                     {"against", "checkpoint"},
                                     {"cancel_latency_s", estimate},
                                     {"cost_usd", estimate}});
  EXPECT_THAT(error_of(stranger),
              ContainsRegex("r.json:[0-9]+: it compares policy 'fast', which it does not have"));
  stranger["comparisons"][0]["policy"] = "checkpoint";
  EXPECT_EQ(error_of(stranger), "no error");
  stranger["comparisons"][0]["cost_usd"]["ci95"] = Json::array({1, "two"});
  EXPECT_THAT(error_of(stranger),
              ContainsRegex("r.json:[0-9]+: comparisons.0.cost_usd.ci95 is not what it should be"));
}

TEST_F(PageFilesTest, RefusesFilesThatAreNotOfOneRun) {
  const std::string results = folder_.write("results.json", json_text(document()));
  std::string rows = csv();
  folder_.write("requests.csv", rows.substr(0, rows.find('\n') + 1));
  EXPECT_THAT(error(results),
              HasSubstr("requests.csv:2: the file ends; it has 0 requests of policy 'checkpoint'"));
  std::string stranger = rows;
  folder_.write("requests.csv", stranger.replace(stranger.find("checkpoint"), 10, "abort"));
  EXPECT_THAT(error(results),
              HasSubstr("requests.csv:2: results.json beside it has no policy 'abort'"));
  folder_.write("requests.csv", rows);
  std::string scenario = scenario_text;
  folder_.write("scenario.yaml", scenario.replace(scenario.find("42"), 2, "43"));
  EXPECT_THAT(error(results),
              HasSubstr("scenario.yaml: it is scenario cancel-after-timeout with seed 43"));
}

}  // namespace
}  // namespace caesura
