#include "doors/world/turn_ledger.hpp"

#include "tests/small_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

OperationPath path(const std::string& text) { return operation_path(text).value(); }

/// The LLM (1 s, a token of 100 every 10 ms, 1650 picodollars, of which 150 for input), the tool
/// (10 s), the LLM again.
Model loop_of_three() {
  Model model = two_priced_services();
  model.workflow = {llm_call, tool_call, llm_call};
  return model;
}

/// A request of which the test says what was seen.
struct Seen {
  explicit Seen(Model its_model) : model(std::move(its_model)) {}

  OperationRecord& operation(const std::string& which) { return *turn.find(path(which)); }
  /// Another attempt, in service from `start`.
  Attempt& start(const std::string& which, Duration start) {
    OperationRecord& of = operation(which);
    of.attempts.push_back({.number = static_cast<std::uint32_t>(of.attempts.size()) + 1,
                           .sample = of.planned->sample,
                           .asked = at(start),
                           .started = at(start)});
    if (!turn.began) turn.began = at(start);
    return of.attempts.back();
  }
  /// Likewise; it ends so.
  Attempt& play(const std::string& which, Duration begin, Duration end, AttemptEnd how) {
    Attempt& attempt = start(which, begin);
    attempt.ended = at(end);
    attempt.end = how;
    operation(which).completed |= how == AttemptEnd::ok;
    return attempt;
  }
  Attempt& cut_off(const std::string& which, Duration begin, Duration end) {
    Attempt& attempt = play(which, begin, end, AttemptEnd::cut_off);
    attempt.told = at(end);
    return attempt;
  }
  /// After all that has started by now; what was told at that moment was told because of it.
  void cancel(Duration when) {
    turn.cancelled = at(when);
    for (OperationRecord& of : turn.operations) {
      for (Attempt& attempt : of.attempts) {
        attempt.started_before_cancel = true;
        attempt.was_in_progress_at_cancel =
            attempt.started && (!attempt.ended || *attempt.ended > at(when) ||
                                (attempt.end == AttemptEnd::cut_off && attempt.told == at(when)));
      }
    }
  }
  void settle(Outcome outcome, Duration when) {
    turn.settlement = Settlement{.outcome = outcome, .at = at(when)};
  }
  TurnLedger ledger(Duration now = 1h) const { return ledger_of(turn, at(now)); }

  const Model model;
  TurnRecord turn{model, 0, 1};
};

std::int64_t cost(const Amounts& amounts) { return amounts.cost.picos; }
Duration busy(const Amounts& amounts, OperationKind kind) { return amounts.busy[index_of(kind)]; }

std::vector<std::string> texts(const std::vector<OperationPath>& paths) {
  std::vector<std::string> texts;
  for (const OperationPath& one : paths) texts.push_back(one.text());
  return texts;
}

/// Of one whose first call was cut off halfway.
TurnLedger cut_off_halfway(OnAbort on_abort) {
  Model model = loop_of_three();
  model.services[0].on_abort = on_abort;
  Seen seen(std::move(model));
  seen.cut_off("1", 0s, 500ms);
  seen.cancel(500ms);
  return seen.ledger();
}

TEST(TurnLedger, ACompletedRequestHasUsedItsPlan) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("2", 1s, 11s, AttemptEnd::ok);
  seen.play("3", 11s, 12s, AttemptEnd::ok);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(ledger.request.outcome, Outcome::completed);
  EXPECT_EQ(ledger.request.planned, ledger.request.used);
  EXPECT_EQ(cost(ledger.request.used), 2 * 1650);
  EXPECT_EQ(busy(ledger.request.used, OperationKind::tool), 10s);
  EXPECT_EQ(ledger.request.saved, Amounts{});
  EXPECT_EQ(ledger.request.forgone, Amounts{});
  EXPECT_EQ(ledger.added, Amounts{});
  EXPECT_EQ(ledger.request.started, at(0s));
  EXPECT_EQ(ledger.request.stopped, at(12s));
  EXPECT_EQ(ledger.request.operations_done, 3U);
  EXPECT_EQ(ledger.request.operations_planned, 3U);
}

