#include "engines/world.hpp"

#include "actors/rules.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;

class Worlds : public ::testing::TestWithParam<Engine> {
 protected:
  Settled one(const Model& model, PolicyKind kind = PolicyKind::checkpoint) {
    return play(model, kind, GetParam().make).at(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Virtual, Worlds, ::testing::ValuesIn(both_engines));

TEST_P(Worlds, ARequestNobodyCancelsTakesTheSumOfItsOperationsAndLinks) {
  Model model = two_services();
  model.links.client = fixed(40ms);
  model.links.llm = fixed(5ms);
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::completed);
  EXPECT_EQ(s.request.stopped, at(40ms + 2 * (1s + 10ms) + 2 * 10s));
  EXPECT_EQ(s.client.answered, s.request.stopped + 40ms);
  EXPECT_EQ(s.request.operations_done, 4U);
  EXPECT_EQ(s.request.planned, s.request.used);
}

TEST_P(Worlds, ACancelTakesEffectAtTheCheckpointAfterTheOperationInProgress) {
  Model model = two_services();
  model.cancels = {cancel_after(3s)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(11s));
  EXPECT_EQ(s.client.cancel_sent, at(3s));
  EXPECT_EQ(s.client.acknowledged, at(3s));
  EXPECT_EQ(s.request.cancelled_in, index_of(OperationKind::tool));
  EXPECT_EQ(s.request.operations_done, 2U);
  EXPECT_EQ(s.request.saved.busy[index_of(OperationKind::tool)], Duration{10s});
  EXPECT_EQ(s.request.used_after_cancel.busy[index_of(OperationKind::tool)], Duration{8s});
}

TEST_P(Worlds, UnderNeverACancelIsAcknowledgedAndIgnored) {
  Model model = two_services();
  model.cancels = {cancel_after(3s)};
  const Settled s = one(model, PolicyKind::never);
  EXPECT_EQ(s.request.outcome, Outcome::completed);
  EXPECT_EQ(s.request.stopped, at(22s));
  EXPECT_EQ(s.client.acknowledged, at(3s));
  EXPECT_EQ(s.client.cancels_ignored, 1U);
  EXPECT_EQ(s.request.used_after_cancel.busy[index_of(OperationKind::tool)], Duration{18s});
}

TEST_P(Worlds, AnAfterCancelComesBeforeAReplyDueAtTheSameInstant) {
  Model model = two_services();
  model.cancels = {cancel_after(11s)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(11s));
  EXPECT_EQ(s.request.cancelled_in, index_of(OperationKind::tool));
}

TEST_P(Worlds, ACancelAtTheLastCheckpointDiscardsTheAnswer) {
  Model model = two_services();
  model.cancels = {cancel_after(22s)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_TRUE(s.request.answer_discarded);
  EXPECT_EQ(s.request.saved, Amounts{});
}

TEST_P(Worlds, OnlyAFinishedAnswerIsDiscarded) {
  Model model = two_services();
  model.services[0].failure_rate = 1;
  model.services[0].on_failure = OnFailure::fail;
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)}, {call(OperationKind::tool, 1)}}}}};
  model.cancels = {cancel_after(5s)};
  const Settled failing = one(model);
  EXPECT_EQ(failing.request.outcome, Outcome::cancelled);
  EXPECT_EQ(failing.request.operations_done, 2U);
  EXPECT_FALSE(failing.request.answer_discarded);

  Model waiting = two_services();
  waiting.workflow.push_back({Wait{fixed(1s)}});
  waiting.cancels = {cancel_after(22s)};
  EXPECT_FALSE(one(waiting).request.answer_discarded);
}

TEST_P(Worlds, ACancelWhileARejectionIsOnItsWayStopsTheRequestAtOnce) {
  Model model = two_services(2);
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  model.services[1].queue = 0;
  model.links.tool = fixed(1s);
  model.cancels = {cancel_after(1500ms)};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(1).request.outcome, Outcome::cancelled);
  EXPECT_EQ(settled.at(1).request.stopped, at(1500ms));
  EXPECT_EQ(settled.at(1).request.used_after_cancel, Amounts{});
}

TEST_P(Worlds, AnAnswerThatCrossesTheCancelOnTheWireMakesItTooLate) {
  Model model = two_services();
  model.links.client = fixed(100ms);
  model.cancels = {cancel_after(22s + 50ms)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::completed);
  EXPECT_EQ(s.client.cancels_too_late, 1U);
  EXPECT_EQ(s.client.acknowledged, at(22s + 250ms));
}

