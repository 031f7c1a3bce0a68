#include "doors/world/event_waits.hpp"

#include "tests/small_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

OperationPath path(const std::string& text) { return operation_path(text).value(); }

WorldEvent started(const std::string& operation, std::uint32_t attempt = 1,
                   std::uint32_t turn = 1) {
  return {.kind = EventKind::operation_started,
          .at = at(1s),
          .turn = turn,
          .operation = path(operation),
          .attempt = attempt};
}

/// A run of the LLM, the tool and the LLM.
struct EventWaitsTest : ::testing::Test {
  EventWaitsTest() {
    model.workflow = {llm_call, tool_call, llm_call};
    run.name = "r";
    begin_turn(1);
  }
  TurnRecord& begin_turn(std::uint32_t number) {
    return run.turns.try_emplace(number, model, 0, number).first->second;
  }
  Attempt& attempt(const std::string& operation, AttemptEnd end = AttemptEnd::in_progress,
                   std::uint32_t turn = 1) {
    OperationRecord& of = *run.turns.at(turn).find(path(operation));
    of.attempts.push_back({.number = static_cast<std::uint32_t>(of.attempts.size()) + 1,
                           .sample = of.planned->sample,
                           .started = at(1s),
                           .end = end});
    return of.attempts.back();
  }
  void wait(EventWaits::Number number, const EventPattern& pattern) {
    waits.add(number, pattern, [this, number](WaitEnd end, const WorldEvent* event) {
      const char* how = end == WaitEnd::come       ? "come"
                        : end == WaitEnd::hopeless ? "hopeless"
                                                   : "too late";
      told.push_back(std::to_string(number) + " " + how +
                     (event == nullptr ? "" : " " + event->operation.text()));
    });
  }

  Model model = two_priced_services();
  RunRecord run;
  EventWaits waits;
  std::vector<std::string> told;
};

const EventPattern any_start{.kind = EventKind::operation_started};

TEST_F(EventWaitsTest, ThoseWhoWaitForAnEventAreToldInTheOrderInWhichTheyCame) {
  wait(1, any_start);
  wait(2, {.kind = EventKind::operation_started, .operation = path("2")});
  wait(3, {.kind = EventKind::operation_failed});
  wait(4, any_start);
  waits.come(started("1"));
  EXPECT_THAT(told, ElementsAre("1 come 1", "4 come 1"));
  waits.come(started("2"));
  EXPECT_THAT(told, ElementsAre("1 come 1", "4 come 1", "2 come 2"));
  EXPECT_FALSE(waits.empty());
}

TEST_F(EventWaitsTest, NobodyIsToldTwice) {
  wait(1, any_start);
  waits.come(started("1"));
  waits.come(started("1"));
  waits.expire(1);
  EXPECT_THAT(told, ElementsAre("1 come 1"));
}

TEST_F(EventWaitsTest, OneWhoseTimeIsUpIsToldSoAndOneThatIsRemovedNothing) {
  wait(1, any_start);
  wait(2, any_start);
  waits.expire(1);
  waits.remove(2);
  waits.expire(2);
  waits.come(started("1"));
  EXPECT_THAT(told, ElementsAre("1 too late"));
  EXPECT_TRUE(waits.empty());
}

TEST_F(EventWaitsTest, OneThatIsToldMayWaitAgain) {
  waits.add(1, any_start, [this](WaitEnd, const WorldEvent*) {
    told.emplace_back("first");
    wait(2, any_start);
  });
  waits.come(started("1"));
  EXPECT_THAT(told, ElementsAre("first"));
  waits.come(started("2"));
  EXPECT_THAT(told, ElementsAre("first", "2 come 2"));
}

TEST_F(EventWaitsTest, WhatAPatternLeavesOutMayBeAny) {
  const WorldEvent event = started("2.1", 3, 4);
  EXPECT_TRUE(any_start.fits(event));
  EventPattern pattern{.kind = EventKind::operation_started,
                       .turn = 4,
                       .operation = path("2.1"),
                       .attempt = 3,
                       .token = 7};
  EXPECT_TRUE(pattern.fits(event)) << "a token says nothing of other events";
  pattern.turn = 5;
  EXPECT_FALSE(pattern.fits(event));
  pattern = {.kind = EventKind::operation_started, .operation = path("2")};
  EXPECT_FALSE(pattern.fits(event));
  pattern = {.kind = EventKind::operation_started, .attempt = 2};
  EXPECT_FALSE(pattern.fits(event));
  EXPECT_FALSE(EventPattern{.kind = EventKind::operation_ended}.fits(event));
}

TEST_F(EventWaitsTest, OfTokensThePatternsOwnFits) {
  WorldEvent event{.kind = EventKind::operation_token, .at = {}, .token = 5};
  EventPattern pattern{.kind = EventKind::operation_token};
  EXPECT_TRUE(pattern.fits(event));
  pattern.token = 5;
  EXPECT_TRUE(pattern.fits(event));
  pattern.token = 6;
  EXPECT_FALSE(pattern.fits(event));
}