TEST(TurnLedger, ACallCutOffHalfwayHasUsedHalfAndSavesAllThatWasToCome) {
  const TurnLedger ledger = cut_off_halfway(OnAbort::generated);
  const RequestReport& request = ledger.request;
  EXPECT_EQ(request.outcome, Outcome::cancelled);
  EXPECT_EQ(request.used.tokens.input, Tokens{50});
  EXPECT_EQ(request.used.tokens.output, Tokens{50});
  EXPECT_EQ(busy(request.used, OperationKind::llm), 500ms);
  EXPECT_EQ(request.saved.tokens.input, Tokens{50});
  EXPECT_EQ(request.saved.tokens.output, Tokens{150});
  EXPECT_EQ(busy(request.saved, OperationKind::llm), 1500ms);
  EXPECT_EQ(busy(request.saved, OperationKind::tool), 10s);
  EXPECT_EQ(request.used_after_cancel, Amounts{});
  EXPECT_EQ(request.interrupted[index_of(OperationKind::llm)], 1U);
  EXPECT_EQ(request.cancelled_in, index_of(OperationKind::llm));
  EXPECT_EQ(request.operation_hit, 1s);
  EXPECT_EQ(request.stopped, at(500ms));
  EXPECT_EQ(request.operations_done, 0U);
  EXPECT_EQ(ledger.client.cancels_accepted, 1U);
}

TEST(TurnLedger, WhatACallThatIsCutOffCostsIsAsItsProviderBills) {
  struct Case {
    OnAbort on_abort;
    std::int64_t used, saved, after;
  };
  constexpr std::int64_t later = 1650;  // of the other call
  const std::array cases{
      Case{OnAbort::generated, 150 + 750, 750 + later, 0}, Case{OnAbort::full, 1650, later, 750},
      Case{OnAbort::input, 150, 1500 + later, 0}, Case{OnAbort::none, 0, 1650 + later, 0}};
  for (const Case& c : cases) {
    const TurnLedger ledger = cut_off_halfway(c.on_abort);
    EXPECT_EQ(cost(ledger.request.used), c.used) << static_cast<int>(c.on_abort);
    EXPECT_EQ(cost(ledger.request.saved), c.saved) << static_cast<int>(c.on_abort);
    EXPECT_EQ(cost(ledger.request.used_after_cancel), c.after) << static_cast<int>(c.on_abort);
    EXPECT_EQ(ledger.request.used.tokens.output, Tokens{50});
  }
}

TEST(TurnLedger, ATransactionalToolThatWasToldHasUsedAllOfIt) {
  Model model = loop_of_three();
  model.services[1].transactional = true;
  Seen seen(std::move(model));
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("2", 1s, 11s, AttemptEnd::ok).told = at(2s);
  seen.cancel(2s);
  seen.settle(Outcome::cancelled, 3s);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(busy(ledger.request.used, OperationKind::tool), 10s);
  EXPECT_EQ(busy(ledger.request.saved, OperationKind::tool), 0s);
  EXPECT_EQ(busy(ledger.request.used_after_cancel, OperationKind::tool), 9s);
  EXPECT_EQ(cost(ledger.request.saved), 1650);
  EXPECT_EQ(ledger.request.interrupted[index_of(OperationKind::tool)], 0U);
  EXPECT_EQ(ledger.request.stopped, at(11s));
  EXPECT_THAT(ledger.never_told, IsEmpty());
}

TEST(TurnLedger, ARetryAfterAFailureIsAddedToThePlan) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::failed);
  seen.play("1", 1s, 2s, AttemptEnd::ok);
  seen.play("2", 2s, 12s, AttemptEnd::ok);
  seen.play("3", 12s, 13s, AttemptEnd::ok);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(cost(ledger.request.used), 3 * 1650);
  EXPECT_EQ(cost(ledger.added), 1650);
  EXPECT_EQ(busy(ledger.added, OperationKind::llm), 1s);
  EXPECT_EQ(ledger.request.forgone, Amounts{});
}

