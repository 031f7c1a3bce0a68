#include "sim/random.hpp"
#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

// What holds between policies, request by request, over random models.
//
// Up to the first cancel a request does the same under every policy. From then on no policy starts
// anything, so a policy that cuts off the same operations earlier stops no later and uses no more.
// That is so for a tree as well: the cancel reaches a child that is told of it at one and the same
// time. It is so for children that are not told: whoever leaves them or waits for them, they use
// the same, all of it. What it takes is that requests do not share places, where one that stops
// early lets another one in, and that there is no failure or timeout.

namespace caesura {
namespace {

using namespace testing;

constexpr int models = 400;

/// Random numbers for the making of models.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * uniform_draw({.seed = seed_, .operation = draws_++});
  }
  /// 0 to n - 1.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(between(0, n)); }
  bool chance(double probability) { return between(0, 1) < probability; }

 private:
  std::uint64_t seed_;
  std::uint32_t draws_ = 0;
};

/// Beyond what dominance allows.
struct Trouble {
  bool places = false;  ///< limited concurrency and queues
  bool failures = false;
  bool timeouts = false;
};

/// Makes a model of two LLMs, two tools, an agent without a workflow, and three with one, of which
/// each may call those before it.
class ModelMaker {
 public:
  ModelMaker(std::uint64_t seed, const Trouble& trouble) : dice_(seed), trouble_(trouble) {
    // In whole tenths of a second and without links much falls on one instant.
    in_tenths_ = dice_.chance(0.4);
    model_.seed = seed;
  }

