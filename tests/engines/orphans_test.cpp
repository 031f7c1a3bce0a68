#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

// Children that are not told of the cancel, and run on when their parents have left: worked by
// hand.

namespace caesura {
namespace {

using namespace testing;

constexpr std::size_t llm = index_of(OperationKind::llm);
constexpr std::size_t tool = index_of(OperationKind::tool);
constexpr std::size_t agent = index_of(OperationKind::agent);

class OrphanRequests : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, OrphanRequests, ::testing::ValuesIn(both_engines));

const Policy checkpoint = policy(PolicyKind::checkpoint);

TEST_P(OrphanRequests, AChildThatIsNotToldIsAwaitedByAPolicyThatDoesNotAbortAgents) {
  for (const Policy& p : {checkpoint, disconnect_after(2s),
                          abort_after(0s, {OperationKind::llm, OperationKind::tool})}) {
    const RequestReport r = one(one_child(untold), p, 3s).request;
    EXPECT_EQ(r.outcome, Outcome::cancelled);
    EXPECT_EQ(r.stopped, at(12s)) << p.name;
    EXPECT_EQ(r.interrupted[agent], 0U);
    EXPECT_EQ(r.orphans, Orphans{});
    EXPECT_EQ(r.used, r.planned);
    EXPECT_TRUE(r.answer_discarded);
  }
}

TEST_P(OrphanRequests, AnOrphanRunsOnAndAllThatItUsesIsUsed) {
  Model model = one_child(untold);
  model.links.agent = fixed(100ms);
  const Settled s = one(model, abort_after(1s), 3s);  // left at 4 s; it ends at 12.1 s
  const RequestReport& r = s.request;
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.stopped, at(4s));
  EXPECT_EQ(s.client.answered, at(4s));
  EXPECT_EQ(r.cancelled_in, agent);
  EXPECT_EQ(r.interrupted[agent], 1U);
  EXPECT_EQ(r.interrupted[tool], 0U);
  EXPECT_EQ(r.used, r.planned);
  EXPECT_EQ(r.saved, Amounts{});
  EXPECT_EQ(r.orphans,
            (Orphans{.count = 1, .ran_on = 8100ms, .tokens = {150}, .cost = Money{1650}}));
  EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{8100ms});
  EXPECT_EQ(r.used_after_cancel.busy[llm], Duration{1s});
  EXPECT_EQ(r.used_after_cancel.tokens.sum(), Tokens{150});
  EXPECT_EQ(r.used_after_cancel.cost, Money{1650});
}

TEST_P(OrphanRequests, OfACallInProgressAnOrphanUsesOnlyTheOutputStillToCome) {
  const RequestReport r = one(one_child(untold), abort_after(100ms), 400ms).request;
  EXPECT_EQ(r.stopped, at(500ms));
  EXPECT_EQ(r.orphans.tokens, Tokens{50 + 150});
  EXPECT_EQ(r.orphans.cost, Money{50 * 15 + 1650});
  EXPECT_EQ(r.orphans.ran_on, Duration{11500ms});
  EXPECT_EQ(r.used_after_cancel.tokens.sum(), Tokens{60 + 150});
}

TEST_P(OrphanRequests, WhatTheParentHadStillBeforeItIsSavedWhileItsOrphanRunsOn) {
  Model model = one_child(untold);
  model.workflow.push_back(tool_call);
  const RequestReport r = one(model, abort_after(1s), 3s).request;
  EXPECT_EQ(r.saved.busy[tool], Duration{10s});
  EXPECT_EQ(r.saved.tokens.sum(), Tokens{0});
  EXPECT_EQ(r.used.busy[tool], Duration{10s});
}

TEST_P(OrphanRequests, EscalateLeavesAnOrphanOnlyIfTheChildHasNotEndedByThen) {
  EXPECT_EQ(one(one_child(untold), escalate_after(5s, 1s), 7s).request.orphans.count, 0U);
  const RequestReport late = one(one_child(untold), escalate_after(5s, 1s), 3s).request;
  EXPECT_EQ(late.orphans.count, 1U);
  EXPECT_EQ(late.stopped, at(9s));
}

TEST_P(OrphanRequests, AChildsReplyAtTheVeryInstantOfTheAbortComesFirst) {
  // The child's last operation starts after the abort was scheduled, and ends with it.
  const RequestReport r = one(one_child(untold), abort_after(9s), 3s).request;
  EXPECT_EQ(r.stopped, at(12s));
  EXPECT_EQ(r.operations_done, 1U);
  EXPECT_EQ(r.interrupted[agent], 0U);
  EXPECT_EQ(r.orphans, Orphans{});
}

