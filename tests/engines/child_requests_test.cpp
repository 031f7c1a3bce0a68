#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

// Agents with workflows of their own: child requests, worked by hand.

namespace caesura {
namespace {

using namespace testing;

constexpr std::size_t llm = index_of(OperationKind::llm);
constexpr std::size_t tool = index_of(OperationKind::tool);
constexpr std::size_t agent = index_of(OperationKind::agent);

class ChildRequests : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, ChildRequests, ::testing::ValuesIn(both_engines));

const Policy checkpoint = policy(PolicyKind::checkpoint);

TEST_P(ChildRequests, AChildRunsAtItsAgentAndRepliesOverItsLink) {
  Model model = one_child(told);
  model.links.agent = fixed(100ms);
  model.workflow.push_back(llm_call);
  const RequestReport r = one(model, checkpoint).request;
  EXPECT_EQ(r.outcome, Outcome::completed);
  EXPECT_EQ(r.stopped, at(12s + 200ms + 1s));
  EXPECT_EQ(r.operations_planned, 2U);
  EXPECT_EQ(r.operations_done, 2U);
  EXPECT_EQ(r.used, r.planned);
  EXPECT_EQ(r.used.tokens.sum(), Tokens{450});
  EXPECT_EQ(r.used.cost, Money{3 * (150 + 1500)});
  EXPECT_EQ(r.billed.sum(), Tokens{450});
  EXPECT_EQ(r.used.busy[llm], Duration{3s});
  EXPECT_EQ(r.used.busy[tool], Duration{10s});
  EXPECT_EQ(r.used.busy[agent], Duration{});
  EXPECT_EQ(r.delivered, Tokens{100});  // the request's own last answer
  EXPECT_EQ(r.orphans, Orphans{});
}

TEST_P(ChildRequests, ChildrenSideBySideEndWithTheLast) {
  Model model = two_services();
  const WorkflowStep quick = add_agent(model, {llm_call}, told);
  const WorkflowStep slow = add_agent(model, {tool_call, llm_call}, told);
  model.workflow = {{Parallel{{{quick, quick}, {slow}, {slow}}}}};
  const RequestReport r = one(model, checkpoint).request;
  EXPECT_EQ(r.stopped, at(11s));
  EXPECT_EQ(r.operations_done, 4U);
  EXPECT_EQ(r.used.busy[llm], Duration{4s});
  EXPECT_EQ(r.used.busy[tool], Duration{20s});
}

TEST_P(ChildRequests, AChildIsToldOfTheCancelOverTheLinkAndStopsAtItsOwnCheckpoint) {
  Model model = one_child(told);
  model.links.agent = fixed(100ms);
  const RequestReport r = one(model, checkpoint, 3s).request;  // the tool runs from 1.1 s to 11.1 s
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.stopped, at(11200ms));
  EXPECT_EQ(r.cancelled_in, agent);
  EXPECT_FALSE(r.operation_hit);
  EXPECT_EQ(r.saved.busy[llm], Duration{1s});
  EXPECT_EQ(r.saved.tokens.sum(), Tokens{150});
  EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{8100ms});
}

TEST_P(ChildRequests, AChildAbortsByThePolicyFromWhenItWasTold) {
  Model model = one_child(told);
  model.links.agent = fixed(100ms);
  const RequestReport r = one(model, abort_after(1s), 3s)
                              .request;  // the child hears of it at 3.1 s and aborts at 4.1 s
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.stopped, at(4200ms));
  EXPECT_EQ(r.cancelled_in, agent);
  EXPECT_EQ(r.operations_done, 1U);
  EXPECT_EQ(r.interrupted[tool], 1U);
  EXPECT_EQ(r.interrupted[agent], 0U);
  EXPECT_EQ(r.used.busy[tool], Duration{3s});
  EXPECT_EQ(r.saved.busy[tool], Duration{7s});
  EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{1100ms});
  EXPECT_EQ(r.orphans, Orphans{});
}

TEST_P(ChildRequests, AChildsCallCutOffIsBilledAsItsProviderSays) {
  Model model = one_child(told);
  model.services[0].on_abort = OnAbort::full;
  const RequestReport r = one(model, abort_after(50ms), 250ms).request;
  EXPECT_EQ(r.used.tokens.output, Tokens{30});
  EXPECT_EQ(r.billed.output, Tokens{100});
  EXPECT_EQ(r.used.cost, Money{1650});
  EXPECT_EQ(r.used_after_cancel.cost, Money{75 * 15});
  model.services[0].on_abort = OnAbort::none;
  EXPECT_EQ(one(model, abort_after(50ms), 250ms).request.used_after_cancel.cost, Money{});
}

