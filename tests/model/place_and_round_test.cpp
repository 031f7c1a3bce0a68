// By what the draws of a plan go: the place of each step in the text of its workflow, and the round
// in which it is met there.
#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace caesura {
namespace {

using namespace testing;

Model with_workflow(Workflow workflow) {
  Model model = two_services();
  model.workflow = std::move(workflow);
  return model;
}

Plan plan_of(const Model& model, RequestNumber request = 0) {
  Plan plan;
  expand(model, request, plan);
  return plan;
}

using Keys = std::vector<std::uint32_t>;

Keys keys_of(const Workflow& workflow) {
  Keys keys;
  for (const PlanStep& step : plan_of(with_workflow(workflow)).steps) {
    if (step.what == PlanStep::What::operation || step.what == PlanStep::What::wait)
      keys.push_back(step.key);
  }
  return keys;
}

const WorkflowStep llm = call(OperationKind::llm, 0);
const WorkflowStep tool = call(OperationKind::tool, 1);
const WorkflowStep pause{Wait{fixed(1s)}};
const WorkflowStep commit{Transaction{fixed(1s)}};

WorkflowStep repeat(double times, Workflow body) {
  return {Repeat{Distribution::constant(times), std::move(body)}};
}
WorkflowStep side_by_side(double times, Workflow branch) {
  return {ParallelTimes{Distribution::constant(times), std::move(branch)}};
}

TEST(PlaceAndRound, APlainListIsDrawnForByItsRunningNumbers) {
  EXPECT_EQ(keys_of({llm, tool, commit, llm}), (Keys{1, 2, 3, 4}));
}

TEST(PlaceAndRound, StepsOfEveryKindHaveAPlace) {
  EXPECT_EQ(keys_of({llm, pause, tool}), (Keys{1, 2, 3}));
  EXPECT_EQ(keys_of({{Parallel{{{llm, tool}, {pause}, {}}}}, llm}), (Keys{2, 3, 4, 5}));
  EXPECT_EQ(keys_of({repeat(1, {llm}), tool}), (Keys{2, 3}));
  EXPECT_EQ(keys_of({side_by_side(1, {llm}), tool}), (Keys{2, 3}));
}

TEST(PlaceAndRound, EachRoundIsAllPlacesOn) {
  EXPECT_EQ(keys_of({repeat(3, {llm, tool}), llm}), (Keys{2, 3, 6, 7, 10, 11, 4}));
  EXPECT_EQ(keys_of({side_by_side(3, {llm, tool}), llm}), (Keys{2, 3, 6, 7, 10, 11, 4}));
  EXPECT_EQ(keys_of({repeat(2, {{Parallel{{{llm}, {tool}}}}, pause}), commit}),
            (Keys{3, 4, 5, 9, 10, 11, 6}));
}

TEST(PlaceAndRound, ARoundCountsEveryTimeThatItsBodyHasBegunInThePlan) {
  // The inner body begins three times in each round of the outer one.
  const Workflow nested{repeat(2, {llm, repeat(3, {tool}), pause}), llm};
  EXPECT_EQ(keys_of(nested), (Keys{2, 4, 10, 16, 5, 8, 22, 28, 34, 11, 6}));
  const Workflow deeper{repeat(2, {side_by_side(2, {repeat(2, {llm}), tool})})};
  EXPECT_EQ(keys_of(deeper), (Keys{4, 9, 5, 14, 19, 10, 24, 29, 15, 34, 39, 20}));
}

TEST(PlaceAndRound, WhatIsNotMetKeepsItsPlaces) {
  EXPECT_EQ(keys_of({{Choose{{0, 1, 0}, {{llm, llm}, {tool}, {repeat(2, {llm})}}}}, llm}),
            (Keys{4, 7}));
  EXPECT_EQ(keys_of({repeat(0, {llm, repeat(1, {tool})}), llm}), (Keys{5}));
  EXPECT_EQ(keys_of({side_by_side(0, {llm, repeat(1, {tool})}), llm}), (Keys{5}));
}

TEST(PlaceAndRound, BeyondTwoToThe32TheyBeginAnew) {
  // 5,003 places, most of which are never met.
  Workflow never(5000, llm);
  const Keys keys = keys_of({repeat(900'000, {{Choose{{1, 0}, {{llm}, std::move(never)}}}})});
  ASSERT_EQ(keys.size(), 900'000U);
  EXPECT_EQ(keys[899'999], static_cast<std::uint32_t>(3 + std::uint64_t{5003} * 899'999));
  EXPECT_LT(keys[899'999], 5003U * 899'999ULL);
}

TEST(PlaceAndRound, WhatDecidesThePlansShapeIsDrawnByItsOwn) {
  const Distribution some = Distribution::uniform_whole(0, 100);
  const Model model = with_workflow({llm,
                                     {Repeat{some, {tool}}},
                                     repeat(2, {{ParallelTimes{some, {llm}}}}),
                                     {Choose{{1, 1}, {{llm, llm}, {}}}}});
  for (RequestNumber n = 0; n < 100; ++n) {
    const auto drawn = [&](std::uint32_t key, Purpose purpose) {
      return draw(model.seed, n, key, purpose);
    };
    const auto times = [&](std::uint32_t key, Purpose purpose) {
      return to_count(some.quantile(drawn(key, purpose)));
    };
    std::int64_t operations = 1 + times(2, Purpose::repeat_times);
    operations += times(5, Purpose::parallel_times) + times(5 + 9, Purpose::parallel_times);
    operations += drawn(7, Purpose::choice) < 0.5 ? 2 : 0;
    EXPECT_EQ(plan_of(model, n).operations, operations);
  }
}

TEST(PlaceAndRound, SamplesWaitsAndChildrenAreDrawnByThem) {
  Model model = with_workflow({repeat(2, {{Wait{Distribution::exponential(1e9)}}, llm, tool}),
                               {Transaction{Distribution::exponential(1e9)}}});
  model.services[0].latency = WholeLatency{Distribution::exponential(1e9)};
  model.children = {std::nullopt, ChildWorkflow{.workflow = {llm}}};
  const Plan plan = plan_of(model, 7);
  const auto exponential = [&](std::uint32_t key, Purpose purpose) {
    return to_duration(Distribution::exponential(1e9).quantile(draw(model.seed, 7, key, purpose)));
  };
  EXPECT_EQ(wait_of(model, 7, plan.steps[3]), exponential(2 + 5, Purpose::wait));
  EXPECT_EQ(sample_of(model, 7, plan.steps[4]).duration, exponential(3 + 5, Purpose::latency));
  EXPECT_EQ(sample_of(model, 7, plan.steps[6]).duration, exponential(5, Purpose::transaction));
  EXPECT_EQ(plan_of_child(model, 7, plan.steps[5]).number, child_number(model.seed, 7, 4 + 5));
}

TEST(PlaceAndRound, ActorsDrawAsThePlanSays) {
  Model model = with_workflow(
      {{Repeat{Distribution::uniform_whole(0, 3),
               {llm,
                {ParallelTimes{Distribution::uniform_whole(0, 3),
                               {tool, call(OperationKind::agent, 2)}}},
                {Wait{Distribution::exponential(1e9)}}}}},
       {Choose{{1, 2}, {{tool}, {{Transaction{Distribution::exponential(1e9)}}, llm}}}}});
  model.load.requests = 200;
  model.links.llm = model.links.tool = model.links.agent = Distribution::exponential(1e8);
  model.services[0].latency = model.services[1].latency =
      WholeLatency{Distribution::exponential(1e9)};
  model.services.push_back(service(ServiceKind::agent, fixed(0s)));
  model.children = {
      std::nullopt, std::nullopt,
      ChildWorkflow{.workflow = {{Repeat{Distribution::uniform_whole(0, 3), {tool}}}, llm}}};
  const auto expect_as_planned = [&](const char* services) {
    for (const auto& [number, s] : play(model)) {
      EXPECT_EQ(s.request.stopped - s.request.started,
                planned_times(model, number, plan_of(model, number)).duration)
          << "request " << number << ", services that " << services;
    }
  };
  expect_as_planned("keep no account");
  for (ServiceProfile& service : model.services) service.concurrency = 1'000'000;
  expect_as_planned("count their places");
  model.timeout = 1000h;
  expect_as_planned("are told of every end");
}

TEST(PlaceAndRound, WhatHasWaitedIsDrawnForAsIfItHadNot) {
  Model model = with_workflow({{Parallel{{{llm}, {llm}, {llm}}}}});
  model.services[0].latency = WholeLatency{fixed(10s)};
  model.services[0].concurrency = 1;
  model.links.llm = Distribution::exponential(1e9);
  model.load.requests = 1;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    model.seed = seed;
    const auto link = [&](std::uint32_t key, Purpose purpose) {
      return link_delay(model.links.llm, model.seed, 0, key, purpose);
    };
    std::map<Duration, std::uint32_t> arrivals;
    for (const std::uint32_t key : {2U, 3U, 4U}) arrivals[link(key, Purpose::link_ask)] = key;
    Duration end = arrivals.begin()->first;
    Duration last{0};
    for (const auto& [arrival, key] : arrivals) {
      end = std::max(arrival, end) + 10s;
      last = std::max(last, end + link(key, Purpose::link_reply));
    }
    EXPECT_EQ(play(model).at(0).request.stopped, at(last)) << "seed " << seed;
  }
}

enum class Loops : std::uint8_t { none, some };

/// Workflows of any shape, a pure function of a number. Every call is of a service of its own.
class AnyWorkflow {
 public:
  explicit AnyWorkflow(std::uint64_t number, Loops loops = Loops::some)
      : number_(number), loops_(loops) {}

  Workflow make(int depth = 3) {
    Workflow workflow(1 + below(3));
    for (WorkflowStep& step : workflow) step = this->step(depth);
    return workflow;
  }
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(uniform_draw({.request = number_, .operation = draws_++}) *
                                      n);
  }
  std::uint16_t calls() const { return calls_; }

 private:
  WorkflowStep step(int depth) {
    switch (depth == 0 ? below(3) : below(loops_ == Loops::none ? 5 : 8)) {
      case 0:
      case 1:
        return call(OperationKind::tool, calls_++);
      case 2:
        return pause;
      case 3: {
        Choose choose{{1, 2}, {}};
        choose.branches.push_back(make(depth - 1));
        choose.branches.push_back(make(depth - 1));
        return {choose};
      }
      case 4: {
        Parallel parallel;
        parallel.branches.push_back(make(depth - 1));
        parallel.branches.push_back(make(depth - 1));
        return {parallel};
      }
      case 5:
        return {ParallelTimes{times(), make(depth - 1)}};
      default:
        return {Repeat{times(), make(depth - 1)}};
    }
  }
  Distribution times() {
    return below(2) == 0 ? Distribution::constant(below(4)) : Distribution::uniform_whole(0, 3);
  }

  std::uint64_t number_;
  Loops loops_;
  std::uint32_t draws_ = 0;
  std::uint16_t calls_ = 0;
};

/// Changes one value that decides the shape of plans: that of the step which `left` counts down to.
class Change {
 public:
  explicit Change(std::uint32_t which) : left_(which) {}

  void in(Workflow& workflow) {
    for (WorkflowStep& step : workflow) std::visit([this](auto& what) { in(what); }, step.what);
  }
  /// Whether it has found that step; the calls in it are those from `begin` to before `end`.
  bool is_done() const { return done_; }
  bool is_inside(std::uint16_t call) const { return call >= begin_ && call < end_; }

 private:
  void in(ServiceCall&) { ++calls_; }
  void in(Transaction&) {}
  void in(Wait&) {}
  void in(Repeat& repeat) { of_times(repeat.times, repeat.body); }
  void in(ParallelTimes& parallel) { of_times(parallel.times, parallel.branch); }
  void in(Choose& choose) {
    const bool is_it = left_-- == 0;
    if (is_it) std::swap(choose.weights[0], choose.weights[1]);
    const std::uint16_t begin = calls_;
    for (Workflow& branch : choose.branches) in(branch);
    if (is_it) found(begin);
  }
  void in(Parallel& parallel) {
    for (Workflow& branch : parallel.branches) in(branch);
  }
  void of_times(Distribution& times, Workflow& body) {
    const bool is_it = left_-- == 0;
    if (is_it) times = Distribution::uniform_whole(1, 5);
    const std::uint16_t begin = calls_;
    in(body);
    if (is_it) found(begin);
  }
  void found(std::uint16_t begin) {
    done_ = true;
    begin_ = begin;
    end_ = calls_;
  }

  std::uint32_t left_;
  std::uint16_t calls_ = 0;
  std::uint16_t begin_ = 0;
  std::uint16_t end_ = 0;
  bool done_ = false;
};

/// By call, all that is drawn for it in a plan.
std::map<std::uint16_t, std::set<std::uint32_t>> keys_by_call(const Model& model,
                                                              RequestNumber request) {
  std::map<std::uint16_t, std::set<std::uint32_t>> keys;
  for (const PlanStep& step : plan_of(model, request).steps) {
    if (step.what == PlanStep::What::operation) keys[step.service].insert(step.key);
  }
  return keys;
}

bool includes(const std::set<std::uint32_t>& all, const std::set<std::uint32_t>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST(PlaceAndRound, NoTwoOperationsOfAPlanShareThem) {
  for (std::uint64_t n = 0; n < 300; ++n) {
    const Model model = with_workflow(AnyWorkflow(n).make());
    const Plan plan = plan_of(model, n);
    std::set<std::uint32_t> keys;
    std::size_t steps = 0;
    for (const PlanStep& step : plan.steps) {
      if (step.what != PlanStep::What::operation && step.what != PlanStep::What::wait) continue;
      keys.insert(step.key);
      ++steps;
    }
    EXPECT_EQ(keys.size(), steps) << "workflow " << n;
  }
}

TEST(PlaceAndRound, AChangedValueLeavesTheDrawsOfAllOtherPlacesAsTheyWere) {
  std::size_t changed = 0;
  for (std::uint64_t n = 0; n < 300; ++n) {
    AnyWorkflow any(n);
    const Model model = with_workflow(any.make());
    Model other = model;
    Change change(any.below(4));
    change.in(other.workflow);
    if (!change.is_done()) continue;
    for (RequestNumber request = 0; request < 10; ++request) {
      auto before = keys_by_call(model, request);
      auto after = keys_by_call(other, request);
      for (std::uint16_t call = 0; call < any.calls(); ++call) {
        changed += before[call] != after[call] ? 1 : 0;
        if (change.is_inside(call)) {
          // Fewer rounds, or more, and those that both have are drawn alike.
          EXPECT_TRUE(includes(before[call], after[call]) || includes(after[call], before[call]))
              << "workflow " << n << ", call " << call;
        } else {
          EXPECT_EQ(before[call], after[call]) << "workflow " << n << ", call " << call;
        }
      }
    }
  }
  EXPECT_GT(changed, 1000U) << "a change that changes nothing proves nothing";
}

TEST(PlaceAndRound, AStepAtTheEndLeavesTheDrawsOfFirstRoundsAsTheyWere) {
  for (std::uint64_t n = 0; n < 300; ++n) {
    AnyWorkflow any(n, Loops::none);
    const Model model = with_workflow(any.make());
    Model longer = model;
    longer.workflow.push_back({Repeat{Distribution::uniform_whole(1, 5), {llm}}});
    for (RequestNumber request = 0; request < 10; ++request) {
      auto before = keys_by_call(model, request);
      auto after = keys_by_call(longer, request);
      for (const auto& [call, keys] : before) {
        if (call == 0) continue;  // the added one as well
        EXPECT_EQ(after[call], keys) << "workflow " << n << ", call " << call;
      }
    }
  }
  EXPECT_EQ(keys_of({repeat(2, {llm}), tool, pause}), (Keys{2, 2 + 4, 3, 4}));
  EXPECT_EQ(keys_of({repeat(2, {llm}), tool, pause, llm}), (Keys{2, 2 + 5, 3, 4, 5}));
}

}  // namespace
}  // namespace caesura
