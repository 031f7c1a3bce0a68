#include "engines/caf_realtime.hpp"

#include "actors/rules.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

const Policy checkpoint{.name = "checkpoint", .kind = PolicyKind::checkpoint};
const std::atomic<bool> never_stop{false};

/// An hour of simulated time passes in three milliseconds or so: as fast as the machine can.
constexpr double as_fast_as_possible = 1e6;

/// LLM and tool calls of requests that share nothing and that nobody cancels; each times out long
/// after its end.
Model undisturbed_model(std::uint64_t requests) {
  Model model;
  model.load.requests = requests;
  model.load.arrivals = ConstantArrivals{.requests = 10, .per = 1s};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency =
      TokenLatency{Distribution::lognormal_median_sigma(2e8, 0.5), Distribution::constant(1e6)};
  llm.output_tokens = Distribution::geometric(40);
  ServiceProfile tool;
  tool.kind = ServiceKind::tool;
  tool.name = "tool";
  tool.latency = WholeLatency{Distribution::exponential(3e8)};
  model.services = {llm, tool};
  model.links.client = Distribution::constant(1e7);
  model.links.tool = Distribution::constant(1e6);
  model.workflow = {{Repeat{.times = Distribution::constant(3),
                            .body = {{ServiceCall{.kind = OperationKind::llm, .service = 0}},
                                     {ServiceCall{.kind = OperationKind::tool, .service = 1}}}}}};
  model.timeout = 24h * 365;
  return model;
}

class Reports final : public ReportSink {
 public:
  void add(const RequestReport& report) override {
    stopped[report.number] = {report.stopped, report.outcome};
  }
  void add(const ClientReport& report) override {
    answered[report.number] = report.answered;
    if (stop_at_first) *stop_at_first = true;
  }

  std::map<RequestNumber, std::pair<Time, Outcome>> stopped;
  std::map<RequestNumber, Time> answered;
  std::atomic<bool>* stop_at_first = nullptr;
};

TEST(RealtimeWorld, EndsEveryRequestAsVirtualTimeDoesAndNoEarlierAndNoLaterThanItsLatenessAllows) {
  Model model = undisturbed_model(30);
  model.load.arrivals =
      ClosedLoad{.users = 1, .think = Distribution::constant(1e8)};  // one after another
  Reports nominal;
  const auto virtual_world =
      make_caf_world({.model = model, .policy = checkpoint, .reports = nominal, .observer = {}});
  virtual_world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(virtual_world->run(never_stop));
  for (const int workers : {1, 2}) {
    Reports reports;
    const auto world = make_realtime_world(
        {.model = model, .policy = checkpoint, .reports = reports, .observer = {}},
        {.time_scale = as_fast_as_possible, .workers = workers, .requests_expected = 30});
    world->post(client_address, Arrive{}, Time{});
    EXPECT_TRUE(world->run(never_stop));
    const std::uint64_t messages = world->counters().messages;
    EXPECT_GT(messages, 30U * 6);
    for (const auto& [number, end] : nominal.stopped) {
      EXPECT_EQ(reports.stopped.at(number).second, end.second);
      EXPECT_GE(reports.stopped.at(number).first, end.first);
      // Every message before it, of this request or an earlier one, may have been as late as the
      // latest.
      EXPECT_LE(reports.stopped.at(number).first,
                end.first + world->greatest_lateness() * static_cast<std::int64_t>(messages));
    }
  }
}

TEST(RealtimeWorld, SettlesEveryRequestOnceEvenIfCancelledLate) {
  Model model = undisturbed_model(200);
  model.cancels = {{.probability = 0.5,
                    .moment = CancelAfter{Distribution::uniform(0, 2e9)},
                    .times = 3,
                    .every = 20ms}};
  Reports reports;
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}},
      {.time_scale = as_fast_as_possible, .workers = 2, .requests_expected = 200});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(world->run(never_stop));
  EXPECT_EQ(reports.answered.size(), 200U);
  EXPECT_EQ(reports.stopped.size(), 200U);
}

TEST(RealtimeWorld, NeverTurnsAnActorsTimeBack) {
  Model model = undisturbed_model(100);
  model.links.client = Distribution::uniform(0, 1e8);
  Reports reports;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Time> latest;
  bool turned_back = false;
  const auto world = make_realtime_world(
      {.model = model,
       .policy = checkpoint,
       .reports = reports,
       .observer =
           [&](Time now, Address to, const Message&, bool dropped) {
             Time& before = latest[{to.index, to.generation}];
             if (!dropped && now < before) turned_back = true;
             before = now;
           }},
      {.time_scale = as_fast_as_possible, .workers = 2, .requests_expected = 100});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(world->run(never_stop));
  EXPECT_FALSE(turned_back);
}

TEST(RealtimeWorld, ReturnsSoonAfterStopAndFreesPendingTimers) {
  const Model model = undisturbed_model(1'000'000);
  Reports reports;
  std::atomic<bool> stop{false};
  reports.stop_at_first = &stop;
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}},
      {.time_scale = 1000, .requests_expected = 1'000'000});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_FALSE(world->run(stop));
  EXPECT_GE(reports.answered.size(), 1U);
}

