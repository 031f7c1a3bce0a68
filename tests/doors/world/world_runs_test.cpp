#include "doors/world/world_runs.hpp"

#include "doors/world/refusal.hpp"
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
using ::testing::Not;

/// Five requests of the LLM, an agent with a workflow, and the LLM, whose times are drawn.
Model drawn_model(Seed seed = 1) {
  Model model = two_priced_services(5);
  model.seed = seed;
  model.services[0].latency = WholeLatency{Distribution::uniform(1e9, 9e9)};
  model.services[1].latency = WholeLatency{Distribution::uniform(1e9, 9e9)};
  const WorkflowStep agent = add_agent(model, {llm_call, tool_call, llm_call}, told);
  model.workflow = {llm_call, agent, llm_call};
  return model;
}

std::vector<Duration> durations(const TurnPlan& plan) {
  std::vector<Duration> durations;
  for (const PlannedOperation& operation : plan.operations())
    durations.push_back(operation.sample.duration);
  return durations;
}

struct WorldRunsTest : ::testing::Test {
  static Model with_own_seeds(const OwnSeeds& seeds) {
    Model model = drawn_model();
    model.seed.own = &seeds;
    return model;
  }
  /// A moment of the wall clock.
  static WorldRuns::Moment moment(Duration since_start) {
    return WorldRuns::Moment(std::chrono::nanoseconds(since_start));
  }

  RunRecord& make(const RunWishes& wishes = {}) { return runs.make(wishes, Time{}); }
  unsigned refusal(const RunWishes& wishes) {
    try {
      make(wishes);
      return 0;
    } catch (const Refusal& refusal) {
      return refusal.status;
    }
  }
  /// Names of those that go.
  std::vector<std::string> forget(Duration since_start) {
    std::vector<std::string> gone;
    runs.forget(
        moment(since_start), [](const RunRecord& run) { return run.open_calls == 0; },
        [&](const RunRecord& run) { gone.push_back(run.name); });
    return gone;
  }
  std::vector<std::string> silent(Duration since_start) {
    std::vector<std::string> names;
    for (const RunRecord* run : runs.silent(moment(since_start))) names.push_back(run->name);
    return names;
  }
  void end(RunRecord& run, Duration since_start) {
    run.ended = Time{};
    runs.ended(run, moment(since_start));
  }

  OwnSeeds seeds;
  const Model model = with_own_seeds(seeds);
  WorldRuns runs{model, seeds, {.in_progress = 3, .ended = 2, .kept = 100s, .silence = 10s}};
};

TEST_F(WorldRunsTest, ARunHasTheNameThatIsWishedForOrOneThatIsFree) {
  EXPECT_EQ(make({.name = "run-2"}).name, "run-2");
  EXPECT_EQ(make().name, "run-1");
  EXPECT_EQ(make().name, "run-3");
  EXPECT_EQ(runs.find("run-2")->name, "run-2");
  EXPECT_EQ(runs.find("run-4"), nullptr);
}

TEST_F(WorldRunsTest, NamesThatAreNoneOrTakenAreRefused) {
  EXPECT_EQ(refusal({.name = "A"}), 400U);
  EXPECT_EQ(refusal({.name = ""}), 400U);
  EXPECT_EQ(refusal({.name = std::string(33, 'a')}), 400U);
  EXPECT_EQ(refusal({.name = std::string(32, 'a')}), 0U);
  EXPECT_EQ(refusal({.name = std::string(32, 'a')}), 409U);
  end(*runs.find(std::string(32, 'a')), 0s);
  EXPECT_EQ(refusal({.name = std::string(32, 'a')}), 409U) << "it is still known";
}

TEST_F(WorldRunsTest, SoManyMayBeInProgressAndThoseThatHaveEndedAreNot) {
  make();
  make();
  RunRecord& third = make();
  EXPECT_EQ(runs.in_progress(), 3U);
  EXPECT_EQ(refusal({}), 503U);
  end(third, 0s);
  EXPECT_EQ(runs.in_progress(), 2U);
  EXPECT_EQ(refusal({}), 0U);
}

TEST_F(WorldRunsTest, RequestsAreNumberedFromZeroAndBeginAgainAfterTheLast) {
  std::vector<RequestNumber> numbers;
  for (int i = 0; i < 6; ++i) {
    RunRecord& run = make();
    numbers.push_back(run.request);
    end(run, 0s);
  }
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2, 3, 4, 0));
}

TEST_F(WorldRunsTest, AWishForARequestTakesNoNumberFromTheOthers) {
  EXPECT_EQ(make({.request = 4}).request, 4U);
  EXPECT_EQ(make().request, 0U);
  EXPECT_EQ(refusal({.request = 5}), 400U);
  EXPECT_EQ(make({.seed = 7}).request, 0U);
}

TEST_F(WorldRunsTest, ARunDrawsAsItsRequestOfTheScenario) {
  const TurnRecord& turn = runs.turn(make({.request = 3}), 1);
  EXPECT_EQ(durations(turn.plan), durations(TurnPlan(drawn_model(), 3)));
  EXPECT_NE(durations(turn.plan), durations(TurnPlan(drawn_model(), 2)));
}

