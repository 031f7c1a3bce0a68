#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr const char* everything = R"(# a comment
scenario: cancel-after-timeout
description: Users give up after 30 s.
seed: 42
load: {requests: 1e4, arrivals: {poisson: 20/s}, users: 500}
links: {client: 40ms, llm: 5ms, tool: 2ms, agent: {uniform: [20ms, 40ms]}}
services:
  llm:
    planner:
      latency: {lognormal: {median: 5.7s, sigma: 1.16}, max: 600s}
      input_tokens: 800
      cached_input_tokens: {first: 20000, per_call: 1100}
      output_tokens: {lognormal: {median: 214, sigma: 0.9}}
      price: {input: 3.00, cached_input: 0.30, output: 15.00}
    writer:
      time_to_first_token: {lognormal: {median: 800ms, p95: 2s}}
      time_per_output_token: 25ms
      output_tokens: 400
      price: {per_1k: 0.02}
      concurrency: 64
      queue: 0
      on_abort: full
  tool:
    search: {latency: 300ms, failure_rate: 0.01, on_failure: fail}
    ledger: {latency: 2s, transactional: true}
    mailer: {latency: 1s, side_effects: unsafe}
  agent:
    researcher: {latency: 5s, cached_input_tokens: 7, price: {input: 1, output: 2}}
workflow:
  - decompose: planner
  - repeat: {times: {uniform: [2, 6]}, do: [{llm: planner}, {tool: search}]}
  - choose: [{weight: 0.7, do: [{llm: planner}]}, {weight: 0.3, do: [{agent: researcher}]}]
  - parallel: [{agent: researcher}, {tool: ledger}, [{llm: planner}, {tool: search}]]
  - parallel: {times: {uniform: [1, 4]}, do: [{tool: mailer}]}
  - wait: {exponential: {mean: 20s}}
  - transaction: 200ms
  - llm: writer
    stream: {chunk_tokens: 4}
cancel:
  - after: 30s
  - {probability: 0.2, after: {exponential: {mean: 10s}}}
  - {after_chunks: 10}
  - {during: {operation: 3, at: 0.5}}
  - {during: {kind: transaction, at: {uniform: [0, 1]}}}
  - {during: {request: 1}}
  - {when: {cost_over: 1.25}}
  - {when: {tokens_over: 5e5}}
  - {after: 5s, times: 3, every: 500ms, even_if_finished: true}
policy: [never, {named: usual, checkpoint: {}}]
timeout: 10m
thresholds:
  - usual.cancel_latency_s.p99 < 120
)";

Scenario load(const std::string& yaml, const ScenarioOptions& options = {}) {
  return ScenarioFolder().load(yaml, options);
}

Load load_of(const std::string& load_yaml) {
  return load(scenario_with({"load: {" + load_yaml + "}"})).model.load;
}

template <class Part>
const Part& part(const WorkflowStep& step) {
  return std::get<Part>(step.what);
}

TEST(Loader, ReadsTheHeadOfAScenario) {
  const auto scenario = load(everything);
  EXPECT_EQ(scenario.name, "cancel-after-timeout");
  EXPECT_EQ(scenario.description, "Users give up after 30 s.");
  EXPECT_EQ(scenario.model.seed.value, 42u);
  EXPECT_EQ(scenario.model.timeout, 10min);
  EXPECT_EQ(scenario.model.links.client.quantile(0.5), 40e6);
  EXPECT_EQ(scenario.model.links.agent.lowest(), 20e6);
  ASSERT_EQ(scenario.policies.size(), 2u);
  EXPECT_EQ(scenario.policies[0].kind, PolicyKind::never);
  EXPECT_EQ(scenario.policies[0].name, "never");
  EXPECT_EQ(scenario.policies[1].kind, PolicyKind::checkpoint);
  EXPECT_EQ(scenario.policies[1].name, "usual");
  EXPECT_TRUE(scenario.policies_left_out.empty());
  ASSERT_EQ(scenario.thresholds.size(), 1u);
  EXPECT_EQ(scenario.thresholds[0].expression, "usual.cancel_latency_s.p99 < 120");
  EXPECT_TRUE(scenario.thresholds[0].location.ends_with("s.yaml:52:5"))
      << scenario.thresholds[0].location;
}

TEST(Loader, ReturnsTheFilesOwnTextWhenNoOptionChangesIt) {
  EXPECT_EQ(load(everything).yaml, everything);
}