TEST(TurnLedger, ALostAnswerWasUsedInFullAndIsAskedForAgain) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("2", 1s, 11s, AttemptEnd::lost);
  seen.cancel(12s);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(busy(ledger.request.used, OperationKind::tool), 10s);
  // The tool would have been asked again, which is more than was planned.
  EXPECT_EQ(busy(ledger.request.saved, OperationKind::tool), 10s);
  EXPECT_EQ(busy(ledger.added, OperationKind::tool), 10s);
  EXPECT_EQ(cost(ledger.request.saved), 1650);
}

TEST(TurnLedger, CallsThatWereRefusedOrTurnedAwayOrNeverServedHaveUsedNothing) {
  for (const AttemptEnd end :
       {AttemptEnd::refused, AttemptEnd::turned_away, AttemptEnd::reset, AttemptEnd::cut_off}) {
    Seen seen(loop_of_three());
    Attempt& attempt = seen.play("1", 0s, 100ms, end);
    attempt.started.reset();
    seen.cancel(200ms);
    const TurnLedger ledger = seen.ledger();
    EXPECT_EQ(ledger.request.used, Amounts{}) << name_of(end);
    EXPECT_EQ(ledger.request.saved, ledger.request.planned) << name_of(end);
  }
}

TEST(TurnLedger, AnAddedAnswerIsUsedBeyondThePlan) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("1", 1s, 2s, AttemptEnd::ok).is_added = true;
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(cost(ledger.added), 1650);
  EXPECT_EQ(cost(ledger.request.forgone), 1650);
  EXPECT_EQ(ledger.request.outcome, Outcome::failed);
}

TEST(TurnLedger, WhatIsInProgressHasUsedWhatItHasByNow) {
  Seen seen(loop_of_three());
  seen.start("1", 0s);
  const TurnLedger running = seen.ledger(250ms);
  EXPECT_EQ(running.request.used.tokens.output, Tokens{25});
  EXPECT_EQ(running.request.forgone.tokens.output, Tokens{175});
  seen.cancel(100ms);
  const TurnLedger cancelled = seen.ledger(250ms);
  EXPECT_EQ(cancelled.request.saved.tokens.output, Tokens{175});
  EXPECT_EQ(cancelled.request.used_after_cancel.tokens.output, Tokens{15});
  EXPECT_EQ(cancelled.request.used_after_cancel.tokens.input, Tokens{0});
  EXPECT_EQ(cancelled.request.stopped, at(250ms));
}

TEST(TurnLedger, AStallIsTimeThatThePlanDoesNotHave) {
  Seen seen(loop_of_three());
  Attempt& attempt = seen.play("1", 0s, 4s, AttemptEnd::ok);
  attempt.pace = stalling(attempt.sample, 50, 3s);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(busy(ledger.request.used, OperationKind::llm), 4s);
  EXPECT_EQ(busy(ledger.added, OperationKind::llm), 3s);
  EXPECT_EQ(cost(ledger.added), 0);
}

TEST(TurnLedger, BehindAFailureThatEndsTheRequestAllIsForgone) {
  Model model = loop_of_three();
  model.services[1].failure_rate = 1;
  model.services[1].on_failure = OnFailure::fail;
  Seen planned(model);
  planned.play("1", 0s, 1s, AttemptEnd::ok);
  planned.cut_off("2", 1s, 2s);
  planned.cancel(2s);
  const TurnLedger before = planned.ledger();
  EXPECT_EQ(busy(before.request.saved, OperationKind::tool), 9s);
  EXPECT_EQ(cost(before.request.saved), 0);
  EXPECT_EQ(cost(before.request.forgone), 1650);

  // One that a fault made, in a plan without.
  for (const OnFailure on_failure : {OnFailure::fail, OnFailure::go_on}) {
    Model other = loop_of_three();
    other.services[1].on_failure = on_failure;
    Seen made(std::move(other));
    made.play("1", 0s, 1s, AttemptEnd::ok);
    made.play("2", 1s, 11s, AttemptEnd::failed);
    made.cancel(11500ms);
    const TurnLedger after = made.ledger();
    const bool ends = on_failure == OnFailure::fail;
    EXPECT_EQ(cost(after.request.saved), ends ? 0 : 1650);
    EXPECT_EQ(cost(after.request.forgone), ends ? 1650 : 0);
  }
}