TEST_P(ChildRequests, UnderNeverAChildIsNotTold) {
  const RequestReport r = one(one_child(told), policy(PolicyKind::never), 3s).request;
  EXPECT_EQ(r.outcome, Outcome::completed);
  EXPECT_EQ(r.used, r.planned);
}

TEST_P(ChildRequests, ACancelGoesDownATreeAndTheRepliesComeUpIt) {
  const RequestReport r = one(nested({told, told, told}), abort_after(1s), 3s).request;
  // The tool runs from 0.3 s; the innermost child hears of it at 3.3 s.
  EXPECT_EQ(r.stopped, at(4600ms));
  EXPECT_EQ(r.interrupted[tool], 1U);
  EXPECT_EQ(r.interrupted[agent], 0U);
  EXPECT_EQ(r.used.busy[tool], Duration{4s});
  EXPECT_EQ(r.saved.busy[tool], Duration{6s});
  EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{1300ms});
}

TEST_P(ChildRequests, ATimeoutEndsAChildThatIsToldWithItsParent) {
  Model model = one_child(told);
  model.links.agent = fixed(100ms);
  model.timeout = 5s;
  const RequestReport r = one(model, abort_after(1s)).request;
  EXPECT_EQ(r.outcome, Outcome::timed_out);
  EXPECT_EQ(r.stopped, at(5s));
  EXPECT_EQ(r.used.busy[tool], Duration{3900ms});
  EXPECT_EQ(r.forgone.busy[tool], Duration{6100ms});
  EXPECT_EQ(r.forgone.tokens.sum(), Tokens{150});
  EXPECT_EQ(r.saved, Amounts{});
  EXPECT_EQ(r.interrupted[tool], 1U);
  EXPECT_EQ(r.interrupted[agent], 0U);
  EXPECT_EQ(r.orphans, Orphans{});
}

TEST_P(ChildRequests, ATimeoutEndsAWholeTreeAtOneInstant) {
  Model model = nested({told, told, told});
  model.timeout = 5s;
  const RequestReport r = one(model, checkpoint).request;
  EXPECT_EQ(r.stopped, at(5s));
  EXPECT_EQ(r.used.busy[tool], Duration{4700ms});
  EXPECT_EQ(r.interrupted[tool], 1U);
}

TEST_P(ChildRequests, OfAChildThatATimeoutEndsWhileItsParentIsCancellingTheRestIsSaved) {
  Model model = one_child(told);
  model.links.agent = fixed(1s);  // it has not even heard of the cancel
  model.timeout = 5s;
  const RequestReport r = one(model, checkpoint, 4500ms).request;
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.stopped, at(5s));
  EXPECT_EQ(r.used.busy[tool], Duration{3s});
  EXPECT_EQ(r.saved.busy[tool], Duration{7s});
  EXPECT_EQ(r.forgone, Amounts{});
}

/// A child of the LLM, which always fails and takes the child with it, and the tool; then the tool
/// again, of the request itself.
Model failing_child(OnFailure on_failure) {
  Model model = two_priced_services();
  model.services[0].failure_rate = 1;
  model.services[0].on_failure = OnFailure::fail;
  model.workflow = {add_agent(model, {llm_call, tool_call}, told), tool_call};
  model.services[2].on_failure = on_failure;
  return model;
}

TEST_P(ChildRequests, AChildThatFailsIsAnOperationThatFailedAndItsRestIsForgone) {
  const RequestReport goes_on = one(failing_child(OnFailure::go_on), checkpoint).request;
  EXPECT_EQ(goes_on.outcome, Outcome::completed);
  EXPECT_EQ(goes_on.stopped, at(11s));
  EXPECT_EQ(goes_on.used.busy[tool], Duration{10s});
  EXPECT_EQ(goes_on.used.tokens.sum(), Tokens{150});
  EXPECT_EQ(goes_on.forgone.busy[tool], Duration{10s});
  EXPECT_EQ(goes_on.saved, Amounts{});

  const RequestReport fails = one(failing_child(OnFailure::fail), checkpoint).request;
  EXPECT_EQ(fails.outcome, Outcome::failed);
  EXPECT_EQ(fails.stopped, at(1s));
  EXPECT_EQ(fails.operations_done, 1U);
  EXPECT_EQ(fails.forgone.busy[tool], Duration{20s});
}