  Model make() {
    const std::uint32_t requests = 20 + dice_.below(20);
    model_.load = {.requests = requests,
                   .duration = {},
                   .arrivals = ConstantArrivals{.requests = 2, .per = 1s}};
    if (dice_.chance(0.3)) model_.load.arrivals = ArrivalsAtOnce{};
    if (dice_.chance(0.3)) model_.load.arrivals = RandomArrivals{Distribution::exponential(5e8)};
    model_.links = {.client = link(), .llm = link(), .tool = link(), .agent = link()};
    for (const ServiceKind kind : {ServiceKind::llm, ServiceKind::llm, ServiceKind::tool,
                                   ServiceKind::tool, ServiceKind::agent}) {
      model_.services.push_back(some_service(kind));
    }
    model_.services[3].transactional = dice_.chance(0.3);
    while (model_.services.size() < 8) {
      ServiceProfile agent = service(ServiceKind::agent, {});
      add_trouble(agent);
      ChildWorkflow child{
          .workflow = workflow(1),
          .propagate = dice_.chance(0.5)};  // calls only those that there are by now
      model_.services.push_back(agent);
      model_.children.resize(model_.services.size());
      model_.children.back() = child;
    }
    model_.workflow = workflow(0);
    const std::uint32_t sources = 1 + dice_.below(3);
    for (std::uint32_t i = 0; i < sources; ++i) model_.cancels.push_back(some_cancel());
    if (trouble_.timeouts)
      model_.timeout = Duration{static_cast<std::int64_t>(dice_.between(1, 15)) * 1'000'000'000};
    return model_;
  }

 private:
  /// Nanoseconds, for a mean in seconds.
  Distribution some_duration(double mean) {
    if (in_tenths_) return tenths(mean);
    switch (dice_.below(3)) {
      case 0:
        return Distribution::exponential(mean * 1e9);
      case 1:
        return Distribution::lognormal_median_sigma(mean * 1e9, 1.2);
      default:
        return Distribution::uniform(0, 2 * mean * 1e9);
    }
  }
  Distribution tenths(double mean) {
    std::vector<double> values;
    for (int i = 0; i < 5; ++i)
      values.push_back(1e8 * (1 + dice_.below(static_cast<std::uint32_t>(20 * mean))));
    return Distribution::empirical(values);
  }
  Distribution link() {
    if (in_tenths_ || dice_.chance(0.3)) return dice_.chance(0.3) ? fixed(100ms) : Distribution{};
    return Distribution::exponential(dice_.between(1e6, 2e8));
  }

  ServiceProfile some_service(ServiceKind kind) {
    ServiceProfile s = service(kind, some_duration(dice_.between(0.5, 4)));
    if (kind == ServiceKind::llm && dice_.chance(0.5))
      s.latency = TokenLatency{some_duration(0.5), Distribution::constant(2e7)};
    if (kind != ServiceKind::tool) {
      s.input_tokens = Distribution::constant(dice_.below(1000));
      s.output_tokens = Distribution::geometric(dice_.between(1, 200));
      s.cached_input_tokens =
          GrowingContext{.first = {dice_.below(500)}, .per_call = {dice_.below(100)}};
      s.price = {.input = Money{30}, .cached_input = Money{3}, .output = Money{150}};
    }
    s.on_abort = std::vector{OnAbort::generated, OnAbort::full, OnAbort::input,
                             OnAbort::none}[dice_.below(4)];
    add_trouble(s);
    return s;
  }
  void add_trouble(ServiceProfile& s) {
    if (trouble_.failures && dice_.chance(0.5)) {
      s.failure_rate = dice_.between(0, 0.3);
      s.on_failure = dice_.chance(0.5) ? OnFailure::fail : OnFailure::go_on;
    }
    if (!trouble_.places || dice_.chance(0.5)) return;
    s.concurrency = 1 + dice_.below(3);
    if (dice_.chance(0.5)) s.queue = dice_.below(4);
  }

  Workflow workflow(int depth) {
    Workflow steps;
    const std::uint32_t length = 1 + dice_.below(depth == 0 ? 4 : 2);
    for (std::uint32_t i = 0; i < length; ++i) steps.push_back(step(depth));
    return steps;
  }
  WorkflowStep step(int depth) {
    const std::uint32_t simple = 6;
    switch (dice_.below(depth < 3 ? simple + 4 : simple)) {
      case 0:
        return {Wait{some_duration(1)}};
      case 1:
        return {Transaction{some_duration(0.5)}};
      case simple:
        return {Repeat{.times = Distribution::uniform_whole(0, 3), .body = workflow(depth + 1)}};
      case simple + 1:
        return {Choose{.weights = {1, 2}, .branches = {workflow(depth + 1), workflow(depth + 1)}}};
      case simple + 2:
        return {Parallel{{workflow(depth + 1), workflow(depth + 1), workflow(depth + 1)}}};
      case simple + 3:
        return {ParallelTimes{.times = Distribution::uniform_whole(1, 3),
                              .branch = workflow(depth + 1)}};
      default:
        return some_call();
    }
  }
  WorkflowStep some_call() {
    const auto index =
        static_cast<std::uint16_t>(dice_.below(static_cast<std::uint32_t>(model_.services.size())));
    switch (model_.services[index].kind) {
      case ServiceKind::llm: {
        // Only a request with a client may stream; when all agents are there, it is the request's
        // workflow that is made.
        const bool streams = model_.services.size() == 8 && dice_.chance(0.3);
        return call(dice_.chance(0.3) ? OperationKind::decompose : OperationKind::llm, index,
                    streams ? 7 : 0);
      }
      case ServiceKind::tool:
        return call(OperationKind::tool, index);
      case ServiceKind::agent:
        return call(OperationKind::agent, index);
    }
    return {};
  }

  CancelSource some_cancel() {
    CancelSource source;
    source.probability = 0.7;
    source.times = static_cast<std::uint16_t>(1 + dice_.below(2));
    source.every = 300ms;
    source.even_if_finished = dice_.chance(0.2);
    switch (dice_.below(7)) {
      case 0:
        source.moment = CancelDuringRequest{Distribution::uniform(0, 1)};
        break;
      case 1:
        source.moment = CancelDuringKind{.kind = all_operation_kinds[dice_.below(operation_kinds)],
                                         .at = Distribution::uniform(0, 1)};
        break;
      case 2:
        source.moment = CancelOverTokens{Tokens{dice_.below(2000)}};
        break;
      case 3:
        source.moment = CancelAfterChunks{1 + dice_.below(5)};
        break;
      default:
        source.moment = CancelAfter{some_duration(3)};
        break;
    }
    return source;
  }

  Dice dice_;
  Trouble trouble_;
  bool in_tenths_ = false;
  Model model_;
};

bool is_at_most(const Amounts& a, const Amounts& b) {
  for (std::size_t k = 0; k < operation_kinds; ++k) {
    if (a.busy[k] > b.busy[k]) return false;
  }
  return a.tokens.input <= b.tokens.input && a.tokens.cached_input <= b.tokens.cached_input &&
         a.tokens.output <= b.tokens.output && a.cost <= b.cost;
}

/// How often it was seen: a property of cases that never come up would prove nothing.
struct Sightings {
  int cancelled = 0;
  int earlier = 0;
  int cheaper = 0;
  int orphaned = 0;
};

/// Under `faster` every request stops no later than under `slower`, and uses no more of anything.
void expect_dominance(const AllSettled& faster, const AllSettled& slower, Sightings& sightings) {
  ASSERT_EQ(faster.size(), slower.size());
  for (const auto& [number, fast] : faster) {
    const RequestReport& a = fast.request;
    const RequestReport& b = slower.at(number).request;
    ASSERT_EQ(a.outcome, b.outcome) << "request " << number;
    ASSERT_EQ(a.cancel_received, b.cancel_received) << "request " << number;
    ASSERT_LE(a.stopped, b.stopped) << "request " << number;
    ASSERT_TRUE(is_at_most(a.used, b.used)) << "request " << number;
    ASSERT_TRUE(is_at_most(a.used_after_cancel, b.used_after_cancel)) << "request " << number;
    sightings.cancelled += a.outcome == Outcome::cancelled ? 1 : 0;
    sightings.earlier += a.stopped < b.stopped ? 1 : 0;
    sightings.cheaper += a.used.tokens.sum() < b.used.tokens.sum() ? 1 : 0;
    sightings.orphaned += a.orphans.count > b.orphans.count ? 1 : 0;
  }
}

TEST(Dominance, AbortStopsNoLaterThanEscalateAndEscalateNoLaterThanCheckpointAndNoneUsesMore) {
  Sightings abort_sightings;
  Sightings escalate_sightings;
  Sightings disconnect_sightings;
  for (int m = 0; m < models; ++m) {
    SCOPED_TRACE("model " + std::to_string(m));
    const auto seed = static_cast<std::uint64_t>(m);
    const Model model = ModelMaker(seed, {}).make();
    Dice dice(seed + 1'000'000);
    Kinds kinds;
    for (const OperationKind kind : all_kinds) {
      if (dice.chance(0.7)) kinds.push_back(kind);
    }
    const Duration detect = 100ms * static_cast<int>(dice.below(5));
    const Duration patience = 100ms * static_cast<int>(dice.below(20));
    const MakeWorld make = m % 8 == 0 ? make_caf_world : make_direct_world;
    const AllSettled checkpoint = play(model, PolicyKind::checkpoint, make);
    const AllSettled escalate = play(model, escalate_after(patience, detect, kinds), make);
    expect_dominance(escalate, checkpoint, escalate_sightings);
    expect_dominance(play(model, abort_after(detect, kinds), make), escalate, abort_sightings);
    expect_dominance(play(model, disconnect_after(detect), make), checkpoint, disconnect_sightings);
    if (HasFatalFailure()) return;
  }
  for (const Sightings& s : {abort_sightings, escalate_sightings, disconnect_sightings}) {
    EXPECT_GT(s.cancelled, 10 * models);
    EXPECT_GT(s.earlier, models / 2);
    EXPECT_GT(s.cheaper, models / 4);
  }
  EXPECT_GT(abort_sightings.orphaned, 50);
  EXPECT_GT(escalate_sightings.orphaned, 50);
}

TEST(EveryPolicy, PlansTheSameForEachRequestWhateverBecomesOfIt) {
  int sightings = 0;
  for (int m = 0; m < models; ++m) {
    SCOPED_TRACE("model " + std::to_string(m));
    const Trouble trouble{.places = m % 2 == 0, .failures = m % 3 != 0, .timeouts = m % 5 < 2};
    const Model model = ModelMaker(static_cast<std::uint64_t>(m) + 2'000'000, trouble).make();
    const AllSettled baseline = play(model, PolicyKind::never);
    for (const Policy& p : {policy(PolicyKind::checkpoint), abort_after(100ms),
                            disconnect_after(200ms), escalate_after(500ms, 100ms)}) {
      const AllSettled settled = play(model, p);
      ASSERT_EQ(settled.size(), baseline.size());
      for (const auto& [number, s] : settled) {
        ASSERT_EQ(s.request.planned, baseline.at(number).request.planned)
            << p.name << ", request " << number;
        sightings += s.request.outcome != baseline.at(number).request.outcome ? 1 : 0;
      }
    }
  }
  EXPECT_GT(sightings, models);
}

TEST(EveryPolicy, OnlyCancelledRequestsSaveAndUnderNeverAllThatIsNotForgoneIsUsed) {
  int forgone = 0;
  int saved = 0;
  for (int m = 0; m < models; ++m) {
    SCOPED_TRACE("model " + std::to_string(m));
    const Trouble trouble{.places = m % 2 == 0, .failures = m % 3 != 0, .timeouts = m % 5 < 2};
    const Model model = ModelMaker(static_cast<std::uint64_t>(m) + 3'000'000, trouble).make();
    for (const auto& [number, s] : play(model, PolicyKind::never)) {
      ASSERT_EQ(s.request.saved, Amounts{}) << "request " << number;
      ASSERT_EQ(s.request.used + s.request.forgone, s.request.planned) << "request " << number;
      if (!trouble.places && !trouble.failures && !trouble.timeouts) {
        ASSERT_EQ(s.request.forgone, Amounts{}) << "request " << number;
      }
      forgone += s.request.forgone == Amounts{} ? 0 : 1;
    }
    for (const auto& [number, s] : play(model, abort_after(100ms))) {
      if (s.request.outcome != Outcome::cancelled) {
        ASSERT_EQ(s.request.saved, Amounts{}) << "request " << number;
      }
      saved += s.request.saved == Amounts{} ? 0 : 1;
    }
  }
  EXPECT_GT(forgone, models);
  EXPECT_GT(saved, models);
}

TEST(EveryPolicy, GivesTheSameOnBothEngines) {
  for (int m = 0; m < models / 4; ++m) {
    SCOPED_TRACE("model " + std::to_string(m));
    const Trouble trouble{.places = m % 2 == 0, .failures = m % 3 != 0, .timeouts = m % 5 < 2};
    const Model model = ModelMaker(static_cast<std::uint64_t>(m) + 4'000'000, trouble).make();
    const Policy p = m % 4 < 2 ? abort_after(100ms) : escalate_after(500ms, 100ms);
    const AllSettled direct = play(model, p, make_direct_world);
    const AllSettled caf = play(model, p, make_caf_world);
    ASSERT_EQ(direct.size(), caf.size());
    for (const auto& [number, d] : direct) {
      const Settled& c = caf.at(number);
      ASSERT_EQ(d.request.outcome, c.request.outcome) << "request " << number;
      ASSERT_EQ(d.request.stopped, c.request.stopped) << "request " << number;
      ASSERT_EQ(d.request.used, c.request.used) << "request " << number;
      ASSERT_EQ(d.request.saved, c.request.saved) << "request " << number;
      ASSERT_EQ(d.request.used_after_cancel, c.request.used_after_cancel) << "request " << number;
      ASSERT_EQ(d.request.billed, c.request.billed) << "request " << number;
      ASSERT_EQ(d.request.interrupted, c.request.interrupted) << "request " << number;
      ASSERT_EQ(d.request.orphans, c.request.orphans) << "request " << number;
      ASSERT_EQ(d.client.answered, c.client.answered) << "request " << number;
    }
  }
}

}  // namespace
}  // namespace caesura
