#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include "actors/caf_coordinator.hpp"
#include "actors/caf_host.hpp"
#include "actors/rules.hpp"
#include "actors/world.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

namespace caesura {

namespace {

/// Messages between two looks at `stop`.
constexpr std::uint64_t messages_between_looks = 1024;

/// A configuration under which an actor_system starts no thread: it takes microseconds to start one.
struct VirtualConfig : caf::actor_system_config {
  VirtualConfig() { CafCoordinator::install(*this); }
};

class CafWorld final : public World, private CafHome {
 public:
  explicit CafWorld(const WorldOptions& options);
  ~CafWorld() override = default;

  void post(Address to, const Message& message, Time at) override;
  bool run(const std::atomic<bool>& stop) override;
  WorldCounters counters() const override;

 private:
  class HandlerContext final : public Context {
   public:
    explicit HandlerContext(CafWorld& world) : world_(world) {}
    void begin(const Envelope& envelope);
    bool ended() const { return ended_; }

    Order reserve(std::uint32_t count) override { return world_.reserve(count); }
    Address spawn_request() override { return world_.hosts_.add(spawn_host(world_.system_, world_, Request(world_.rules_))); }
    void end() override { ended_ = true; }
    void report(const RequestReport& report) override { world_.options_.reports.add(report); }
    void report(const ClientReport& report) override { world_.options_.reports.add(report); }

   private:
    void post(Address to, const Message& message, Duration delay, Order order) override;

    CafWorld& world_;
    bool ended_ = false;
  };

  void handle(CafHost& host, const Envelope& envelope) noexcept override;
  void deliver(ScheduledElement next);
  void schedule(const Envelope& envelope) { coordinator_.schedule(envelope.due, envelope.order, make_element(envelope)); }
  Order reserve(std::uint32_t count) { return std::exchange(next_order_, next_order_ + count); }

  WorldOptions options_;
  Rules rules_;
  VirtualConfig config_;
  caf::actor_system system_{config_};
  CafCoordinator& coordinator_{CafCoordinator::of(system_)};
  HostTable hosts_;  // before system_ is gone, its hosts are
  std::size_t lasting_ = 0;
  HandlerContext context_{*this};
  Order next_order_ = 1;
  std::uint64_t messages_ = 0;
  std::exception_ptr failure_;
};

CafWorld::CafWorld(const WorldOptions& options) : options_(options), rules_(options.model, options.policy) {
  for (Actor& actor : lasting_actors(rules_, options.play)) hosts_.add(spawn_host(system_, *this, std::move(actor)));
  lasting_ = hosts_.hosts();
}

void CafWorld::post(Address to, const Message& message, Time at) {
  if (!coordinator_.pending()) coordinator_.restart(at);
  if (at < coordinator_.now()) throw std::logic_error("a message cannot be due in the past");
  schedule({to, at, reserve(1), message});
}

bool CafWorld::run(const std::atomic<bool>& stop) {
  for (std::uint64_t n = 0; coordinator_.pending(); ++n) {
    if (n % messages_between_looks == 0 && stop.load(std::memory_order_relaxed)) return false;
    deliver(coordinator_.take());
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  return true;
}

void CafWorld::deliver(ScheduledElement next) {
  if (next.receiver) {  // by CAF's own ways: runs before the next element is taken
    next.receiver->enqueue(std::move(next.element), &coordinator_);
    return;
  }
  const auto& envelope = next.element->content().get_as<Envelope>(0);
  CafHost* host = hosts_.find(envelope.to);
  if (options_.observer) options_.observer(next.due, envelope.to, envelope.message, host == nullptr);
  if (!host) return;
  ++messages_;
  if (!coordinator_.deliver(*host, *next.element)) hosts_.remove(envelope.to);
}

void CafWorld::handle(CafHost& host, const Envelope& envelope) noexcept {
  context_.begin(envelope);
  try {
    receive(host.actor(), envelope.message, context_);
  } catch (...) {
    failure_ = std::current_exception();
  }
  if (context_.ended()) host.end();
}

WorldCounters CafWorld::counters() const { return {messages_, hosts_.hosts() - lasting_, hosts_.hosts_peak() - lasting_}; }

void CafWorld::HandlerContext::begin(const Envelope& envelope) {
  now_ = envelope.due;
  self_ = envelope.to;
  order_ = envelope.order;
  ended_ = false;
}

void CafWorld::HandlerContext::post(Address to, const Message& message, Duration delay, Order order) {
  world_.schedule({to, after(now_, delay), order, message});
}

}  // namespace

std::unique_ptr<World> make_caf_world(const WorldOptions& options) { return std::make_unique<CafWorld>(options); }

}  // namespace caesura