TEST(TurnLedger, ASubAgentsFailureEndsTheRequestAsItsAgentsWould) {
  for (const OnFailure on_failure : {OnFailure::fail, OnFailure::go_on}) {
    Model model = two_priced_services();
    model.services[1].on_failure = OnFailure::fail;
    const WorkflowStep agent = add_agent(model, {llm_call, tool_call, llm_call}, told);
    model.services.back().on_failure = on_failure;
    model.workflow = {llm_call, agent, llm_call};
    Seen seen(std::move(model));
    seen.play("1", 0s, 1s, AttemptEnd::ok);
    seen.play("2.1", 1s, 2s, AttemptEnd::ok);
    seen.play("2.2", 2s, 12s, AttemptEnd::failed);
    seen.cancel(13s);
    const TurnLedger ledger = seen.ledger();
    const std::int64_t saved = on_failure == OnFailure::fail ? 0 : 1650;
    EXPECT_EQ(cost(ledger.request.used), 2 * 1650);
    EXPECT_EQ(cost(ledger.request.saved), saved);
    EXPECT_EQ(cost(ledger.request.forgone), 2 * 1650 - saved);
  }
}

TEST(TurnLedger, WhatStartsAfterTheCancelIsUsedAfterItInFull) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.cancel(5s);
  seen.play("2", 6s, 16s, AttemptEnd::ok);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(busy(ledger.request.used_after_cancel, OperationKind::tool), 10s);
  EXPECT_EQ(cost(ledger.request.used_after_cancel), 0);
  EXPECT_THAT(texts(ledger.started_after_cancel), ElementsAre("2"));
  EXPECT_THAT(texts(ledger.never_told), ElementsAre("2"));
  EXPECT_EQ(ledger.request.cancelled_in, nothing_in_progress);
  EXPECT_EQ(ledger.request.stopped, at(16s));
}

TEST(TurnLedger, WhatStartsAtTheCancelsMomentIsBeforeItOrAfterItAsItWasSeen) {
  for (const bool before : {true, false}) {
    Seen seen(loop_of_three());
    seen.play("1", 0s, 1s, AttemptEnd::ok);
    if (!before) seen.cancel(1s);
    Attempt& tool = seen.start("2", 1s);
    if (before) seen.cancel(1s);
    tool.end = AttemptEnd::ok;
    tool.ended = at(11s);
    const TurnLedger ledger = seen.ledger();
    EXPECT_EQ(ledger.started_after_cancel.size(), before ? 0U : 1U);
    EXPECT_EQ(busy(ledger.request.used_after_cancel, OperationKind::tool), 10s);
    EXPECT_EQ(ledger.request.cancelled_in,
              before ? index_of(OperationKind::tool) : nothing_in_progress);
  }
}

TEST(TurnLedger, OfACallInProgressAtTheCancelTheRestIsUsedAfterIt) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.cancel(300ms);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(ledger.request.used_after_cancel.tokens.output, Tokens{70});
  EXPECT_EQ(ledger.request.used_after_cancel.tokens.input, Tokens{0});
  EXPECT_EQ(cost(ledger.request.used_after_cancel), 70 * 15);
  EXPECT_EQ(busy(ledger.request.used_after_cancel, OperationKind::llm), 700ms);
  EXPECT_THAT(texts(ledger.never_told), ElementsAre("1"));
  EXPECT_EQ(ledger.request.cancelled_in, index_of(OperationKind::llm));
}

