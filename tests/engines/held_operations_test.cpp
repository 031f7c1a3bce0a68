#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

// A service of few places keeps account of every operation until its end. However those of one
// request come to theirs, and in whatever order, no place is lost and none is won: what comes later
// is served as if nothing had been before.

namespace caesura {
namespace {

using namespace testing;

/// In which order a request's branches ask, seen from the order in which they are withdrawn: that
/// of the branches.
using Rank = std::uint32_t (*)(std::uint32_t branch, std::uint32_t branches);
constexpr Rank ranks[] = {
    [](std::uint32_t branch, std::uint32_t) { return branch; },
    [](std::uint32_t branch, std::uint32_t branches) { return branches - 1 - branch; },
    [](std::uint32_t branch, std::uint32_t branches) {
      return (7 * branch + branches / 2) % branches;
    }};

/// What the branches ask for: each 10 s long.
struct Kind {
  const char* name;
  WorkflowStep asks;
  void (*set_up)(Model& model);
};
void child_of_10s(Model& model, bool propagate) {
  model.services.push_back(service(ServiceKind::agent, {}));
  model.children.resize(3);
  model.children[2] =
      ChildWorkflow{.workflow = {call(OperationKind::tool, 1)}, .propagate = propagate};
}
const Kind kinds[] = {{"tool", call(OperationKind::tool, 1), [](Model&) {}},
                      {"transactional tool", call(OperationKind::tool, 1),
                       [](Model& model) { model.services[1].transactional = true; }},
                      {"streamed answer", call(OperationKind::llm, 0, 8),
                       [](Model& model) {
                         model.services[0].latency = WholeLatency{fixed(10s)};
                         model.services[0].output_tokens = Distribution::constant(30);
                       }},
                      {"child request", call(OperationKind::agent, 2),
                       [](Model& model) { child_of_10s(model, true); }},
                      {"child request that is told nothing", call(OperationKind::agent, 2),
                       [](Model& model) { child_of_10s(model, false); }}};

struct Branches {
  std::uint32_t count = 1;
  Rank rank = ranks[0];
  std::uint64_t places = 1;
};

/// Requests of so many branches at once, each far behind the one before.
Model branching(const Kind& kind, const Branches& branches, std::uint64_t requests) {
  Model model = two_services(requests);
  model.load.arrivals = ConstantArrivals{.requests = 1, .per = 1000s};
  kind.set_up(model);
  model.services[std::get<ServiceCall>(kind.asks.what).service].concurrency = branches.places;
  Parallel parallel;
  for (std::uint32_t b = 0; b < branches.count; ++b)
    parallel.branches.push_back(
        {{Wait{fixed(branches.rank(b, branches.count) * Duration{1ms})}}, kind.asks});
  model.workflow = {{parallel}};
  return model;
}

Duration time_of(const Settled& s) { return s.request.stopped - s.request.started; }

class HeldOperations : public ::testing::TestWithParam<Engine> {
 protected:
  using Check = std::function<void(const Kind&, const Branches&)>;
  static void for_each_way(const Check& check) {
    for (const Kind& kind : kinds) {
      for (const std::uint32_t count : {1U, 2U, 3U, 50U}) {
        for (const Rank rank : ranks) {
          for (const std::uint32_t places : {1U, (count + 1) / 2, count}) {
            SCOPED_TRACE(std::string(kind.name) + ", " + std::to_string(count) + " branches, " +
                         std::to_string(places) + " places, order " +
                         std::to_string(rank(0, count)));
            check(kind, {.count = count, .rank = rank, .places = places});
            if (HasFailure()) return;
          }
        }
      }
    }
  }
  AllSettled all(const Model& model, const Policy& p) { return play(model, p, GetParam().make); }
};
INSTANTIATE_TEST_SUITE_P(Virtual, HeldOperations, ::testing::ValuesIn(both_engines));

TEST_P(HeldOperations, LeaveTheirPlacesToLaterRequestsInWhateverOrderACancelWithdrawsThem) {
  constexpr std::uint64_t requests = 16;
  std::size_t cancelled = 0;
  std::size_t undisturbed = 0;
  for_each_way([&](const Kind& kind, const Branches& branches) {
    Model model = branching(kind, branches, requests);
    const Duration alone = time_of(all(model, policy(PolicyKind::checkpoint)).at(0));
    // At any moment: before the first asks, while some wait, when some have ended.
    CancelSource source;
    source.probability = 0.6;
    source.moment = CancelAfter{Distribution::uniform(0, static_cast<double>(alone.count()))};
    model.cancels = {source};
    for (const Policy& p : {policy(PolicyKind::checkpoint), abort_after(0s), abort_after(2s)}) {
      for (const auto& [number, s] : all(model, p)) {
        if (s.client.cancels_sent > 0) {
          EXPECT_EQ(s.request.outcome, Outcome::cancelled);
          ++cancelled;
        } else {
          EXPECT_EQ(s.request.outcome, Outcome::completed);
          EXPECT_EQ(time_of(s), alone) << p.name << ", request " << number;
          ++undisturbed;
        }
      }
    }
  });
  EXPECT_GT(cancelled, 1000U);
  EXPECT_GT(undisturbed, 1000U);
}

TEST_P(HeldOperations, LeaveTheirPlacesToLaterRequestsAtATimeout) {
  for_each_way([&](const Kind& kind, const Branches& branches) {
    Model model = branching(kind, branches, 5);
    for (const Duration timeout : {Duration{5ms}, Duration{7s}, Duration{13s}}) {
      model.timeout = timeout;
      const AllSettled settled = all(model, policy(PolicyKind::checkpoint));
      const RequestReport& first = settled.at(0).request;
      for (const auto& [number, s] : settled) {
        EXPECT_EQ(s.request.outcome, first.outcome);
        EXPECT_EQ(time_of(s), first.stopped - first.started);
        EXPECT_EQ(s.request.operations_done, first.operations_done);
        EXPECT_EQ(s.request.used, first.used) << "request " << number;
        EXPECT_EQ(s.request.interrupted, first.interrupted);
      }
    }
  });
}

/// All that can befall them at once, in a crowd: drawn latencies, a queue, cancels, failures, new
/// requests where old ones lived whose operations still run.
Model crowd(const Kind& kind, std::uint64_t places) {
  Model model = branching(kind, {.count = 6, .rank = ranks[2], .places = places}, 1);
  const Distribution latency = Distribution::exponential(10e9);
  for (ServiceProfile& profile : model.services) {
    if (profile.kind != ServiceKind::agent) profile.latency = WholeLatency{latency};
  }
  model.links.tool = model.links.llm = model.links.agent = Distribution::exponential(2e8);
  model.workflow.push_back(
      {ParallelTimes{Distribution::uniform_whole(0, 5),
                     {kind.asks, {Wait{Distribution::exponential(1e9)}}, kind.asks}}});
  model.cancels = {cancel_after(0s)};
  model.cancels[0].probability = 0.7;
  model.cancels[0].moment = CancelAfter{Distribution::exponential(20e9)};
  return model;
}

/// Requests of which the first 150 come close together, if told so, and the last 30 each alone.
Model coming(Model model, bool in_a_crowd) {
  TracedArrivals arrivals;
  for (std::int64_t n = 0; n < 180; ++n)
    arrivals.arrivals.push_back(
        at(n * (in_a_crowd && n < 150 ? Duration{3s} : Duration{100'000s})));
  model.load = {.requests = arrivals.arrivals.size(), .duration = {}, .arrivals = arrivals};
  return model;
}

TEST_P(HeldOperations, OfACrowdAreForgottenWhenItHasGone) {
  for (const Kind& kind : kinds) {
    for (const auto& [places, timeout] : {std::pair<std::uint64_t, Duration>{1, 1000s},
                                          {4, 1000s},
                                          {30, 1000s},
                                          {4, 15s},
                                          {30, 15s}}) {
      SCOPED_TRACE(std::string(kind.name) + ", " + std::to_string(places) + " places, timeout " +
                   std::to_string(timeout / 1s) + " s");
      Model model = crowd(kind, places);
      model.timeout = timeout;
      Model undisturbed = coming(model, false);
      undisturbed.cancels.clear();
      const AllSettled alone = all(undisturbed, policy(PolicyKind::checkpoint));
      for (const Policy& p :
           {policy(PolicyKind::checkpoint), abort_after(100ms), escalate_after(1s, 1s)}) {
        std::size_t compared = 0;
        for (const auto& [number, s] : all(coming(model, true), p)) {
          if (number < 150 || s.client.cancels_sent > 0) continue;
          EXPECT_EQ(time_of(s), time_of(alone.at(number))) << p.name << ", request " << number;
          EXPECT_EQ(s.request.used, alone.at(number).request.used)
              << p.name << ", request " << number;
          ++compared;
        }
        EXPECT_GT(compared, 3U);
      }
    }
  }
}

}  // namespace
}  // namespace caesura
