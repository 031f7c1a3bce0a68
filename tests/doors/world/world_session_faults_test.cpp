#include "doors/world/world_session.hpp"
#include "tests/doors/world/played_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// ---- Faults of calls

TEST(WorldSession, ACallThatIsToBeRefusedIsRefusedOnce) {
  PlayedWorld world(loop_of_three(),
                    {{.operation = {1}, .what = CallFault::Status{429, Duration(6s)}}});
  try {
    world.ask_model("A");
    FAIL() << "it is served";
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 429U);
    EXPECT_EQ(refusal.kind, RefusalKind::rate_limited);
    EXPECT_EQ(refusal.retry_after, 6s);
  }
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::refused);
  world.ask_model("B");
  EXPECT_THAT(world.heard, ElementsAre("B starts"));
}

TEST(WorldSession, ARunsOwnFaultComesBeforeTheScenarios) {
  PlayedWorld world(loop_of_three(),
                    {{.operation = {1}, .attempt = {}, .what = CallFault::Status{500}}});
  world.session.make_run(
      {.name = "r", .faults = {{.operation = {1}, .what = CallFault::Status{503}}}});
  EXPECT_EQ(refused_with([&] { world.ask_model("A"); }), 503U);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(refused_with([&] { world.ask_model("A"); }), 500U) << "at every attempt";
}

TEST(WorldSession, AConnectionIsResetBeforeTheAnswer) {
  PlayedWorld world(loop_of_three(), {{.operation = {1}, .what = CallFault::Reset{}}});
  const WorldCallId call = world.ask_model("A");
  EXPECT_THAT(world.heard, ElementsAre("A breaks after 0"));
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::reset);
  EXPECT_EQ(world.attempt("1").started, std::nullopt);
  world.session.signal(call, SignalKind::hang_up, SignalMeaning::cancels);
  EXPECT_EQ(world.attempt("1").told, std::nullopt);
  world.ask_model("B");
  world.advance(1s);
  EXPECT_THAT(world.heard, ElementsAre("A breaks after 0", "B starts", "B ok after 100"));
}

TEST(WorldSession, AConnectionIsResetAtItsTokenHoweverFarTheClockIsMoved) {
  for (const Duration step : {Duration(10ms), Duration(1h)}) {
    PlayedWorld world(loop_of_three(), {{.operation = {1}, .what = CallFault::Reset{5}}});
    world.ask_model("A");
    for (Duration now{0}; now < 2s; now += step) world.advance(step);
    EXPECT_THAT(world.heard, ElementsAre("A starts", "A breaks after 5"));
    EXPECT_EQ(world.attempt("1").end, AttemptEnd::reset);
    EXPECT_EQ(world.attempt("1").ended, at(50ms));
    EXPECT_EQ(world.attempt("1").generated, 5U);
    EXPECT_EQ(world.run().open_calls, 0U);
    EXPECT_FALSE(world.operation("1").completed);
  }
}

TEST(WorldSession, AConnectionIsResetAtTheLastToken) {
  PlayedWorld world(loop_of_three(), {{.operation = {1}, .what = CallFault::Reset{100}}});
  world.ask_model("A");
  world.advance(2s);
  EXPECT_THAT(world.heard, ElementsAre("A starts", "A breaks after 100"));
  EXPECT_FALSE(world.operation("1").completed);
}

TEST(WorldSession, WhereTheAnswerIsLostTheWorkIsDoneAndTheEffectThere) {
  PlayedWorld world(committing(), {{.operation = {2}, .what = CallFault::Lost{}}});
  world.play_first();
  world.ask_tool("B");
  world.advance(10s);
  EXPECT_THAT(world.heard, ElementsAre("B starts", "B breaks after 0"));
  EXPECT_EQ(world.attempt("2").end, AttemptEnd::lost);
  EXPECT_EQ(world.attempt("2").committed, at(11s));
  EXPECT_FALSE(world.operation("2").completed);
  world.ask_tool("C", "r/1#2");
  world.advance(10s);
  EXPECT_EQ(world.attempt("2", 2).end, AttemptEnd::ok);
}

TEST(WorldSession, ACallThatHangsIsSilentForGood) {
  PlayedWorld world(loop_of_three(), {{.operation = {1}, .what = CallFault::Hang{}}});
  world.ask_model("A");
  world.advance(24h);
  EXPECT_THAT(world.heard, ElementsAre("A starts"));
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::in_progress);
}

