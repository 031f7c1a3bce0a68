#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

// What each policy does to the operation in progress, worked by hand.

namespace caesura {
namespace {

using namespace testing;

constexpr std::size_t llm = index_of(OperationKind::llm);
constexpr std::size_t decompose = index_of(OperationKind::decompose);
constexpr std::size_t tool = index_of(OperationKind::tool);
constexpr std::size_t transaction = index_of(OperationKind::transaction);

CancelSource cancel_during_first(double share) {
  CancelSource source;
  source.moment = CancelDuringOperation{.operation = 1, .at = Distribution::constant(share)};
  return source;
}

/// One LLM call of 1 s: 50 tokens of input, 100 of output, one every 10 ms; a token of input costs
/// 3, one of output 15.
Model one_call(std::uint32_t chunk_tokens = 0) {
  Model model = two_services();
  model.services[0].input_tokens = Distribution::constant(50);
  model.services[0].output_tokens = Distribution::constant(100);
  model.services[0].price = {.input = Money{3}, .cached_input = Money{3}, .output = Money{15}};
  model.workflow = {call(OperationKind::llm, 0, chunk_tokens)};
  return model;
}

/// One tool call of 10 s a request, served one at a time.
Model one_place(std::uint64_t requests) {
  Model model = two_services(requests);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  return model;
}

class Policies : public ::testing::TestWithParam<Engine> {
 protected:
  AllSettled all(const Model& model, const Policy& p) { return play(model, p, GetParam().make); }
  Settled one(const Model& model, const Policy& p) { return all(model, p).at(0); }
  Settled one(Model model, const Policy& p, Duration cancelled_after) {
    model.cancels = {cancel_after(cancelled_after)};
    return one(model, p);
  }
};
INSTANTIATE_TEST_SUITE_P(Virtual, Policies, ::testing::ValuesIn(both_engines));

TEST_P(Policies, AbortStopsTheOperationInProgressDetectAfterTheCancel) {
  const Settled s = one(two_services(), abort_after(25ms), 3s);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.client.acknowledged, at(3s));
  EXPECT_EQ(s.request.stopped, at(3025ms));
  EXPECT_EQ(s.request.cancelled_in, tool);
  EXPECT_EQ(s.request.operation_hit, Duration{10s});
  EXPECT_EQ(s.request.operations_done, 1U);
  EXPECT_EQ(s.request.interrupted[tool], 1U);
  EXPECT_EQ(s.request.used.busy[tool], Duration{2025ms});
  EXPECT_EQ(s.request.saved.busy[tool], Duration{17975ms});
  EXPECT_EQ(s.request.saved.busy[llm], Duration{1s});
  EXPECT_EQ(s.request.used_after_cancel.busy[tool], Duration{25ms});
}

TEST_P(Policies, DetectCountsFromWhenTheServerReceivedTheCancel) {
  Model model = two_services();
  model.links.client = fixed(40ms);
  const Settled s = one(model, abort_after(25ms), 3s);
  EXPECT_EQ(s.request.cancel_received, at(3040ms));
  EXPECT_EQ(s.request.stopped, at(3065ms));
  EXPECT_EQ(s.request.used.busy[tool], Duration{3065ms - 1040ms});
  EXPECT_EQ(s.client.answered, at(3105ms));
}

TEST_P(Policies, AnOperationThatEndsBeforeTheAbortIsNotCutOff) {
  const Settled s = one(two_services(), abort_after(5s), 7s);
  EXPECT_EQ(s.request.stopped, at(11s));
  EXPECT_EQ(s.request.operations_done, 2U);
  EXPECT_EQ(s.request.interrupted[tool], 0U);
}

TEST_P(Policies, AReplyDueAtTheVeryInstantOfTheAbortComesFirst) {
  for (const auto& [cancelled, detect] :
       {std::pair<Duration, Duration>{11s, 0s}, std::pair<Duration, Duration>{10s, 1s}}) {
    const Settled s = one(two_services(), abort_after(detect), cancelled);
    EXPECT_EQ(s.request.outcome, Outcome::cancelled);
    EXPECT_EQ(s.request.stopped, at(11s));
    EXPECT_EQ(s.request.operations_done, 2U);
    EXPECT_EQ(s.request.interrupted[tool], 0U);
    EXPECT_EQ(s.request.saved.busy[llm], Duration{1s});
  }
}

TEST_P(Policies, WithDetectZeroTheRequestStopsAtTheCancel) {
  const Settled s = one(one_call(), abort_after(0s), 300ms);
  EXPECT_EQ(s.request.stopped, at(300ms));
  EXPECT_EQ(s.request.used.tokens.output, Tokens{30});
  EXPECT_EQ(s.request.used_after_cancel, Amounts{});
}

TEST_P(Policies, ATokenDueAtTheVeryInstantOfTheAbortExists) {
  EXPECT_EQ(one(one_call(), abort_after(50ms), 250ms).request.used.tokens.output, Tokens{30});
  EXPECT_EQ(one(one_call(), abort_after(50ms - 1ns), 250ms).request.used.tokens.output, Tokens{29});

  Model by_token = one_call();
  by_token.services[0].latency =
      TokenLatency{.time_to_first_token = fixed(200ms), .time_per_output_token = fixed(10ms)};
  EXPECT_EQ(one(by_token, abort_after(50ms), 250ms).request.used.tokens.output, Tokens{11});
  EXPECT_EQ(one(by_token, abort_after(50ms - 1ns), 250ms).request.used.tokens.output, Tokens{10});
}

TEST_P(Policies, AKindThatIsNotAmongTheOperationsRunsToItsEnd) {
  const Policy models_only = abort_after(25ms, {OperationKind::llm});
  const Settled in_tool = one(two_services(), models_only, 3s);
  EXPECT_EQ(in_tool.request.stopped, at(11s));
  EXPECT_EQ(in_tool.request.operations_done, 2U);
  EXPECT_EQ(in_tool.request.interrupted[tool], 0U);
  EXPECT_EQ(one(two_services(), models_only, 500ms).request.stopped, at(525ms));
}

TEST_P(Policies, ATransactionalToolRunsToItsEnd) {
  Model model = two_services();
  model.services[1].transactional = true;
  const Settled s = one(model, abort_after(25ms), 3s);
  EXPECT_EQ(s.request.stopped, at(11s));
  EXPECT_EQ(s.request.used.busy[tool], Duration{10s});
  EXPECT_EQ(s.request.interrupted[tool], 0U);
}

TEST_P(Policies, ATransactionRunsToItsEnd) {
  Model model = two_services();
  model.workflow = {{Transaction{fixed(4s)}}, call(OperationKind::llm, 0)};
  // Even if the policy says otherwise.
  const Settled s =
      one(model, abort_after(25ms, {OperationKind::transaction, OperationKind::llm}), 1s);
  EXPECT_EQ(s.request.stopped, at(4s));
  EXPECT_EQ(s.request.cancelled_in, transaction);
  EXPECT_EQ(s.request.used.busy[transaction], Duration{4s});
}

TEST_P(Policies, ParallelBranchesAreAbortedTogetherAndTheCheckpointIsAtTheLastEnd) {
  Model model = two_services();
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0), call(OperationKind::tool, 1)},
                               {call(OperationKind::tool, 1)},
                               {{Transaction{fixed(4s)}}, call(OperationKind::llm, 0)}}}},
                    call(OperationKind::llm, 0)};
  const Settled s = one(model, abort_after(100ms), 500ms);
  EXPECT_EQ(s.request.stopped, at(4s));
  EXPECT_EQ(s.request.cancelled_in, transaction);
  EXPECT_EQ(s.request.operations_done, 1U);
  EXPECT_EQ(s.request.interrupted[llm], 1U);
  EXPECT_EQ(s.request.interrupted[tool], 1U);
  EXPECT_EQ(s.request.used.busy[llm], Duration{600ms});
  EXPECT_EQ(s.request.used.busy[tool], Duration{600ms});
  EXPECT_EQ(s.request.saved.busy[tool], Duration{19400ms});
  EXPECT_EQ(s.request.used_after_cancel.busy[transaction], Duration{3500ms});
}

