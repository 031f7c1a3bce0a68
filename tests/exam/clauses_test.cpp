#include "exam/clauses.hpp"

#include "exam/play_facts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr Time start{};
constexpr Time cancel = start + 2s;
constexpr Duration within = 250ms;

/// A model's call that was over, and a tool in progress that is told 3 ms after the cancel.
PlayFacts told_in_time() {
  PlayFacts facts;
  facts.within = within;
  facts.settle_limit = 10s;
  facts.started = start;
  facts.cancel = cancel;
  facts.watched_until = cancel + 5s;
  facts.settled = SettledFacts{
      .at = cancel + 5ms, .outcome = Outcome::cancelled, .input_tokens = 100, .output_tokens = 20};
  facts.attempts.push_back({.operation = "1",
                            .kind = OperationKind::llm,
                            .service = "planner",
                            .asked = start,
                            .started = start,
                            .ends_by_itself = start + 1s,
                            .given = start + 1s,
                            .ended = start + 1s,
                            .end = AttemptEnd::ok,
                            .input_tokens = 100,
                            .output_tokens = 20,
                            .says_usage = true,
                            .generated_by_settled = 20});
  facts.attempts.push_back({.operation = "2",
                            .kind = OperationKind::tool,
                            .service = "search",
                            .asked = start + 1s,
                            .started = start + 1s,
                            .ends_by_itself = start + 5s,
                            .ended = cancel + 3ms,
                            .end = AttemptEnd::cut_off,
                            .signals = {{SignalKind::cancel, true, cancel + 3ms}},
                            .told = cancel + 3ms,
                            .is_unsafe = true});
  return facts;
}

/// A model's call after `settled`, which the world takes for the next request's.
AttemptFacts call_after_settled(Time asked) {
  return {.operation = "1",
          .service = "planner",
          .turn = 2,
          .asked = asked,
          .started = asked,
          .ends_by_itself = asked + 1s,
          .given = asked + 1s,
          .ended = asked + 1s,
          .end = AttemptEnd::ok,
          .busy_after_cancel = 1s,
          .tokens_after_cancel = 30,
          .cost_after_cancel = {700}};
}

std::optional<ClauseVerdict> verdict(const PlayFacts& facts, Clause clause) {
  return judge(facts).verdicts[index_of(clause)];
}

void tell(AttemptFacts& attempt, Time at) {
  attempt.told = attempt.ended = at;
  attempt.signals = {{SignalKind::cancel, true, at}};
}

TEST(Clauses, AProgramThatTellsInTimePassesAllThatApply) {
  const Judgement judgement = judge(told_in_time());
  for (const Clause clause : all_clauses) {
    const bool applies = clause != Clause::children && clause != Clause::next_turn;
    const auto& found = judgement.verdicts[index_of(clause)];
    EXPECT_EQ(found, applies ? std::optional(ClauseVerdict::pass) : std::nullopt)
        << name_of(clause);
  }
  EXPECT_TRUE(judgement.reasons.empty());
}

TEST(Clauses, InTimeIsUpToWithinAndTheLatenessOfTheTimer) {
  PlayFacts facts = told_in_time();
  tell(facts.attempts[1], cancel + within);
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::pass);
  tell(facts.attempts[1], cancel + within + 1ns);
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::late);
  facts.lateness = {{.due = cancel + 100ms, .late = 1ms}};
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::pass);
  facts.lateness = {{.due = cancel + 2 * within + 1ns, .late = 1ms}};
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::late);
}

TEST(Clauses, AMachineIsTooBusyIfItsTimerIsLaterThanWithin) {
  PlayFacts facts = told_in_time();
  facts.lateness = {{.due = cancel + 1ms, .late = within}};
  EXPECT_FALSE(was_too_busy(facts));
  facts.lateness = {{.due = cancel + 1ms, .late = within + 1ns}};
  EXPECT_TRUE(was_too_busy(facts));
  facts.lateness = {{.due = cancel - 1s, .late = 2 * within}};
  EXPECT_FALSE(was_too_busy(facts));
}

TEST(Clauses, AStallThatBeginsBeforeTheCancelCountsFromTheCancelOn) {
  PlayFacts facts = told_in_time();
  facts.lateness = {{.due = cancel - 1ms, .late = within + 1ms}};
  EXPECT_FALSE(was_too_busy(facts));
  tell(facts.attempts[1], cancel + 2 * within);
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::pass);
  tell(facts.attempts[1], cancel + 2 * within + 1ns);
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::late);
  facts.lateness[0].late += 1ns;
  EXPECT_TRUE(was_too_busy(facts));
}