TEST_P(OrphanRequests, ARequestMayBeSettledAndItsTicketUsedAgainWhileItsOrphanRunsOn) {
  Model model = one_child(untold, 4);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 5s};
  model.cancels = {cancel_after(3s)};
  const AllSettled settled = all(model, abort_after(1s));
  ASSERT_EQ(settled.size(), 4U);
  for (const auto& [number, s] : settled) {
    EXPECT_EQ(s.client.ticket, 0U);
    EXPECT_EQ(s.request.stopped, at(5s * static_cast<int>(number) + 4s));
    EXPECT_EQ(s.request.orphans.ran_on, Duration{8s});
  }
}

TEST_P(OrphanRequests, AnOrphansOwnChildIsPartOfTheOrphanWhetherItPropagatesOrNot) {
  for (const bool inner : {told, untold}) {
    const RequestReport r = one(nested({untold, inner}), abort_after(1s), 3s).request;
    // The tool runs from 0.2 s to 10.2 s; the outer child ends at 10.3 s.
    EXPECT_EQ(r.stopped, at(4s));
    EXPECT_EQ(r.interrupted[agent], 1U);
    EXPECT_EQ(r.orphans, (Orphans{.count = 1, .ran_on = 6300ms, .tokens = {}, .cost = {}}));
    EXPECT_EQ(r.used, r.planned);
    EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{7200ms});
  }
}

TEST_P(OrphanRequests, TokensOfAnOrphansChildAreTheOrphans) {
  Model model = two_priced_services();
  const WorkflowStep inner = add_agent(model, {llm_call}, told);
  model.workflow = {add_agent(model, {llm_call, inner}, untold)};
  const RequestReport r = one(model, abort_after(100ms), 400ms).request;
  EXPECT_EQ(
      r.orphans,
      (Orphans{.count = 1, .ran_on = 1500ms, .tokens = {50 + 150}, .cost = Money{50 * 15 + 1650}}));
  EXPECT_EQ(r.used_after_cancel.tokens.sum(), Tokens{60 + 150});
}

TEST_P(OrphanRequests, AChildThatIsToldLeavesItsOwnUntoldChildAsTheOrphan) {
  const RequestReport r = one(nested({told, untold}), abort_after(1s), 3s).request;
  // The outer child hears of it at 3.1 s and leaves at 4.1 s; the orphan ends at 10.2 s.
  EXPECT_EQ(r.stopped, at(4200ms));
  EXPECT_EQ(r.interrupted[agent], 1U);
  EXPECT_EQ(r.orphans, (Orphans{.count = 1, .ran_on = 6100ms, .tokens = {}, .cost = {}}));
  EXPECT_EQ(r.used, r.planned);
  EXPECT_EQ(r.used_after_cancel.busy[tool], Duration{7200ms});
}

TEST_P(OrphanRequests, OrphansOfOneRequestAddUp) {
  Model model = two_priced_services();
  const WorkflowStep quick = add_agent(model, {llm_call}, untold);
  const WorkflowStep slow = add_agent(model, {tool_call, llm_call}, untold);
  const WorkflowStep polite = add_agent(model, {tool_call}, told);
  model.workflow = {{Parallel{{{quick}, {slow}, {polite}, {slow}}}}};
  const RequestReport r = one(model, abort_after(100ms), 400ms).request;
  EXPECT_EQ(r.stopped, at(500ms));
  EXPECT_EQ(r.interrupted[agent], 3U);
  EXPECT_EQ(r.interrupted[tool], 1U);
  EXPECT_EQ(r.orphans, (Orphans{.count = 3,
                                .ran_on = 500ms + 2 * 10500ms,
                                .tokens = {50 + 300},
                                .cost = Money{50 * 15 + 2 * 1650}}));
}

TEST_P(OrphanRequests, ATimeoutLeavesAChildThatIsNotToldAsAnOrphan) {
  Model model = one_child(untold);
  model.timeout = 5s;
  const RequestReport r = one(model, checkpoint).request;
  EXPECT_EQ(r.outcome, Outcome::timed_out);
  EXPECT_EQ(r.stopped, at(5s));
  EXPECT_EQ(r.interrupted[agent], 1U);
  EXPECT_EQ(r.orphans, (Orphans{.count = 1, .ran_on = 7s, .tokens = {150}, .cost = Money{1650}}));
  EXPECT_EQ(r.used, r.planned);
  EXPECT_EQ(r.used_after_cancel, Amounts{}) << "there was no cancel";
}

TEST_P(OrphanRequests, AChildWhoseReplyIsOnItsLinkAtTheAbortIsNoOrphan) {
  Model model = one_child(untold);
  model.links.agent = fixed(100ms);
  const RequestReport r = one(model, abort_after(10ms), 12150ms).request;
  EXPECT_EQ(r.stopped, at(12160ms));
  EXPECT_EQ(r.used, r.planned);
  EXPECT_EQ(r.used_after_cancel, Amounts{});
  EXPECT_EQ(r.interrupted[agent], 0U);
  EXPECT_EQ(r.orphans, Orphans{});
}

}  // namespace
}  // namespace caesura