TEST_P(Worlds, NoCancelIsSentOnceTheAnswerIsThereUnlessTheSourceSaysSo) {
  Model model = two_services();
  model.cancels = {cancel_after(30s)};
  EXPECT_EQ(one(model).client.cancels_sent, 0U);
  model.cancels[0].even_if_finished = true;
  const Settled s = one(model);
  EXPECT_EQ(s.client.cancels_sent, 1U);
  EXPECT_EQ(s.client.cancels_too_late, 1U);
}

TEST_P(Worlds, CopiesOfACancelAreAcknowledgedAndChangeNothing) {
  Model model = two_services();
  model.cancels = {cancel_after(3s)};
  model.cancels[0].times = 3;
  model.cancels[0].every = 500ms;
  model.cancels[0].even_if_finished = true;
  const Settled s = one(model);
  EXPECT_EQ(s.client.cancels_accepted, 1U);
  EXPECT_EQ(s.client.cancels_already_cancelled, 2U);
  EXPECT_EQ(s.request.stopped, at(11s));
}

TEST_P(Worlds, ACancelDuringAnOperationIsSentAtItsShareOfTheServiceTime) {
  Model model = two_services();
  CancelSource source;
  source.moment = CancelDuringKind{.kind = OperationKind::tool, .at = Distribution::constant(0.5)};
  model.cancels = {source};
  const Settled s = one(model);
  EXPECT_EQ(s.client.cancel_sent, at(6s));
  EXPECT_EQ(s.request.stopped, at(11s));
}

TEST_P(Worlds, ACancelAtTheVeryEndOfAnOperationComesBeforeItsReply) {
  Model model = two_services();
  CancelSource source;
  source.moment = CancelDuringOperation{.operation = 1, .at = Distribution::constant(1)};
  model.cancels = {source};
  const Settled s = one(model);
  EXPECT_EQ(s.request.stopped, at(1s));
  EXPECT_EQ(s.request.operations_done, 1U);
}

TEST_P(Worlds, ABudgetStopsTheRequestBeforeTheNextOperationStarts) {
  Model model = two_services();
  model.services[0].output_tokens = Distribution::constant(100);
  CancelSource source;
  source.moment = CancelOverTokens{Tokens{99}};
  model.cancels = {source};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.stopped, at(1s));
  EXPECT_EQ(s.request.cancelled_in, nothing_in_progress);
  EXPECT_EQ(s.request.used.busy[index_of(OperationKind::tool)], Duration{});
}

TEST_P(Worlds, ChunksComeInOrderAndNoneAfterTheCancelWasReceived) {
  Model model = two_services();
  model.services[0].output_tokens = Distribution::constant(100);
  model.workflow = {call(OperationKind::llm, 0, 8)};
  CancelSource source;
  source.moment = CancelAfterChunks{10};
  model.cancels = {source};
  const Settled s = one(model);
  EXPECT_EQ(s.client.cancel_sent, at(800ms));
  EXPECT_EQ(s.request.chunks_sent, 10U);
  EXPECT_EQ(s.request.delivered, Tokens{80});
  EXPECT_EQ(s.request.stopped, at(1s));
  EXPECT_TRUE(s.request.answer_discarded);
  EXPECT_EQ(s.request.used_after_cancel.tokens.output, Tokens{20});
}

TEST_P(Worlds, TokenKOfAModelByTokenComesKMinusOneGapsAfterTheFirst) {
  Model model = two_services();
  model.services[0].latency =
      TokenLatency{.time_to_first_token = fixed(1s), .time_per_output_token = fixed(500ms)};
  model.workflow = {call(OperationKind::llm, 0, 1)};
  for (std::uint32_t tokens = 1; tokens <= 5; ++tokens) {
    model.services[0].output_tokens = Distribution::constant(tokens);
    model.cancels.clear();
    EXPECT_EQ(one(model).request.stopped, at(1s + (tokens - 1) * 500ms));
    for (std::uint32_t k = 1; k < tokens; ++k) {
      CancelSource source;
      source.moment = CancelAfterChunks{k};
      model.cancels = {source};
      EXPECT_EQ(one(model).client.cancel_sent, at(1s + (k - 1) * 500ms));
    }
  }
}

