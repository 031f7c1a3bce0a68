#include "doors/world/world_session.hpp"

#include "tests/doors/world/played_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The LLM, the tool twice at once, the LLM.
Model two_at_once() {
  Model model = loop_of_three();
  Parallel both;
  both.branches = {{tool_call}, {tool_call}};
  model.workflow = {llm_call, {both}, llm_call};
  return model;
}

TEST(WorldSession, TellsWhatItsModelsAndToolsAre) {
  PlayedWorld world(committing());
  EXPECT_THAT(world.session.models(), ElementsAre("llm"));
  const std::vector<WorldTool> tools = world.session.tools();
  ASSERT_THAT(tools, SizeIs(1));
  EXPECT_EQ(tools[0].name, "tool");
  EXPECT_FALSE(tools[0].read_only);
  EXPECT_FALSE(tools[0].idempotent);
}

TEST(WorldSession, AModelsCallIsToldAsItGoesToItsEnd) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  EXPECT_EQ(world.answer.tokens(), 100U);
  ASSERT_THAT(world.answer.calls, SizeIs(1));
  EXPECT_EQ(world.answer.calls[0].id_key, "r_1_2");
  EXPECT_THAT(world.heard, ElementsAre("A starts"));
  world.advance(25ms);
  EXPECT_EQ(world.attempt("1").generated, 2U);
  EXPECT_EQ(world.attempt("1").first_token, at(10ms));
  world.advance(1s);
  EXPECT_THAT(world.heard, ElementsAre("A starts", "A ok after 100"));
  EXPECT_EQ(world.attempt("1").call, call);
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::ok);
  EXPECT_EQ(world.attempt("1").ended, at(1s));
  EXPECT_EQ(world.attempt("1").delivered, 100U);
  EXPECT_TRUE(world.operation("1").completed);
  EXPECT_THAT(world.events(),
              ElementsAre("run.made", "request.started", "operation.asked 1", "operation.started 1",
                          "operation.token 1", "operation.ended 1", "operation.given 1"));
}

TEST(WorldSession, ARequestIsPlayedToItsEnd) {
  PlayedWorld world;
  world.play_first();
  world.ask_tool("B", "r/1#2");
  world.advance(10s);
  world.ask_model("C", {"2"});
  EXPECT_THAT(world.answer.calls, IsEmpty());
  world.advance(1s);
  EXPECT_THAT(world.heard, ElementsAre("B starts", "B ok after 0", "C starts", "C ok after 100"));
  EXPECT_TRUE(world.run().turns.at(1).is_played());
  EXPECT_EQ(world.session.ledger(world.run().turns.at(1)).request.used,
            world.session.ledger(world.run().turns.at(1)).request.planned);
}

TEST(WorldSession, AnUnknownModelOrToolIsRefused) {
  PlayedWorld world;
  Conversation other = PlayedWorld::conversation("hello", {}, 1);
  other.model = "gpt";
  EXPECT_EQ(refused_with([&] { world.ask("A", other); }), 404U);
  EXPECT_EQ(refused_with(
                [&] { world.session.call_tool({}, "hammer", nlohmann::json::object(), nullptr); }),
            404U);
  EXPECT_THAT(world.session.runs().all(), IsEmpty());
}

TEST(WorldSession, ItsMarkSaysWhichOfEqualCallsOfAToolItIs) {
  PlayedWorld world(two_at_once());
  world.play_first();
  world.ask_tool("B", "r/1#3");
  EXPECT_THAT(world.operation("2").attempts, IsEmpty());
  EXPECT_THAT(world.operation("3").attempts, SizeIs(1));
}

TEST(WorldSession, WithoutAMarkItIsTheFirstThatHasNotBeenAskedFor) {
  PlayedWorld world(two_at_once());
  world.play_first();
  for (const char* mark : {"", "other/1#3", "r/1#1"}) world.ask_tool("B", mark);
  EXPECT_THAT(world.operation("2").attempts, SizeIs(1));
  EXPECT_THAT(world.operation("3").attempts, SizeIs(1));
  ASSERT_THAT(world.run().turns.at(1).unplanned, SizeIs(1)) << "there are but two";
  world.advance(10s);
  EXPECT_THAT(world.heard, ElementsAre("B starts", "B starts", "B starts", "B ok after 0",
                                       "B ok after 0", "B ok after 0"));
  EXPECT_EQ(world.run().turns.at(1).unplanned[0].attempt.end, AttemptEnd::ok);
}

