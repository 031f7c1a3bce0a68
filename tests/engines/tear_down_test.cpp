#include "actors/joined_reports.hpp"
#include "actors/rules.hpp"
#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

// A request ends with all of its tree at once: what waits is withdrawn before anything is cut off,
// and services go on when that is done. Nothing starts in a request that has ended.

namespace caesura {
namespace {

using namespace testing;

constexpr std::size_t llm = index_of(OperationKind::llm);
constexpr std::size_t agent = index_of(OperationKind::agent);

class TearDown : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, TearDown, ::testing::ValuesIn(both_engines));

const Policy checkpoint = policy(PolicyKind::checkpoint);

/// A model of 10 s (index 0) and 1000 tokens of input at 10 each.
Model dear_model(std::uint64_t requests = 1) {
  Model model = two_services(requests);
  model.services[0].latency = WholeLatency{fixed(10s)};
  model.services[0].input_tokens = Distribution::constant(1000);
  model.services[0].price.input = Money{10};
  return model;
}

/// `branches` side by side, each of which calls that model, `depth` agents deep.
Model side_by_side(std::uint32_t branches, int depth, bool propagate) {
  Model model = dear_model();
  Workflow work = {llm_call};
  for (int level = 0; level < depth; ++level) work = {add_agent(model, work, propagate)};
  model.workflow = {{Parallel{std::vector<Workflow>(branches, work)}}};
  return model;
}

TEST_P(TearDown, ATimeoutLeavesOneOrphanAndWithdrawsTheChildrenThatWait) {
  Model model = side_by_side(3, 1, untold);
  model.services[2].concurrency = 1;
  model.timeout = 3s;
  const RequestReport r = one(model, checkpoint).request;
  EXPECT_EQ(r.outcome, Outcome::timed_out);
  EXPECT_EQ(r.stopped, at(3s));
  EXPECT_EQ(r.orphans.count, 1U);
  EXPECT_EQ(r.orphans.ran_on, Duration{7s});
  EXPECT_EQ(r.interrupted[agent], 1U);
  EXPECT_EQ(r.used.tokens.sum(), Tokens{1000});
  EXPECT_EQ(r.forgone.tokens.sum(), Tokens{2000});
}

TEST_P(TearDown, ATimeoutCutsOffWhatIsInProgressAndBillsNothingOfWhatWaits) {
  for (int depth = 0; depth <= 3; ++depth) {
    for (std::uint64_t places = 1; places <= 6; ++places) {
      Model model = side_by_side(5, depth, told);
      model.services[0].concurrency = places;
      model.timeout = 3s;
      SCOPED_TRACE(std::to_string(depth) + " deep, " + std::to_string(places) + " places");
      const RequestReport r = one(model, checkpoint).request;
      const auto started = static_cast<std::int64_t>(std::min<std::uint64_t>(places, 5));
      EXPECT_EQ(r.used.tokens.sum(), Tokens{1000 * started});
      EXPECT_EQ(r.billed.sum(), Tokens{1000 * started});
      EXPECT_EQ(r.used.cost, Money{10'000 * started});
      EXPECT_EQ(r.interrupted[llm], started);
      EXPECT_EQ(r.interrupted[agent], 0U);
      EXPECT_EQ(r.orphans, Orphans{});
    }
  }
}

TEST_P(TearDown, OfAnAgentWithFewPlacesOnlyThoseThatHaveOneAreCutOff) {
  for (int level = 2; level <= 4; ++level) {
    Model model = side_by_side(5, 3, told);
    model.services[static_cast<std::size_t>(level)].concurrency = 2;
    model.timeout = 3s;
    const RequestReport r = one(model, checkpoint).request;
    EXPECT_EQ(r.used.tokens.sum(), Tokens{2000}) << level;
    EXPECT_EQ(r.interrupted[llm], 2U);
  }
}

TEST_P(TearDown, TheOrderOfBranchesChangesNothing) {
  for (const bool propagate : {told, untold}) {
    std::vector<RequestReport> reports;
    for (const bool agent_first : {true, false}) {
      Model model = dear_model();
      model.services[0].concurrency = 1;
      const WorkflowStep child = add_agent(model, {{Wait{fixed(1s)}}, llm_call}, propagate);
      const Workflow waiting = {{Wait{fixed(2s)}}, llm_call};
      model.workflow = {agent_first ? WorkflowStep{Parallel{{{child}, waiting}}}
                                    : WorkflowStep{Parallel{{waiting, {child}}}}};
      model.timeout = 3s;
      reports.push_back(one(model, checkpoint).request);
    }
    EXPECT_EQ(reports[0].used, reports[1].used);
    EXPECT_EQ(reports[0].interrupted, reports[1].interrupted);
    EXPECT_EQ(reports[0].orphans, reports[1].orphans);
    EXPECT_EQ(reports[0].used.tokens.sum(), Tokens{1000});
  }
}

TEST_P(TearDown, RequestsThatTimeOutTogetherLeaveTheirPlacesToOthersAlone) {
  Model model = dear_model(4);
  model.workflow = {llm_call};
  model.services[0].concurrency = 1;
  model.timeout = 3s;
  const AllSettled settled = all(model, checkpoint);
  EXPECT_EQ(settled.at(0).request.used.tokens.sum(), Tokens{1000});
  for (const RequestNumber waiting : {1U, 2U, 3U})
    EXPECT_EQ(settled.at(waiting).request.used, Amounts{}) << waiting;
}

TEST_P(TearDown, APlaceThatATimeoutLeavesGoesToWhoeverWaitsAtThatInstant) {
  Model model = dear_model(2);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
  model.workflow = {llm_call};
  model.services[0].concurrency = 1;
  model.timeout = 3s;
  const AllSettled settled = all(model, checkpoint);
  EXPECT_EQ(settled.at(1).request.used.busy[llm], Duration{1s}) << "from 3 s to 4 s";
}

TEST_P(TearDown, APlaceThatATimeoutLeavesIsFreeToAskForAtThatInstant) {
  Model model = dear_model(2);
  model.load.arrivals = ClosedLoad{.users = 1, .think = fixed(0s)};
  model.workflow = {llm_call};
  model.services[0].concurrency = 1;
  model.services[0].queue = 0;
  model.timeout = 3s;
  for (const auto& [number, s] : all(model, checkpoint))
    EXPECT_EQ(s.request.outcome, Outcome::timed_out) << number;
}

/// An agent of one place whose child takes a second, and fails its parent; two more children wait
/// for the place.
Model first_of_three_fails(bool propagate) {
  Model model = two_priced_services();
  const WorkflowStep child = add_agent(model, {llm_call, tool_call}, propagate);
  model.services[0].failure_rate = 1;
  model.services[0].on_failure = OnFailure::fail;
  model.services[2].on_failure = OnFailure::fail;
  model.services[2].concurrency = 1;
  model.workflow = {{Parallel{{{child}, {child}, {child}}}}};
  return model;
}

TEST_P(TearDown, AFailureWithdrawsTheSiblingsThatWaitBeforeItsPlaceIsGivenAway) {
  for (const bool propagate : {told, untold}) {
    const RequestReport r = one(first_of_three_fails(propagate), checkpoint).request;
    EXPECT_EQ(r.outcome, Outcome::failed);
    EXPECT_EQ(r.stopped, at(1s));
    EXPECT_EQ(r.used.tokens.sum(), Tokens{150});
    EXPECT_EQ(r.operations_done, 1U);
  }
}

TEST_P(TearDown, NoCancelIsSentDuringAnOperationThatAFailureKeptFromStarting) {
  Model model = first_of_three_fails(told);
  CancelSource source;
  source.moment = CancelDuringOperation{.operation = 2, .at = Distribution::constant(0)};
  source.even_if_finished = true;
  model.cancels = {source};
  EXPECT_EQ(one(model, checkpoint).client.cancels_sent, 0U);
}

/// Random trees up to three agents deep: few places or none at each level, failures, rejections,
/// links, cancels and timeouts. Each operation takes one token of input, and each service has its
/// places counted: it tells itself of the end of each operation that it has started.
class RandomTrees {
 public:
  explicit RandomTrees(std::uint32_t seed) : random_(seed) {}

  Model model() {
    Model model = two_services(1 + below(3));
    for (ServiceProfile& profile : model.services) {
      profile.latency = WholeLatency{fixed(seconds_below(12))};
      profile.input_tokens = Distribution::constant(1);
      limit(profile);
      fail(profile);
    }
    Workflow work = steps(model);
    for (std::size_t depth = below(4); depth > 0; --depth) {
      const WorkflowStep child = add_agent(model, work, below(2) == 0);
      limit(model.services.back());
      fail(model.services.back());
      if (below(3) != 0) model.services.back().concurrency = std::nullopt;
      children_.push_back(child);
      work = steps(model);
    }
    model.workflow = work;
    if (below(2) == 0) model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1s};
    model.timeout = below(2) == 0 ? Duration{100'000s} : seconds_below(30);
    if (below(3) != 0) model.cancels = {cancel_after(seconds_below(20))};
    if (below(2) == 0) model.links.agent = fixed(seconds_below(3) / 10);
    if (below(3) == 0) model.links.llm = fixed(seconds_below(3) / 10);
    if (below(3) == 0) model.links.client = fixed(seconds_below(3) / 10);
    return model;
  }

  Policy policy() {
    const Duration after = below(2) == 0 ? zero_duration : seconds_below(4);
    switch (below(5)) {
      case 0:
        return testing::policy(PolicyKind::never);
      case 1:
        return testing::policy(PolicyKind::checkpoint);
      case 2:
        return disconnect_after(after);
      case 3:
        return escalate_after(after, 1s);
      default:
        return abort_after(after);
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  Duration seconds_below(std::size_t n) { return 1s * static_cast<int>(1 + below(n)); }

  void limit(ServiceProfile& profile) {
    profile.concurrency = 1 + below(3);
    if (below(4) == 0) profile.queue = below(3);
  }
  void fail(ServiceProfile& profile) {
    if (below(4) != 0) return;
    profile.failure_rate = below(2) == 0 ? 1 : 0.4;
    profile.on_failure = below(3) == 0 ? OnFailure::go_on : OnFailure::fail;
  }

  WorkflowStep step() {
    const std::size_t kind = below(children_.empty() ? 3 : 6);
    if (kind == 0) return {Wait{fixed(seconds_below(4))}};
    if (kind == 1) return tool_call;
    if (kind == 2) return llm_call;
    return children_[below(children_.size())];
  }
  Workflow steps(Model&) {
    std::vector<Workflow> branches(1 + below(4));
    for (Workflow& branch : branches) {
      branch.push_back(step());
      if (below(2) == 0) branch.push_back(step());
    }
    return {{Parallel{branches}}};
  }

  std::mt19937 random_;
  std::vector<WorkflowStep> children_;
};

struct Played {
  std::uint64_t started = 0;  ///< operations, as services know it
  AllSettled settled;
};

Played played(const Model& model, const Policy& policy, MakeWorld make) {
  Played result;
  PassedOn reports([&](const Settled& s) { result.settled.emplace(s.request.number, s); });
  const std::uint32_t first_request =
      service_address(0).index + static_cast<std::uint32_t>(model.services.size());
  const auto world = make({.model = model,
                           .policy = policy,
                           .reports = reports,
                           .observer = [&](Time, Address to, const Message& message, bool) {
                             const bool to_service =
                                 to.index < first_request && to.index >= service_address(0).index;
                             if (!to_service || !std::holds_alternative<Reply>(message)) return;
                             const auto service =
                                 static_cast<std::uint16_t>(to.index - service_address(0).index);
                             if (model.child_of(service) == nullptr) ++result.started;
                           }});
  announce_load(model, *world);
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(world->run(stop));
  EXPECT_EQ(world->counters().requests_now, 0U);
  EXPECT_EQ(reports.unpaired(), 0U);
  return result;
}

auto fate(const Settled& s) {
  const RequestReport& r = s.request;
  return std::tuple(r.outcome, r.stopped.time_since_epoch(), r.operations_done, r.used.tokens.sum(),
                    r.used.busy, r.saved.busy, r.forgone.busy, r.used_after_cancel.busy,
                    r.interrupted, r.orphans.count, r.orphans.ran_on, s.client.cancels_sent,
                    s.client.cancels_accepted);
}

TEST(TornDownTrees, WhateverEndsATreeNothingStartsThatTheRequestDoesNotKnowOf) {
  std::uint64_t orphans = 0;
  std::uint64_t cut_off = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTrees trees(seed);
    const Model model = trees.model();
    const Policy policy = trees.policy();
    const Played direct = played(model, policy, make_direct_world);
    std::uint64_t known = 0;
    for (const auto& [number, s] : direct.settled) {
      known += static_cast<std::uint64_t>(s.request.used.tokens.input.value);
      orphans += s.request.orphans.count;
      cut_off += s.request.interrupted[llm];
    }
    ASSERT_EQ(direct.started, known);
    if (seed % 10 != 0) continue;
    const Played caf = played(model, policy, make_caf_world);
    ASSERT_EQ(caf.settled.size(), direct.settled.size());
    for (const auto& [number, s] : direct.settled) EXPECT_EQ(fate(s), fate(caf.settled.at(number)));
  }
  EXPECT_GT(orphans, 100U);
  EXPECT_GT(cut_off, 100U);
}

/// Tells the first request, at `when`, that its operation 1 has started.
void tell_of_a_start(MakeWorld make, Duration when) {
  Model model = two_services();
  model.timeout = 3s;
  PassedOn reports([](const Settled&) {});
  const auto world =
      make({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
  announce_load(model, *world);
  world->post(Address{service_address(2).index, 0}, Started{1}, at(when));
  const std::atomic<bool> stop{false};
  world->run(stop);
}

TEST_P(TearDown, ARequestThatHasEndedTakesNoWordOfAStart) {
  EXPECT_NO_THROW(tell_of_a_start(GetParam().make, 500ms));
  EXPECT_THROW(tell_of_a_start(GetParam().make, 3500ms), BrokenInvariant);
}

}  // namespace
}  // namespace caesura