TEST_P(Worlds, TheLastChunkComesBeforeTheReply) {
  Model model = two_services();
  model.services[0].output_tokens = Distribution::constant(10);
  model.workflow = {call(OperationKind::llm, 0, 4)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.chunks_sent, 3U);
  EXPECT_EQ(s.request.delivered, Tokens{10});
  EXPECT_EQ(s.client.chunks_received, 3U);
}

TEST_P(Worlds, ATimeoutCutsOffWhatIsInProgressAtThatInstant) {
  Model model = two_services();
  model.services[0].output_tokens = Distribution::constant(1000);
  model.timeout = 11s + 250ms;
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::timed_out);
  EXPECT_EQ(s.request.stopped, at(11s + 250ms));
  EXPECT_EQ(s.request.used.tokens.output, Tokens{1250});
  EXPECT_EQ(s.request.forgone.tokens.output, Tokens{750});
  EXPECT_EQ(s.request.interrupted[index_of(OperationKind::llm)], 1U);
}

TEST_P(Worlds, AReplyDueAtTheTimeoutComesFirst) {
  Model model = two_services();
  model.timeout = 22s;
  EXPECT_EQ(one(model).request.outcome, Outcome::completed);
}

TEST_P(Worlds, ParallelBranchesEndTogetherAtACancel) {
  Model model = two_services();
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0), call(OperationKind::llm, 0)},
                               {call(OperationKind::tool, 1)}}}},
                    call(OperationKind::llm, 0)};
  EXPECT_EQ(one(model).request.stopped, at(11s));
  model.cancels = {cancel_after(500ms)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.stopped, at(10s));
  EXPECT_EQ(s.request.cancelled_in, index_of(OperationKind::tool));
  EXPECT_EQ(s.request.operations_done, 2U);
  EXPECT_EQ(s.request.operations_planned, 4U);
}

TEST_P(Worlds, AWaitIsLeftAtOnce) {
  Model model = two_services();
  model.workflow = {{Wait{fixed(60s)}}, call(OperationKind::llm, 0)};
  model.cancels = {cancel_after(5s)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.stopped, at(5s));
  EXPECT_EQ(s.request.cancelled_in, nothing_in_progress);
}

TEST_P(Worlds, ATransactionRunsToItsEndAtACancel) {
  Model model = two_services();
  model.workflow = {{Transaction{fixed(4s)}}, call(OperationKind::llm, 0)};
  model.cancels = {cancel_after(1s)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.stopped, at(4s));
  EXPECT_EQ(s.request.cancelled_in, index_of(OperationKind::transaction));
}

TEST_P(Worlds, AFatalFailureLetsSiblingsRunToTheirEndAndStartsNothingNew) {
  Model model = two_services();
  model.services[0].failure_rate = 1;
  model.services[0].on_failure = OnFailure::fail;
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)},
                               {call(OperationKind::tool, 1), call(OperationKind::tool, 1)}}}}};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::failed);
  EXPECT_EQ(s.request.stopped, at(10s));
  EXPECT_EQ(s.request.operations_done, 2U);
  EXPECT_EQ(s.request.forgone.busy[index_of(OperationKind::tool)], Duration{10s});
}

TEST_P(Worlds, WhatACancelledRequestWouldNeverHaveReachedIsForgone) {
  Model model = two_services();
  model.services[1].failure_rate = 1;
  model.services[1].on_failure = OnFailure::fail;
  model.cancels = {cancel_after(500ms)};
  const Settled s = one(model);
  EXPECT_EQ(s.request.outcome, Outcome::cancelled);
  EXPECT_EQ(s.request.saved.busy[index_of(OperationKind::tool)], Duration{10s});
  EXPECT_EQ(s.request.forgone.busy[index_of(OperationKind::tool)], Duration{10s});
  EXPECT_EQ(s.request.forgone.busy[index_of(OperationKind::llm)], Duration{1s});
}

TEST_P(Worlds, OperationsBeyondThePlacesWaitFirstComeFirstServed) {
  Model model = two_services(3);
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(0).request.stopped, at(10s));
  EXPECT_EQ(settled.at(1).request.stopped, at(20s));
  EXPECT_EQ(settled.at(2).request.stopped, at(30s));
}