TEST_F(WorldRunsTest, ARunWithASeedDrawsAsThatRequestOfARunWithThatSeed) {
  // Those of agents' workflows, too.
  EXPECT_EQ(durations(runs.turn(make({.request = 3, .seed = 7}), 1).plan),
            durations(TurnPlan(drawn_model(7), 3)));
  EXPECT_EQ(durations(runs.turn(make({.seed = 7}), 1).plan),
            durations(TurnPlan(drawn_model(7), 0)));
  EXPECT_EQ(durations(runs.turn(make({.request = 3}), 1).plan),
            durations(TurnPlan(drawn_model(), 3)));
}

TEST_F(WorldRunsTest, ATurnHasSamplesOfItsOwnThatAreTheSameEveryTime) {
  RunRecord& run = make({.request = 2});
  const auto first = durations(runs.turn(run, 1).plan);
  const auto third = durations(runs.turn(run, 3).plan);
  const auto second = durations(runs.turn(run, 2).plan);
  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  EXPECT_NE(first, third);

  RunRecord& again = make({.request = 2});
  EXPECT_EQ(durations(runs.turn(again, 2).plan), second);
  EXPECT_EQ(durations(runs.turn(again, 3).plan), third);
  RunRecord& other = make({.request = 1});
  EXPECT_NE(durations(runs.turn(other, 2).plan), second);
}

TEST_F(WorldRunsTest, ALaterTurnOfARunWithASeedIsTheSameWhateverRanBefore) {
  RunRecord& run = make({.request = 3, .seed = 7});
  const auto second = durations(runs.turn(run, 2).plan);
  end(run, 0s);
  ASSERT_THAT(forget(100s), ElementsAre(run.name));
  make({.seed = 8});
  EXPECT_EQ(durations(runs.turn(make({.request = 3, .seed = 7}), 2).plan), second);
  // That of a scenario with that seed.
  OwnSeeds others;
  Model of_seed = drawn_model(7);
  of_seed.seed.own = &others;
  WorldRuns scenarios(of_seed, others, {});
  EXPECT_EQ(durations(scenarios.turn(scenarios.make({.request = 3}, Time{}), 2).plan), second);
}

TEST_F(WorldRunsTest, ATurnStaysWhereItIsAndARunHasNoMoreThanSoMany) {
  RunRecord& run = make();
  TurnRecord* const first = &runs.turn(run, 1);
  for (std::uint32_t n = 2; n <= WorldRuns::turns_max; ++n) runs.turn(run, n);
  EXPECT_EQ(&runs.turn(run, 1), first);
  EXPECT_EQ(first->find(operation_path("2.3").value())->planned,
            first->plan.find(operation_path("2.3").value()));
  EXPECT_THROW(runs.turn(run, WorldRuns::turns_max + 1), Refusal);
  EXPECT_EQ(run.turns.size(), WorldRuns::turns_max);
}

TEST_F(WorldRunsTest, APlanThatIsTooLongIsRefused) {
  OwnSeeds none;
  Model endless = two_priced_services();
  endless.workflow = {
      {Repeat{.times = Distribution::constant(2'000'000), .body = {llm_call, tool_call}}},
      llm_call};
  WorldRuns others(endless, none, {});
  RunRecord& run = others.make({}, Time{});
  EXPECT_THROW(others.turn(run, 1), Refusal);
  EXPECT_THAT(run.turns, IsEmpty());
}

TEST_F(WorldRunsTest, ARunIsSilentOnceItHasNotBeenHeardOfForSoLong) {
  RunRecord& a = make({.name = "a"});
  RunRecord& b = make({.name = "b"});
  runs.heard(a, moment(5s));
  runs.heard(b, moment(1s));
  EXPECT_THAT(silent(11s - 1ns), IsEmpty());
  EXPECT_THAT(silent(11s), ElementsAre("b"));
  runs.heard(b, moment(11s));
  EXPECT_THAT(silent(15s), ElementsAre("a"));
  end(a, 15s);
  runs.heard(a, moment(15s));
  EXPECT_THAT(silent(1h), ElementsAre("b")) << "what has ended is not silent";
}

TEST_F(WorldRunsTest, WhatEndedIsForgottenAfterSoLong) {
  end(make({.name = "a"}), 1s);
  end(make({.name = "b"}), 2s);
  EXPECT_THAT(forget(101s - 1ns), IsEmpty());
  EXPECT_THAT(forget(101s), ElementsAre("a"));
  EXPECT_EQ(runs.find("a"), nullptr);
  EXPECT_THAT(runs.find("b"), Not(nullptr));
  EXPECT_EQ(refusal({.name = "a"}), 0U) << "its name is free";
}

TEST_F(WorldRunsTest, OfWhatEndedTheNewestAreKept) {
  for (const char* name : {"c", "b", "a"}) end(make({.name = name}), 1s);
  EXPECT_THAT(forget(1s), ElementsAre("c"));
  EXPECT_THAT(forget(1s), IsEmpty());
}

TEST_F(WorldRunsTest, OneThatMayNotGoStaysUntilItMay) {
  RunRecord& busy = make({.name = "busy"});
  busy.open_calls = 1;
  end(busy, 1s);
  end(make({.name = "a"}), 2s);
  end(make({.name = "b"}), 3s);
  EXPECT_THAT(forget(4s), ElementsAre("a")) << "two are kept";
  EXPECT_EQ(runs.find("busy"), &busy);
  EXPECT_THAT(forget(102s), IsEmpty());
  EXPECT_THAT(forget(103s), ElementsAre("b"));
  busy.open_calls = 0;
  EXPECT_THAT(forget(103s), ElementsAre("busy"));
  EXPECT_EQ(runs.in_progress(), 0U);
}

}  // namespace
}  // namespace caesura