TEST(WorldSession, ACallThatStallsGoesOnLaterAndASlowOneTakesLonger) {
  PlayedWorld stalled(loop_of_three(),
                      {{.operation = {1}, .what = CallFault::Stall{5, Duration(2s)}}});
  stalled.ask_model("A");
  stalled.advance(2s);
  EXPECT_EQ(stalled.attempt("1").generated, 5U);
  stalled.advance(2s);
  EXPECT_EQ(stalled.attempt("1").ended, at(3s));

  PlayedWorld slow(loop_of_three(), {{.operation = {1}, .what = CallFault::Slow{3}}});
  slow.ask_model("A");
  slow.advance(4s);
  EXPECT_EQ(slow.attempt("1").ended, at(3s));
}

TEST(WorldSession, AnErrorIsSaidAtTheEndAndTheCallMayBeAskedAgain) {
  PlayedWorld world(committing(), {{.operation = {2}, .what = CallFault::Error{"disk full"}}});
  world.play_first();
  world.ask_tool("B");
  world.advance(10s);
  EXPECT_THAT(world.take_heard(), ElementsAre("B starts", "B fails: disk full"));
  EXPECT_EQ(world.attempt("2").end, AttemptEnd::failed);
  EXPECT_EQ(world.attempt("2").committed, std::nullopt);
  EXPECT_FALSE(world.operation("2").completed);
  world.ask_tool("C", "r/1#2");
  world.advance(10s);
  EXPECT_THAT(world.heard, ElementsAre("C starts", "C ok after 0"));
}

TEST(WorldSession, ACallThatFindsNoPlaceIsTurnedAwayAndOneThatWaitsIsQueued) {
  PlayedWorld world(with_tool([](ServiceProfile& tool) {
    tool.concurrency = 1;
    tool.queue = 1;
  }));
  world.play_first();
  for (const char* name : {"B", "C", "D"}) world.ask_tool(name, "r/1#2");
  world.advance(0s);
  EXPECT_THAT(world.take_heard(), ElementsAre("B starts", "D is turned away"));
  world.advance(10s);
  EXPECT_THAT(world.heard, ElementsAre("B ok after 0", "C starts"));
  EXPECT_EQ(world.attempt("2", 3).end, AttemptEnd::turned_away);
}

// ---- Signals

TEST(WorldSession, ASignalThatCancelsCutsTheCallOffAndNothingMoreIsHeardOfIt) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  world.advance(505ms);
  world.session.signal(call, SignalKind::hang_up, SignalMeaning::cancels);
  world.advance(1h);
  EXPECT_THAT(world.heard, ElementsAre("A starts"));
  const Attempt& attempt = world.attempt("1");
  EXPECT_EQ(attempt.end, AttemptEnd::cut_off);
  EXPECT_EQ(attempt.ended, at(505ms));
  EXPECT_EQ(attempt.told, at(505ms));
  EXPECT_EQ(attempt.generated, 50U);
  ASSERT_THAT(attempt.signals, SizeIs(1));
  EXPECT_TRUE(attempt.signals[0].counts);
  EXPECT_EQ(world.run().open_calls, 0U);
}

TEST(WorldSession, ASignalOfNoEffectIsOnTheRecord) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  world.session.signal(call, SignalKind::hang_up, SignalMeaning::noted);
  world.advance(1s);
  EXPECT_THAT(world.heard, ElementsAre("A starts", "A ok after 100"));
  EXPECT_EQ(world.attempt("1").told, std::nullopt);
  ASSERT_THAT(world.attempt("1").signals, SizeIs(1));
  EXPECT_FALSE(world.attempt("1").signals[0].counts);
}

TEST(WorldSession, ACallThatWaitsIsToldAndNeverStarts) {
  PlayedWorld world(with_tool([](ServiceProfile& tool) { tool.concurrency = 1; }));
  world.play_first();
  world.ask_tool("B", "r/1#2");
  const WorldCallId waiting = world.ask_tool("C", "r/1#2");
  world.session.signal(waiting, SignalKind::cancel, SignalMeaning::cancels);
  world.advance(1h);
  EXPECT_THAT(world.heard, ElementsAre("B starts", "B ok after 0"));
  EXPECT_EQ(world.attempt("2", 2).end, AttemptEnd::cut_off);
  EXPECT_EQ(world.attempt("2", 2).started, std::nullopt);
}