TEST_P(ChildRequests, OfACancelledChildWhatItsOwnFailureKeptFromStartingIsForgone) {
  const RequestReport r = one(failing_child(OnFailure::go_on), abort_after(100ms), 400ms).request;
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.saved.tokens.output, Tokens{50});
  EXPECT_EQ(r.forgone.busy[tool], Duration{10s});  // the child's
  EXPECT_EQ(r.saved.busy[tool], Duration{10s});    // the request's own
  const RequestReport before_it_fails =
      one(failing_child(OnFailure::fail), abort_after(100ms), 400ms).request;
  EXPECT_EQ(before_it_fails.forgone.busy[tool], Duration{20s});
}

TEST_P(ChildRequests, ARejectedChildIsAnOperationThatFailed) {
  Model model = two_services(2);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.services[1].concurrency = 1;
  model.services[1].queue = 0;
  model.workflow = {add_agent(model, {tool_call}, told)};
  model.services[2].on_failure = OnFailure::fail;
  const AllSettled settled = all(model, checkpoint);
  EXPECT_EQ(settled.at(0).request.outcome, Outcome::completed);
  EXPECT_EQ(settled.at(1).request.outcome, Outcome::failed);
  EXPECT_EQ(settled.at(1).request.stopped, at(1s));
  EXPECT_EQ(settled.at(1).request.forgone, settled.at(1).request.planned);
}

TEST_P(ChildRequests, AnAgentMayFailThoughItsChildDidWell) {
  Model model = one_child(told);
  model.workflow.push_back(tool_call);
  model.services[2].failure_rate = 1;
  model.services[2].on_failure = OnFailure::fail;
  const RequestReport fails = one(model, checkpoint).request;
  EXPECT_EQ(fails.outcome, Outcome::failed);
  EXPECT_EQ(fails.stopped, at(12s));
  EXPECT_EQ(fails.used.busy[tool], Duration{10s});
  EXPECT_EQ(fails.forgone.busy[tool], Duration{10s});
  model.services[2].on_failure = OnFailure::go_on;
  EXPECT_EQ(one(model, checkpoint).request.outcome, Outcome::completed);
}

TEST_P(ChildRequests, AFailingRequestLetsItsChildRunToItsEndAndACancelThenStillReachesIt) {
  Model model = two_services();
  model.services[0].failure_rate = 1;
  model.services[0].on_failure = OnFailure::fail;
  model.workflow = {{Parallel{{{llm_call}, {add_agent(model, {tool_call, tool_call}, told)}}}}};
  const RequestReport failed = one(model, abort_after(1s)).request;
  EXPECT_EQ(failed.outcome, Outcome::failed);
  EXPECT_EQ(failed.stopped, at(20s));
  const RequestReport cancelled = one(model, abort_after(1s), 3s).request;
  EXPECT_EQ(cancelled.outcome, Outcome::cancelled);
  EXPECT_EQ(cancelled.stopped, at(4s));
}

/// An agent that does one thing at a time, a tool call of 10 s; request n arrives at n seconds.
Model one_place_at_the_agent(bool propagate, std::uint64_t requests) {
  Model model = two_services(requests);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.workflow = {add_agent(model, {tool_call}, propagate)};
  model.services[2].concurrency = 1;
  return model;
}

TEST_P(ChildRequests, ChildrenWaitForAPlaceAtTheirAgent) {
  const AllSettled settled = all(one_place_at_the_agent(told, 3), checkpoint);
  EXPECT_EQ(settled.at(0).request.stopped, at(10s));
  EXPECT_EQ(settled.at(1).request.stopped, at(20s));
  EXPECT_EQ(settled.at(2).request.stopped, at(30s));
}

TEST_P(ChildRequests, AQueuedChildIsWithdrawnAtOnceAndHasUsedNothing) {
  for (const bool propagate : {told, untold}) {
    Model model = one_place_at_the_agent(propagate, 3);
    model.cancels = {cancel_after(3s)};
    const AllSettled settled = all(model, abort_after(5s));
    EXPECT_EQ(settled.at(0).request.stopped, at(8s));
    EXPECT_EQ(settled.at(1).request.stopped, at(4s));
    EXPECT_EQ(settled.at(1).request.used, Amounts{});
    EXPECT_EQ(settled.at(1).request.saved, settled.at(1).request.planned);
    EXPECT_EQ(settled.at(1).request.orphans, Orphans{});
    EXPECT_EQ(settled.at(1).request.interrupted[agent], 0U);
  }
}