TEST_P(Policies, ABranchThatEndsBeforeTheAbortIsDoneAndStartsNothingMore) {
  Model model = two_services();
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0), call(OperationKind::llm, 0)},
                               {call(OperationKind::tool, 1)}}}}};
  const Settled s = one(model, abort_after(700ms), 500ms);
  EXPECT_EQ(s.request.stopped, at(1200ms));
  EXPECT_EQ(s.request.cancelled_in, tool);
  EXPECT_EQ(s.request.operations_done, 1U);
  EXPECT_EQ(s.request.interrupted[llm], 0U);
  EXPECT_EQ(s.request.interrupted[tool], 1U);
  EXPECT_EQ(s.request.used.busy[llm], Duration{1s});
}

TEST_P(Policies, ABranchThatWaitsForAPersonIsLeftAtTheCancel) {
  Model model = two_services();
  model.workflow = {{Parallel{
      {{{Wait{fixed(600ms)}}, call(OperationKind::llm, 0)}, {call(OperationKind::tool, 1)}}}}};
  const Settled s = one(model, abort_after(2s), 500ms);
  EXPECT_EQ(s.request.stopped, at(2500ms));
  EXPECT_EQ(s.request.used.busy[llm], Duration{});
}

TEST_P(Policies, AQueuedOperationIsWithdrawnAtOnceWithoutDetect) {
  Model model = one_place(2);
  model.cancels = {cancel_after(3s)};
  const AllSettled settled = all(model, abort_after(5s));
  EXPECT_EQ(settled.at(0).request.stopped, at(8s));
  EXPECT_EQ(settled.at(1).request.stopped, at(4s));
  EXPECT_EQ(settled.at(1).request.used, Amounts{});
  EXPECT_EQ(settled.at(1).request.interrupted[tool], 0U);
}

