#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include "actors/caf_coordinator.hpp"
#include "actors/caf_host.hpp"
#include "actors/rules.hpp"
#include "actors/world.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/logger.hpp>

namespace caesura {

namespace {

/// Messages between two looks at `stop`.
constexpr std::uint64_t messages_between_looks = 1024;

/// A configuration under which an actor_system starts no thread: it takes microseconds to start one.
struct VirtualConfig : caf::actor_system_config {
  VirtualConfig() { CafCoordinator::install(*this); }
};

class CafWorld final : public World, private CafHome, private Context {
 public:
  explicit CafWorld(const WorldOptions& options);

  void post(Address to, const Message& message, Time at) override;
  bool run(const std::atomic<bool>& stop) override;
  WorldCounters counters() const override;

 private:
  void deliver(Address to, EnvelopeElement& element);
  void handle(CafHost& host, const Envelope& envelope) noexcept override;

  Order reserve(std::uint32_t count) override { return coordinator_.reserve(count); }
  void post(Address to, const Message& message, Duration delay, Order order) override;
  Address spawn_request() override { return hosts_.add(spawn_host(coordinator_, *this, Request(rules_))); }
  void end() override { ends_ = true; }
  void report(const RequestReport& report) override { options_.reports.add(report); }
  void report(const ClientReport& report) override { options_.reports.add(report); }

  const WorldOptions options_;
  const Rules rules_;
  EnvelopePool elements_;  // outlives system_
  VirtualConfig config_;
  caf::actor_system system_{config_};
  CafCoordinator& coordinator_{CafCoordinator::of(system_)};
  HostTable hosts_;  // before system_ is gone, its hosts are
  std::size_t lasting_ = 0;
  bool ends_ = false;
  std::uint64_t messages_ = 0;
  std::exception_ptr failure_;
};

CafWorld::CafWorld(const WorldOptions& options) : options_(options), rules_(options.model, options.policy) {
  caf::logger::set_current_actor_system(nullptr);  // for this thread: see spawn_host()
  for (Actor& actor : lasting_actors(rules_, options.play)) hosts_.add(spawn_host(coordinator_, *this, std::move(actor)));
  lasting_ = hosts_.hosts();
}

void CafWorld::post(Address to, const Message& message, Time at) {
  EnvelopeElement& element = elements_.take();
  element.envelope() = {.to = to, .due = at, .message = message};
  coordinator_.post_at(to, element, at);
}

bool CafWorld::run(const std::atomic<bool>& stop) {
  const auto deliver = [this](Address to, EnvelopeElement& element) { this->deliver(to, element); };
  while (!stop.load(std::memory_order_relaxed)) {
    for (std::uint64_t i = 0; i < messages_between_looks; ++i) {
      if (!coordinator_.step(deliver)) return true;
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }
  }
  return !coordinator_.pending();
}

WorldCounters CafWorld::counters() const { return {messages_, hosts_.hosts() - lasting_, hosts_.hosts_peak() - lasting_}; }

/// Its mailbox has nothing to do in virtual time, where the queue hands it one message after another: what activates it is CAF's interface
/// for that.
void CafWorld::deliver(Address to, EnvelopeElement& element) {
  CafHost* host = hosts_.find(to);
  if (options_.observer) options_.observer(coordinator_.now(), to, element.envelope().message, host == nullptr);
  if (host == nullptr) return;
  ++messages_;
  now_ = coordinator_.now();
  self_ = to;
  order_ = coordinator_.order();
  if (host->reactivate(element) == caf::scheduled_actor::activation_result::terminated) hosts_.remove(to);
}

void CafWorld::handle(CafHost& host, const Envelope& envelope) noexcept {
  try {
    receive(host.actor(), envelope.message, *this);
  } catch (...) {
    failure_ = std::current_exception();
  }
  if (std::exchange(ends_, false)) host.end();
}

void CafWorld::post(Address to, const Message& message, Duration delay, Order order) {
  if (std::holds_alternative<Release>(message)) {
    if (const CafHost* host = hosts_.find(to)) host->prefetch_all();
  }
  const Time due = after(now_, delay);
  EnvelopeElement& element = elements_.take();
  element.envelope() = {to, due, order, message};
  coordinator_.post(to, element, delay, order);
}

}  // namespace

std::unique_ptr<World> make_caf_world(const WorldOptions& options) { return std::make_unique<CafWorld>(options); }

}  // namespace caesura
