#include "scenarios/run/memory_need.hpp"

#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

namespace caesura {
namespace {

using ::testing::HasSubstr;

constexpr double gigabyte = 1e9;

class MemoryNeedTest : public ::testing::Test {
 protected:
  MemoryNeed need(const std::vector<std::string>& lines,
                  EngineKind engine = EngineKind::direct) const {
    return memory_need(folder_.load(scenario_with(lines)).model, engine);
  }
  /// Agents so many deep, each of which asks the next one so often.
  MemoryNeed need_of_tree(int depth, const std::string& times) const {
    std::string agents;
    for (int i = 0; i < depth; ++i) {
      const std::string next =
          i + 1 < depth ? "agent: a" + std::to_string(i + 1) : std::string("tool: t");
      agents += (i == 0 ? "a" : ", a") + std::to_string(i) +
                ": {workflow: [{repeat: {times: " + times + ", do: [{" + next + "}]}}]}";
    }
    return need({"load: {requests: 1, arrivals: at_once}",
                 "services: {tool: {t: {latency: 1s}}, agent: {" + agents + "}}",
                 "workflow: [{agent: a0}]"});
  }
  ScenarioFolder folder_;
};

const std::string many = "load: {requests: 1e9, arrivals: at_once}";
std::string model_with(const std::string& options) {
  return "services: {llm: {m: {" + options + "}}}";
}

TEST_F(MemoryNeedTest, OfRequestsThatCompeteIsThatOfAllWhoComeAtOnce) {
  const auto competing = model_with("latency: 1s, concurrency: 4");
  EXPECT_NEAR(need({many, competing}).bytes, 300 * gigabyte, 100 * gigabyte);
  EXPECT_GT(need({many, competing}, EngineKind::caf).bytes, need({many, competing}).bytes);
  EXPECT_EQ(need({"load: {requests: 1e9, arrivals: {closed: {users: 1000}}}", competing}).bytes,
            need({"load: {requests: 1000, arrivals: at_once}", competing}).bytes);
  EXPECT_GT(need({many, model_with("latency: {exponential: {mean: 1s}}, concurrency: 4")}).bytes,
            100 * gigabyte);
}

TEST_F(MemoryNeedTest, IsUnknownWhereRequestsNeedNotBeInFlightTogether) {
  EXPECT_EQ(need({many}).bytes, 0) << "they do not compete, and are run one by one";
  EXPECT_EQ(need({many, model_with("latency: 0s, concurrency: 4")}).bytes, 0)
      << "each is gone before the next one comes";
  EXPECT_EQ(need({many, model_with("latency: 1s, concurrency: 4, queue: 9")}).bytes, 0)
      << "so are those that are turned away";
  EXPECT_EQ(need({"load: {requests: 1e9, arrivals: {poisson: 1/s}}",
                  model_with("latency: 1s, concurrency: 4")})
                .bytes,
            0)
      << "it may keep up";
  EXPECT_EQ(need({many, model_with("latency: 1s, concurrency: 4")}, EngineKind::caf_realtime).bytes,
            0);
  EXPECT_EQ(
      need({many, model_with("latency: 1s, concurrency: 4"),
            "workflow: [{choose: [{weight: 1, do: [{llm: m}]}, {weight: 1, do: [{wait: 0s}]}]}]"})
          .bytes,
      0);
}

TEST_F(MemoryNeedTest, OfATreeGrowsWithItsMean) {
  EXPECT_GT(need_of_tree(30, "{uniform: [1, 4]}").bytes, 1e5 * gigabyte);
  EXPECT_GT(need_of_tree(30, "{uniform: [1, 3]}").bytes, 100 * gigabyte);
  EXPECT_LT(need_of_tree(30, "1").bytes, 1e5);
  EXPECT_LT(need_of_tree(8, "{uniform: [1, 4]}").bytes, 0.01 * gigabyte);
  EXPECT_LT(need_of_tree(30, "{pareto: {min: 1, alpha: 1}}").bytes, 1e6 * gigabyte)
      << "a mean that is infinite says nothing: the median does";
}

TEST_F(MemoryNeedTest, OfNoShippedScenarioIsLarge) {
  const std::filesystem::path folder = std::filesystem::path(CAESURA_SOURCE_DIR) / "scenarios";
  int scenarios = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".yaml") continue;
    const auto model = load_scenario(file.path().string(), {}).model;
    EXPECT_LT(memory_need(model, EngineKind::caf).bytes, 0.1 * gigabyte) << file.path();
    ++scenarios;
  }
  EXPECT_GT(scenarios, 10);
}

TEST_F(MemoryNeedTest, ThatIsNotThereIsToldWithWhatToDo) {
  const auto refusal = [](const MemoryNeed& need, double limit) -> std::string {
    try {
      expect_memory(need, limit);
    } catch (const TooLittleMemory& error) {
      return error.what();
    }
    return "";
  };
  const auto all = need({many, model_with("latency: 1s, concurrency: 4")});
  EXPECT_EQ(refusal(all, 1000 * gigabyte), "");
  EXPECT_EQ(refusal(all, 16 * gigabyte),
            "1000000000 requests in flight at once would need about 300 GB of memory, and there is "
            "16 GB; have fewer of them, or let them arrive over time");
  EXPECT_THAT(
      refusal(need_of_tree(30, "{uniform: [1, 3]}"), 1.5 * gigabyte),
      HasSubstr("child requests (on average, as their repeats are drawn) would need about"));
  EXPECT_GT(memory_limit(), 0.1 * gigabyte);
}

}  // namespace
}  // namespace caesura