TEST(Loader, FillsInTheDefaults) {
  const auto scenario =
      load(scenario_with({"services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s}}}"}));
  const auto& model = scenario.model;
  EXPECT_EQ(model.seed.value, 1u);
  EXPECT_EQ(model.load.users, 1u);
  EXPECT_EQ(model.links.llm.highest(), 0);
  EXPECT_FALSE(model.timeout);
  EXPECT_TRUE(model.cancels.empty());
  ASSERT_EQ(scenario.policies.size(), 1u);
  EXPECT_EQ(scenario.policies[0].name, "checkpoint");
  const auto& llm = model.services.at(0);
  EXPECT_EQ(llm.on_failure, OnFailure::fail);
  EXPECT_EQ(llm.output_tokens.highest(), 0);
  EXPECT_EQ(llm.price.output, Money{});
  EXPECT_EQ(llm.on_abort, OnAbort::generated);
  EXPECT_FALSE(llm.concurrency);
  EXPECT_FALSE(llm.queue);
  const auto& tool = model.services.at(1);
  EXPECT_EQ(tool.on_failure, OnFailure::go_on);
  EXPECT_EQ(tool.side_effects, SideEffects::none);
  EXPECT_FALSE(tool.transactional);
}

TEST(Loader, ReadsServices) {
  const auto model = load(everything).model;
  ASSERT_EQ(model.services.size(), 6u);
  const auto& planner = model.services[0];
  EXPECT_EQ(planner.name, "planner");
  EXPECT_EQ(planner.kind, ServiceKind::llm);
  EXPECT_EQ(std::get<WholeLatency>(planner.latency).whole.highest(), 600e9);
  EXPECT_EQ(std::get<GrowingContext>(planner.cached_input_tokens).first.value, 20000);
  EXPECT_EQ(std::get<GrowingContext>(planner.cached_input_tokens).per_call.value, 1100);
  const auto& writer = model.services[1];
  EXPECT_EQ(std::get<TokenLatency>(writer.latency).time_per_output_token.quantile(0.5), 25e6);
  EXPECT_EQ(writer.concurrency, 64u);
  EXPECT_EQ(writer.queue, 0u);
  EXPECT_EQ(writer.on_abort, OnAbort::full);
  EXPECT_EQ(model.services[2].on_failure, OnFailure::fail);
  EXPECT_EQ(model.services[2].failure_rate, 0.01);
  EXPECT_TRUE(model.services[3].transactional);
  EXPECT_EQ(model.services[4].side_effects, SideEffects::unsafe);
  EXPECT_EQ(model.services[5].kind, ServiceKind::agent);
  EXPECT_EQ(std::get<Distribution>(model.services[5].cached_input_tokens).highest(), 7);
}