TEST_P(ChildRequests, AChildThatATimeoutFindsQueuedIsForgone) {
  Model model = one_place_at_the_agent(told, 2);
  model.timeout = 4s;
  const AllSettled settled = all(model, checkpoint);
  EXPECT_EQ(settled.at(1).request.stopped, at(5s));
  EXPECT_EQ(settled.at(1).request.used.busy[tool],
            Duration{1s});  // request 0 timed out at 4 s and left its place
  EXPECT_EQ(settled.at(1).request.forgone.busy[tool], Duration{9s});
  Model third = one_place_at_the_agent(told, 3);
  third.timeout = 4s;
  third.services[2].queue = 1;
  EXPECT_EQ(all(third, checkpoint).at(2).request.outcome, Outcome::rejected);
}

TEST_P(ChildRequests, ACancelOrATimeoutWhileTheRejectionOfAChildIsOnItsWayEndsTheRequestAtOnce) {
  Model model = one_place_at_the_agent(told, 2);
  model.services[2].queue = 0;
  model.links.agent = fixed(100ms);
  model.cancels = {cancel_after(150ms)};
  const RequestReport cancelled = all(model, checkpoint).at(1).request;
  EXPECT_EQ(cancelled.outcome, Outcome::cancelled);
  EXPECT_EQ(cancelled.stopped, at(1150ms));
  EXPECT_EQ(cancelled.saved, cancelled.planned);
  model.cancels.clear();
  model.timeout = 150ms;
  model.load.arrivals = ArrivalsAtOnce{};
  const RequestReport timed_out = all(model, checkpoint).at(1).request;
  EXPECT_EQ(timed_out.outcome, Outcome::timed_out);
  EXPECT_EQ(timed_out.stopped, at(150ms));
  EXPECT_EQ(timed_out.forgone, timed_out.planned);
}

TEST_P(ChildRequests, AnAbortedChildLeavesItsPlaceAtTheAgentWhetherItIsToldOrNot) {
  for (const bool propagate : {told, untold}) {
    Model model = one_place_at_the_agent(propagate, 2);
    CancelSource source;
    source.moment =
        CancelDuringKind{.kind = OperationKind::agent, .at = Distribution::constant(0.3)};
    model.cancels = {source};
    const AllSettled settled = all(model, abort_after(500ms));
    EXPECT_EQ(settled.at(0).request.stopped, at(3500ms));
    EXPECT_EQ(settled.at(1).client.cancel_sent, at(6500ms)) << "it starts when the place is free";
    EXPECT_EQ(settled.at(1).request.stopped, at(7s));
    EXPECT_EQ(settled.at(1).request.orphans.count, propagate ? 0U : 1U);
  }
}

TEST_P(ChildRequests, ACancelWhileTheAskIsOnItsWayStartsNoChild) {
  for (const bool propagate : {told, untold}) {
    for (const Duration cancelled : {Duration{50ms}, Duration{100ms}}) {
      Model model = one_child(propagate);
      model.links.agent = fixed(100ms);
      const RequestReport r = one(model, abort_after(1s), cancelled).request;
      EXPECT_EQ(r.outcome, Outcome::cancelled);
      EXPECT_EQ(r.stopped, at(cancelled));
      EXPECT_EQ(r.used, Amounts{});
      EXPECT_EQ(r.saved, r.planned);
      EXPECT_EQ(r.orphans, Orphans{});
    }
  }
}

TEST_P(ChildRequests, ACancelThatCrossesTheReplyChangesNothingAtTheChild) {
  for (const Duration cancelled :
       {Duration{12050ms},
        Duration{12150ms}}) {  // the child ends at 12.1 s; its reply is there at 12.2 s
    Model model = one_child(told);
    model.links.agent = fixed(100ms);
    model.workflow.push_back(tool_call);
    const RequestReport r = one(model, abort_after(10ms), cancelled).request;
    EXPECT_EQ(r.outcome, Outcome::cancelled);
    EXPECT_EQ(r.stopped, at(12200ms));
    EXPECT_EQ(r.operations_done, 1U);
    EXPECT_EQ(r.used.busy[llm], Duration{2s});
    EXPECT_EQ(r.saved.busy[tool], Duration{10s});
    EXPECT_EQ(r.orphans, Orphans{});
  }
}

