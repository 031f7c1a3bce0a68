#include "sim/direct_engine.hpp"
#include "sim/prefetch.hpp"
#include "sim/steady_vector.hpp"
#include "engines/hosted_actors.hpp"
#include "engines/world.hpp"

#include <cstddef>
#include <vector>

namespace caesura {
namespace {

/// The lasting actors in a list, the requests in a slab, their messages in the direct engine.
class DirectWorld final : private Context, public World {
 public:
  explicit DirectWorld(const WorldOptions& options)
      : latencies_(options.model),
        rules_(options.model, options.policy, Timing::exact, &latencies_, options.from_outside),
        reports_(options.reports),
        observer_(options.observer),
        told_(options.history),
        lasting_(lasting_actors(rules_, options.play, requests_peak_)),
        first_request_(static_cast<std::uint32_t>(lasting_.size())) {
    if (told_) history_ = &told_;
  }

  void post(Address to, const Message& message, Time at) override {
    engine_.post_at(to, message, at);
  }

  bool run(const std::atomic<bool>& stop) override {
    constexpr std::uint64_t steps_between_looks = 1024;
    const auto deliver = [this](Address to, const Message& message) { this->deliver(to, message); };
    const auto approach = [this](Address to, const Message& message) {
      this->approach(to, message);
    };
    while (!stop.load(std::memory_order_relaxed)) {
      for (std::uint64_t i = 0; i < steps_between_looks; ++i) {
        if (!engine_.step(deliver, approach)) return true;
      }
    }
    return engine_.is_idle();
  }

  WorldCounters counters() const override {
    return {.messages = engine_.delivered() - dropped_,
            .requests_now = slots_.size() - free_.size(),
            .requests_peak = requests_peak_};
  }

 private:
  static constexpr std::size_t cache_line = 64;

  /// Aligned, so that it is no more lines of the cache than it has to be.
  struct alignas(cache_line) Slot {
    explicit Slot(const Rules& rules) : request(rules) {}
    std::uint32_t generation = 0;
    bool is_alive = false;
    Request request;
  };
  static_assert(sizeof(Slot) == 3 * cache_line, "of a request in flight each byte counts");

  /// A reply is most of what waits, and finds its request and its place in the service out of the
  /// cache where many are in flight.
  void approach(Address to, const Message& message) {
    Address request = to;
    if (to.index < first_request_) {
      if (const auto* moment = std::get_if<CancelMoment>(&message))
        return prefetch_entries(moment->ticket);
      const Reply* reply = std::get_if<Reply>(&message);
      if (reply == nullptr) return;
      request = reply->to;
      if (const Service* service = std::get_if<Service>(&lasting_[to.index]))
        service->prefetch(request);
      if (request.index < first_request_) return;  // of a call from outside
    }
    const auto* slot = reinterpret_cast<const std::byte*>(&slot_of(request.index));
    for (std::size_t line = 0; line < sizeof(Slot); line += cache_line) prefetch(slot + line);
  }

  /// What client and directory have of the request with this ticket.
  void prefetch_entries(Ticket ticket) const {
    if (const Client* client = std::get_if<Client>(&lasting_[client_address.index]))
      client->prefetch(ticket);
    if (const Directory* directory = std::get_if<Directory>(&lasting_[directory_address.index]))
      directory->prefetch(ticket);
  }

  void deliver(Address to, const Message& message) {
    now_ = engine_.now();
    order_ = engine_.order();
    self_ = to;
    if (to.index < first_request_) {
      if (observer_) observer_(now_, to, message, false);
      receive(lasting_[to.index], message, *this);
      return;
    }
    Slot& slot = slot_of(to.index);
    const bool dropped = !slot.is_alive || slot.generation != to.generation;
    if (observer_) observer_(now_, to, message, dropped);
    if (dropped) {
      expect_may_be_late(message, rules_.model);
      ++dropped_;
      return;
    }
    ends_ = false;
    hand_over(slot.request, message, *this);
    if (ends_) {
      slot.is_alive = false;
      ++slot.generation;
      free_.push_back(to.index);
    }
  }

  Slot& slot_of(std::uint32_t index) { return slots_[index - first_request_]; }

  Order reserve(std::uint32_t count) override { return engine_.reserve(count); }
  Message& post(Address to, Duration delay, Order order) override {
    return engine_.post(to, delay, order);
  }
  void end() override { ends_ = true; }
  void report(const RequestReport& report) override {
    prefetch_entries(report.ticket);  // it ends
    reports_.add(report);
  }
  void report(const ClientReport& report) override { reports_.add(report); }

  Address spawn_request() override {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(first_request_ + slots_.size()));
      slots_.emplace_back(rules_);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slot_of(index);
    slot.is_alive = true;
    return {index, slot.generation};
  }

  LatenciesAhead latencies_;
  const Rules rules_;
  ReportSink& reports_;
  const Observer observer_;
  const RequestHistory told_;
  std::atomic<std::uint64_t> requests_peak_{0};
  std::vector<Actor> lasting_;
  const std::uint32_t first_request_;  // index of its address
  SteadyVector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  DirectEngine<Address, Message> engine_;
  std::uint64_t dropped_ = 0;
  bool ends_ = false;
};

}  // namespace

std::unique_ptr<World> make_direct_world(const WorldOptions& options) {
  return std::make_unique<DirectWorld>(options);
}

}  // namespace caesura