TEST(TurnLedger, WhenAnAttemptWasToldIsCountedFromTheCancel) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.cut_off("2", 1s, 4s);
  seen.cancel(2500ms);
  const TurnLedger ledger = seen.ledger();
  ASSERT_EQ(ledger.told.size(), 1U);
  EXPECT_EQ(ledger.told[0].kind, OperationKind::tool);
  EXPECT_EQ(ledger.told[0].latency, 1500ms);
  EXPECT_THAT(ledger.never_told, IsEmpty());
  EXPECT_EQ(busy(ledger.request.used_after_cancel, OperationKind::tool), 1500ms);
}

TEST(TurnLedger, WithoutADriverTheFirstSignalIsTheCancelOfWhoSaysHeWasCancelled) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.cut_off("2", 1s, 4s);
  EXPECT_EQ(seen.ledger().request.outcome, Outcome::failed);
  seen.settle(Outcome::cancelled, 6s);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(ledger.request.outcome, Outcome::cancelled);
  EXPECT_EQ(ledger.client.cancel_sent, at(4s));
  EXPECT_EQ(ledger.settle_latency, 2s);
  EXPECT_EQ(busy(ledger.request.saved, OperationKind::tool), 7s);
}

TEST(TurnLedger, AnEffectCountsAsAfterTheCancelIfItWasNotThereWhenItCame) {
  for (const Duration cancel : std::array<Duration, 3>{10999ms, 11s, 11001ms}) {
    Seen seen(loop_of_three());
    seen.play("1", 0s, 1s, AttemptEnd::ok);
    seen.play("2", 1s, 11s, AttemptEnd::ok).committed = at(11s);
    seen.cancel(cancel);
    EXPECT_EQ(seen.ledger().committed_after_cancel.size(), cancel < 11s ? 1U : 0U);
  }
}

TEST(TurnLedger, OperationsThatThePlanWentPastWereNeverAskedFor) {
  Model model = loop_of_three();
  Parallel both;
  both.branches = {{tool_call}, {tool_call}};
  model.workflow = {llm_call, {both}, llm_call, tool_call, llm_call};
  Seen seen(std::move(model));
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("3", 1s, 11s, AttemptEnd::ok);
  EXPECT_THAT(seen.ledger().never_asked, IsEmpty()) << "the other may still be asked for";
  seen.play("4", 11s, 12s, AttemptEnd::ok);
  EXPECT_THAT(texts(seen.ledger().never_asked), ElementsAre("2"));
  seen.play("6", 12s, 13s, AttemptEnd::ok);
  EXPECT_THAT(texts(seen.ledger().never_asked), ElementsAre("2", "5"));
  EXPECT_EQ(busy(seen.ledger().request.forgone, OperationKind::tool), 20s);
}

TEST(TurnLedger, ASubAgentThatWasLeftOutIsOneOperationNeverAskedFor) {
  Model model = two_priced_services();
  const WorkflowStep agent = add_agent(model, {llm_call, tool_call, llm_call}, told);
  model.workflow = {llm_call, agent, llm_call};
  Seen seen(std::move(model));
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("3", 1s, 2s, AttemptEnd::ok);
  EXPECT_THAT(texts(seen.ledger().never_asked), ElementsAre("2"));
}

TEST(TurnLedger, CallsOutsideThePlanAreCountedApart) {
  Seen seen(loop_of_three());
  Attempt title = seen.start("1", 0s);
  seen.operation("1").attempts.clear();
  title.ended = at(1s);
  title.end = AttemptEnd::ok;
  seen.turn.unplanned.push_back({.service = 0, .kind = OperationKind::llm, .attempt = title});
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(ledger.unplanned.calls, 1U);
  EXPECT_EQ(ledger.unplanned.tokens, Tokens{150});
  EXPECT_EQ(ledger.unplanned.cost, Money{1650});
  EXPECT_EQ(ledger.request.used, Amounts{});
  EXPECT_EQ(ledger.request.stopped, at(1s));
}