TEST(WorldSession, ATransactionalToolThatIsToldRunsToItsEndUnheard) {
  Model model = committing();
  model.services[1].transactional = true;
  PlayedWorld world(std::move(model));
  world.play_first();
  const WorldCallId call = world.ask_tool("B");
  world.advance(4s);
  world.session.signal(call, SignalKind::cancel, SignalMeaning::cancels);
  world.session.signal(call, SignalKind::cancel, SignalMeaning::cancels);
  world.advance(1h);
  EXPECT_THAT(world.heard, ElementsAre("B starts"));
  EXPECT_EQ(world.attempt("2").told, at(5s)) << "the first";
  EXPECT_EQ(world.attempt("2").end, AttemptEnd::ok);
  EXPECT_EQ(world.attempt("2").committed, at(11s));
}

TEST(WorldSession, AnEffectIsCommittedOnceAtTheEnd) {
  PlayedWorld world(committing());
  world.play_first();
  const WorldCallId call = world.ask_tool("B");
  world.advance(9999ms);
  EXPECT_EQ(world.attempt("2").committed, std::nullopt);
  world.advance(1ms);
  EXPECT_EQ(world.attempt("2").committed, at(11s));
  world.session.signal(call, SignalKind::cancel, SignalMeaning::cancels);
  EXPECT_EQ(world.attempt("2").end, AttemptEnd::ok);
  EXPECT_EQ(std::ranges::count(world.events(), "effect.committed 2"), 1);
}

TEST(WorldSession, ACancelForACallThatIsOverIsStrayUnlessItCrossedTheAnswer) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  world.advance(1s);
  world.advance(250ms);
  const auto signal = [&](SignalKind kind) {
    world.session.signal(call, kind, SignalMeaning::cancels);
    return world.run().turns.at(1).stray_signals;
  };
  EXPECT_EQ(signal(SignalKind::cancel), 0U) << "it may have crossed the answer";
  world.advance(1ns);
  EXPECT_EQ(signal(SignalKind::hang_up), 0U) << "a connection that is closed is none";
  EXPECT_EQ(signal(SignalKind::cancel), 1U);
  EXPECT_EQ(signal(SignalKind::cancel), 2U);
  EXPECT_EQ(world.attempt("1").told, std::nullopt);
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::ok);
}

TEST(WorldSession, ACancelOfAnUnknownCallIsStrayAndOneForNoCallIsNothing) {
  PlayedWorld world;
  world.session.stray_signal({.path_run = "unknown"}, SignalKind::cancel);
  EXPECT_EQ(world.session.find_run("unknown"), nullptr) << "it begins no run";
  EXPECT_EQ(world.session.make_run({.name = "r"}).request, 0U);
  world.session.stray_signal({.path_run = "r"}, SignalKind::cancel);
  EXPECT_EQ(world.run().turns.at(1).stray_signals, 1U);
  EXPECT_THAT(world.events(), ElementsAre("run.made", "signal.stray"));
  world.session.signal(77, SignalKind::cancel, SignalMeaning::cancels);
  EXPECT_THAT(world.events(), SizeIs(2));
  world.session.end_run(world.run());
  EXPECT_EQ(world.session.results_json()["policies"][0]["world"]["stray_signals"], 2)
      << "though there was no request";
  EXPECT_EQ(world.session.results().requests, 0U);
}

TEST(WorldSession, OfOneCallsSignalsTheFirstAreKept) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  for (int i = 0; i < 200; ++i)
    world.session.signal(call, SignalKind::cancel, SignalMeaning::noted);
  EXPECT_THAT(world.attempt("1").signals, SizeIs(100));
}

// ---- Hold and release