TEST_P(Policies, AnAbortedOperationFreesItsPlaceAndTheNextInTheQueueStartsAtThatInstant) {
  Model model = one_place(2);
  model.links.tool = fixed(100ms);  // the withdrawal does not wait for it
  model.cancels = {cancel_during_first(0.3)};
  const AllSettled settled = all(model, abort_after(500ms));
  EXPECT_EQ(settled.at(0).request.stopped, at(3600ms));
  EXPECT_EQ(settled.at(1).client.cancel_sent, at(6600ms));
  EXPECT_EQ(settled.at(1).request.stopped, at(7100ms));
  EXPECT_EQ(settled.at(1).request.used.busy[tool], Duration{3500ms});
}

TEST_P(Policies, AnOperationWhoseReplyIsOnItsLinkAtTheAbortIsLeftBehindButNotCutOff) {
  Model model = two_services();
  model.links.llm = fixed(1s);  // served from 1 s to 2 s, there at 3 s
  const Settled s = one(model, abort_after(100ms), 2500ms);
  EXPECT_EQ(s.request.stopped, at(2600ms));
  EXPECT_EQ(s.request.used.busy[llm], Duration{1s});
  EXPECT_EQ(s.request.used_after_cancel, Amounts{});
  EXPECT_EQ(s.request.interrupted[llm], 0U);
}

TEST_P(Policies, EscalateAbortsOnlyWhatHasNotEndedByAfterAndDetect) {
  const Policy escalate = escalate_after(5s, 1s);
  const Settled soon = one(two_services(), escalate, 7s);
  EXPECT_EQ(soon.request.stopped, at(11s));
  EXPECT_EQ(soon.request.interrupted[tool], 0U);

  const Settled within_detect = one(two_services(), escalate, 5500ms);
  EXPECT_EQ(within_detect.request.stopped, at(11s));
  EXPECT_EQ(within_detect.request.interrupted[tool], 0U);
  EXPECT_EQ(within_detect.request.operations_done, 2U);

  const Settled beyond = one(two_services(), escalate, 3s);
  EXPECT_EQ(beyond.request.stopped, at(9s));
  EXPECT_EQ(beyond.request.interrupted[tool], 1U);
  EXPECT_EQ(beyond.request.used_after_cancel.busy[tool], Duration{6s});
}

TEST_P(Policies, DisconnectAbortsModelCallsAndNothingElse) {
  Model model = two_services();
  model.services[0].latency = WholeLatency{fixed(5s)};
  model.workflow = {call(OperationKind::decompose, 0), call(OperationKind::tool, 1),
                    call(OperationKind::llm, 0)};
  const Settled in_decompose = one(model, disconnect_after(2s), 1s);
  EXPECT_EQ(in_decompose.request.stopped, at(3s));
  EXPECT_EQ(in_decompose.request.interrupted[decompose], 1U);
  const Settled in_tool = one(model, disconnect_after(2s), 6s);
  EXPECT_EQ(in_tool.request.stopped, at(15s));
  EXPECT_EQ(in_tool.request.interrupted[tool], 0U);
  const Settled in_llm = one(model, disconnect_after(2s), 16s);
  EXPECT_EQ(in_llm.request.stopped, at(18s));
  EXPECT_EQ(in_llm.request.interrupted[llm], 1U);
}

