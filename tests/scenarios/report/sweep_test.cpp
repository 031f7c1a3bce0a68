#include "scenarios/study/sweep.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/report/sweep_report.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// One call of 10 s and 100 tokens at $0.001, cancelled after 3 s.
constexpr const char* constant = R"(
scenario: constant
load: {requests: 10, arrivals: at_once}
services: {llm: {m: {latency: 10s, output_tokens: 100, price: {input: 0, output: 1000}}}}
workflow: [{llm: m}]
cancel: {after: 3s}
policy: {abort: {detect: 1s}}
)";

Batch batch_of(const std::string& file, const std::vector<Variation>& variations,
               unsigned threads) {
  return {
      .file = file,
      .runs = points_in(variations),
      .options = [&variations](
                     std::size_t i) { return options_at({}, variations, point_of(variations, i)); },
      .threads = threads};
}

Sweep swept(const std::vector<std::string>& vary, const Target& target, unsigned threads = 2) {
  const ScenarioFolder folder;
  static const std::atomic<bool> go_on{false};
  Sweep sweep;
  sweep.scenario = "constant";
  sweep.file = "s.yaml";
  sweep.engine = "direct";
  sweep.variations = parse_variations(vary);
  sweep.target = target;
  sweep.objective_given = true;
  BatchProgress progress;
  sweep.points = run_batch(batch_of(folder.write("s.yaml", constant), sweep.variations, threads),
                           go_on, progress);
  EXPECT_EQ(progress.runs_done, sweep.points.size());
  return sweep;
}

const Target cheap{.objective = {"cost_usd.used", Goal::minimise}, .holds = {}};
const std::vector<std::string> detects{"policy.0.abort.detect=1s,2s,8s"};

TEST(Sweep, RunsEveryPointOfTheGridInOrder) {
  const Sweep sweep = swept({"cancel.0.after=1s,3s", "policy.0.abort.detect=1s,2s,8s"}, cheap);
  // By hand: tokens used are 10 a second, from the start to the abort or the end at 10 s.
  std::vector<double> used;
  for (const auto& point : sweep.points)
    used.push_back(figure_at(point->policies.at(0), "tokens.used"));
  EXPECT_THAT(used, testing::ElementsAre(200, 300, 900, 400, 500, 1000));
}

TEST(Sweep, MarksTheBestAndCountsThoseThatAreAsGood) {
  const auto best = best_of(swept({"policy.0.abort.detect=2s,1s,8s", "load.users=1,2"}, cheap));
  ASSERT_TRUE(best);
  EXPECT_EQ(best->point, 2U);
  EXPECT_EQ(best->policy, 0U);
  EXPECT_EQ(best->ties, 1U);
}

TEST(Sweep, MarksOnlyWhatHolds) {
  Target target = cheap;
  target.holds = parse_holds({"cancel_latency_s.max > 1.5"});
  EXPECT_EQ(best_of(swept(detects, target))->point, 1U);
  target.holds = parse_holds({"cancel_latency_s.max > 7.5"});
  EXPECT_FALSE(best_of(swept(detects, target)));
}

TEST(Sweep, HasPoliciesAsCandidates) {
  const Sweep sweep = swept({"policy=[never, abort],[checkpoint, never]"}, cheap);
  const auto best = best_of(sweep);
  ASSERT_TRUE(best);
  EXPECT_EQ(best->point, 0U);
  EXPECT_EQ(best->policy, 1U);
}

TEST(Sweep, DoesNotDependOnTheThreads) {
  const std::vector<std::string> vary{
      "policy.0.abort.detect=1s,2s,8s",
      "services.llm.m.latency={exponential: {mean: 5s}},{gamma: {mean: 9s, cv: 2}}"};
  const Sweep alone = swept(vary, cheap, 1), together = swept(vary, cheap, 7);
  EXPECT_EQ(sweep_csv(alone), sweep_csv(together));
  EXPECT_EQ(json_text(sweep_json(alone)), json_text(sweep_json(together)));
  EXPECT_EQ(sweep_text(alone, {}), sweep_text(together, {}));
}