TEST(Clauses, AStallMattersOnlyWhereADeadlineRestsOnIt) {
  PlayFacts facts = told_in_time();
  facts.attempts.push_back(call_after_settled(cancel + 2s));
  facts.lateness = {{.due = cancel + 2s, .late = within + 1ns}};
  EXPECT_FALSE(was_too_busy(facts));
  // One that is owed a signal has its deadline from its start.
  facts.attempts.back().asked = cancel + within;
  facts.lateness = {{.due = cancel + 3 * within, .late = within + 1ns}};
  EXPECT_TRUE(was_too_busy(facts));
  // What is over long before need not be told, however late the timer was.
  facts.attempts.back().ended = facts.attempts.back().ends_by_itself = cancel + within + 1ms;
  EXPECT_FALSE(was_too_busy(facts));
}

TEST(Clauses, WhatEndsByItselfBeforeItsDeadlineNeedNotBeTold) {
  PlayFacts facts = told_in_time();
  AttemptFacts& tool = facts.attempts[1];
  tool.told.reset();
  tool.signals.clear();
  tool.end = AttemptEnd::ok;
  tool.ends_by_itself = tool.ended = tool.given = cancel + within - 1ns;
  EXPECT_EQ(verdict(facts, Clause::told), std::nullopt);
  tool.ends_by_itself = tool.ended = tool.given = cancel + within;
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::leak);
}

TEST(Clauses, ASignalThatDoesNotCountTellsNothing) {
  PlayFacts facts = told_in_time();
  AttemptFacts& tool = facts.attempts[1];
  tool.told.reset();
  tool.signals = {{SignalKind::hang_up, false, cancel + 3ms}};
  tool.end = AttemptEnd::ok;
  tool.ended = tool.given = start + 5s;
  const Judgement judgement = judge(facts);
  EXPECT_EQ(judgement.verdicts[index_of(Clause::told)], ClauseVerdict::leak);
  EXPECT_NE(judgement.reasons.at(0).text.find("does not take for a cancel"), std::string::npos);
}

TEST(Clauses, WhatWasToldAfterASubjectThatHungWasEndedWasNeverTold) {
  PlayFacts facts = told_in_time();
  facts.settled.reset();
  facts.fault = SubjectFault{.kind = SubjectFault::Kind::hung, .at = cancel + 4s, .text = {}};
  facts.watched_until = cancel + 4s;
  tell(facts.attempts[1], cancel + 4s + 1ns);
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::leak);
  EXPECT_EQ(verdict(facts, Clause::settles), ClauseVerdict::hang);
  EXPECT_EQ(verdict(facts, Clause::truthful), std::nullopt);
}

TEST(Clauses, OfACrashBeforeTheCancelNothingElseIsJudged) {
  PlayFacts facts = told_in_time();
  facts.cancel.reset();
  facts.settled.reset();
  facts.fault = SubjectFault{
      .kind = SubjectFault::Kind::crashed, .at = start + 1s, .text = "exited with status 1"};
  const Judgement judgement = judge(facts);
  for (const Clause clause : all_clauses) {
    EXPECT_EQ(judgement.verdicts[index_of(clause)],
              clause == Clause::settles ? std::optional(ClauseVerdict::crash) : std::nullopt);
  }
}

TEST(Clauses, AFurtherCancelIsAStrayAndOneThatCrossesTheAnswerIsNone) {
  PlayFacts facts = told_in_time();
  AttemptFacts& model = facts.attempts[0];
  model.signals = {{SignalKind::cancel, false, start + 1s + within}};
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::pass);
  model.signals[0].at += 1ns;
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::stray);
  model.signals.clear();
  facts.attempts[1].signals.push_back({SignalKind::cancel, false, cancel + 4ms});
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::stray);
}

TEST(Clauses, AnAnswerGivenLongBeforeTheCancelIsNotCancelled) {
  PlayFacts facts = told_in_time();
  facts.plan_ends = cancel - within;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
  facts.plan_ends = cancel - within - 1ns;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::untrue);
  facts.settled->outcome = Outcome::completed;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
}

TEST(Clauses, HowLongAgoTheAnswerWasGivenIsCountedWithTheLatenessOfThen) {
  PlayFacts facts = told_in_time();
  facts.plan_ends = cancel - within - 10ms;
  facts.lateness = {{.due = cancel + 1ms, .late = 10ms}};
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
  facts.lateness = {{.due = *facts.plan_ends + 2 * within + 1ns, .late = 10ms}};
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::untrue);
  facts.lateness = {{.due = *facts.plan_ends + 1ms, .late = 10ms}};
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
  facts.lateness[0].late = within + 1ns;
  EXPECT_TRUE(was_too_busy(facts));
}