TEST(WorldSession, ACallRepeatedWhileItHasNotCompletedIsItsNextAttempt) {
  PlayedWorld world;
  world.ask_model("A");
  const std::string key = world.answer.key;
  world.ask_model("B");
  EXPECT_EQ(world.answer.key, key);
  EXPECT_THAT(world.operation("1").attempts, SizeIs(2));
  EXPECT_EQ(world.attempt("1", 2).number, 2U);
}

TEST(WorldSession, ACallRepeatedAfterItHasCompletedIsOutsideThePlan) {
  PlayedWorld world;
  world.play_first();
  const std::string key = world.answer.key;
  world.ask_model("B");
  EXPECT_EQ(world.answer.key, key) << "it gets the same answer";
  EXPECT_THAT(world.operation("1").attempts, SizeIs(1));
  EXPECT_EQ(world.operation("1").repeats, 1U);
  EXPECT_THAT(world.run().turns.at(1).unplanned, SizeIs(1));
}

TEST(WorldSession, ALoopMustEnd) {
  PlayedWorld world;
  for (int i = 0; i < 10; ++i) world.ask_model("A");
  world.advance(1s);
  for (int i = 0; i < 10; ++i) world.ask_model("A");
  EXPECT_EQ(refused_with([&] { world.ask_model("A"); }), 400U);
}

TEST(WorldSession, ARunHasSoManyCallsOutsideItsPlans) {
  PlayedWorld world;
  world.ask_untraced("title", false);
  world.run().unplanned_calls = 9'999;
  world.ask_untraced("title", false);
  EXPECT_EQ(refused_with([&] { world.ask_untraced("title", false); }), 400U);
  EXPECT_EQ(refused_with([&] { world.ask_model("A"); }), 0U);
}

// ---- What drivers note

TEST(WorldSession, OfWhatIsNotedTwiceTheFirstCounts) {
  PlayedWorld world;
  world.play_first();
  EXPECT_TRUE(world.session.note_cancelled(world.run(), {}));
  world.advance(1s);
  EXPECT_FALSE(world.session.note_cancelled(world.run(), {}));
  EXPECT_TRUE(
      world.session.note_settled(world.run(), {}, {.outcome = Outcome::cancelled, .at = {}}));
  world.advance(1s);
  EXPECT_FALSE(
      world.session.note_settled(world.run(), {}, {.outcome = Outcome::completed, .at = {}}));
  EXPECT_FALSE(world.session.note_cancelled(world.run(), {}));
  ASSERT_THAT(world.run().turns, SizeIs(1)) << "they are of the same request";
  const TurnRecord& turn = world.run().turns.at(1);
  EXPECT_EQ(turn.cancelled, at(1s));
  EXPECT_EQ(turn.settlement->outcome, Outcome::cancelled);
  EXPECT_EQ(turn.settlement->at, at(2s));
  EXPECT_EQ(std::ranges::count(world.events(), "noted_again"), 3);
}

TEST(WorldSession, ANoteIsOfTheRequestThatIsNamedOrOfTheLastThatIsNotSettled) {
  PlayedWorld world;
  world.play_first(1);
  world.play_first(2);
  EXPECT_TRUE(world.session.note_cancelled(world.run(), {}));
  EXPECT_TRUE(world.session.note_cancelled(world.run(), 1));
  EXPECT_TRUE(world.run().turns.at(2).cancelled);
  EXPECT_TRUE(world.run().turns.at(1).cancelled);
  EXPECT_TRUE(world.session.note_settled(world.run(), {}, {}));
  EXPECT_TRUE(world.session.note_settled(world.run(), {}, {}));
  EXPECT_FALSE(world.session.note_settled(world.run(), {}, {}));
}

TEST(WorldSession, TokensThatHadBeenDeliveredAtTheCancelAreKept) {
  PlayedWorld world;
  world.ask_model("A");
  world.advance(305ms);
  world.session.note_cancelled(world.run(), {});
  world.advance(1s);
  EXPECT_EQ(world.attempt("1").delivered_at_cancel, 30U);
  EXPECT_EQ(world.attempt("1").delivered, 100U);
  EXPECT_TRUE(world.attempt("1").started_before_cancel);
}

TEST(WorldSession, WhatIsCutOffInTheCancelsMomentWasInProgressAsItCame) {
  PlayedWorld world;
  const WorldCallId call = world.ask_model("A");
  world.advance(500ms);
  world.session.note_cancelled(world.run(), {});
  world.session.signal(call, SignalKind::hang_up, SignalMeaning::cancels);
  const TurnLedger ledger = world.session.ledger(world.run().turns.at(1));
  EXPECT_EQ(ledger.request.cancelled_in, index_of(OperationKind::llm));
  ASSERT_THAT(ledger.told, SizeIs(1));
  EXPECT_EQ(ledger.told[0].latency, 0s);
  EXPECT_EQ(ledger.request.saved.tokens.output, Tokens{150});
}

