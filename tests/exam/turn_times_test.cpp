#include "exam/turn_times.hpp"

#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using namespace testing;

/// A turn of which the test says what was seen. The LLM takes 1 s, the tool 10 s.
struct Seen {
  explicit Seen(Model its_model) : model(std::move(its_model)) {}

  Attempt& ask(const std::string& which, Duration when) {
    OperationRecord& of = *turn.find(operation_path(which).value());
    of.attempts.push_back({.sample = of.planned->sample, .asked = Time{when}});
    return of.attempts.back();
  }
  /// It is served at once, and given.
  void play(const std::string& which, Duration asked, Duration given) {
    Attempt& attempt = ask(which, asked);
    attempt.started = Time{asked};
    attempt.ended = attempt.given = Time{given};
    attempt.end = AttemptEnd::ok;
  }

  const Model model;
  TurnRecord turn{model, 0, 1};
};

Model with(Workflow workflow) {
  Model model = two_priced_services();
  model.workflow = std::move(workflow);
  return model;
}

TEST(TurnTimes, OwnTimeIsThatInWhichNothingIsInProgress) {
  Seen seen(with({llm_call, tool_call, llm_call}));
  seen.play("1", 200ms, 1200ms);
  seen.play("2", 1300ms, 11300ms);
  seen.play("3", 11350ms, 12350ms);
  const TurnTimes times = times_of(seen.turn, Time{}, Time{12400ms});
  EXPECT_EQ(times.own, 200ms + 100ms + 50ms + 50ms);
  EXPECT_EQ(times.late, 0s);
}

TEST(TurnTimes, LateIsWhatWasGivenLaterThanDrawn) {
  Seen seen(with({llm_call, tool_call, llm_call}));
  seen.play("1", 0ms, 1003ms);
  seen.play("2", 1003ms, 11005ms);
  const TurnTimes times = times_of(seen.turn, Time{}, Time{11005ms});
  EXPECT_EQ(times.own, 0s);
  EXPECT_EQ(times.late, 3ms + 2ms);
}

TEST(TurnTimes, ToWaitForAPlaceIsNoLateness) {
  Model model = with({llm_call, tool_call, llm_call});
  model.services[1].concurrency = 1;
  Seen seen(std::move(model));
  seen.play("1", 0s, 1s);
  Attempt& waited = seen.ask("2", 1s);
  waited.started = Time{20s};
  waited.ended = waited.given = Time{30s};
  waited.end = AttemptEnd::ok;
  const TurnTimes times = times_of(seen.turn, Time{}, Time{30s});
  EXPECT_EQ(times.late, 0s);
  EXPECT_EQ(times.own, 0s);
}

TEST(TurnTimes, CallsOfOneAnswerThatAreAskedForOneAfterTheOtherAreItsOwnDoing) {
  Parallel both;
  both.branches = {{tool_call}, {tool_call}};
  Seen seen(with({llm_call, {both}, llm_call}));
  seen.play("1", 0s, 1s);
  seen.play("2", 1s, 11s);
  seen.play("3", 1100ms, 11100ms);
  EXPECT_EQ(times_of(seen.turn, Time{}, Time{11100ms}).own, 100ms);
}

TEST(WorksUntil, TheEndOfWhatEndsByItselfAndNowForWhatWaits) {
  Seen seen(with({llm_call, tool_call, llm_call}));
  EXPECT_EQ(works_until(seen.turn, Time{3s}), std::nullopt);
  Attempt& attempt = seen.ask("1", 0s);
  EXPECT_EQ(works_until(seen.turn, Time{3s}), Time{3s}) << "it waits for a place";
  attempt.started = Time{4s};
  attempt.ends_by_itself = Time{5s};
  EXPECT_EQ(works_until(seen.turn, Time{3s}), Time{5s});
  attempt.ends_by_itself.reset();
  EXPECT_EQ(works_until(seen.turn, Time{3s}), std::nullopt) << "it is held";
  attempt.end = AttemptEnd::ok;
  EXPECT_EQ(works_until(seen.turn, Time{3s}), std::nullopt);
}

}  // namespace
}  // namespace caesura