TEST_P(Policies, ASecondCancelDuringTheDelayChangesNothing) {
  Model model = two_services();
  model.cancels = {cancel_after(3s), cancel_after(3500ms)};
  const Settled s = one(model, abort_after(1s));
  EXPECT_EQ(s.client.cancels_accepted, 1U);
  EXPECT_EQ(s.client.cancels_already_cancelled, 1U);
  EXPECT_EQ(s.request.stopped, at(4s));
  EXPECT_EQ(s.request.used_after_cancel.busy[tool], Duration{1s});
  EXPECT_EQ(s.request.interrupted[tool], 1U);
}

TEST_P(Policies, ATimeoutDuringTheDelayEndsTheRequestThenAsCancelled) {
  Model model = two_services();
  model.timeout = 3500ms;
  const Settled s = one(model, abort_after(1s), 3s);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(3500ms));
  EXPECT_EQ(s.request.used.busy[tool], Duration{2500ms});
  EXPECT_EQ(s.request.interrupted[tool], 1U);
  EXPECT_EQ(s.request.forgone, Amounts{});
}

TEST_P(Policies, ATimeoutAtTheVeryInstantOfTheAbortCutsOffOnce) {
  Model model = two_services();
  model.timeout = 4s;
  const Settled s = one(model, abort_after(1s), 3s);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(4s));
  EXPECT_EQ(s.request.interrupted[tool], 1U);
}

TEST_P(Policies, ATimeoutAfterThePartialAbortCutsOffTheRest) {
  Model model = two_services();
  model.workflow = {{Parallel{{{call(OperationKind::tool, 1)},
                               {call(OperationKind::llm, 0)},
                               {{Transaction{fixed(4s)}}}}}}};
  model.timeout = 3s;
  const Settled s = one(model, abort_after(100ms, {OperationKind::llm}), 500ms);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(3s));
  EXPECT_EQ(s.request.used.busy[llm], Duration{600ms});
  EXPECT_EQ(s.request.used.busy[tool], Duration{3s});
  EXPECT_EQ(s.request.used.busy[transaction], Duration{4s});  // counted in full
  EXPECT_EQ(s.request.interrupted[llm], 1U);
  EXPECT_EQ(s.request.interrupted[tool], 1U);
}

TEST_P(Policies, ATransactionalToolKeepsItsPlaceWhenItsRequestTimesOut) {
  Model model = one_place(2);
  model.services[1].transactional = true;
  model.timeout = 4s;
  const AllSettled settled = all(model, abort_after(0s));
  EXPECT_EQ(settled.at(0).request.stopped, at(4s));
  EXPECT_EQ(settled.at(0).request.used.busy[tool], Duration{10s});
  EXPECT_EQ(settled.at(0).request.interrupted[tool], 0U);
  EXPECT_EQ(settled.at(1).request.stopped, at(5s));
  EXPECT_EQ(settled.at(1).request.used, Amounts{});
}

TEST_P(Policies, OperationsCutOffAreCountedByKindAndThoseWithUnsafeSideEffectsApart) {
  Model model = two_services();
  model.services[1].side_effects = SideEffects::unsafe;
  model.services.push_back(model.services[1]);
  model.services[2].side_effects = SideEffects::idempotent;
  model.workflow = {{Parallel{{{call(OperationKind::tool, 1)},
                               {call(OperationKind::tool, 1)},
                               {call(OperationKind::tool, 2)},
                               {call(OperationKind::llm, 0)}}}}};
  const Settled s = one(model, abort_after(100ms), 500ms);
  EXPECT_EQ(s.request.interrupted[tool], 3U);
  EXPECT_EQ(s.request.interrupted[llm], 1U);
  EXPECT_EQ(s.request.interrupted_unsafe, 2U);
  EXPECT_EQ(one(model, policy(PolicyKind::checkpoint), 500ms).request.interrupted_unsafe, 0U);
}