// ---- Waits

struct Wait {
  std::optional<WaitEnd> end;
  std::optional<WorldEvent> event;
  EventWaits::Told told() {
    return [this](WaitEnd how, const WorldEvent* what) {
      EXPECT_FALSE(end) << "it is told twice";
      end = how;
      if (what != nullptr) event = *what;
    };
  }
};

TEST(WorldSession, AnEventThatHasComeIsAnsweredAtOnceAndAnotherWhenItComes) {
  PlayedWorld world;
  world.ask_model("A");
  Wait came;
  world.session.await(world.run(), {.kind = EventKind::operation_started}, 10s, came.told());
  EXPECT_EQ(came.end, WaitEnd::come);
  Wait token;
  world.session.await(world.run(), {.kind = EventKind::operation_token, .token = 42}, 10s,
                      token.told());
  world.advance(415ms);
  EXPECT_EQ(token.end, std::nullopt);
  world.advance(5ms);
  ASSERT_EQ(token.end, WaitEnd::come);
  EXPECT_EQ(token.event->at, at(420ms));
  Wait again;
  world.session.await(world.run(), {.kind = EventKind::operation_token, .token = 42}, 10s,
                      again.told());
  EXPECT_EQ(again.end, WaitEnd::come);
}

TEST(WorldSession, AWaitEndsWithItsTimeOrItsHopeOrItsRun) {
  PlayedWorld world;
  world.ask_model("A");
  Wait late;
  Wait hopeless;
  Wait dropped;
  const auto wait = [&](const EventPattern& pattern, Wait& how) {
    return world.session.await(world.run(), pattern, 10s, how.told());
  };
  wait({.kind = EventKind::operation_started, .operation = path("2")}, late);
  wait({.kind = EventKind::operation_failed, .operation = path("1"), .attempt = 1}, hopeless);
  world.session.await_no_more("r", wait({.kind = EventKind::run_ended}, dropped));
  world.advance(1s);
  EXPECT_EQ(hopeless.end, WaitEnd::hopeless);
  EXPECT_EQ(late.end, std::nullopt);
  world.loop.let_all_come();
  EXPECT_EQ(late.end, WaitEnd::too_late);

  Wait at_once;
  wait({.kind = EventKind::operation_failed, .operation = path("1"), .attempt = 1}, at_once);
  EXPECT_EQ(at_once.end, WaitEnd::hopeless);
  Wait of_run;
  Wait of_end;
  wait({.kind = EventKind::cancelled}, of_run);
  wait({.kind = EventKind::run_ended}, of_end);
  world.session.end_run(world.run());
  EXPECT_EQ(of_run.end, WaitEnd::hopeless);
  EXPECT_EQ(of_end.end, WaitEnd::come);
  EXPECT_EQ(dropped.end, std::nullopt);
}

TEST(WorldSession, AWaitOfARunOfTheSameNameHasANumberOfItsOwn) {
  PlayedWorld world(loop_of_three(), {}, {.runs = {.ended = 0}});
  const auto wait = [&] {
    world.ask_model("A");
    return world.session.await(world.run(), {.kind = EventKind::cancelled}, 10s,
                               [](WaitEnd, const WorldEvent*) {});
  };
  const EventWaits::Number old = wait();
  world.advance(1s);
  world.session.end_run(world.run());
  world.loop.turn();
  ASSERT_EQ(world.session.find_run("r"), nullptr);
  EXPECT_NE(wait(), old) << "the end of the old one's time would end it";
}

// ---- Ends

TEST(WorldSession, AtItsEndARunsLedgerIsClosedAndTheResultsHoldIt) {
  PlayedWorld world;
  world.ask_model("A");
  world.advance(500ms);
  world.session.note_cancelled(world.run(), {});
  EXPECT_TRUE(world.session.results().run.partial);
  EXPECT_THAT(world.rows, IsEmpty());
  world.advance(500ms);
  world.session.end_run(world.run());
  EXPECT_TRUE(world.run().turns.at(1).is_closed);
  world.session.close();
  EXPECT_THAT(world.rows, SizeIs(1));
  const Results results = world.session.results();
  EXPECT_EQ(results.requests, 1U);
  EXPECT_FALSE(results.run.partial);
  const auto json = world.session.results_json();
  EXPECT_EQ(json["policies"][0]["policy"], "subject");
  EXPECT_EQ(json["policies"][0]["world"]["operations_never_told"], 1);
  world.session.end_run(world.run());
  EXPECT_EQ(world.session.results().requests, 1U) << "it ends once";
}

