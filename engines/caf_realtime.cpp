#include "engines/caf_realtime.hpp"

#include "actors/rules.hpp"
#include "engines/caf_host.hpp"
#include "engines/caf_realtime_coordinator.hpp"
#include "engines/hosted_actors.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace caesura {

namespace {

using namespace std::chrono_literals;
using WallClock = caf::actor_clock::clock_type;

constexpr std::size_t messages_a_turn = 32;
/// How soon run() sees that it is to stop.
constexpr auto look_interval = 20ms;
/// How long run() waits for the last requests' actors to end, once their clients have settled them.
constexpr auto grace = 200ms;
/// A message due later than that after the start never comes.
constexpr auto longest_run = std::chrono::hours{24 * 365 * 100};

/// Turns of bounded length: by default an actor that always has a next message for itself, as the
/// client of a load that is behind, would keep its worker.
struct RealtimeConfig : caf::actor_system_config {
  explicit RealtimeConfig(int workers) {
    RealtimeCoordinator::install(*this);
    set("scheduler.max-threads", static_cast<std::size_t>(workers));
    set("scheduler.max-throughput", messages_a_turn);
  }
};

const RealtimeOptions& checked(const RealtimeOptions& options) {
  if (!(options.time_scale > 0) || !std::isfinite(options.time_scale))
    throw std::invalid_argument("the time scale must be positive");
  if (options.workers < 1) throw std::invalid_argument("a world needs a worker");
  return options;
}

/// Simulated time against the wall clock's; any thread may ask it.
class ScaledClock {
 public:
  explicit ScaledClock(double scale) : scale_(scale) {}

  void start() { start_ = WallClock::now().time_since_epoch().count(); }

  Time now() const {
    const WallClock::rep start = start_;
    if (start == not_started) return Time{};
    const auto elapsed =
        static_cast<double>(WallClock::now().time_since_epoch().count() - start) * scale_;
    return elapsed < most ? Time{Duration{static_cast<Duration::rep>(elapsed)}} : Time::max();
  }

  /// Never before `due`: a message never comes early.
  WallClock::time_point wall(Time due) const {
    const double elapsed = std::ceil(static_cast<double>(due.time_since_epoch().count()) / scale_);
    const auto longest = static_cast<double>(WallClock::duration{longest_run}.count());
    return WallClock::time_point{
        WallClock::duration{start_ + static_cast<WallClock::rep>(std::min(elapsed, longest))}};
  }

 private:
  static constexpr WallClock::rep not_started = -1;
  static constexpr double most = 9.2e18;  ///< less than Time::max()

  const double scale_;
  std::atomic<WallClock::rep> start_{not_started};
};

class CafRealtimeWorld final : public RealtimeWorld, private CafHome {
 public:
  CafRealtimeWorld(const WorldOptions& options, const RealtimeOptions& realtime);
  ~CafRealtimeWorld() override { shut_down(); }

  void post(Address to, const Message& message, Time at) override;
  void begin() override;
  bool run(const std::atomic<bool>& stop) override;
  WorldCounters counters() const override;
  Time now() const override { return clock_.now(); }
  Duration greatest_lateness() const override { return Duration{greatest_lateness_}; }

 private:
  enum class Phase : std::uint8_t { before, running, over };

  class HandlerContext final : public Context {
   public:
    HandlerContext(CafRealtimeWorld& world, CafHost& host, const Envelope& envelope, Time arrived);
    bool ended() const { return ended_; }

    Order reserve(std::uint32_t count) override {
      return world_.next_order_.fetch_add(count, std::memory_order_relaxed);
    }
    Address spawn_request() override { return world_.spawn_request(host_.home_system()); }
    void end() override { ended_ = true; }
    void report(const RequestReport& report) override { world_.report(report); }
    void report(const ClientReport& report) override { world_.report(report); }

   private:
    Message& post(Address to, Duration delay, Order order) override;
    void written() override {
      world_.send(host_, sending_.to == self_, sending_.due > now_, sending_);
    }

    CafRealtimeWorld& world_;
    CafHost& host_;
    Envelope sending_;
    bool ended_ = false;
  };

  void handle(CafHost& host, const Envelope& envelope) noexcept override;
  void send(CafHost& from, bool to_itself, bool delayed, const Envelope& envelope);
  void observe(Time now, const Envelope& envelope, bool dropped);
  void note_lateness(Duration lateness);
  void report(const RequestReport& report);
  void report(const ClientReport& report);
  void fail(std::exception_ptr failure);
  Address spawn_request(caf::actor_system& system);
  caf::strong_actor_ptr hold(Address address);
  void remove(Address address);

  bool has_begun() const;
  bool wait(const std::atomic<bool>& stop);
  void shut_down();