/// What is billed of 50 tokens of input and the 30 of 100 that were generated, and how much of it
/// after the 25th.
struct Bill {
  OnAbort on_abort;
  TokenCounts billed;
  Money cost;
  Money cost_after_cancel;
};

TEST_P(Policies, AnAbortedCallIsBilledAsItsProviderSays) {
  const Bill bills[] = {
      {OnAbort::generated,
       {.input = {50}, .cached_input = {}, .output = {30}},
       Money{150 + 30 * 15},
       Money{5 * 15}},
      {OnAbort::full,
       {.input = {50}, .cached_input = {}, .output = {100}},
       Money{150 + 100 * 15},
       Money{75 * 15}},
      {OnAbort::input, {.input = {50}, .cached_input = {}, .output = {}}, Money{150}, Money{}},
      {OnAbort::none, {}, Money{}, Money{}},
  };
  for (const Bill& bill : bills) {
    Model model = one_call();
    model.services[0].on_abort = bill.on_abort;
    const RequestReport r = one(model, abort_after(50ms), 250ms).request;
    EXPECT_EQ(r.billed, bill.billed);
    EXPECT_EQ(r.used.cost, bill.cost);
    EXPECT_EQ(r.used_after_cancel.cost, bill.cost_after_cancel);
    EXPECT_EQ(r.saved.cost, Money{1650} - bill.cost);
    EXPECT_EQ(r.used.tokens, (TokenCounts{.input = {50}, .cached_input = {}, .output = {30}}))
        << "used is not what is billed";
    EXPECT_EQ(r.used_after_cancel.tokens.sum(), Tokens{5});
  }
}

TEST_P(Policies, AnAbortedStreamSendsNoChunkAfterTheCancelAndCountsWhatWasGenerated) {
  Model model = one_call(8);
  model.services[0].concurrency = 1;
  const Settled s = one(model, abort_after(55ms), 250ms);
  EXPECT_EQ(s.request.stopped, at(305ms));
  EXPECT_EQ(s.request.chunks_sent, 3U);
  EXPECT_EQ(s.client.chunks_received, 3U);
  EXPECT_EQ(s.request.delivered, Tokens{24});
  EXPECT_EQ(s.request.used.tokens.output, Tokens{30});
  EXPECT_EQ(s.request.billed.output, Tokens{30});
  EXPECT_EQ(s.request.interrupted[llm], 1U);
}

TEST_P(Policies, AnAbortedStreamLeavesItsPlaceToTheNext) {
  Model model = one_call(8);
  model.load = {
      .requests = 2, .duration = {}, .arrivals = ConstantArrivals{.requests = 10, .per = 1s}};
  model.services[0].concurrency = 1;
  model.cancels = {cancel_during_first(0.25)};
  const AllSettled settled = all(model, abort_after(50ms));
  EXPECT_EQ(settled.at(0).request.stopped, at(300ms));
  EXPECT_EQ(settled.at(1).request.stopped, at(600ms));
  EXPECT_EQ(settled.at(1).request.chunks_sent, 3U);
}

TEST_P(Policies, WhatWasUsedAfterTheCancelIsWhatAFasterPolicyWouldHaveSaved) {
  Model model = one_call();
  const RequestReport checkpoint = one(model, policy(PolicyKind::checkpoint), 250ms).request;
  const RequestReport abort = one(model, abort_after(50ms), 250ms).request;
  const RequestReport at_once = one(model, abort_after(0s), 250ms).request;
  EXPECT_EQ(checkpoint.used_after_cancel.tokens.output, Tokens{75});
  EXPECT_EQ(abort.used_after_cancel.tokens.output, Tokens{5});
  EXPECT_EQ(abort.used_after_cancel.busy[llm], Duration{50ms});
  for (const RequestReport& r : {checkpoint, abort})
    EXPECT_EQ(r.saved + r.used_after_cancel, at_once.saved);
}

TEST_P(Policies, UnderNeverNothingIsAborted) {
  const Settled s = one(two_services(), cutting_off(PolicyKind::never, 0s, all_kinds), 3s);
  EXPECT_EQ(s.request.outcome, Outcome::completed);
  EXPECT_EQ(s.request.stopped, at(22s));
}

}  // namespace
}  // namespace caesura
