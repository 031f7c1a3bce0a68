#include "sim/direct_engine.hpp"
#include "sim/random.hpp"
#include "engines/caf_coordinator.hpp"
#include "engines/caf_envelope.hpp"
#include "engines/caf_prompt_host.hpp"
#include "engines/world.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

const Policy checkpoint{.name = "checkpoint", .kind = PolicyKind::checkpoint};
const std::atomic<bool> never_stop{false};

/// Streamed LLM calls and tool calls, a third of the requests cancelled, some twice, some tools
/// failing.
Model busy_model(std::uint64_t requests, std::optional<std::uint64_t> concurrency) {
  Model model;
  model.load.requests = requests;
  model.load.arrivals = ConstantArrivals{.requests = 100, .per = 1s};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency =
      TokenLatency{Distribution::lognormal_median_sigma(2e8, 0.5), Distribution::constant(1e6)};
  llm.output_tokens = Distribution::geometric(40);
  llm.concurrency = concurrency;
  ServiceProfile tool;
  tool.kind = ServiceKind::tool;
  tool.name = "tool";
  tool.latency = WholeLatency{Distribution::exponential(3e8)};
  tool.failure_rate = 0.02;
  tool.on_failure = OnFailure::fail;
  model.services = {llm, tool};
  model.links.client = Distribution::uniform(0, 3e7);
  model.workflow = {
      {Repeat{.times = Distribution::constant(3),
              .body = {{ServiceCall{.kind = OperationKind::llm, .service = 0, .chunk_tokens = 10}},
                       {ServiceCall{.kind = OperationKind::tool, .service = 1}}}}}};
  model.cancels = {{.probability = 0.3,
                    .moment = CancelAfter{Distribution::uniform(0, 2e9)},
                    .times = 2,
                    .every = 20ms}};
  model.timeout = 60s;
  return model;
}

/// What a world does, message by message.
using Trace = std::vector<std::tuple<Time, std::uint32_t, std::uint32_t, std::size_t, bool>>;

class Reports final : public ReportSink {
 public:
  void add(const RequestReport& report) override {
    stopped[report.number] = {report.stopped, report.outcome};
  }
  void add(const ClientReport& report) override { answered[report.number] = report.answered; }

  std::map<RequestNumber, std::pair<Time, Outcome>> stopped;
  std::map<RequestNumber, Time> answered;
  bool operator==(const Reports& other) const {
    return stopped == other.stopped && answered == other.answered;
  }
};

using MakeWorld = std::unique_ptr<World> (*)(const WorldOptions&);

Trace trace_of(MakeWorld make_world, const Model& model, Reports& reports) {
  Trace trace;
  const auto world =
      make_world({.model = model,
                  .policy = checkpoint,
                  .reports = reports,
                  .observer = [&](Time now, Address to, const Message& message, bool dropped) {
                    trace.emplace_back(now, to.index, to.generation, message.index(), dropped);
                  }});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(world->run(never_stop));
  return trace;
}