  const WorldOptions options_;
  const RealtimeOptions realtime_;
  const Rules rules_;
  ScaledClock clock_;
  std::size_t lasting_ = 0;

  std::atomic<bool> deaf_{false};  ///< actors handle nothing any more
  std::atomic<Order> next_order_{1};
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> requests_peak_{0};
  std::atomic<Duration::rep> greatest_lateness_{0};

  std::mutex
      reports_mutex_;       ///< for the sink, the observer and who hears of events: they may post()
  RequestHistory history_;  ///< as the option, one call at a time; empty: nobody listens

  mutable std::mutex hosts_mutex_;
  HostTable hosts_;

  mutable std::mutex state_mutex_;  ///< taken before, never after, hosts_mutex_
  std::condition_variable changed_;
  Phase phase_ = Phase::before;
  bool has_run_ = false;
  std::size_t posting_ = 0;      ///< threads in post() that found the world running
  std::vector<Envelope> early_;  ///< posted before run()
  std::uint64_t settled_ = 0;
  std::exception_ptr failure_;

  RealtimeConfig config_;
  std::unique_ptr<caf::actor_system> system_;  ///< null when over
  RealtimeCoordinator* coordinator_;
};

CafRealtimeWorld::CafRealtimeWorld(const WorldOptions& options, const RealtimeOptions& realtime)
    : options_(options),
      realtime_(checked(realtime)),
      rules_(options.model, options.policy, Timing::real, {}, options.from_outside),
      clock_(realtime.time_scale),
      config_(realtime.workers),
      system_(std::make_unique<caf::actor_system>(config_)),
      coordinator_(&RealtimeCoordinator::of(*system_)) {
  for (Actor& actor : lasting_actors(rules_, options.play, requests_peak_))
    hosts_.add(spawn_host(*system_, *this, std::move(actor)));
  lasting_ = hosts_.hosts();
  RealtimeCoordinator::leave_system();
  if (!options_.history) return;
  history_ = [this](const RequestEvent& event) {
    const std::lock_guard lock(reports_mutex_);
    options_.history(event);
  };
}

void CafRealtimeWorld::post(Address to, const Message& message, Time at) {
  const Envelope envelope{to, at, next_order_.fetch_add(1, std::memory_order_relaxed), message};
  caf::mailbox_element_ptr element = make_element(envelope);
  {
    const std::lock_guard lock(state_mutex_);
    if (phase_ == Phase::before) early_.push_back(envelope);
    if (phase_ != Phase::running) return;
    ++posting_;
  }
  if (caf::strong_actor_ptr receiver = hold(to)) {
    if (at > clock_.now())
      coordinator_->schedule(clock_.wall(at), std::move(receiver), std::move(element));
    else
      coordinator_->deliver(receiver, std::move(element));
  }
  const std::lock_guard lock(state_mutex_);
  if (--posting_ == 0 && phase_ == Phase::over) changed_.notify_all();
}

bool CafRealtimeWorld::run(const std::atomic<bool>& stop) {
  if (std::exchange(has_run_, true)) throw std::logic_error("a world in real time runs only once");
  if (!has_begun()) begin();
  const bool settled = wait(stop);
  shut_down();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return settled;
}

bool CafRealtimeWorld::has_begun() const {
  const std::lock_guard lock(state_mutex_);
  return phase_ != Phase::before;
}

WorldCounters CafRealtimeWorld::counters() const {
  const std::lock_guard lock(hosts_mutex_);
  return {.messages = messages_,
          .requests_now = hosts_.hosts() - lasting_,
          .requests_peak = requests_peak_};
}

void CafRealtimeWorld::begin() {
  const std::lock_guard lock(state_mutex_);
  if (phase_ != Phase::before) throw std::logic_error("a world in real time begins only once");
  phase_ = Phase::running;
  clock_.start();
  for (const Envelope& envelope : early_) {
    // The clock sorts them, also those that are due at once.
    if (caf::strong_actor_ptr receiver = hold(envelope.to))
      system_->clock().schedule_message(clock_.wall(envelope.due), std::move(receiver),
                                        make_element(envelope));
  }
  early_.clear();
}

/// Nobody notifies of `stop`: hence the looks at it.
bool CafRealtimeWorld::wait(const std::atomic<bool>& stop) {
  const auto done = [&] { return settled_ >= realtime_.requests_expected || failure_; };
  std::unique_lock lock(state_mutex_);
  while (!stop.load(std::memory_order_relaxed) && !done())
    changed_.wait_for(lock, look_interval, done);
  const bool settled = settled_ >= realtime_.requests_expected;
  const auto quiet = [&] { return failure_ || counters().requests_now == 0; };
  const auto deadline = WallClock::now() + grace;
  while (settled && !stop.load(std::memory_order_relaxed) && !quiet() &&
         WallClock::now() < deadline)
    changed_.wait_for(lock, 1ms, quiet);
  return settled;
}

/// From when the coordinator has halted, no actor lives but in this thread.
void CafRealtimeWorld::shut_down() {
  deaf_ = true;
  {
    std::unique_lock lock(state_mutex_);
    phase_ = Phase::over;
    changed_.wait(lock, [this] { return posting_ == 0; });
  }
  if (!system_) return;
  coordinator_->halt();
  coordinator_->clear_timers();
  {
    const std::lock_guard lock(hosts_mutex_);
    hosts_.remove_all();
  }
  system_.reset();
}

void CafRealtimeWorld::handle(CafHost& host, const Envelope& envelope) noexcept {
  if (deaf_.load(std::memory_order_relaxed)) return;
  const Time arrived = clock_.now();
  note_lateness(arrived - envelope.due);
  messages_.fetch_add(1, std::memory_order_relaxed);
  HandlerContext context(*this, host, envelope, arrived);
  try {
    observe(context.now(), envelope, false);
    receive(host.actor(), envelope.message, context);
  } catch (...) {
    fail(std::current_exception());
  }
  if (context.ended()) {
    remove(envelope.to);
    host.end();
  }
}

/// An actor that has sent another one a delayed message sends it to the others by the clock alone
/// from then on: were the clock late, what it sends past the clock would overtake. Only the clock
/// knows what is ahead of what.
void CafRealtimeWorld::send(CafHost& from, bool to_itself, bool delayed, const Envelope& envelope) {
  caf::strong_actor_ptr receiver = hold(envelope.to);
  if (!receiver) return observe(from.realtime.latest, envelope, true);
  if (delayed && !to_itself) from.realtime.sends_by_clock = true;
  if (delayed || (from.realtime.sends_by_clock && !to_itself))
    from.clock().schedule_message(clock_.wall(envelope.due), std::move(receiver),
                                  make_element(envelope));
  else
    receiver->enqueue(make_element(envelope), from.context());
}

void CafRealtimeWorld::observe(Time now, const Envelope& envelope, bool dropped) {
  if (!options_.observer) return;
  const std::lock_guard lock(reports_mutex_);
  options_.observer(now, envelope.to, envelope.message, dropped);
}

void CafRealtimeWorld::note_lateness(Duration lateness) {
  Duration::rep greatest = greatest_lateness_.load(std::memory_order_relaxed);
  while (lateness.count() > greatest &&
         !greatest_lateness_.compare_exchange_weak(greatest, lateness.count(),
                                                   std::memory_order_relaxed)) {
  }
}

void CafRealtimeWorld::report(const RequestReport& report) {
  const std::lock_guard lock(reports_mutex_);
  options_.reports.add(report);
}

void CafRealtimeWorld::report(const ClientReport& report) {
  {
    const std::lock_guard lock(reports_mutex_);
    options_.reports.add(report);
  }
  const std::lock_guard lock(state_mutex_);
  if (++settled_ == realtime_.requests_expected) changed_.notify_all();
}

void CafRealtimeWorld::fail(std::exception_ptr failure) {
  deaf_ = true;
  const std::lock_guard lock(state_mutex_);
  if (!failure_) failure_ = std::move(failure);
  changed_.notify_all();
}

Address CafRealtimeWorld::spawn_request(caf::actor_system& system) {
  caf::strong_actor_ptr host = spawn_host(system, *this, Request(rules_));
  const std::lock_guard lock(hosts_mutex_);
  return hosts_.add(std::move(host));
}

caf::strong_actor_ptr CafRealtimeWorld::hold(Address address) {
  const std::lock_guard lock(hosts_mutex_);
  return hosts_.hold(address);
}

void CafRealtimeWorld::remove(Address address) {
  caf::strong_actor_ptr host;  // released when the lock is
  const std::lock_guard lock(hosts_mutex_);
  host = hosts_.remove(address);
}

CafRealtimeWorld::HandlerContext::HandlerContext(CafRealtimeWorld& world, CafHost& host,
                                                 const Envelope& envelope, Time arrived)
    : world_(world), host_(host) {
  // The clock's resolution and scale may put it a little before what was due.
  now_ = host.realtime.latest = std::max({host.realtime.latest, envelope.due, arrived});
  self_ = envelope.to;
  order_ = envelope.order;
  if (world.history_) Context::history_ = &world.history_;
}

Message& CafRealtimeWorld::HandlerContext::post(Address to, Duration delay, Order order) {
  sending_.to = to;
  sending_.due = after(now_, delay);
  sending_.order = order;
  return sending_.message;
}

}  // namespace

std::unique_ptr<RealtimeWorld> make_realtime_world(const WorldOptions& options,
                                                   const RealtimeOptions& realtime) {
  return std::make_unique<CafRealtimeWorld>(options, realtime);
}

}  // namespace caesura