TEST(Loader, ReadsPricesExactly) {
  const auto services = load(everything).model.services;
  EXPECT_EQ(services[0].price.input.picos, 3'000'000);
  EXPECT_EQ(services[0].price.cached_input.picos, 300'000);
  EXPECT_EQ(services[0].price.output.picos, 15'000'000);
  EXPECT_EQ(services[1].price.cached_input.picos, 20'000'000);
  EXPECT_EQ(services[5].price.cached_input.picos, 1'000'000)
      << "cached input costs as much as input unless said otherwise";
}

TEST(Loader, ReadsEveryKindOfStep) {
  const auto workflow = load(everything).model.workflow;
  ASSERT_EQ(workflow.size(), 8u);
  EXPECT_EQ(part<ServiceCall>(workflow[0]).kind, OperationKind::decompose);
  EXPECT_EQ(part<Repeat>(workflow[1]).times.highest(), 6);
  EXPECT_EQ(part<Repeat>(workflow[1]).body.size(), 2u);
  EXPECT_EQ(part<Choose>(workflow[2]).weights, (std::vector<double>{0.7, 0.3}));
  EXPECT_EQ(part<ServiceCall>(part<Choose>(workflow[2]).branches[1][0]).service, 5);
  const auto& branches = part<Parallel>(workflow[3]).branches;
  ASSERT_EQ(branches.size(), 3u);
  EXPECT_EQ(branches[0].size(), 1u) << "a branch may be one step";
  EXPECT_EQ(branches[2].size(), 2u) << "or a list of steps";
  EXPECT_EQ(part<ServiceCall>(part<ParallelTimes>(workflow[4]).branch[0]).service, 4);
  EXPECT_EQ(part<Wait>(workflow[5]).duration.mean(), 20e9);
  EXPECT_EQ(part<Transaction>(workflow[6]).duration.mean(), 200e6);
  EXPECT_EQ(part<ServiceCall>(workflow[7]).chunk_tokens, 4u);
  EXPECT_EQ(part<ServiceCall>(workflow[0]).chunk_tokens, 0u);
}

TEST(Loader, ReadsEveryMomentOfACancel) {
  const auto cancels = load(everything).model.cancels;
  ASSERT_EQ(cancels.size(), 9u);
  EXPECT_EQ(std::get<CancelAfter>(cancels[0].moment).delay.mean(), 30e9);
  EXPECT_EQ(cancels[0].probability, 1);
  EXPECT_EQ(cancels[1].probability, 0.2);
  EXPECT_EQ(std::get<CancelAfterChunks>(cancels[2].moment).chunks, 10u);
  EXPECT_EQ(std::get<CancelDuringOperation>(cancels[3].moment).operation, 3u);
  EXPECT_EQ(std::get<CancelDuringOperation>(cancels[3].moment).at.mean(), 0.5);
  EXPECT_EQ(std::get<CancelDuringKind>(cancels[4].moment).kind, OperationKind::transaction);
  EXPECT_EQ(std::get<CancelDuringRequest>(cancels[5].moment).share.mean(), 1);
  EXPECT_EQ(std::get<CancelOverCost>(cancels[6].moment).limit.picos, 1'250'000'000'000);
  EXPECT_EQ(std::get<CancelOverTokens>(cancels[7].moment).limit.value, 500'000);
  EXPECT_EQ(cancels[8].times, 3);
  EXPECT_EQ(cancels[8].every, 500ms);
  EXPECT_TRUE(cancels[8].even_if_finished);
}

TEST(Loader, TakesASingleSourceOfCancelsWithoutAList) {
  EXPECT_EQ(load(scenario_with({"cancel: {after: 30s}"})).model.cancels.size(), 1u);
  EXPECT_TRUE(load(scenario_with({"cancel: []"})).model.cancels.empty());
}

TEST(Loader, TakesOnePolicyAsAWordAMappingOrAList) {
  for (const char* form : {"never", "[never]", "{never: {}}", "{never: }", "[{never: }]",
                           "{named: never, never: {}}"}) {
    const auto policies = load(scenario_with({std::string("policy: ") + form})).policies;
    ASSERT_EQ(policies.size(), 1u) << form;
    EXPECT_EQ(policies[0].name, "never") << form;
    EXPECT_EQ(policies[0].kind, PolicyKind::never) << form;
  }
}

TEST(Loader, ReadsRatesAsExactFractions) {
  const auto constant = [](const std::string& rate) {
    return std::get<ConstantArrivals>(
        load_of("requests: 10, arrivals: {constant: " + rate + "}").arrivals);
  };
  EXPECT_EQ(constant("20/s").requests, 1);
  EXPECT_EQ(constant("20/s").per, 50ms);
  EXPECT_EQ(constant("90/m").requests, 3);
  EXPECT_EQ(constant("90/m").per, 2s);
  EXPECT_EQ(constant("3/h").per, 20min);
  EXPECT_EQ(constant("0.3/s").requests, 3);
  EXPECT_EQ(constant("0.3/s").per, 10s);
  EXPECT_EQ(constant("1000000000/s").per, 1ns);
}

TEST(Loader, ReadsRandomArrivals) {
  const auto poisson = load_of("duration: 1h, users: 7, arrivals: {poisson: 20/s}");
  EXPECT_EQ(std::get<RandomArrivals>(poisson.arrivals).gap.mean(), 50e6);
  EXPECT_EQ(poisson.duration, 1h);
  EXPECT_EQ(poisson.requests, 1'000'000'000u);
  EXPECT_EQ(poisson.users, 7u);
  const auto gamma = load_of("requests: 1e9, arrivals: {gamma: {rate: 2/s, cv: 3}}");
  EXPECT_NEAR(std::get<RandomArrivals>(gamma.arrivals).gap.mean(), 500e6, 1);
}

TEST(Loader, ReadsClosedLoadsAndLoadsAtOnce) {
  const auto closed =
      load_of("requests: 100, arrivals: {closed: {users: 50, think: {exponential: {mean: 5s}}}}");
  EXPECT_EQ(std::get<ClosedLoad>(closed.arrivals).users, 50u);
  EXPECT_EQ(std::get<ClosedLoad>(closed.arrivals).think.mean(), 5e9);
  EXPECT_EQ(closed.users, 50u);
  EXPECT_TRUE(
      std::holds_alternative<ArrivalsAtOnce>(load_of("requests: 3, arrivals: at_once").arrivals));
}

TEST(Loader, ReadsATraceBesideTheScenario) {
  const ScenarioFolder folder;
  folder.write("arrivals.csv", "\xEF\xBB\xBF# seconds\n0\n0.5\r\n\n 1.0000000006\n1e1\n20\n");
  const auto load = [&](const std::string& more, const ScenarioOptions& options = {}) {
    return folder
        .load(scenario_with({"load: {arrivals: {trace: arrivals.csv}" + more + "}"}), options)
        .model.load;
  };
  const auto arrivals = std::get<TracedArrivals>(load("").arrivals).arrivals;
  EXPECT_EQ(arrivals, (std::vector<Time>{Time{0s}, Time{500ms}, Time{1'000'000'001ns}, Time{10s},
                                         Time{20s}}));
  EXPECT_EQ(load("").requests, 5u);
  EXPECT_EQ(load(", requests: 2").requests, 2u);
  EXPECT_EQ(load(", requests: 100").requests, 5u);
  EXPECT_EQ(load(", duration: 10s").requests, 3u) << "strictly before";
  EXPECT_EQ(std::get<TracedArrivals>(load(", duration: 10s").arrivals).arrivals.size(), 3u);
  ScenarioOptions options;
  options.requests = 4;
  EXPECT_EQ(load(", duration: 10s", options).requests, 4u);
}

TEST(Loader, SaysWhereATraceIsWrong) {
  const ScenarioFolder folder;
  const auto error = [&](const std::string& csv) {
    folder.write("t.csv", csv);
    return folder.error(scenario_with({"load: {arrivals: {trace: t.csv}}"}));
  };
  EXPECT_EQ(error("0\n  2\n1\n"), "t.csv:3:1: this arrival is before the one above; sort the file");
  EXPECT_EQ(error("0\n  -2\n"), "t.csv:2:3: an arrival must not be negative, not '-2'");
  EXPECT_EQ(error("seconds\n1\n"),
            "t.csv:1:1: an arrival must be a number of seconds, not 'seconds'");
  EXPECT_EQ(error("1,2\n"), "t.csv:1:1: an arrival must be a number of seconds, not '1,2'");
  EXPECT_EQ(error("1e300\n"), "t.csv:1:1: an arrival is over 100 years, not '1e300'");
  EXPECT_EQ(error("nan\n"), "t.csv:1:1: an arrival must be a number of seconds, not 'nan'");
  EXPECT_EQ(error("# nothing\n"),
            "s.yaml:2:26: 't.csv' holds no arrivals; write seconds, one a line");
  folder.write("t.csv", "5\n");
  EXPECT_EQ(folder.error(scenario_with({"load: {duration: 5s, arrivals: {trace: t.csv}}"})),
            "s.yaml:2:18: no arrival of the trace is before this; make it longer");
}

TEST(Loader, TakesAliasesForRepeatedValues) {
  const auto model = load(R"(scenario: s
load: {requests: 1, arrivals: at_once}
services: {llm: {a: &service {latency: &time 5s}, b: *service}, tool: {t: {latency: *time}}}
workflow: [{llm: b}]
)")
                         .model;
  ASSERT_EQ(model.services.size(), 3u);
  EXPECT_EQ(std::get<WholeLatency>(model.services[1].latency).whole.mean(), 5e9);
  EXPECT_EQ(std::get<WholeLatency>(model.services[2].latency).whole.mean(), 5e9);
}

TEST(Loader, LetsServicesOfDifferentKindsShareAName) {
  const auto model =
      load(scenario_with({"services: {llm: {x: {latency: 1s}}, tool: {x: {latency: 2s}}}",
                          "workflow: [{tool: x}, {llm: x}]"}))
          .model;
  EXPECT_EQ(part<ServiceCall>(model.workflow[0]).service, 1);
  EXPECT_EQ(part<ServiceCall>(model.workflow[1]).service, 0);
}

TEST(Loader, AllowsAMillionStepsAndBranchesThatAreNeverDrawn) {
  EXPECT_NO_THROW(load(scenario_with(
      {"workflow: [{repeat: {times: 1000, do: [{repeat: {times: 1000, do: [{llm: m}]}}]}}]"})));
  EXPECT_NO_THROW(load(
      scenario_with({"workflow: [{repeat: {times: {geometric: {mean: 1e6}}, do: [{llm: m}]}}]"})));
  EXPECT_NO_THROW(
      load(scenario_with({"workflow: [{choose: [{weight: 1, do: [{wait: 1s}]}, {weight: 0, do: "
                          "[{repeat: {times: 1e6, do: [{llm: m}, {llm: m}]}}]}]}]"})));
}

}  // namespace
}  // namespace caesura