TEST(WorldSession, AHeldOperationEndsWhenItIsReleased) {
  PlayedWorld world(committing());
  world.session.make_run({.name = "r", .held = {path("2")}});
  world.play_first();
  world.ask_tool("B");
  world.advance(1h);
  EXPECT_THAT(world.heard, ElementsAre("B starts"));
  EXPECT_EQ(world.events().back(), "operation.held 2");
  EXPECT_EQ(world.attempt("2").committed, std::nullopt);
  EXPECT_TRUE(world.session.release(world.run(), path("2")));
  EXPECT_THAT(world.heard, ElementsAre("B starts", "B ok after 0"));
  EXPECT_EQ(world.attempt("2").ended, at(1h + 1s));
  EXPECT_EQ(world.attempt("2").committed, at(1h + 1s));
  EXPECT_FALSE(world.session.release(world.run(), path("2"))) << "it is not held any more";
}

TEST(WorldSession, OneThatIsReleasedBeforeItsEndEndsWhenItWould) {
  PlayedWorld world;
  world.session.make_run({.name = "r", .held = {path("2")}});
  world.play_first();
  world.ask_tool("B");
  world.advance(5s);
  EXPECT_TRUE(world.session.release(world.run(), path("2")));
  world.advance(1h);
  EXPECT_EQ(world.attempt("2").ended, at(11s));
}

TEST(WorldSession, AHeldOperationThatIsToldIsCutOffAndHasNoEffect) {
  PlayedWorld world(committing());
  world.session.make_run({.name = "r", .held = {path("2")}});
  world.play_first();
  const WorldCallId call = world.ask_tool("B");
  world.advance(20s);
  world.session.signal(call, SignalKind::cancel, SignalMeaning::cancels);
  world.advance(1s);
  EXPECT_TRUE(world.session.release(world.run(), path("2")));
  EXPECT_EQ(world.attempt("2").end, AttemptEnd::cut_off);
  EXPECT_EQ(world.attempt("2").ended, at(21s));
  EXPECT_EQ(world.attempt("2").committed, std::nullopt);
  EXPECT_EQ(world.run().open_calls, 0U);
  EXPECT_THAT(world.heard, ElementsAre("B starts"));
}

TEST(WorldSession, ANoteOfARequestThatCannotHaveBegunIsRefused) {
  PlayedWorld world;
  world.play_first();
  const auto status_of = [&](std::uint32_t turn) {
    try {
      world.session.note_cancelled(world.run(), turn);
      return 200U;
    } catch (const Refusal& refusal) {
      return refusal.status;
    }
  };
  EXPECT_EQ(status_of(3), 400U);
  EXPECT_EQ(status_of(2), 200U) << "the next one may be cancelled before its first call";
  EXPECT_EQ(status_of(1), 200U);
}

TEST(WorldSession, WhatARunIsWishedToComeToItsPlanMustHave) {
  PlayedWorld world;
  const auto status_of = [&](RunWishes wishes) {
    try {
      world.session.make_run(wishes);
      return 200U;
    } catch (const Refusal& refusal) {
      return refusal.status;
    }
  };
  const auto fault = [](std::uint32_t operation, decltype(CallFault::what) what) {
    CallFault one;
    one.operation = {operation};
    one.what = std::move(what);
    return one;
  };
  EXPECT_EQ(status_of({.name = "a", .held = {path("9")}}), 400U);
  EXPECT_EQ(status_of({.name = "a", .faults = {fault(9, CallFault::Hang{})}}), 400U);
  EXPECT_EQ(status_of({.name = "a", .faults = {fault(1, CallFault::Reset{.token = 101})}}), 400U);
  EXPECT_EQ(status_of({.name = "a", .faults = {fault(2, CallFault::Stall{.token = 1})}}), 400U)
      << "a tool makes no tokens";
  EXPECT_EQ(world.session.find_run("a"), nullptr);
  EXPECT_EQ(status_of({.name = "a", .faults = {fault(1, CallFault::Reset{.token = 100})}}), 200U);
}

TEST(WorldSession, RowsAreNumberedAsTheLoadAndBeyondItWhereARequestIsNotOfTheLoad) {
  PlayedWorld world;
  world.play_first();
  world.session.note_settled(world.run(), 1, {.outcome = Outcome::failed, .at = {}});
  world.play_first(2);
  world.session.close();
  ASSERT_THAT(world.rows, SizeIs(2));
  EXPECT_TRUE(world.rows[0].starts_with("subject,0,")) << world.rows[0];
  EXPECT_TRUE(world.rows[1].starts_with("subject,5,")) << world.rows[1];
}

}  // namespace
}  // namespace caesura