TEST(WorldSession, CallsOfARunThatHasEndedAreRefusedAndItTakesNoNotes) {
  PlayedWorld world;
  world.play_first();
  world.session.end_run(world.run());
  EXPECT_EQ(refused_with([&] { world.ask_model("A"); }), 410U);
  EXPECT_EQ(refused_with([&] { world.ask_tool("B"); }), 410U);
  EXPECT_FALSE(world.session.note_cancelled(world.run(), {}));
  EXPECT_FALSE(world.session.note_cancelled(world.run(), 2));
  EXPECT_FALSE(world.session.note_settled(world.run(), 2, {}));
  world.session.stray_signal({.path_run = "r"}, SignalKind::cancel);
  EXPECT_EQ(world.session.results().requests, 1U);
  EXPECT_FALSE(world.session.results().run.partial);
}

TEST(WorldSession, ACallThatIsInProgressAtItsRunsEndGoesOnAndIsForgottenAfterIt) {
  PlayedWorld world(loop_of_three(), {}, {.runs = {.ended = 0}});
  const WorldCallId call = world.ask_model("A");
  world.session.end_run(world.run());
  world.loop.turn();
  ASSERT_NE(world.session.find_run("r"), nullptr);
  world.advance(1s);
  EXPECT_THAT(world.heard, ElementsAre("A starts", "A ok after 100"));
  world.loop.let_all_come();
  EXPECT_EQ(world.session.find_run("r"), nullptr);
  world.session.signal(call, SignalKind::cancel, SignalMeaning::cancels);
  world.session.delivered(call, 1);
  world.session.answered(call, false);
  EXPECT_EQ(world.session.find_run("r"), nullptr);
}

TEST(WorldSession, WhatWouldNeverEndIsBrokenOffWithItsRun) {
  PlayedWorld world(loop_of_three(), {{.operation = {1}, .what = CallFault::Hang{}}},
                    {.runs = {.ended = 0}});
  const WorldCallId call = world.ask_model("A");
  world.session.end_run(world.run());
  EXPECT_EQ(world.run().open_calls, 0U);
  EXPECT_EQ(world.attempt("1").end, AttemptEnd::in_progress) << "as the ledger has it";
  world.session.signal(call, SignalKind::hang_up, SignalMeaning::cancels);
  EXPECT_EQ(world.run().open_calls, 0U);
  world.loop.turn();
  EXPECT_EQ(world.session.find_run("r"), nullptr);
}

TEST(WorldSession, AHeldCallIsBrokenOffWithItsRun) {
  PlayedWorld world;
  world.session.make_run({.name = "r", .held = {path("1")}});
  world.ask_model("A");
  world.advance(2s);
  world.session.end_run(world.run());
  world.loop.turn();
  EXPECT_THAT(world.heard, ElementsAre("A starts", "A breaks after 100"));
  EXPECT_EQ(world.run().open_calls, 0U);
}

TEST(WorldSession, ARunThatIsSilentEndsUnlessItHasWorkThatEndsByItself) {
  PlayedWorld world(loop_of_three(), {{.operation = {2}, .what = CallFault::Hang{}}},
                    {.runs = {.silence = std::chrono::nanoseconds(0)}});
  world.ask_model("A");
  world.loop.let_all_come();
  EXPECT_FALSE(world.run().ended);
  world.advance(1s);
  world.ask_tool("B");
  world.loop.let_all_come();
  EXPECT_TRUE(world.run().ended) << "the tool hangs";
}

TEST(WorldSession, ManySilentRunsEndAtOnceThoughFewAreKept) {
  PlayedWorld world(loop_of_three(), {},
                    {.runs = {.ended = 1, .silence = std::chrono::nanoseconds(0)}});
  for (int i = 0; i < 1000; ++i) world.session.make_run({});
  world.loop.let_all_come();
  EXPECT_EQ(world.session.runs().in_progress(), 0U);
  EXPECT_THAT(world.session.runs().all(), SizeIs(1));
}

TEST(WorldSession, AsAllEndsRunsOfWhichSomethingIsInProgressMakeTheResultsPartial) {
  PlayedWorld world;
  world.play_first();
  world.session.make_run({.name = "s"});
  world.session.close();
  EXPECT_TRUE(world.run().ended);
  EXPECT_FALSE(world.session.results().run.partial);

  PlayedWorld busy;
  busy.ask_model("A");
  busy.session.close();
  EXPECT_FALSE(busy.run().ended);
  EXPECT_TRUE(busy.session.results().run.partial);
}

