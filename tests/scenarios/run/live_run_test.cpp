#include "scenarios/run/live_run.hpp"

#include "model/plan.hpp"
#include "tests/scenarios/run/live_runs.hpp"
#include "tests/small_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A run whose clock stands still.
class ManualRun {
 public:
  explicit ManualRun(Model model, LiveOptions options = {})
      : scenario_(served(std::move(model))), run_(scenario_, manual(options)) {}

  LiveRun* operator->() { return &run_; }
  std::vector<std::string> happened(RequestNumber request = 0) {
    return words(run_.take_events(), request);
  }
  std::vector<std::string> happened_after(Duration by, RequestNumber request = 0) {
    run_.advance(by);
    return happened(request);
  }

 private:
  static LiveOptions manual(LiveOptions options) {
    options.manual_clock = true;
    return options;
  }
  const Scenario scenario_;
  LiveRun run_;
};

TEST(LiveRun, TimeStandsStillUntilItIsAdvanced) {
  ManualRun run(two_services());
  run->start({});
  EXPECT_THAT(run.happened(), ElementsAre("start 1 at 0"));
  EXPECT_THAT(run.happened_after(999ms), IsEmpty());
  EXPECT_THAT(run.happened_after(1ms), ElementsAre("end 1 at 1000", "start 2 at 1000"));
  EXPECT_THAT(run.happened_after(1h),
              ElementsAre("end 2 at 11000", "start 3 at 11000", "end 3 at 12000",
                          "start 4 at 12000", "end 4 at 22000", "stopped completed at 22000",
                          "answered at 22000", "settled at 22000"));
  EXPECT_EQ(run->now(), at(1h + 1s));
}

TEST(LiveRun, ACancelTakesEffectAtTheCheckpoint) {
  ManualRun run(two_services());
  const RequestNumber request = run->start({});
  run.happened_after(3s);
  run->cancel(request);
  EXPECT_THAT(run.happened(), ElementsAre("received at 3000", "answer accepted at 3000"));
  EXPECT_THAT(run.happened_after(1min), ElementsAre("end 2 at 11000", "stopped cancelled at 11000",
                                                    "answered at 11000", "settled at 11000"));
}

TEST(LiveRun, TheCheckpointIsWhereTimeStands) {
  ManualRun run(two_services());
  const RequestNumber request = run->start({});
  run.happened_after(1s);  // the second operation has begun
  run->cancel(request);
  EXPECT_THAT(run.happened_after(10s),
              ElementsAre("received at 1000", "answer accepted at 1000", "end 2 at 11000",
                          "stopped cancelled at 11000", "answered at 11000", "settled at 11000"));
}

TEST(LiveRun, EachCancelIsAnsweredOnce) {
  ManualRun run(two_services());
  const RequestNumber request = run->start({});
  run->cancel(request);
  run->cancel(request);
  run->cancel(request);
  EXPECT_THAT(run.happened(),
              ElementsAre("start 1 at 0", "received at 0", "answer accepted at 0",
                          "answer already cancelled at 0", "answer already cancelled at 0"));
}

/// The client has its answer before the orphan has ended.
TEST(LiveRun, ACancelThatTheClientDoesNotSendAnyMoreIsAnsweredByTheOutcome) {
  ManualRun run(one_child(untold));
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber request = run->start(wishes);
  run.happened_after(3s);
  run->cancel(request);
  EXPECT_THAT(run.happened(),
              ElementsAre("received at 3000", "answer accepted at 3000", "cut off 1 at 3000",
                          "stopped cancelled at 3000", "answered at 3000"));
  run->cancel(request);
  EXPECT_THAT(run.happened(), ElementsAre("answer already cancelled at 3000"));
  EXPECT_THAT(run.happened_after(1min), ElementsAre("settled at 3000"));
}

