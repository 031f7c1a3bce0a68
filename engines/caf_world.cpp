#include "actors/rules.hpp"
#include "engines/caf_coordinator.hpp"
#include "engines/caf_host.hpp"
#include "engines/caf_prompt_host.hpp"
#include "engines/hosted_actors.hpp"
#include "engines/world.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace caesura {

namespace {

/// Messages between two looks at `stop`.
constexpr std::uint64_t messages_between_looks = 1024;

/// A configuration under which an actor_system starts no thread: it takes microseconds to start
/// one.
struct VirtualConfig : caf::actor_system_config {
  VirtualConfig() { CafCoordinator::install(*this); }
};

class CafWorld final : private Context, public ManualWorld {
 public:
  explicit CafWorld(const WorldOptions& options);

  void post(Address to, const Message& message, Time at) override;
  bool run(const std::atomic<bool>& stop) override;
  WorldCounters counters() const override;
  void advance_to(Time at) override;
  Time now() const override { return coordinator_.now(); }

 private:
  /// Nobody's: a message to it marks a moment.
  static constexpr Address mark{0xffff'fffe, 0};

  bool deliver_to_mark(Time at);
  void deliver(Address to, caf::mailbox_element_ptr element);

  Order reserve(std::uint32_t count) override { return coordinator_.reserve(count); }
  Message& post(Address to, Duration delay, Order order) override;
  Address spawn_request() override {
    return hosts_.add(spawn_prompt_host(coordinator_, *this, Request(rules_)));
  }
  void end() override { ends_ = true; }
  void report(const RequestReport& report) override { options_.reports.add(report); }
  void report(const ClientReport& report) override { options_.reports.add(report); }

  const WorldOptions options_;
  LatenciesAhead latencies_;
  const Rules rules_;
  std::atomic<std::uint64_t> requests_peak_{0};
  EnvelopePool elements_;  // outlives system_
  VirtualConfig config_;
  caf::actor_system system_{config_};
  CafCoordinator& coordinator_{CafCoordinator::of(system_)};
  HostTable hosts_;  // before system_ is gone, its hosts are
  std::size_t lasting_ = 0;
  bool ends_ = false;
  std::uint64_t messages_ = 0;
};

CafWorld::CafWorld(const WorldOptions& options)
    : options_(options),
      latencies_(options.model),
      rules_(options.model, options.policy, Timing::exact, &latencies_, options.from_outside) {
  for (Actor& actor : lasting_actors(rules_, options.play, requests_peak_))
    hosts_.add(spawn_prompt_host(coordinator_, *this, std::move(actor)));
  lasting_ = hosts_.hosts();
  if (options_.history) history_ = &options_.history;
}

void CafWorld::post(Address to, const Message& message, Time at) {
  EnvelopeElement& element = elements_.take();
  caf::mailbox_element_ptr back(&element);  // to the pool, if it cannot be posted
  element.envelope().message = message;
  coordinator_.post_at(to, element, at);
  static_cast<void>(back.release());
}

bool CafWorld::run(const std::atomic<bool>& stop) {
  const auto deliver = [this](Address to, caf::mailbox_element_ptr element) {
    this->deliver(to, std::move(element));
  };
  while (!stop.load(std::memory_order_relaxed)) {
    for (std::uint64_t i = 0; i < messages_between_looks; ++i) {
      if (!coordinator_.step(deliver)) return true;
    }
  }
  return !coordinator_.pending();
}

/// What follows from the last of what was due by then may be due then too.
void CafWorld::advance_to(Time at) {
  if (at < coordinator_.now())
    throw std::logic_error("a clock that is moved by hand does not go back");
  while (deliver_to_mark(at)) {
  }
}

/// Delivers what is due by `at`; false if that was nothing.
bool CafWorld::deliver_to_mark(Time at) {
  EnvelopeElement& element = elements_.take();
  element.envelope().message = Release{};
  coordinator_.post(mark, element, at - coordinator_.now(),
                    coordinator_.reserve(1) | last_of_instant);
  bool is_first = true;
  for (bool reached = false; !reached;) {
    coordinator_.step([&](Address to, caf::mailbox_element_ptr next) {
      reached = to == mark;
      if (!reached) {
        is_first = false;
        deliver(to, std::move(next));
      }
    });
  }
  return !is_first;
}

WorldCounters CafWorld::counters() const {
  return {messages_, hosts_.hosts() - lasting_, requests_peak_};
}

void CafWorld::deliver(Address to, caf::mailbox_element_ptr element) {
  caf::actor_control_block* host = hosts_.find(to);
  if (options_.observer)
    options_.observer(coordinator_.now(), to,
                      static_cast<EnvelopeElement&>(*element).envelope().message, host == nullptr);
  if (host == nullptr)
    return expect_may_be_late(static_cast<EnvelopeElement&>(*element).envelope().message,
                              rules_.model);
  ++messages_;
  now_ = coordinator_.now();
  self_ = to;
  order_ = coordinator_.order();
  ends_ = false;
  host->get()->enqueue(std::move(element), &coordinator_);
  if (!ends_) return;
  static_cast<caf::monitorable_actor*>(host->get())
      ->cleanup(caf::exit_reason::normal, &coordinator_);
  hosts_.remove(to);
}

Message& CafWorld::post(Address to, Duration delay, Order order) {
  EnvelopeElement& element = elements_.take();
  coordinator_.post(to, element, delay, order);
  return element.envelope().message;
}

}  // namespace

std::unique_ptr<World> make_caf_world(const WorldOptions& options) {
  return std::make_unique<CafWorld>(options);
}
std::unique_ptr<ManualWorld> make_manual_world(const WorldOptions& options) {
  return std::make_unique<CafWorld>(options);
}

}  // namespace caesura