TEST(TurnLedger, ACancelBeforeTheFirstCallHasNothingToWaitFor) {
  Seen seen(loop_of_three());
  seen.cancel(2s);
  const TurnLedger ledger = seen.ledger(5min);
  EXPECT_EQ(ledger.request.outcome, Outcome::cancelled);
  EXPECT_EQ(ledger.request.started, at(2s));
  EXPECT_EQ(ledger.request.stopped, at(2s));
  EXPECT_EQ(ledger.request.saved, ledger.request.planned);
}

TEST(TurnLedger, WhatTheUserWasToldBeforeTheCancelIsNoAnswerToIt) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.settle(Outcome::completed, 2s);
  seen.cancel(3s);
  const TurnLedger ledger = seen.ledger();
  EXPECT_EQ(ledger.request.outcome, Outcome::completed);
  EXPECT_EQ(ledger.settle_latency, std::nullopt);
  EXPECT_EQ(ledger.client.cancels_too_late, 1U);
}

TEST(TurnLedger, AUserAtTheOtherEndOfALinkHasMomentsOfItsOwn) {
  Seen seen(loop_of_three());
  seen.turn.user = UserSide{.sent = at(0s)};
  seen.play("1", 1s, 2s, AttemptEnd::ok);
  seen.play("2", 2s, 12s, AttemptEnd::ok);
  seen.cancel(5s);
  seen.settle(Outcome::cancelled, 12s);
  seen.turn.user->cancel_sent = at(4s);
  seen.turn.user->cancels_sent = 3;
  seen.turn.user->cancels_behind = 1;
  seen.turn.user->answered = at(13s);
  const ClientReport client = seen.ledger().client;
  EXPECT_EQ(client.arrived, at(0s));
  EXPECT_EQ(client.answered, at(13s));
  EXPECT_EQ(client.cancel_sent, at(4s));
  EXPECT_EQ(client.acknowledged, at(13s));
  EXPECT_EQ(client.cancels_accepted, 1u);
  EXPECT_EQ(client.cancels_already_cancelled, 2u);
  EXPECT_EQ(seen.ledger().settle_latency, 7s) << "from when the subject had it";
}

TEST(TurnLedger, OfCancelsOfACompletedRequestThoseBehindItAreTooLateAndTheOthersIgnored) {
  Seen seen(loop_of_three());
  seen.turn.user =
      UserSide{.sent = at(0s), .answered = at(13s), .cancels_sent = 3, .cancels_behind = 1};
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("2", 1s, 11s, AttemptEnd::ok);
  seen.play("3", 11s, 12s, AttemptEnd::ok);
  seen.cancel(5s);
  seen.settle(Outcome::completed, 12s);
  const ClientReport client = seen.ledger().client;
  EXPECT_EQ(client.cancels_ignored, 2u);
  EXPECT_EQ(client.cancels_too_late, 1u);
}

TEST(TurnLedger, AnAnswerThatWasThereIsThrownAwayByACancel) {
  Seen seen(loop_of_three());
  seen.play("1", 0s, 1s, AttemptEnd::ok);
  seen.play("2", 1s, 11s, AttemptEnd::ok);
  seen.play("3", 11s, 12s, AttemptEnd::ok);
  seen.cancel(11s + 500ms);
  seen.settle(Outcome::cancelled, 12s);
  EXPECT_TRUE(seen.ledger().request.answer_discarded);
  seen.turn.settlement->outcome = Outcome::completed;
  EXPECT_FALSE(seen.ledger().request.answer_discarded);
}

