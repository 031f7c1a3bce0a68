#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;

const std::string base = R"(scenario: s
load: {duration: 1h, arrivals: {poisson: 20/s}}
services:
  llm: {planner: {latency: {lognormal: {median: 5s, sigma: 1}}}}
workflow:
  - llm: planner
  - repeat: {times: 2, do: [{llm: planner}]}
cancel: [{after: 30s}, {after: 5s, times: 2, every: 1s}]
policy: [never, checkpoint]
)";

Scenario load(const std::string& yaml, const ScenarioOptions& options) {
  return ScenarioFolder().load(yaml, options);
}
std::string error(const std::string& yaml, const ScenarioOptions& options) {
  return ScenarioFolder().error(yaml, options);
}

ScenarioOptions policies(std::vector<std::string> values) {
  ScenarioOptions options;
  options.policies = std::move(values);
  return options;
}

TEST(LoaderOptions, SetChangesValuesByPath) {
  const auto model = load(base, sets({"services.llm.planner.latency.lognormal.median=3s",
                                      "cancel.1.after={uniform: [1s, 2s]}", "seed=7",
                                      "workflow.1.repeat.times=1e3"}))
                         .model;
  EXPECT_EQ(std::get<WholeLatency>(model.services[0].latency).whole.quantile(0.5), 3e9);
  EXPECT_EQ(std::get<CancelAfter>(model.cancels[1].moment).delay.highest(), 2e9);
  EXPECT_EQ(model.seed.value, 7u);
  EXPECT_EQ(std::get<Repeat>(model.workflow[1].what).times.mean(), 1000);
}

TEST(LoaderOptions, SetCreatesWhatIsMissingAboveItsPath) {
  const auto model = load(base, sets({"links.client=40ms", "services.tool.t.latency=1s",
                                      "timeout=5m", "cancel.0.probability=0.5"}))
                         .model;
  EXPECT_EQ(model.links.client.mean(), 40e6);
  EXPECT_EQ(model.services.size(), 2u);
  EXPECT_EQ(model.timeout, 5min);
  EXPECT_EQ(model.cancels[0].probability, 0.5);
}

TEST(LoaderOptions, LaterSetsSeeEarlierOnes) {
  EXPECT_EQ(load(base, sets({"cancel=[]", "cancel=[{after: 1s}]", "cancel.0.after=2s"}))
                .model.cancels.size(),
            1u);
}

TEST(LoaderOptions, RequestsAndDurationReplaceEachOther) {
  auto load_of = [](const std::string& set) { return load(base, sets({set})).model.load; };
  EXPECT_EQ(load_of("load.requests=100").requests, 100u);
  EXPECT_FALSE(load_of("load.requests=100").duration);
  EXPECT_EQ(load_of("load.duration=5m").duration, 5min);
  ScenarioOptions options;
  options.requests = 77;
  EXPECT_EQ(load(base, options).model.load.requests, 77u);
  EXPECT_FALSE(load(base, options).model.load.duration);
  EXPECT_EQ(load(scenario_with({}), sets({"load.duration=5m", "load.arrivals={poisson: 1/s}"}))
                .model.load.duration,
            5min);
}

TEST(LoaderOptions, ASingleCancelOrPolicyIsItem0OfItsList) {
  const auto scenario = load(scenario_with({"cancel: {after: 30s}", "policy: never"}),
                             sets({"cancel.0.after=5s", "policy.0=checkpoint"}));
  EXPECT_EQ(std::get<CancelAfter>(scenario.model.cancels[0].moment).delay.mean(), 5e9);
  EXPECT_EQ(scenario.policies[0].name, "checkpoint");
}

TEST(LoaderOptions, TheSeedMayUseAll64Bits) {
  ScenarioOptions options;
  options.seed = UINT64_MAX;
  EXPECT_EQ(load(base, options).model.seed.value, UINT64_MAX);
}

TEST(LoaderOptions, PoliciesReplaceTheFilesOwn) {
  const auto scenario = load(base, policies({"checkpoint", "{named: usual, checkpoint: {}}"}));
  ASSERT_EQ(scenario.policies.size(), 2u);
  EXPECT_EQ(scenario.policies[1].name, "usual");
  EXPECT_EQ(scenario.policies_left_out, (std::vector<std::string>{"never"}));
  EXPECT_EQ(load(scenario_with({}), policies({"never"})).policies_left_out,
            (std::vector<std::string>{"checkpoint"}))
      << "the default is left out, too";
  EXPECT_EQ(load(scenario_with({"policy: [{named: x, never: {}}, abort]"}), policies({"never"}))
                .policies_left_out,
            (std::vector<std::string>{"x", "abort"}));
}