// ---- Requests without a trace

TEST(WorldSession, ACallWithoutATraceIsOfTheFirstRequestThatIsNotSettled) {
  PlayedWorld world;
  world.ask_untraced("A");
  world.advance(1s);
  EXPECT_THAT(world.operation("1").attempts, SizeIs(1));
  world.session.note_cancelled(world.run(), {});
  world.session.note_settled(world.run(), {}, {.outcome = Outcome::cancelled, .at = {}});
  world.ask_untraced("B");
  EXPECT_THAT(world.operation("1", 2).attempts, SizeIs(1));
  EXPECT_THAT(world.operation("1", 1).attempts, SizeIs(1));
}

TEST(WorldSession, OnceARequestIsPlayedACallWithoutATraceBeginsTheNext) {
  Model model = loop_of_three();
  model.workflow = {llm_call};
  PlayedWorld world(std::move(model));
  world.ask_untraced("A");
  world.ask_untraced("B");
  EXPECT_THAT(world.operation("1").attempts, SizeIs(2)) << "it has not completed";
  world.advance(1s);
  world.ask_untraced("C");
  EXPECT_THAT(world.operation("1", 2).attempts, SizeIs(1));
}

TEST(WorldSession, ACallWithoutTraceAndPlaceIsOfTheRequestBefore) {
  PlayedWorld world;
  world.play_first();
  world.session.note_settled(world.run(), {}, {});
  world.ask_untraced("title", false);
  EXPECT_THAT(world.run().turns.at(1).unplanned, SizeIs(1));
  world.session.end_run(world.run());
  EXPECT_EQ(world.session.results().requests, 1U);
}

TEST(WorldSession, AToolWithoutAMarkIsOfTheLastRequestThatHasBegun) {
  PlayedWorld world;
  world.play_first(1);
  world.play_first(2);
  world.ask_tool("B");
  EXPECT_THAT(world.operation("2", 2).attempts, SizeIs(1));
  EXPECT_THAT(world.operation("2", 1).attempts, IsEmpty());
}

TEST(WorldSession, WatchersHearEveryTokenAndEventsLinesOnlyTheFirst) {
  std::vector<std::string> lines;
  PlayedWorld world(loop_of_three(), {},
                    {.events = [&](std::string_view line) { lines.emplace_back(line); }});
  std::uint32_t tokens = 0;
  const RunRecord& made = world.session.make_run({.name = "r"});
  const std::uint64_t watcher =
      world.session.watch(made, [&](const RunRecord& run, const WorldEvent& event) {
        EXPECT_EQ(run.name, "r");
        if (event.kind != EventKind::operation_token) return;
        ++tokens;
        EXPECT_EQ(event.token, tokens);
      });
  world.ask_model("A");
  world.advance(505ms);
  EXPECT_EQ(tokens, 50U);
  world.session.watch_no_more("r", watcher);
  world.advance(1s);
  EXPECT_EQ(tokens, 50U);
  EXPECT_EQ(std::ranges::count_if(lines,
                                  [](const std::string& line) {
                                    return line.find("operation.token") != std::string::npos;
                                  }),
            1);
}

TEST(WorldSession, WhoeverComesWithoutANameWhenDefaultHasEndedBeginsItAnew) {
  PlayedWorld world;
  const auto ask = [&] {
    return world.session.call_tool({}, "tool", nlohmann::json::object(), nullptr).id;
  };
  ask();
  world.advance(10s);
  world.session.end_run(*world.session.find_run("default"));
  EXPECT_TRUE(world.session.find_run("default")->ended);
  ask();
  EXPECT_FALSE(world.session.find_run("default")->ended);
}

TEST(WorldSession, CallsOfAStepMayComeInAnAddedAnswerEachHoweverManyTheyAre) {
  Model model = loop_of_three();
  const std::uint32_t calls = 30;
  Parallel parallel;
  for (std::uint32_t i = 0; i < calls; ++i) parallel.branches.push_back({tool_call});
  model.workflow = {llm_call, WorkflowStep{parallel}, llm_call};
  PlayedWorld world(model);
  std::vector<std::string> held;
  for (std::uint32_t i = 0; i < calls; ++i) {
    Conversation conversation = world.conversation("[caesura r/1] hello", held, 1);
    conversation.one_call_at_a_time = true;
    world.ask("M" + std::to_string(i), conversation);
    held.push_back(std::to_string(i + 2));
    world.advance(2s);
  }
  EXPECT_EQ(world.operation("1").attempts.size(), calls);
}

}  // namespace
}  // namespace caesura