TEST_F(EventWaitsTest, TheFirstEventThatCameAndFitsIsFound) {
  run.events.add(started("1"));
  run.events.add(started("2", 1));
  run.events.add(started("2", 2));
  const auto event =
      event_that_came(run, {.kind = EventKind::operation_started, .operation = path("2")});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->attempt, 1U);
  EXPECT_FALSE(event_that_came(run, {.kind = EventKind::operation_ended}));
}

TEST_F(EventWaitsTest, ATokenThatIsNotKeptIsFoundWithItsMoment) {
  attempt("1").generated = 42;
  EventPattern pattern{
      .kind = EventKind::operation_token, .operation = path("1"), .attempt = 1, .token = 42};
  const auto event = event_that_came(run, pattern);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->at, at(1s + 420ms));
  EXPECT_EQ(event->token, 42U);
  pattern.token = 43;
  EXPECT_FALSE(event_that_came(run, pattern));
}

TEST_F(EventWaitsTest, ATokenMayBeOfALaterAttemptOrALaterRequest) {
  attempt("1", AttemptEnd::cut_off).generated = 3;
  attempt("1").generated = 10;
  begin_turn(2);
  attempt("1", AttemptEnd::in_progress, 2).generated = 20;
  const auto with_token = [&](std::uint32_t token) {
    return event_that_came(run, {.kind = EventKind::operation_token, .token = token});
  };
  EXPECT_EQ(with_token(3).value().attempt, 1U);
  EXPECT_EQ(with_token(10).value().attempt, 2U);
  EXPECT_EQ(with_token(20).value().turn, 2U);
  EXPECT_FALSE(with_token(21));
}

TEST_F(EventWaitsTest, AfterARunsEndNothingCanCome) {
  EXPECT_FALSE(is_hopeless(run, any_start));
  run.ended = at(1s);
  EXPECT_TRUE(is_hopeless(run, any_start));
}

TEST_F(EventWaitsTest, OfAnAttemptThatIsOverOnlyWhatComesLateCanCome) {
  attempt("2", AttemptEnd::failed);
  attempt("2");
  EventPattern pattern{.kind = EventKind::operation_ended, .operation = path("2"), .attempt = 1};
  EXPECT_TRUE(is_hopeless(run, pattern));
  for (const EventKind late :
       {EventKind::operation_given, EventKind::signal, EventKind::stray_signal}) {
    pattern.kind = late;
    EXPECT_FALSE(is_hopeless(run, pattern)) << name_of(late);
  }
  pattern.kind = EventKind::operation_ended;
  pattern.attempt = 2;
  EXPECT_FALSE(is_hopeless(run, pattern)) << "it is in progress";
  pattern.attempt = 3;
  EXPECT_FALSE(is_hopeless(run, pattern)) << "it may be asked";
  pattern.attempt.reset();
  EXPECT_FALSE(is_hopeless(run, pattern)) << "any attempt will do";
}

TEST_F(EventWaitsTest, WithoutATurnTheLastRequestsAttemptIsMeantUntilThatIsSettled) {
  attempt("2", AttemptEnd::ok);
  EventPattern pattern{.kind = EventKind::operation_failed, .operation = path("2"), .attempt = 1};
  EXPECT_TRUE(is_hopeless(run, pattern));
  run.turns.at(1).settlement = Settlement{.outcome = Outcome::completed, .at = at(2s)};
  EXPECT_FALSE(is_hopeless(run, pattern)) << "it may be one of the next request";
  begin_turn(2);
  EXPECT_FALSE(is_hopeless(run, pattern));
  pattern.turn = 1;
  EXPECT_TRUE(is_hopeless(run, pattern));
}

TEST_F(EventWaitsTest, ThoseForWhomThereIsNoHopeAreToldAndTheOthersWaitOn) {
  wait(1, {.kind = EventKind::operation_failed, .operation = path("2"), .attempt = 1});
  wait(2, {.kind = EventKind::operation_started, .operation = path("3")});
  waits.give_up(run);
  EXPECT_THAT(told, IsEmpty());
  attempt("2", AttemptEnd::ok);
  waits.give_up(run);
  EXPECT_THAT(told, ElementsAre("1 hopeless"));
  run.ended = at(9s);
  waits.give_up(run);
  EXPECT_THAT(told, ElementsAre("1 hopeless", "2 hopeless"));
}

TEST(EventNames, AreReadAsTheyAreSaid) {
  for (const std::string& name : event_names()) {
    const auto kind = event_kind(name);
    ASSERT_TRUE(kind) << name;
    EXPECT_EQ(name_of(*kind), name);
  }
  EXPECT_FALSE(event_kind("operation.starts"));
}

TEST(EventList, KeepsTheFirstAndCountsTheOthers) {
  EventList list;
  for (std::size_t i = 0; i < EventList::most; ++i)
    ASSERT_TRUE(list.add({.at = {}, .token = static_cast<std::uint32_t>(i)}));
  EXPECT_FALSE(list.add({}));
  EXPECT_FALSE(list.add({}));
  EXPECT_EQ(list.kept().size(), EventList::most);
  EXPECT_EQ(list.kept().back().token, EventList::most - 1);
  EXPECT_EQ(list.left_out(), 2U);
}

}  // namespace
}  // namespace caesura