TEST(RealtimeWorld, ReturnsAtOnceIfToldToStopBeforehand) {
  const Model model = undisturbed_model(10);
  Reports reports;
  const std::atomic<bool> stop{true};
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}}, {});
  world->post(client_address, Arrive{}, Time{24h});
  EXPECT_FALSE(world->run(stop));
  EXPECT_EQ(world->counters().messages, 0U);
}

TEST(RealtimeWorld, HandsOutWhatAnActorThrows) {
  const Model model = undisturbed_model(10);
  Reports reports;
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}}, {});
  world->post(client_address, Release{}, Time{});  // no client ever gets one
  EXPECT_THROW(world->run(never_stop), std::logic_error);
}

TEST(RealtimeWorld, RunsOnlyOnce) {
  const Model model = undisturbed_model(10);
  Reports reports;
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}},
      {.requests_expected = 0});
  EXPECT_TRUE(world->run(never_stop));
  world->post(client_address, Arrive{}, Time{});  // nothing happens
  EXPECT_THROW(world->run(never_stop), std::logic_error);
}

TEST(RealtimeWorld, CanBeGivenUpWithoutEverRunning) {
  const Model model = undisturbed_model(10);
  Reports reports;
  const auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}}, {});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_EQ(world->now(), Time{});
}

/// Operations that last for hours, and a source of cancels that does nothing by itself.
Model model_cancelled_from_outside(std::uint64_t requests) {
  Model model;
  model.load.requests = requests;
  model.load.arrivals = ArrivalsAtOnce{};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency = WholeLatency{Distribution::constant(4 * 3600e9)};
  model.services = {llm};
  model.workflow = {{ServiceCall{.kind = OperationKind::llm, .service = 0}}};
  model.cancels = {{.probability = 0, .moment = CancelAfter{}}};
  return model;
}

/// Keeps outcomes, and posts the cancel of the next request as soon as one is answered.
class CancelsTheNext final : public ReportSink {
 public:
  void add(const RequestReport&) override {}
  void add(const ClientReport& report) override {
    ++outcomes[report.outcome];
    if (to_cancel > report.number) cancel(report.number + 1);
  }
  void cancel(RequestNumber number) {
    world->post(client_address,
                CancelMoment{.number = number, .ticket = static_cast<Ticket>(number)}, Time{});
  }

  RealtimeWorld* world = nullptr;
  RequestNumber to_cancel = 0;  ///< the last
  std::map<Outcome, int> outcomes;
};

TEST(RealtimeWorld, EndsARequestAtOnceThatIsCancelledFromAnotherThreadOrFromTheSink) {
  const Model model = model_cancelled_from_outside(100);
  Policy abort{.name = "abort", .kind = PolicyKind::abort};
  abort.aborts.fill(true);
  for (const int workers : {1, 2}) {
    CancelsTheNext sink;
    const auto world =
        make_realtime_world({.model = model, .policy = abort, .reports = sink, .observer = {}},
                            {.workers = workers, .requests_expected = 100});
    sink.world = world.get();
    sink.to_cancel = 49;  // from the sink: 1 to 49
    world->post(client_address, Arrive{}, Time{});
    std::thread caller([&] {
      // An Arrive, two Starts and an Ask each.
      while (world->counters().messages < 400) std::this_thread::yield();
      sink.cancel(0);
      for (RequestNumber number = 50; number < 100; ++number) sink.cancel(number);
    });
    EXPECT_TRUE(world->run(never_stop));
    caller.join();
    EXPECT_EQ(sink.outcomes, (std::map<Outcome, int>{{Outcome::cancelled, 100}}));
    EXPECT_LT(world->now(), Time{4h});
  }
}

TEST(RealtimeWorld, CanBeMadeAndCancelledInOtherThreadsThanItRunsAndEndsIn) {
  const Model model = model_cancelled_from_outside(2);
  Reports reports;
  std::atomic<bool> stop{false};
  auto world = make_realtime_world(
      {.model = model, .policy = checkpoint, .reports = reports, .observer = {}}, {});
  world->post(client_address, Arrive{}, Time{});
  std::thread running([&] {
    EXPECT_FALSE(world->run(stop));
    world.reset();
  });
  while (world->counters().messages < 8) std::this_thread::yield();
  world->post(client_address, Arrive{2},
              Time{});  // in this thread, which lives on, a request may be started
  stop = true;
  running.join();
  EXPECT_EQ(world, nullptr);
}

TEST(RealtimeWorld, RefusesOptionsOutOfRange) {
  const Model model = undisturbed_model(10);
  Reports reports;
  const WorldOptions options{
      .model = model, .policy = checkpoint, .reports = reports, .observer = {}};
  EXPECT_THROW(make_realtime_world(options, {.time_scale = 0}), std::invalid_argument);
  EXPECT_THROW(
      make_realtime_world(options, {.time_scale = std::numeric_limits<double>::infinity()}),
      std::invalid_argument);
  EXPECT_THROW(make_realtime_world(options, {.workers = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace caesura