TEST(TurnLedger, TokensThatAUserHasSeenAreThoseOfStreamsUpToTheCancel) {
  Model model = loop_of_three();
  model.workflow.back() = call(OperationKind::llm, 0, 10);
  Seen seen(std::move(model));
  seen.play("1", 0s, 1s, AttemptEnd::ok).delivered = 100;
  seen.play("2", 1s, 11s, AttemptEnd::ok);
  Attempt& last = seen.play("3", 11s, 12s, AttemptEnd::ok);
  last.delivered = 100;
  last.delivered_at_cancel = 35;
  EXPECT_EQ(seen.ledger().request.delivered, Tokens{100});
  EXPECT_EQ(seen.ledger().request.chunks_sent, 10U);
  seen.cancel(11500ms);
  seen.settle(Outcome::cancelled, 12s);
  EXPECT_EQ(seen.ledger().request.delivered, Tokens{35});
  EXPECT_EQ(seen.ledger().request.chunks_sent, 4U);
}

/// Does to a request what the policy would: aborts at once, or at the next checkpoint.
void follow(Seen& seen, PolicyKind policy, std::optional<Duration> cancel) {
  Duration now{0};
  bool is_cancelled = false;
  for (OperationRecord& of : seen.turn.operations) {
    const Duration begin = now;
    const Duration end = begin + of.planned->sample.duration;
    const std::string which = of.planned->path.text();
    const bool comes = cancel && *cancel > begin && *cancel <= end;
    const bool may_cut =
        policy == PolicyKind::abort && !seen.model.services[of.planned->step.service].transactional;
    if (comes && may_cut && *cancel < end) {
      seen.cut_off(which, begin, *cancel);
      seen.cancel(*cancel);
      return seen.settle(Outcome::cancelled, *cancel);
    }
    seen.play(which, begin, end, AttemptEnd::ok);
    if (comes) seen.cancel(*cancel);
    is_cancelled = is_cancelled || comes;
    now = end;
    if (is_cancelled && policy != PolicyKind::never) return seen.settle(Outcome::cancelled, end);
  }
  seen.settle(Outcome::completed, now);
}

TEST(TurnLedger, IsThatOfASimulatedRequestThatDoesTheSame) {
  std::mt19937 random(1);
  const auto to = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
  for (int round = 0; round < 300; ++round) {
    Model model = loop_of_three();
    model.services[0].on_abort = static_cast<OnAbort>(to(3));
    model.services[1].transactional = to(1) == 1;
    model.services[1].side_effects = static_cast<SideEffects>(to(2));
    const Duration cancel = std::chrono::microseconds(1 + to(11'999'000));
    const auto kind = std::array{PolicyKind::abort, PolicyKind::checkpoint,
                                 PolicyKind::never}[static_cast<std::size_t>(to(2))];
    Model cancelled = model;
    cancelled.cancels = {cancel_after(cancel)};
    const RequestReport simulated =
        play(cancelled, kind == PolicyKind::abort ? abort_after(0s) : policy(kind)).at(0).request;
    Seen seen(std::move(model));
    follow(seen, kind, cancel);
    const TurnLedger ledger = seen.ledger();
    const RequestReport& real = ledger.request;
    SCOPED_TRACE(std::string(name_of(kind)) + " at " + std::to_string(cancel.count()) + " ns");
    EXPECT_EQ(real.outcome, simulated.outcome);
    EXPECT_EQ(real.stopped - real.started, simulated.stopped - simulated.started);
    EXPECT_EQ(real.planned, simulated.planned);
    EXPECT_EQ(real.used, simulated.used);
    EXPECT_EQ(real.saved, simulated.saved);
    EXPECT_EQ(real.forgone, simulated.forgone);
    EXPECT_EQ(real.used_after_cancel, simulated.used_after_cancel);
    EXPECT_EQ(real.billed, simulated.billed);
    EXPECT_EQ(real.interrupted, simulated.interrupted);
    EXPECT_EQ(real.interrupted_unsafe, simulated.interrupted_unsafe);
    EXPECT_EQ(real.cancelled_in, simulated.cancelled_in);
    EXPECT_EQ(real.operation_hit, simulated.operation_hit);
    EXPECT_EQ(real.operations_planned, simulated.operations_planned);
    EXPECT_EQ(ledger.added, Amounts{});
  }
}