TEST(Clauses, WhatGoesOnThoughItWasToldBeforeTheCancelIsToldInTime) {
  PlayFacts facts = told_in_time();
  AttemptFacts& tool = facts.attempts[1];
  tool.told = cancel - 100ms;
  tool.signals = {{SignalKind::cancel, true, *tool.told}};
  tool.end = AttemptEnd::ok;
  tool.ended = tool.given = start + 5s;
  EXPECT_EQ(verdict(facts, Clause::told), ClauseVerdict::pass);
  // One that has stopped is not in progress at the cancel, and so owed nothing.
  tool.end = AttemptEnd::cut_off;
  tool.ended = tool.told;
  tool.given.reset();
  EXPECT_EQ(verdict(facts, Clause::told), std::nullopt);
}

TEST(Clauses, FailedIsTrueIfSomethingHadFailedOrTheLimitWasItsOwn) {
  PlayFacts facts = told_in_time();
  facts.settled->outcome = Outcome::failed;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::untrue);
  facts.is_own_timeout = true;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
  facts.is_own_timeout = false;
  facts.attempts[0].end = AttemptEnd::refused;
  EXPECT_EQ(verdict(facts, Clause::truthful), ClauseVerdict::pass);
}

/// With a next turn, whose prompt was sent 5 s after the cancel.
PlayFacts with_next_turn() {
  PlayFacts facts = told_in_time();
  facts.next_turn = PlayFacts::NextTurn{.prompted = cancel + 5s};
  facts.next_turn->settled = SettledFacts{.at = cancel + 7s};
  return facts;
}

TEST(Clauses, WhatStartsBeforeTheNextPromptIsSentIsOfTheFirstTurn) {
  PlayFacts facts = told_in_time();
  facts.attempts.push_back(call_after_settled(cancel + 1s));
  EXPECT_EQ(verdict(facts, Clause::nothing_starts), ClauseVerdict::leak);
  EXPECT_EQ(judge(facts).ran_on.tokens, 30);

  facts = with_next_turn();
  facts.attempts.push_back(call_after_settled(cancel + 5s - 1ns));
  facts.attempts.back().committed = cancel + 5s;
  EXPECT_EQ(verdict(facts, Clause::nothing_starts), ClauseVerdict::leak);
  EXPECT_EQ(judge(facts).ran_on.tokens, 30);
  EXPECT_EQ(judge(facts).ran_on.effects, 1U);

  facts.attempts.back().asked = cancel + 5s;
  EXPECT_EQ(verdict(facts, Clause::nothing_starts), ClauseVerdict::pass);
  EXPECT_EQ(judge(facts).ran_on.tokens, 0);
}

TEST(Clauses, AnEffectThatIsRepeatedBeforeTheNextPromptHappensTwice) {
  PlayFacts facts = with_next_turn();
  facts.attempts[1].committed = cancel;
  AttemptFacts again = facts.attempts[1];
  again.turn = 2;
  again.asked = cancel + 1s;
  again.committed = cancel + 2s;
  facts.attempts.push_back(again);
  EXPECT_EQ(verdict(facts, Clause::effects_once), ClauseVerdict::broken);
  facts.attempts.back().asked = cancel + 5s;
  EXPECT_EQ(verdict(facts, Clause::effects_once), ClauseVerdict::pass);
}

TEST(Clauses, ACancelAfterTheNextPromptIsAStrayToo) {
  PlayFacts facts = with_next_turn();
  facts.attempts[1].signals.push_back({SignalKind::cancel, false, cancel + 6s});
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::stray);
}

TEST(Clauses, ACancelLongAfterTheCallWasCutOffIsAStray) {
  PlayFacts facts = told_in_time();
  AttemptFacts& tool = facts.attempts[1];
  const Time cut_off = *tool.ended;
  tool.signals = {{SignalKind::hang_up, true, cut_off},
                  {SignalKind::cancel, false, cut_off + within}};
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::pass);
  tool.signals[1].at += 1ns;
  EXPECT_EQ(verdict(facts, Clause::no_stray), ClauseVerdict::stray);
}