TEST_P(Worlds, AQueuedOperationIsWithdrawnAtOnceAndItsSuccessorMovesUp) {
  Model model = two_services(3);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  CancelSource source;
  source.moment = CancelDuringRequest{Distribution::constant(0.8)};
  model.cancels = {source};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(0).request.stopped, at(10s));
  EXPECT_EQ(settled.at(1).request.stopped, at(9s));
  EXPECT_EQ(settled.at(1).request.used, Amounts{});
  // Its cancel comes at 10 s too, but the end that freed its place was scheduled earlier: it has
  // just been started.
  EXPECT_EQ(settled.at(2).request.stopped, at(20s));
  EXPECT_EQ(settled.at(2).request.cancelled_in, index_of(OperationKind::tool));
}

TEST_P(Worlds, AFullQueueRejects) {
  Model model = two_services(3);
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  model.services[1].queue = 1;
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(2).request.outcome, Outcome::rejected);
  EXPECT_EQ(settled.at(2).request.stopped, at(0s));
  EXPECT_EQ(settled.at(2).request.forgone, settled.at(2).request.planned);
}

TEST_P(Worlds, ATimedOutOperationFreesItsPlaceAtOnce) {
  Model model = two_services(2);
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  model.timeout = 12s;
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 9s};
  model.services[1].latency = WholeLatency{fixed(11s)};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(0).request.stopped, at(11s));
  EXPECT_EQ(settled.at(1).request.outcome, Outcome::timed_out);
  EXPECT_EQ(settled.at(1).request.stopped, at(21s));
  EXPECT_EQ(settled.at(1).request.used.busy[index_of(OperationKind::tool)], Duration{10s});
}

TEST_P(Worlds, ThePlaceOfATimedOutOperationIsFreeForWhatIsAskedAtThatInstant) {
  Model model = two_services(2);
  model.workflow = {call(OperationKind::tool, 1)};
  model.services[1].concurrency = 1;
  model.services[1].queue = 0;
  model.timeout = 5s;
  model.load.arrivals = ClosedLoad{.users = 1, .think = fixed(0s)};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(0).request.outcome, Outcome::timed_out);
  EXPECT_EQ(settled.at(1).request.outcome, Outcome::timed_out);
}

TEST_P(Worlds, AnOperationThatFoundNoPlaceIsQueuedForACancelOfThatVeryInstant) {
  Model model = two_services(2);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)}, {call(OperationKind::tool, 1)}}}}};
  model.services[1].concurrency = 1;
  CancelSource source;
  source.moment = CancelDuringOperation{.operation = 1, .at = Distribution::constant(0)};
  model.cancels = {source};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(1).request.stopped, at(2s));
  EXPECT_EQ(settled.at(1).request.operations_done, 1U);
}

TEST_P(Worlds, WhatARejectionLeftUnusedIsForgoneEvenIfTheRequestIsCancelledLater) {
  Model model = two_services(2);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.services[0].latency = WholeLatency{fixed(5s)};
  model.workflow = {{Parallel{{{call(OperationKind::llm, 0)}, {call(OperationKind::tool, 1)}}}}};
  model.services[1].concurrency = 1;
  model.services[1].queue = 0;
  model.cancels = {cancel_after(3s)};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(1).request.outcome, Outcome::cancelled);
  EXPECT_EQ(settled.at(1).request.forgone.busy[index_of(OperationKind::tool)], Duration{10s});
  EXPECT_EQ(settled.at(1).request.saved, Amounts{});
}

TEST_P(Worlds, UsersOfAClosedLoadThinkBetweenAnswerAndNextRequest) {
  Model model = two_services(4, 1);
  model.load.arrivals = ClosedLoad{.users = 2, .think = fixed(5s)};
  const auto settled = play(model, PolicyKind::checkpoint, GetParam().make);
  EXPECT_EQ(settled.at(1).client.arrived, at(0s));
  EXPECT_EQ(settled.at(2).client.arrived, at(16s));
  EXPECT_EQ(settled.at(3).client.answered, at(27s));
}

TEST_P(Worlds, NothingIsLeftWhenARunEnds) {
  Model model = two_services(50);
  model.timeout = 30s;
  model.cancels = {cancel_after(3s)};
  std::size_t settled = 0;
  PassedOn reports([&](const Settled&) { ++settled; });
  const Policy p = policy(PolicyKind::checkpoint);
  const auto world = GetParam().make(
      {.model = model, .policy = p, .play = LoadPlay::all, .reports = reports, .observer = {}});
  world->post(client_address, Arrive{0}, Time{});
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(world->run(stop));
  EXPECT_EQ(world->counters().requests_now, 0U);
  EXPECT_EQ(settled, 50U);
}

}  // namespace
}  // namespace caesura