TEST(LiveRun, AnAnswerSaysToWhichCancel) {
  ManualRun run(one_child(untold));
  const RequestNumber request = run->start({});
  const RequestNumber other = run->start({});
  run->advance(3s);
  EXPECT_EQ(run->cancel(request), 0U);
  EXPECT_EQ(run->cancel(other), 0U);
  EXPECT_EQ(run->cancel(request), 1U) << "and this one is not sent any more";
  std::vector<std::pair<RequestNumber, std::uint32_t>> answered;
  for (const LiveEvent& event : run->take_events()) {
    if (event.what == LiveEvent::What::cancel_answered)
      answered.emplace_back(event.request, event.cancel);
  }
  EXPECT_THAT(answered,
              ElementsAre(std::pair(request, 0U), std::pair(other, 0U), std::pair(request, 1U)));
}

/// Its first cancel is still to be answered, and it has the answer to the request.
TEST(LiveRun, AClientThatHasTheAnswerSendsNoCancel) {
  Model model = two_services();
  model.links.client = fixed(100ms);
  ManualRun run(std::move(model));
  const RequestNumber request = run->start({});
  run->advance(22s + 150ms);
  run->cancel(request);
  run->advance(100ms);
  run->cancel(request);
  run->take_events();
  run->advance(100ms);
  const auto events = run->take_events();
  EXPECT_THAT(words(events), ElementsAre("answer too late at 22350", "answer too late at 22200",
                                         "settled at 22200"));
  EXPECT_EQ(records(events).at(0).client.cancels_sent, 1U);
}

TEST(LiveRun, OnceHaltedNothingHappensAnyMore) {
  ManualRun run(two_services());
  run->start({});
  run->halt();
  EXPECT_TRUE(run->results().run.partial);
  EXPECT_EQ(run->in_flight(), 1U);
}

TEST(LiveRun, OfASettledRequestNothingCanBeAsked) {
  ManualRun run(two_services());
  const RequestNumber request = run->start({});
  run->advance(1min);
  EXPECT_THROW(run->cancel(request), std::out_of_range);
  EXPECT_THROW(run->release(request), std::out_of_range);
  EXPECT_EQ(run->in_flight(), 0U);
}

TEST(LiveRun, ARequestHasThePolicyThatItWishesFor) {
  ManualRun run(two_services());
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber aborted = run->start(wishes);
  wishes.policy = never;
  const RequestNumber deaf = run->start(wishes);
  run->advance(3s);
  run->cancel(aborted);
  run->cancel(deaf);
  const auto events = run->take_events();
  EXPECT_THAT(words(events, aborted),
              ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000", "received at 3000",
                          "answer accepted at 3000", "cut off 2 at 3000",
                          "stopped cancelled at 3000", "answered at 3000", "settled at 3000"));
  EXPECT_THAT(words(events, deaf), ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000",
                                               "received at 3000", "answer ignored at 3000"));
  run->advance(1min);
  EXPECT_EQ(records(run->take_events()).at(0).request.outcome, Outcome::completed);
}

TEST(LiveRun, AnOperationThatAWishedPolicyCutsOffLeavesItsPlace) {
  Model model = two_services(1, 1);
  model.services[1].concurrency = 2;
  ManualRun run(std::move(model));
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber aborted = run->start(wishes);
  run->advance(3s);
  run->cancel(aborted);
  const RequestNumber first = run->start({});
  const RequestNumber second = run->start({});
  run->take_events();
  run->advance(1s);
  const auto events = run->take_events();
  EXPECT_THAT(words(events, first), ElementsAre("end 1 at 4000", "start 2 at 4000"));
  EXPECT_THAT(words(events, second), ElementsAre("end 1 at 4000", "start 2 at 4000"));
}

TEST(LiveRun, AWishedPolicyIsItsChildrensToo) {
  ManualRun run(one_child(told));
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber request = run->start(wishes);
  run->advance(3s);  // its child's tool runs until 11 s
  run->cancel(request);
  EXPECT_EQ(run.happened().back(), "settled at 3000");
}