TEST(Sweep, AsCsvQuotesValuesAndLeavesNullsEmpty) {
  std::istringstream csv(
      sweep_csv(swept({"policy=never,abort: {operations: [llm, tool], detect: 0s}"}, cheap)));
  std::string header, never, abort;
  std::getline(csv, header);
  std::getline(csv, never);
  std::getline(csv, abort);
  EXPECT_THAT(header, StartsWith("vary.policy,policy,requests.total,requests.completed,"));
  EXPECT_THAT(never, StartsWith("never,never,10,10,0,"));
  EXPECT_THAT(never, HasSubstr(",,"));
  EXPECT_THAT(abort, StartsWith("\"abort: {operations: [llm, tool], detect: 0s}\",abort,10,0,10,"));
  EXPECT_EQ(csv.get(), std::char_traits<char>::eof());
}

TEST(Sweep, AsJsonHasTheResultsOfEveryPoint) {
  Target target = cheap;
  target.holds = parse_holds({"cancel_latency_s.max > 1.5"});
  const auto json = sweep_json(swept(detects, target));
  EXPECT_EQ(json.at("best").at("values").at("policy.0.abort.detect"), "2s");
  EXPECT_EQ(json.at("best").at("policy"), "abort");
  ASSERT_EQ(json.at("points").size(), 3U);
  EXPECT_EQ(json.at("points")[0].at("held").at("abort"), false);
  EXPECT_EQ(json.at("points")[1].at("policies")[0].at("tokens").at("used"), 500);
}

TEST(Sweep, LeavesOutColumnsThatHaveNoRoom) {
  const Sweep sweep = swept(detects, cheap);
  EXPECT_THAT(sweep_text(sweep, {}), Not(HasSubstr("No room for")));
  const std::string narrow = sweep_text(sweep, {.width = 80});
  EXPECT_THAT(narrow, HasSubstr("No room for: "));
  EXPECT_THAT(narrow, HasSubstr("cost_usd.used"));
  for (const std::size_t width : {20U, 40U, 60U, 80U}) {
    std::istringstream text(sweep_text(sweep, {.width = width}));
    for (std::string line; std::getline(text, line);) EXPECT_LE(display_width(line), width) << line;
  }
}

TEST(Sweep, HasAColumnOfMoneyWhereAnyPointHas) {
  const Target frugal{.objective = {"tokens.used", Goal::minimise}, .holds = {}};
  const std::string price = "services.llm.m.price.output=";
  EXPECT_THAT(sweep_text(swept({price + "0"}, frugal), {}), Not(HasSubstr("$")));
  EXPECT_THAT(sweep_text(swept({price + "0,1000"}, frugal), {}),
              AllOf(HasSubstr("$ saved"), HasSubstr("$0.00")));
}

TEST(Sweep, ThatWasInterruptedTellsWhatIsThere) {
  Sweep sweep = swept(detects, cheap);
  sweep.points[0].reset();
  sweep.run.partial = true;
  EXPECT_EQ(best_of(sweep)->point, 1U);
  EXPECT_THAT(sweep_text(sweep, {}), StartsWith("Interrupted: partial results of 2 of 3 points\n"));
  for (auto& point : sweep.points) point.reset();
  EXPECT_EQ(
      sweep_text(sweep, {}),
      "Interrupted: partial results of 0 of 3 points\nconstant: policy.0.abort.detect, 3 points\n");
}

TEST(Batch, StopsWithWhatIsDone) {
  const ScenarioFolder folder;
  const std::atomic<bool> stop{true};
  BatchProgress progress;
  const auto variations = parse_variations(detects);
  for (const auto& result :
       run_batch(batch_of(folder.write("s.yaml", constant), variations, 2), stop, progress))
    EXPECT_FALSE(result);
  EXPECT_EQ(progress.runs_done, 0U);
}

TEST(Batch, NamesTheFirstRunThatIsWrongWhateverTheThreads) {
  const ScenarioFolder folder;
  const std::string file = folder.write("s.yaml", constant);
  const std::atomic<bool> go_on{false};
  const auto variations = parse_variations({"policy.0.abort.detect=1s,2s,3s,4x,5s,6x,7x,8s"});
  for (int i = 0; i < 20; ++i) {
    BatchProgress progress;
    try {
      check_batch(batch_of(file, variations, 4), go_on, progress);
      FAIL() << "no error";
    } catch (const ScenarioError& error) {
      EXPECT_THAT(error.what(), StartsWith("--vary policy.0.abort.detect=4x: "));
    }
  }
}

}  // namespace
}  // namespace caesura
