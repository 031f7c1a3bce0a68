#include "actors/life_cycle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace caesura {
namespace {

using Next = LifeCycle::Next;

/// What may happen to a request; in_progress says how many other operations are in progress then.
enum class Event {
  start,
  cancel_idle,
  cancel_busy,
  reply,
  last_reply,
  failure_alone,
  failure_beside_others,
  rejection,
  reply_beside_others,
  abort_alone,
  abort_beside_others,
  timeout
};
constexpr std::array all_events{Event::start,
                                Event::cancel_idle,
                                Event::cancel_busy,
                                Event::reply,
                                Event::last_reply,
                                Event::failure_alone,
                                Event::failure_beside_others,
                                Event::rejection,
                                Event::reply_beside_others,
                                Event::abort_alone,
                                Event::abort_beside_others,
                                Event::timeout};

struct Seen {
  Next next = Next::nothing;
  std::optional<CancelVerdict> verdict;
};

Seen apply(LifeCycle& life, Event event) {
  switch (event) {
    case Event::start:
      return {life.start(), {}};
    case Event::cancel_idle:
    case Event::cancel_busy: {
      const auto effect = life.cancel(event == Event::cancel_busy ? 1 : 0);
      return {effect.next, effect.verdict};
    }
    case Event::reply:
      return {life.operation_ended(OperationResult::ok, 0), {}};
    case Event::reply_beside_others:
      return {life.operation_ended(OperationResult::ok, 1), {}};
    case Event::last_reply: {
      const Next next = life.operation_ended(OperationResult::ok, 0);
      return {next == Next::go_on ? life.work_done() : next, {}};
    }
    case Event::failure_alone:
      return {life.operation_ended(OperationResult::failed, 0), {}};
    case Event::failure_beside_others:
      return {life.operation_ended(OperationResult::failed, 2), {}};
    case Event::rejection:
      return {life.operation_ended(OperationResult::rejected, 0), {}};
    case Event::abort_alone:
      return {life.operations_aborted(0), {}};
    case Event::abort_beside_others:
      return {life.operations_aborted(1), {}};
    case Event::timeout:
      return {life.time_out(), {}};
  }
  return {};
}

/// What must be true of one history, event by event. Equal histories have the same future.
class History {
 public:
  explicit History(PolicyKind policy) : policy_(policy), life_(policy) {}

  void take(Event event) {
    const std::optional<Outcome> before = life_.outcome();
    const Seen seen = apply(life_, event);
    const std::optional<Outcome> after = life_.outcome();
    if (before) {
      ASSERT_EQ(after, before) << "a terminal outcome changed";
      ASSERT_EQ(seen.next, Next::nothing) << "something happened after the end";
    }
    ASSERT_EQ(seen.next == Next::stop, !before && after)
        << "it stops exactly when it gets its outcome";
    if (event == Event::abort_alone || event == Event::abort_beside_others)
      check_abort(event, seen.next, before);
    if (seen.verdict) check_verdict(*seen.verdict, before);
    if (after) {
      ASSERT_EQ(*after == Outcome::cancelled, accepted_);
    }
  }
  bool operator==(const History&) const = default;

 private:
  void check_abort(Event event, Next next, std::optional<Outcome> before) const {
    const bool matters = accepted_ && !before;
    ASSERT_EQ(next, !matters                      ? Next::nothing
                    : event == Event::abort_alone ? Next::stop
                                                  : Next::drain);
  }
  void check_verdict(CancelVerdict verdict, std::optional<Outcome> before) {
    if (before) {
      ASSERT_EQ(verdict, *before == Outcome::cancelled ? CancelVerdict::already_cancelled
                                                       : CancelVerdict::too_late);
    } else if (policy_ == PolicyKind::never) {
      ASSERT_EQ(verdict, CancelVerdict::ignored);
    } else {
      ASSERT_EQ(verdict, accepted_ ? CancelVerdict::already_cancelled : CancelVerdict::accepted);
      accepted_ = true;
    }
  }