/// All draws come out as those of an ordinary run's first request, children's included.
TEST(LiveRun, ARequestWithASeedIsTheFirstOfARunWithThatSeed) {
  Model model = one_child(told);
  for (ServiceProfile& service : model.services)
    service.latency = WholeLatency{Distribution::exponential(1e9)};
  Model other = model;
  other.seed = 77;
  other.load.requests = 1;
  const Settled expected = play(other, PolicyKind::checkpoint, both_engines[0].make).at(0);
  ManualRun run(std::move(model));
  run->start({});
  RequestWishes wishes;
  wishes.seed = 77;
  const RequestNumber seeded = run->start(wishes);
  const RequestNumber twin = run->start(wishes);
  run->advance(24h);
  for (const LiveRecord& record : records(run->take_events())) {
    const bool is_seeded = record.request.number == seeded || record.request.number == twin;
    EXPECT_EQ(record.request.stopped == expected.request.stopped, is_seeded)
        << record.request.number;
  }
}

TEST(LiveRun, AHeldOperationStartsAndDoesNotEnd) {
  ManualRun run(two_services());
  RequestWishes wishes;
  wishes.held_operation = 2;
  const RequestNumber request = run->start(wishes);
  EXPECT_THAT(run.happened_after(1h),
              ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000"));
  run->release(request);
  EXPECT_THAT(run.happened(), ElementsAre("end 2 at 3600000", "start 3 at 3600000"));
}

TEST(LiveRun, ACancelDuringAHeldOperationTakesEffectWhenItIsReleased) {
  ManualRun run(two_services());
  RequestWishes wishes;
  wishes.held_operation = 2;
  const RequestNumber request = run->start(wishes);
  run->advance(1h);
  run->cancel(request);
  EXPECT_EQ(run.happened().back(), "answer accepted at 3600000");
  run->advance(1h);
  run->release(request);
  EXPECT_THAT(run.happened(), ElementsAre("end 2 at 7200000", "stopped cancelled at 7200000",
                                          "answered at 7200000", "settled at 7200000"));
}

TEST(LiveRun, AHeldOperationIsCutOffLikeAnyOther) {
  for (const Model& model : {two_services(), one_child(told), one_child(untold)}) {
    ManualRun run(model);
    RequestWishes wishes;
    wishes.policy = aborting;
    wishes.held_operation = model.children.empty() ? 2 : 1;
    const RequestNumber request = run->start(wishes);
    run->advance(1h);
    run->cancel(request);
    const auto events = run->take_events();
    const auto settled = records(events);
    if (model.children.empty() || !model.child_of(2)->propagate) {
      ASSERT_EQ(settled.size(), 1U);
      EXPECT_EQ(settled[0].request.stopped, at(1h));
      EXPECT_EQ(settled[0].request.orphans.count, 0U);
    } else {
      EXPECT_EQ(words(events).back(),
                "answer accepted at 3600000");  // a child that is told of cancels stops by itself
      run->release(request);
      EXPECT_EQ(run.happened().back(), "settled at 3600000");
    }
  }
}

TEST(LiveRun, WhatMayNotBeCutOffRunsOnWhenTheTimeIsUp) {
  Model model = two_services();
  model.services[1].transactional = true;
  model.timeout = 5s;
  ManualRun run(std::move(model));
  run->start({});
  EXPECT_THAT(run.happened_after(1min),
              ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000", "runs on 2 at 11000",
                          "stopped timed_out at 5000", "answered at 5000", "settled at 5000"));
}

TEST(LiveRun, WhatItsServiceHasEndedIsNotCutOffThoughTheReplyIsOnItsWay) {
  Model model = two_services();
  model.links.tool = fixed(2s);
  ManualRun run(std::move(model));
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber request = run->start(wishes);
  run->advance(13500ms);
  run.happened();
  run->cancel(request);
  EXPECT_THAT(run.happened(),
              ElementsAre("received at 13500", "answer accepted at 13500", "end 2 at 13500",
                          "stopped cancelled at 13500", "answered at 13500", "settled at 13500"));
}