TEST_P(ChildRequests, ABudgetIsLookedAtWhenAnOperationOfTheRequestItselfHasEnded) {
  Model model = one_child(told);
  model.workflow.push_back(tool_call);
  CancelSource source;
  source.moment = CancelOverTokens{Tokens{299}};
  model.cancels = {source};
  const Settled s = one(model, checkpoint);
  EXPECT_EQ(s.client.cancel_sent, at(12s));
  EXPECT_EQ(s.request.stopped, at(12s));
  EXPECT_EQ(s.request.used.tokens.sum(), Tokens{300});
  EXPECT_EQ(s.request.saved.busy[tool], Duration{10s});
  source.moment = CancelOverTokens{Tokens{300}};
  model.cancels = {source};
  EXPECT_EQ(one(model, checkpoint).client.cancels_sent, 0U);
}

TEST_P(ChildRequests, TheContextOfAChildStartsAnew) {
  Model model = two_services();
  model.services[0].cached_input_tokens = GrowingContext{.first = {1000}, .per_call = {10}};
  model.workflow = {llm_call, add_agent(model, {llm_call, llm_call}, told), llm_call};
  EXPECT_EQ(one(model, checkpoint).request.used.tokens.cached_input,
            Tokens{1000 + (1000 + 1010) + 1010});
}

TEST_P(ChildRequests, PartsOfATreeAreDrawnForThemselves) {
  Model model = two_services();
  model.services[1].latency = WholeLatency{Distribution::exponential(1e9)};
  const WorkflowStep child = add_agent(model, {tool_call}, told);
  model.workflow = {tool_call, child, child};
  const RequestReport first = one(model, checkpoint).request;
  model.workflow = {tool_call, child};
  const RequestReport second = one(model, checkpoint).request;
  model.workflow = {tool_call};
  const RequestReport third = one(model, checkpoint).request;
  const Duration own = third.used.busy[tool];
  const Duration one_child = second.used.busy[tool] - own;
  const Duration other_child = first.used.busy[tool] - own - one_child;
  EXPECT_NE(own, one_child);
  EXPECT_NE(one_child, other_child);
}

/// A model that always fails after 1 s; one of 10 s and 50 tokens (index 0); returns the calls of
/// the two.
struct BrokenAndLong {
  Model model = two_services();
  WorkflowStep broken;
  WorkflowStep lasting = llm_call;

  BrokenAndLong() {
    model.services[0].latency = WholeLatency{fixed(10s)};
    model.services[0].output_tokens = Distribution::constant(50);
    model.services.push_back(service(ServiceKind::llm, fixed(1s)));
    model.services.back().failure_rate = 1;
    model.services.back().on_failure = OnFailure::fail;
    broken = call(OperationKind::llm, 2);
  }
};

TEST_P(ChildRequests, WhatFollowsAFailedChildIsReachedAsSoonAsItHasFailed) {
  // The child fails after 1 s, 11 s before its plan's end; then the tool fails the request at 2 s,
  // before the branch beside it starts.
  BrokenAndLong world;
  Model& model = world.model;
  const WorkflowStep squad = add_agent(model, {world.broken, world.lasting}, told);
  model.services.push_back(service(ServiceKind::tool, fixed(1s)));
  model.services.back().failure_rate = 1;
  model.services.back().on_failure = OnFailure::fail;
  const WorkflowStep flaky =
      call(OperationKind::tool, static_cast<std::uint16_t>(model.services.size() - 1));
  model.workflow = {{Parallel{{{squad, flaky}, {{Wait{fixed(5s)}}, world.lasting}}}}};
  const RequestReport r = one(model, checkpoint, 500ms).request;
  EXPECT_EQ(r.saved.tokens.sum(), Tokens{0});
  EXPECT_EQ(r.forgone.tokens.sum(), Tokens{100});
}

TEST_P(ChildRequests, AFailingChildEndsWithItsLastOperationInProgress) {
  // Beside what fails after 1 s the child works on until 10 s, and only then fails the request: the
  // branch beside it has started.
  BrokenAndLong world;
  Model& model = world.model;
  const WorkflowStep squad =
      add_agent(model, {{Parallel{{{world.broken}, {world.lasting}}}}}, told);
  model.services.back().on_failure = OnFailure::fail;
  model.workflow = {{Parallel{{{squad}, {{Wait{fixed(5s)}}, world.lasting}}}}};
  const RequestReport r = one(model, abort_after(0s), 500ms).request;
  EXPECT_EQ(r.used.tokens.sum(), Tokens{2});
  EXPECT_EQ(r.saved.tokens.sum(), Tokens{98});
  EXPECT_EQ(r.forgone.tokens.sum(), Tokens{0});
}

}  // namespace
}  // namespace caesura