TEST(LoaderOptions, ErrorsNameTheOptionAndNoLine) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"load.requests=abc", "requests must be a whole number from 1 to 1000000000, not 'abc'"},
      {"load.requests=", "requests has no value; it must be a whole number from 1 to 1000000000"},
      {"load.requets=5", "unknown key 'requets'; did you mean 'requests'?"},
      {"lod.requests=5", "unknown key 'lod'; did you mean 'load'?"},
      {"timeout=30",
       "timeout needs a unit; write 30s if seconds are meant (units: ns, us, ms, s, m, h)"},
      {"cancel.5.after=1s", "'cancel' has no item 5; its items are 0 to 1"},
      {"cancel.first.after=1s",
       "'cancel' is a list; write an index from 0 instead of 'first', such as cancel.0"},
      {"cancel.-1.after=1s",
       "'cancel' is a list; write an index from 0 instead of '-1', such as cancel.0"},
      {"cancel.99999999999999999999=1s",
       "'cancel' is a list; write an index from 0 instead of '99999999999999999999', such as "
       "cancel.0"},
      {"scenario.x=1",
       "'scenario' is the plain value 's' with nothing below; set 'scenario' itself"},
      {"seed", "this is not PATH=VALUE; write it as in --set load.requests=1000"},
      {"=5", "this is not PATH=VALUE; write it as in --set load.requests=1000"},
      {"load..requests=5",
       "the path 'load..requests' has an empty part; write keys and indices joined by dots, such "
       "as load.requests"},
      {".=5",
       "the path '.' has an empty part; write keys and indices joined by dots, such as "
       "load.requests"},
      {"cancel=[1s",
       "a list or mapping cannot be a key; a key is plain text (is a bracket not closed?)"},
      {"workflow.0.llm=planer", "no llm service is called 'planer'; did you mean 'planner'?"},
      {"thresholds.0=a", "thresholds must be a list of conditions, not a mapping"},
  };
  for (const auto& [set, message] : cases) {
    EXPECT_EQ(error(base, sets({set})), "--set " + set + ": " + message);
  }
}

TEST(LoaderOptions, AnOptionOfAPolicyThatStandsAsAWordCanBeSet) {
  const std::string with_words = scenario_with({"policy: [never, abort]"});
  EXPECT_EQ(load(with_words, sets({"policy.1.abort.detect=3s"})).policies.at(1).abort_delay,
            std::chrono::seconds(3));
  EXPECT_EQ(load(scenario_with({"policy: escalate"}), sets({"policy.0.escalate.after=1s"}))
                .policies.at(0)
                .abort_delay,
            std::chrono::milliseconds(1025));
  EXPECT_EQ(error(with_words, sets({"policy.1.escalate.after=3s"})),
            "--set policy.1.escalate.after=3s: 'policy.1' is the plain value 'abort' with nothing "
            "below; set 'policy.1' itself");
}

TEST(LoaderOptions, ErrorsOfTheOtherOptionsNameThemToo) {
  ScenarioOptions options;
  options.requests = 0;
  EXPECT_EQ(error(base, options),
            "--requests 0: requests must be a whole number from 1 to 1000000000, not '0'");
  EXPECT_EQ(error(base, policies({"chekpoint"})),
            "--policy chekpoint: unknown policy 'chekpoint'; did you mean 'checkpoint'?");
  EXPECT_EQ(error(base, policies({"escalate: {aftr: 5s}"})),
            "--policy escalate: {aftr: 5s}: unknown key 'aftr'; did you mean 'after'?");
  EXPECT_EQ(error(base, policies({"[never, checkpoint]"})),
            "--policy [never, checkpoint]: one option takes one policy; write --policy never "
            "--policy checkpoint for two");
  EXPECT_EQ(error(base, policies({"never", "never"})),
            "--policy never: two policies are called 'never'; remove one, or give it another name "
            "with 'named'");
}

TEST(LoaderOptions, WhatIsVariedComesAfterAllOthers) {
  ScenarioOptions options = policies({"escalate: {after: 5s}"});
  options.requests = 10;
  options.varied = {"load.requests=20", "policy.0.escalate.after=7s"};
  const auto scenario = load(base, options);
  EXPECT_EQ(scenario.model.load.requests, 20u);
  EXPECT_EQ(scenario.policies.at(0).abort_delay, std::chrono::milliseconds(7025));
  EXPECT_EQ(load(scenario.yaml, {}).model.load.requests, 20u);
  options.varied = {"policy.0.escalate.after=7x"};
  EXPECT_TRUE(error(base, options).starts_with("--vary policy.0.escalate.after=7x: "))
      << error(base, options);
}

TEST(LoaderOptions, TheEffectiveYamlMeansTheSameAgain) {
  ScenarioOptions options =
      sets({"description=\"a \\\"b\\\": #1\\n\\tc\"", "load.arrivals={gamma: {rate: 2/s, cv: 3}}",
            "thresholds=[a < 1]", "policy=[{named: x, never: }]"});
  options.seed = 5;
  options.requests = 10;
  const auto first = load(base, options);
  ScenarioOptions same_seed;
  same_seed.seed = 5;
  const auto second = load(first.yaml, same_seed);
  EXPECT_EQ(first.yaml, second.yaml);
  EXPECT_EQ(load(first.yaml, {}).yaml, first.yaml);
  EXPECT_EQ(second.description, "a \"b\": #1\n\tc");
  EXPECT_EQ(second.model.load.requests, 10u);
  EXPECT_EQ(second.policies[0].name, "x");
  EXPECT_EQ(second.thresholds[0].expression, "a < 1");
}

}  // namespace
}  // namespace caesura