TEST(LiveRun, WhatIsCutOffWhileOthersGoOnHasItsEndThenAndNoOther) {
  Model model = two_services();
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)}, {{Transaction{fixed(5s)}}}}}}};
  ManualRun run(std::move(model));
  RequestWishes wishes;
  wishes.policy = aborting;
  const RequestNumber request = run->start(wishes);
  run->advance(500ms);
  run->cancel(request);
  run.happened();
  EXPECT_THAT(run.happened_after(1min), ElementsAre("end 2 at 5000", "stopped cancelled at 5000",
                                                    "answered at 5000", "settled at 5000"));
}

TEST(LiveRun, AnOperationReleasedBeforeItsEndIsNotHeld) {
  ManualRun run(two_services());
  RequestWishes wishes;
  wishes.held_operation = 2;
  const RequestNumber request = run->start(wishes);
  run->advance(2s);
  run->release(request);
  run->release(request);
  EXPECT_THAT(run.happened_after(10s),
              ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000", "end 2 at 11000",
                          "start 3 at 11000", "end 3 at 12000", "start 4 at 12000"));
}

TEST(LiveRun, AHeldRequestThatTimesOutStopsAllTheSame) {
  Model model = two_services();
  model.timeout = 30s;
  ManualRun run(std::move(model));
  RequestWishes wishes;
  wishes.held_operation = 2;
  run->start(wishes);
  run->advance(1min);
  EXPECT_THAT(run.happened(),
              ElementsAre("start 1 at 0", "end 1 at 1000", "start 2 at 1000", "end 2 at 30000",
                          "stopped timed_out at 30000", "answered at 30000", "settled at 30000"));
}

TEST(LiveRun, AnOperationStartsWhenItHasAPlace) {
  Model model = two_services();
  model.services[0].concurrency = 1;
  ManualRun run(std::move(model));
  run->start({});
  const RequestNumber second = run->start({});
  run->advance(1s);
  EXPECT_THAT(words(run->take_events(), second), ElementsAre("start 1 at 1000"));
}

TEST(LiveRun, ChunksNameTheirCallAndNoneComesAfterTheCancel) {
  Model model = two_services(1, 1);
  model.services[0].latency = TokenLatency{fixed(100ms), fixed(100ms)};
  model.services[0].output_tokens = Distribution::constant(10);
  model.workflow = {call(OperationKind::tool, 1), call(OperationKind::llm, 0, 4)};
  ManualRun run(std::move(model));
  const RequestNumber request = run->start({});
  run->advance(10s);
  run.happened();
  EXPECT_THAT(run.happened_after(500ms), ElementsAre("chunk 2 at 10400"));
  run->cancel(request);
  EXPECT_THAT(run.happened_after(1min),
              ElementsAre("received at 10500", "answer accepted at 10500", "end 2 at 11000",
                          "stopped cancelled at 11000", "answered at 11000", "settled at 11000"));
}

TEST(LiveRun, SaysBeforehandWhatARequestWillDo) {
  Model model = two_services(1, 1);
  model.services[0].output_tokens = Distribution::uniform(10, 1000);
  model.workflow.push_back({Transaction{fixed(1s)}});
  const auto tokens_of = [&](std::uint64_t seed) {
    Model drawn = model;
    drawn.seed = seed;
    return sample_of(drawn, 0, shared_plan(drawn)->steps[0]).tokens.output.value;
  };
  ManualRun run(model);
  RequestWishes wishes;
  wishes.seed = 5;
  const LivePlan plan = run->planned(wishes);
  ASSERT_EQ(plan.operations.size(), 3U);
  EXPECT_EQ(plan.operations[1].service, "tool");
  EXPECT_EQ(plan.operations[2].service, "");
  EXPECT_EQ(plan.answering_call, 1U);
  EXPECT_EQ(plan.answer_tokens, tokens_of(5));
  EXPECT_EQ(run->planned({}).answer_tokens, tokens_of(1));
}