  PolicyKind policy_;
  LifeCycle life_;
  bool accepted_ = false;
};

constexpr std::array all_policies{PolicyKind::never, PolicyKind::checkpoint, PolicyKind::abort,
                                  PolicyKind::disconnect, PolicyKind::escalate};

TEST(LifeCycle, EveryHistoryHasAtMostOneOutcomeWhichNeverChanges) {
  // Every order of start, cancels, replies, failures, aborts, time-outs and late replies, however
  // long: a life has few states, so all histories are the ways between these. Found breadth first;
  // each is left by every event.
  for (const PolicyKind policy : all_policies) {
    SCOPED_TRACE(name_of(policy));
    std::vector<History> reached{History(policy)};
    for (std::size_t i = 0; i < reached.size(); ++i) {
      for (const Event event : all_events) {
        History next = reached[i];
        next.take(event);
        ASSERT_FALSE(HasFatalFailure()) << "event " << static_cast<int>(event) << " in state " << i;
        if (std::find(reached.begin(), reached.end(), next) == reached.end())
          reached.push_back(next);
      }
    }
    // Pending, running, failing, and each end but one; with cancels that are heeded also cancelling
    // and the last end.
    EXPECT_GE(reached.size(), policy == PolicyKind::never ? 7U : 9U);
    EXPECT_LE(reached.size(), 20U);
  }
}

TEST(LifeCycle, StopsAtTheCheckpointAfterTheOperationInProgress) {
  LifeCycle life(PolicyKind::checkpoint);
  EXPECT_EQ(life.start(), Next::go_on);
  const auto effect = life.cancel(1);
  EXPECT_EQ(effect.verdict, CancelVerdict::accepted);
  EXPECT_EQ(effect.next, Next::drain);
  EXPECT_TRUE(life.is_cancelling());
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 0), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, StopsAtOnceWithNothingInProgress) {
  LifeCycle life(PolicyKind::checkpoint);
  life.start();
  EXPECT_EQ(life.cancel(0).next, Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, WaitsForEveryOperationInProgress) {
  LifeCycle life(PolicyKind::checkpoint);
  life.start();
  life.cancel(3);
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 2), Next::drain);
  EXPECT_EQ(life.operation_ended(OperationResult::failed, 1), Next::drain);
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 0), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, ACancelBeforeTheStartIsNotLost) {
  LifeCycle life(PolicyKind::checkpoint);
  EXPECT_EQ(life.cancel(0).verdict, CancelVerdict::accepted);
  EXPECT_EQ(life.start(), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, SecondCancelIsAcknowledgedAndChangesNothing) {
  LifeCycle life(PolicyKind::checkpoint);
  life.start();
  life.cancel(1);
  const auto second = life.cancel(1);
  EXPECT_EQ(second.verdict, CancelVerdict::already_cancelled);
  EXPECT_EQ(second.next, Next::nothing);
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 0), Next::stop);
  EXPECT_EQ(life.cancel(0).verdict, CancelVerdict::already_cancelled);
}

TEST(LifeCycle, ACancelAfterAFailureWithSiblingsInProgressStillCancels) {
  LifeCycle life(PolicyKind::checkpoint);
  life.start();
  EXPECT_EQ(life.operation_ended(OperationResult::failed, 1), Next::drain);
  EXPECT_EQ(life.cancel(1).verdict, CancelVerdict::accepted);
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 0), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, StopsAtTheAbortUnlessOthersAreInProgress) {
  LifeCycle life(PolicyKind::abort);
  life.start();
  life.cancel(2);
  EXPECT_EQ(life.operations_aborted(1), Next::drain);
  EXPECT_EQ(life.operation_ended(OperationResult::ok, 0), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);

  LifeCycle alone(PolicyKind::abort);
  alone.start();
  alone.cancel(2);
  EXPECT_EQ(alone.operations_aborted(0), Next::stop);
  EXPECT_EQ(alone.outcome(), Outcome::cancelled);
}

TEST(LifeCycle, AnAbortOfARequestThatIsNotCancellingChangesNothing) {
  LifeCycle life(PolicyKind::abort);
  life.start();
  EXPECT_EQ(life.operations_aborted(0), Next::nothing);
  EXPECT_TRUE(life.is_running());
}

TEST(LifeCycle, ATimeoutOfACancellingRequestEndsItAsCancelled) {
  LifeCycle life(PolicyKind::checkpoint);
  life.start();
  life.cancel(1);
  EXPECT_EQ(life.time_out(), Next::stop);
  EXPECT_EQ(life.outcome(), Outcome::cancelled);
}

}  // namespace
}  // namespace caesura