Reports reports_of(const Model& model) {
  Reports reports;
  const auto world =
      make_caf_world({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(world->run(never_stop));
  return reports;
}

class Coordinator : public testing::Test {
 protected:
  Coordinator() { CafCoordinator::install(config_); }

  /// Runs plain CAF actors until nothing is left; returns how many delayed messages that took.
  int run() {
    int taken = 0;
    while (coordinator().step(
        [](Address, const caf::mailbox_element_ptr&) { ADD_FAILURE() << "there are no hosts"; }))
      ++taken;
    return taken;
  }
  caf::actor_system& system() {
    return system_ ? *system_ : *(system_ = std::make_unique<caf::actor_system>(config_));
  }
  CafCoordinator& coordinator() { return CafCoordinator::of(system()); }

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// A plain CAF actor that sends itself a 1 in an hour and a 2 in two, notes what comes, and quits
/// at a 2.
class TwoHours : public caf::event_based_actor {
 public:
  TwoHours(caf::actor_config& config, std::vector<std::pair<int, Time>>& seen)
      : event_based_actor(config), seen_(seen) {}

  caf::behavior make_behavior() override {
    delayed_send(this, 2h, 2);
    delayed_send(this, 1h, 1);
    return {[this](int what) {
      seen_.emplace_back(what, Time{clock().now().time_since_epoch()});
      if (what == 2) quit();
    }};
  }

 private:
  std::vector<std::pair<int, Time>>& seen_;
};

/// What is queued, to whom, in this order: one message before the first step, the others from
/// within the deliveries, as a hash of the message decides. `queue` is a coordinator or a direct
/// engine.
template <class Queue, class Post, class Step>
std::vector<std::tuple<Time, Order, std::uint32_t>> random_deliveries(Queue& queue, Post post,
                                                                      Step step) {
  constexpr std::uint32_t most = 20'000;
  std::vector<std::tuple<Time, Order, std::uint32_t>> delivered;
  std::uint32_t posted = 0;
  post(posted++, zero_duration, queue.reserve(1));
  while (step([&](Address to) {
    delivered.emplace_back(queue.now(), queue.order(), to.index);
    for (std::uint32_t i = 0; i < 3 && posted < most; ++i) {
      const std::uint64_t bits = random_bits({.seed = to.index, .request = i});
      const Duration delay{bits % 4};
      const Order order = queue.reserve(1);
      switch (bits / 4 % 4) {
        case 0:
          post(posted++, zero_duration, queue.order());
          break;
        case 1:
          post(posted++, delay, order | last_of_instant);
          break;
        default:
          post(posted++, delay, order);
      }
    }
  })) {
  }
  return delivered;
}

TEST_F(Coordinator, HandsOutElementsInTheOrderOfTheDirectEngine) {
  EnvelopePool elements;
  const auto by_caf = random_deliveries(
      coordinator(),
      [&](std::uint32_t label, Duration delay, Order order) {
        coordinator().post({label, 0}, elements.take(), delay, order);
      },
      [&](const auto& deliver) {
        return coordinator().step(
            [&](Address to, const caf::mailbox_element_ptr&) { deliver(to); });
      });
  DirectEngine<Address, int> engine;
  const auto by_direct = random_deliveries(
      engine,
      [&](std::uint32_t label, Duration delay, Order order) {
        engine.post({label, 0}, 0, delay, order);
      },
      [&](const auto& deliver) { return engine.step([&](Address to, int) { deliver(to); }); });
  EXPECT_EQ(by_caf, by_direct);
  EXPECT_EQ(by_caf.size(), 20'000U);
}

TEST_F(Coordinator, PutsADelayedMessageOfCafBehindThoseThatHaveAnOrder) {
  std::vector<std::pair<int, Time>> seen;
  EnvelopePool elements;
  const caf::actor actor = system().spawn<TwoHours>(seen);
  EXPECT_TRUE(coordinator().pending());  // it has sent itself its messages now
  coordinator().post({}, elements.take(), 1h, coordinator().reserve(1));
  std::vector<std::size_t> seen_before;
  while (coordinator().step(
      [&](Address, const caf::mailbox_element_ptr&) { seen_before.push_back(seen.size()); })) {
  }
  EXPECT_EQ(seen_before, std::vector<std::size_t>{0});
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(Coordinator, RunsPlainCafActorsInVirtualTime) {
  std::vector<std::pair<int, Time>> seen;
  const caf::actor actor = system().spawn<TwoHours>(seen);
  EXPECT_EQ(run(), 2);
  EXPECT_EQ(seen, (std::vector<std::pair<int, Time>>{{1, Time{1h}}, {2, Time{2h}}}));
}

TEST_F(Coordinator, DropsMessagesToAnActorThatHasQuit) {
  std::vector<std::pair<int, Time>> seen;
  const caf::actor actor = system().spawn<TwoHours>(seen);
  caf::anon_send(actor, 2);
  caf::anon_send(actor, 3);
  EXPECT_EQ(run(), 2);  // the two that it sent itself before it quit
  EXPECT_EQ(seen, (std::vector<std::pair<int, Time>>{{2, Time{}}}));
}

TEST_F(Coordinator, FreesWhatIsLeftWhenItsSystemEnds) {
  std::vector<std::pair<int, Time>> seen;
  const caf::actor actor = system().spawn<TwoHours>(seen);
  EXPECT_TRUE(coordinator().pending());
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  EXPECT_TRUE(coordinator().pending());
}

TEST(EnvelopePool, GivesOutTheMemoryOfAnElementThatCafHasDisposedOf) {
  EnvelopePool elements;
  const EnvelopeElement* first = &elements.take();
  const caf::mailbox_element_ptr second(&elements.take());
  EXPECT_EQ(elements.elements(), 2U);
  caf::mailbox_element_ptr(const_cast<EnvelopeElement*>(first)).reset();
  EXPECT_EQ(&elements.take(), first);
  EXPECT_EQ(elements.elements(), 2U);
}

TEST(EnvelopeElement, IsACafMessageOfOneEnvelope) {
  const caf::mailbox_element_ptr element =
      make_element({.to = {3, 1}, .due = Time{5ns}, .order = 7, .message = WaitOver{2, 4}});
  EXPECT_TRUE(element->content().match_elements<Envelope>());
  EXPECT_EQ(element->content().get_as<Envelope>(0).to, (Address{3, 1}));
  ASSERT_NE(envelope_of(*element), nullptr);
  EXPECT_EQ(envelope_of(*element)->order, 7U);
  const caf::message copy = element->copy_content_to_message();
  EXPECT_EQ(std::get<WaitOver>(copy.get_as<Envelope>(0).message).step, 4U);
  const auto other = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, 1);
  EXPECT_EQ(envelope_of(*other), nullptr);
}

/// Notes the steps of the waits that it is told are over; anything else is a broken invariant.
struct Noting {
  std::vector<std::uint32_t>* steps;
  void receive(const WaitOver& wait, const Context&) { steps->push_back(wait.step); }
};

/// A world in which nothing can be done.
class Nowhere final : public Context {
 public:
  Order reserve(std::uint32_t) override { return 0; }
  Address spawn_request() override { return {}; }
  void end() override {}
  void report(const RequestReport&) override {}
  void report(const ClientReport&) override {}

 private:
  Message& post(Address, Duration, Order) override { return nothing_; }
  Message nothing_;
};

class PromptHosts : public Coordinator {
 protected:
  caf::strong_actor_ptr spawn() {
    return spawn_prompt_host(coordinator(), context_, Noting{&steps_});
  }
  void send(const caf::strong_actor_ptr& host, const Message& message) {
    host->enqueue(make_element({.to = {}, .message = message}), &coordinator());
  }

  std::vector<std::uint32_t> steps_;

 private:
  Nowhere context_;
};

TEST_F(PromptHosts, HandleWhatIsEnqueuedBeforeEnqueueReturns) {
  const caf::strong_actor_ptr host = spawn();
  send(host, WaitOver{0, 3});
  send(host, WaitOver{0, 1});
  EXPECT_EQ(steps_, (std::vector<std::uint32_t>{3, 1}));
}

TEST_F(PromptHosts, LetOutWhatTheHostedActorThrows) {
  const caf::strong_actor_ptr host = spawn();
  EXPECT_THROW(send(host, TimeOut{}), std::logic_error);
}

TEST_F(PromptHosts, AreHandlesLikeAnyOtherOfCaf) {
  const auto host = caf::actor_cast<caf::actor>(spawn());
  caf::anon_send(host, Envelope{.to = {}, .message = WaitOver{0, 2}});
  caf::anon_send(host, 5);  // nothing to it
  EXPECT_EQ(steps_, std::vector<std::uint32_t>{2});
}

TEST_F(PromptHosts, EndAtAnExitOfCafAndTellTheirMonitors) {
  const auto host = caf::actor_cast<caf::actor>(spawn());
  caf::error reason;
  host->attach_functor([&](const caf::error& why) { reason = why; });
  caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
  EXPECT_EQ(reason, caf::exit_reason::user_shutdown);
  send(caf::actor_cast<caf::strong_actor_ptr>(host), WaitOver{0, 1});
  EXPECT_TRUE(steps_.empty());
}

TEST_F(PromptHosts, TellTheirMonitorsWhenTheLastHandleIsGone) {
  caf::error reason;
  spawn()->get()->attach_functor([&](const caf::error& why) { reason = why; });
  EXPECT_EQ(reason, caf::exit_reason::unreachable);
}

TEST(CafWorld, DoesExactlyWhatTheDirectWorldDoes) {
  for (const auto& concurrency :
       {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{20}}) {
    const Model model = busy_model(300, concurrency);
    Reports by_caf;
    Reports by_direct;
    const Trace trace = trace_of(make_caf_world, model, by_caf);
    EXPECT_EQ(trace, trace_of(make_direct_world, model, by_direct));
    EXPECT_EQ(by_caf, by_direct);
    EXPECT_EQ(by_caf.stopped.size(), 300U);
    EXPECT_EQ(by_caf.answered.size(), 300U);
  }
}

TEST(CafWorld, CountsDeliveriesToTheLivingAlone) {
  const Model model = busy_model(200, {});
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  Reports reports;
  const auto world = make_caf_world({.model = model,
                                     .policy = checkpoint,
                                     .reports = reports,
                                     .observer = [&](Time, Address, const Message&, bool lost) {
                                       ++(lost ? dropped : delivered);
                                     }});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_TRUE(world->run(never_stop));
  EXPECT_GT(dropped, 0U);  // time-outs of requests that have ended
  EXPECT_EQ(world->counters().messages, delivered);
  EXPECT_EQ(world->counters().requests_now, 0U);
  EXPECT_GT(world->counters().requests_peak, 1U);
}

TEST(CafWorld, GoesOnAfterAStopAsIfThereHadBeenNone) {
  const Model model = busy_model(300, 20);
  const Reports expected = reports_of(model);
  Reports reports;
  std::atomic<bool> stop{false};
  std::uint64_t seen = 0;
  const auto world = make_caf_world(
      {.model = model,
       .policy = checkpoint,
       .reports = reports,
       .observer = [&](Time, Address, const Message&, bool) { stop = ++seen % 3000 == 0; }});
  world->post(client_address, Arrive{}, Time{});
  int stops = 0;
  for (stop = true; !world->run(stop); stop = false) ++stops;
  EXPECT_GT(stops, 0);
  EXPECT_EQ(reports, expected);
}

TEST(CafWorld, FreesEverythingIfItIsGivenUpHalfway) {
  const Model model = busy_model(300, 20);
  Reports reports;
  std::atomic<bool> stop{false};
  const auto world = make_caf_world({.model = model,
                                     .policy = checkpoint,
                                     .reports = reports,
                                     .observer = [&](Time now, Address, const Message&, bool) {
                                       if (now > Time{1s}) stop = true;
                                     }});
  world->post(client_address, Arrive{}, Time{});
  EXPECT_FALSE(world->run(stop));
  EXPECT_GT(world->counters().requests_now, 0U);
}

TEST(CafWorld, StartsAnewAtAnEarlierTime) {
  const Model model = busy_model(1, {});
  Reports reports;
  const auto world = make_caf_world({.model = model,
                                     .policy = checkpoint,
                                     .play = LoadPlay::one_by_one,
                                     .reports = reports,
                                     .observer = {}});
  world->post(client_address, Arrive{.number = 7}, Time{1h});
  EXPECT_TRUE(world->run(never_stop));
  world->post(client_address, Arrive{.number = 3}, Time{1s});
  EXPECT_TRUE(world->run(never_stop));
  EXPECT_GE(reports.answered.at(7), Time{1h});
  EXPECT_LT(reports.answered.at(3), Time{1h});
}

TEST(CafWorld, RefusesAMessageIntoThePastOfARunThatIsNotOver) {
  const Model model = busy_model(1, {});
  Reports reports;
  const auto world =
      make_caf_world({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
  world->post(client_address, Arrive{}, Time{1s});
  EXPECT_THROW(world->post(client_address, Arrive{}, Time{}), std::logic_error);
}

TEST(CafWorld, HandsOutWhatAnActorThrows) {
  const Model model = busy_model(1, {});
  Reports reports;
  const auto world =
      make_caf_world({.model = model, .policy = checkpoint, .reports = reports, .observer = {}});
  world->post(client_address, Release{}, Time{});  // no client ever gets one
  EXPECT_THROW(world->run(never_stop), std::logic_error);
}

TEST(CafHost, RefusesADelayPastTheEndOfTime) {
  EXPECT_EQ(after(Time::max() - 1ns, 1ns), Time::max());
  EXPECT_THROW(after(Time::max() - 1ns, 2ns), std::overflow_error);
}

TEST(CafWorld, DoesNotMindOthersInOtherThreads) {
  const Model model = busy_model(100, 20);
  const Reports expected = reports_of(model);
  std::vector<Reports> found(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(found.size());
    for (Reports& reports : found) threads.emplace_back([&] { reports = reports_of(model); });
  }
  for (const Reports& reports : found) EXPECT_EQ(reports, expected);
}

}  // namespace
}  // namespace caesura