TEST(LiveRun, TheAnswerIsThatOfTheLastStreamedCallIfOneIs) {
  Model model = two_services();
  model.workflow = {call(OperationKind::llm, 0), call(OperationKind::tool, 1),
                    call(OperationKind::llm, 0)};
  EXPECT_EQ(ManualRun(model)->planned({}).answering_call, 3U);
  model.workflow[0] = call(OperationKind::llm, 0, 4);
  EXPECT_EQ(ManualRun(model)->planned({}).answering_call, 1U);
  model.workflow[2] = call(OperationKind::llm, 0, 4);
  EXPECT_EQ(ManualRun(model)->planned({}).answering_call, 3U);
}

TEST(LiveRun, ARequestThatDrawsTooManyStepsIsNotStarted) {
  Model model = two_services();
  model.workflow = {
      {Repeat{.times = Distribution::uniform(2e6, 3e6), .body = {call(OperationKind::llm, 0)}}}};
  ManualRun run(std::move(model));
  EXPECT_THROW(run->start({}), PlanTooLong);
  EXPECT_EQ(run->in_flight(), 0U);
}

TEST(LiveRun, PlaysNeitherTheScenariosLoadNorItsCancels) {
  Model model = two_services(50);
  model.cancels = {cancel_after(3s)};
  ManualRun run(std::move(model));
  run->start({});
  run->advance(1h);
  const auto settled = records(run->take_events());
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].request.outcome, Outcome::completed);
}

TEST(LiveRun, ResultsHaveThePoliciesThatRequestsHad) {
  LiveOptions options;
  options.policy = aborting;
  ManualRun run(two_services(), options);
  EXPECT_EQ(run->results().policies.at(0).policy.name, "abort");
  RequestWishes wishes;
  wishes.policy = never;
  run->start(wishes);
  run->start({});
  run->advance(1min);
  run->start({});
  const Results results = run->results();
  EXPECT_EQ(results.requests, 3U);
  EXPECT_TRUE(results.run.partial);
  ASSERT_EQ(results.policies.size(), 2U);
  EXPECT_EQ(results.policies[0].policy.name, "abort");
  EXPECT_EQ(results.policies[0].totals.requests(), 1U);
  EXPECT_EQ(results.policies[1].policy.name, "never");
}

TEST(LiveRun, GivesItsRowsInOrderAndOnce) {
  LiveOptions options;
  options.keeps_csv = true;
  ManualRun run(two_services(), options);
  RequestWishes wishes;
  wishes.held_operation = 1;
  const RequestNumber held = run->start(wishes);
  run->start({});
  run->advance(1min);
  EXPECT_EQ(run->take_csv(false), "");
  run->release(held);
  run->advance(1min);
  const std::string rows = run->take_csv(false);
  EXPECT_LT(rows.find("checkpoint,0,"), rows.find("checkpoint,1,"));
  EXPECT_EQ(run->take_csv(true), "");
}

TEST(LiveRun, GivesTheRowsBehindAGapWhenItIsToldTo) {
  LiveOptions options;
  options.keeps_csv = true;
  ManualRun run(two_services(), options);
  RequestWishes wishes;
  wishes.held_operation = 1;
  run->start(wishes);
  run->start({});
  run->advance(1min);
  EXPECT_EQ(run->take_csv(true).find("checkpoint,1,"), 0U);
}

TEST(LiveRun, ManyRequestsEachHaveTheirOwnEvents) {
  ManualRun run(two_services());
  for (int round = 0; round < 20; ++round) {
    std::set<RequestNumber> started;
    for (int i = 0; i < 10; ++i) started.insert(run->start({}));
    EXPECT_EQ(started.size(), 10U);
    run->cancel(*started.begin());
    run->advance(1min);
    const auto events = run->take_events();
    for (const RequestNumber request : started) {
      const std::vector<std::string> of_request = words(events, request);
      EXPECT_EQ(of_request.size(), request == *started.begin() ? 7U : 11U);
      EXPECT_EQ(of_request.back().find("settled"), 0U);
    }
  }
}

}  // namespace
}  // namespace caesura
