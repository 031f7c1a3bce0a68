#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

// Where nothing is cut off, a service with places to spare is not told of the ends of operations. A
// timeout that never comes has it told of all: what becomes of the requests must be the same to the
// last bit, whoever waits for whom, however many things coincide.

namespace caesura {
namespace {

using namespace testing;

class UntoldEnds : public ::testing::TestWithParam<Engine> {
 private:
  static auto fate(const Settled& s) {
    return std::tuple(s.request.outcome, s.request.started.time_since_epoch(),
                      s.request.stopped.time_since_epoch(), s.request.operations_done,
                      s.request.used.busy, s.request.saved.busy, s.request.forgone.busy,
                      s.request.cancelled_in, s.client.answered.time_since_epoch(),
                      s.client.cancels_accepted, s.client.cancels_too_late);
  }

 protected:
  static constexpr Duration never_reached = 100'000'000s;

  std::uint64_t messages(const Model& model) {
    PassedOn reports([](const Settled&) {});
    const Policy checkpoint = policy(PolicyKind::checkpoint);
    const auto world =
        GetParam().make({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
    announce_load(model, *world);
    const std::atomic<bool> stop{false};
    EXPECT_TRUE(world->run(stop));
    return world->counters().messages;
  }

  void expect_the_same_if_told(Model model, PolicyKind kind) {
    const AllSettled untold = play(model, kind, GetParam().make);
    model.timeout = never_reached;
    const AllSettled told = play(model, kind, GetParam().make);
    ASSERT_EQ(untold.size(), told.size());
    for (const auto& [number, s] : untold)
      EXPECT_EQ(fate(s), fate(told.at(number))) << "request " << number;
  }
};
INSTANTIATE_TEST_SUITE_P(Virtual, UntoldEnds, ::testing::ValuesIn(both_engines));

TEST_P(UntoldEnds, TakeNoMessageWhileThereIsRoom) {
  Model model = two_services(20, 4);
  const std::uint64_t without_limit = messages(model);
  for (ServiceProfile& profile : model.services) profile.concurrency = 100;
  EXPECT_EQ(messages(model), without_limit);
}

TEST_P(UntoldEnds, AreKnownWhenAnOperationAsksForThePlace) {
  Model model = two_services(2, 1);
  model.services[1].concurrency = 1;
  model.services[1].queue = 0;
  for (const auto& [gap, second] :
       {std::pair<Duration, Outcome>{9'999ms, Outcome::rejected}, {10s, Outcome::completed}}) {
    model.load.arrivals = ConstantArrivals{.requests = 1, .per = gap};
    const AllSettled all = play(model, PolicyKind::checkpoint, GetParam().make);
    EXPECT_EQ(all.at(0).request.outcome, Outcome::completed);
    EXPECT_EQ(all.at(1).request.outcome, second)
        << "a request " << gap / 1ms
        << " ms later; an end comes before an Ask sent after its start";
  }
}

/// Branches, failures, cancels, links and limits, everything in halves of a second, so that most
/// moments coincide with others.
Model coinciding(std::uint64_t places, std::optional<std::uint64_t> queue, Duration link) {
  Model model = two_services(40, 1);
  model.load.arrivals = ConstantArrivals{.requests = 2, .per = 1s};
  model.services[0].latency = WholeLatency{Distribution::empirical({5e8, 1e9, 1e9, 2e9})};
  model.services[1].latency = WholeLatency{fixed(1s)};
  model.services[1].failure_rate = 0.1;
  model.services[1].on_failure = OnFailure::fail;
  for (ServiceProfile& profile : model.services)
    profile.concurrency = places, profile.queue = queue;
  model.links.llm = fixed(link);
  const WorkflowStep model_call = call(OperationKind::llm, 0);
  const WorkflowStep tool_call = call(OperationKind::tool, 1);
  model.workflow = {
      model_call,
      {Parallel{
          {{tool_call, model_call}, {model_call, tool_call}, {{Wait{fixed(500ms)}}, tool_call}}}},
      call(OperationKind::llm, 0, 8),
      tool_call};
  model.services[0].output_tokens = Distribution::constant(20);
  model.cancels = {cancel_after(4s)};
  model.cancels[0].probability = 0.3;
  CancelSource during;
  during.probability = 0.3;
  during.moment = CancelDuringKind{.kind = OperationKind::tool, .at = Distribution::constant(1)};
  model.cancels.push_back(during);
  return model;
}

TEST_P(UntoldEnds, ChangeNothingWhateverCoincides) {
  for (const std::uint64_t places : {1U, 2U, 3U, 8U, 20U, 60U, 1000U}) {
    for (const std::optional<std::uint64_t> queue : {std::optional<std::uint64_t>(), {0}, {3}}) {
      for (const Duration link : {Duration{0}, Duration{500ms}}) {
        for (const PolicyKind kind : {PolicyKind::checkpoint, PolicyKind::never}) {
          SCOPED_TRACE(std::to_string(places) + " places, queue " +
                       (queue ? std::to_string(*queue) : "without limit") + ", link of " +
                       std::to_string(link / 1ms) + " ms, " + name_of(kind));
          expect_the_same_if_told(coinciding(places, queue, link), kind);
        }
      }
    }
  }
}

TEST_P(UntoldEnds, OfManyAreForgottenAsTheyCome) {
  Model model = two_services(3000, 2);
  model.services[0].latency = WholeLatency{Distribution::exponential(1e9)};
  model.services[1].latency = WholeLatency{Distribution::exponential(3e9)};
  model.load.arrivals = RandomArrivals{Distribution::exponential(2e7)};
  for (const std::uint64_t places :
       {100U, 150U, 200U, 400U, 100'000U}) {  // some 50 and 150 of the 400 are taken
    SCOPED_TRACE(std::to_string(places) + " places");
    for (ServiceProfile& profile : model.services) profile.concurrency = places;
    expect_the_same_if_told(model, PolicyKind::checkpoint);
  }
}

}  // namespace
}  // namespace caesura