TEST(Clauses, ReasonsOfAClauseAreInTheOrderOfTime) {
  PlayFacts facts = told_in_time();
  facts.unknown_cancels = {cancel + 2ms, cancel + 8ms};
  facts.attempts[0].signals = {{SignalKind::cancel, false, cancel + 6ms}};
  facts.attempts[1].signals.push_back({SignalKind::cancel, false, cancel + 4ms});
  facts.refused_calls = {{cancel + 1s, 1, "no"}, {cancel + 3s, 1, "no"}};
  facts.attempts.push_back(call_after_settled(cancel + 2s));
  std::vector<std::pair<Clause, Time>> order;
  for (const Reason& reason : judge(facts).reasons) order.emplace_back(reason.clause, reason.at);
  EXPECT_EQ(order, (std::vector<std::pair<Clause, Time>>{{Clause::nothing_starts, cancel + 1s},
                                                         {Clause::nothing_starts, cancel + 2s},
                                                         {Clause::nothing_starts, cancel + 3s},
                                                         {Clause::no_stray, cancel + 2ms},
                                                         {Clause::no_stray, cancel + 4ms},
                                                         {Clause::no_stray, cancel + 6ms},
                                                         {Clause::no_stray, cancel + 8ms}}));
}

/// One thing goes wrong, and the clause that is about it says so.
struct Mutation {
  const char* what;
  std::function<void(PlayFacts&)> apply;
  Clause clause;
  ClauseVerdict verdict;
};

TEST(Clauses, OneFaultBreaksOneClause) {
  const std::vector<Mutation> mutations{
      {"never told",
       [](PlayFacts& f) {
         f.attempts[1].told.reset();
         f.attempts[1].signals.clear();
         f.attempts[1].end = AttemptEnd::ok;
         f.attempts[1].ended = f.attempts[1].given = start + 5s;
       },
       Clause::told, ClauseVerdict::leak},
      {"a sub-agent's call is never told",
       [](PlayFacts& f) {
         AttemptFacts child = f.attempts[1];
         child.operation = "3.1";
         child.is_sub_agents = true;
         child.is_unsafe = false;
         child.told.reset();
         child.signals.clear();
         child.end = AttemptEnd::in_progress;
         child.ended.reset();
         f.attempts.push_back(child);
       },
       Clause::children, ClauseVerdict::leak},
      {"a call starts afterwards",
       [](PlayFacts& f) {
         f.attempts.push_back({.operation = "3",
                               .service = "planner",
                               .asked = cancel + 1s,
                               .ended = cancel + 1s,
                               .end = AttemptEnd::refused});
       },
       Clause::nothing_starts, ClauseVerdict::leak},
      {"says completed", [](PlayFacts& f) { f.settled->outcome = Outcome::completed; },
       Clause::truthful, ClauseVerdict::untrue},
      {"settles late", [](PlayFacts& f) { f.settled->at = cancel + within + 1ns; }, Clause::settles,
       ClauseVerdict::late},
      {"says it twice",
       [](PlayFacts& f) {
         f.broken_lines.push_back({cancel + 6ms, "a second `settled`"});
       },
       Clause::settles, ClauseVerdict::broken},
      {"the next turn is refused",
       [](PlayFacts& f) {
         f.next_turn = PlayFacts::NextTurn{.prompted = cancel + 5s};
         f.next_turn->settled = SettledFacts{.at = cancel + 6s};
         f.refused_calls.push_back({.at = cancel + 5500ms, .turn = 2, .text = "no"});
       },
       Clause::next_turn, ClauseVerdict::broken},
      {"reports too little", [](PlayFacts& f) { f.settled->input_tokens = 99; }, Clause::usage,
       ClauseVerdict::broken},
      {"reports too much", [](PlayFacts& f) { f.settled->output_tokens = 21; }, Clause::usage,
       ClauseVerdict::broken},
      {"an effect happens twice",
       [](PlayFacts& f) {
         AttemptFacts first = f.attempts[1];
         first.asked = start + 1s;
         first.told.reset();
         first.signals.clear();
         first.end = AttemptEnd::lost;
         first.ended = first.ends_by_itself = first.committed = start + 1500ms;
         AttemptFacts second = first;
         second.attempt = 2;
         f.attempts.push_back(first);
         f.attempts.push_back(second);
       },
       Clause::effects_once, ClauseVerdict::broken},
      {"an unknown call is cancelled",
       [](PlayFacts& f) { f.unknown_cancels.push_back(cancel + 3ms); }, Clause::no_stray,
       ClauseVerdict::stray},
  };
  for (const Mutation& mutation : mutations) {
    PlayFacts facts = told_in_time();
    mutation.apply(facts);
    const Judgement judgement = judge(facts);
    for (const Clause clause : all_clauses) {
      const auto found = judgement.verdicts[index_of(clause)].value_or(ClauseVerdict::pass);
      EXPECT_EQ(found, clause == mutation.clause ? mutation.verdict : ClauseVerdict::pass)
          << mutation.what << ", " << name_of(clause);
    }
    EXPECT_FALSE(judgement.reasons.empty()) << mutation.what;
  }
}

}  // namespace
}  // namespace caesura