bool is_nowhere_less(const Amounts& a, const Amounts& b) {
  bool is = a.tokens.input >= b.tokens.input && a.tokens.cached_input >= b.tokens.cached_input &&
            a.tokens.output >= b.tokens.output && a.cost >= b.cost;
  for (std::size_t k = 0; k < operation_kinds; ++k) is = is && a.busy[k] >= b.busy[k];
  return is;
}

TEST(TurnLedger, WhateverHappensItAddsUpAndNoPartIsNegative) {
  std::mt19937 random(2);
  const auto to = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
  constexpr std::array ends{AttemptEnd::in_progress, AttemptEnd::ok,      AttemptEnd::failed,
                            AttemptEnd::turned_away, AttemptEnd::refused, AttemptEnd::cut_off,
                            AttemptEnd::reset,       AttemptEnd::lost};
  for (int round = 0; round < 3000; ++round) {
    Model model = two_priced_services();
    model.services[0].on_abort = static_cast<OnAbort>(to(3));
    model.services[1].transactional = to(1) == 1;
    model.services[1].on_failure = static_cast<OnFailure>(to(1));
    model.services[1].failure_rate = to(1) == 1 ? 0.3 : 0;
    const WorkflowStep agent = add_agent(model, {llm_call, tool_call, llm_call}, told);
    model.services.back().on_failure = static_cast<OnFailure>(to(1));
    model.workflow = {llm_call, agent, llm_call, tool_call, llm_call};
    Seen seen(std::move(model));
    for (const OperationRecord& of : seen.turn.operations) {
      const std::string which = of.planned->path.text();
      for (int n = to(3); n > 0; --n) {
        const Duration begin = std::chrono::milliseconds(to(20'000));
        const Duration lasts = std::chrono::milliseconds(to(15'000));
        const AttemptEnd end = ends[static_cast<std::size_t>(to(7))];
        Attempt& attempt = seen.play(which, begin, begin + lasts, end);
        if (to(3) == 0) attempt.told = attempt.ended;
        if (to(4) == 0) attempt.sample = slowed(attempt.sample, 3);
        if (to(4) == 0) attempt.pace = to(1) == 0 ? hanging : stalling(attempt.sample, 0, 3s);
        // What ends by itself ends in its time.
        const auto whole = whole_duration(attempt.sample, attempt.pace);
        if (end == AttemptEnd::ok || end == AttemptEnd::failed || end == AttemptEnd::lost) {
          attempt.ended = at(begin + whole.value_or(lasts));
          if (!whole) attempt.end = AttemptEnd::reset;
        }
        if (end == AttemptEnd::in_progress) attempt.ended.reset();
        if (end == AttemptEnd::refused || end == AttemptEnd::turned_away) attempt.started.reset();
      }
    }
    if (to(2) > 0) seen.cancel(std::chrono::milliseconds(to(30'000)));
    if (to(1) == 0) seen.settle(static_cast<Outcome>(to(2)), std::chrono::milliseconds(to(40'000)));
    const TurnLedger ledger = seen.ledger(40s);
    const RequestReport& request = ledger.request;
    SCOPED_TRACE(round);
    ASSERT_EQ(request.planned + ledger.added, request.used + request.saved + request.forgone);
    for (const Amounts& part : {request.planned, ledger.added, request.used, request.saved,
                                request.forgone, request.used_after_cancel})
      ASSERT_TRUE(is_nowhere_less(part, {}));
    ASSERT_TRUE(is_nowhere_less(request.used, request.used_after_cancel));
    ASSERT_GE(request.stopped, request.started);
    ASSERT_GE(ledger.client.answered, request.started);
  }
}

}  // namespace
}  // namespace caesura
