#include <deque>

#include "actors/world.hpp"
#include "sim/direct_engine.hpp"

namespace caesura {
namespace {

/// The lasting actors in a list, the requests in a slab, their messages in the direct engine.
class DirectWorld final : public World, private Context {
 public:
  explicit DirectWorld(const WorldOptions& options)
      : rules_(options.model, options.policy),
        reports_(options.reports),
        observer_(options.observer),
        lasting_(lasting_actors(rules_, options.play)) {}

  void post(Address to, const Message& message, Time at) override { engine_.post_at(to, message, at); }

  bool run(const std::atomic<bool>& stop) override {
    constexpr std::uint64_t steps_between_looks = 1024;
    const auto deliver = [this](Address to, const Message& message) { this->deliver(to, message); };
    while (!stop.load(std::memory_order_relaxed)) {
      for (std::uint64_t i = 0; i < steps_between_looks; ++i) {
        if (!engine_.step(deliver)) return true;
      }
    }
    return engine_.is_idle();
  }

  WorldCounters counters() const override {
    return {.messages = engine_.delivered() - dropped_, .requests_now = slots_.size() - free_.size(), .requests_peak = slots_.size()};
  }

 private:
  struct Slot {
    explicit Slot(const Rules& rules) : request(rules) {}
    Request request;
    std::uint32_t generation = 0;
    bool is_alive = false;
  };

  void deliver(Address to, const Message& message) {
    now_ = engine_.now();
    order_ = engine_.order();
    self_ = to;
    if (to.index < lasting_.size()) {
      if (observer_) observer_(now_, to, message, false);
      receive(lasting_[to.index], message, *this);
      return;
    }
    Slot& slot = slots_[to.index - lasting_.size()];
    const bool dropped = !slot.is_alive || slot.generation != to.generation;
    if (observer_) observer_(now_, to, message, dropped);
    if (dropped) {
      ++dropped_;
      return;
    }
    hand_over(slot.request, message, *this);
    if (ends_) {
      ends_ = false;
      slot.is_alive = false;
      ++slot.generation;
      free_.push_back(to.index);
    }
  }

  Order reserve(std::uint32_t count) override { return engine_.reserve(count); }
  void post(Address to, const Message& message, Duration delay, Order order) override { engine_.post(to, message, delay, order); }
  void end() override { ends_ = true; }
  void report(const RequestReport& report) override { reports_.add(report); }
  void report(const ClientReport& report) override { reports_.add(report); }

  Address spawn_request() override {
    if (free_.empty()) {
      slots_.emplace_back(rules_);
      free_.push_back(static_cast<std::uint32_t>(lasting_.size() + slots_.size() - 1));
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index - lasting_.size()];
    slot.is_alive = true;
    return {index, slot.generation};
  }

  const Rules rules_;
  ReportSink& reports_;
  const Observer observer_;
  std::vector<Actor> lasting_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
  DirectEngine<Address, Message> engine_;
  std::uint64_t dropped_ = 0;
  bool ends_ = false;
};

}  // namespace

std::unique_ptr<World> make_direct_world(const WorldOptions& options) { return std::make_unique<DirectWorld>(options); }

}  // namespace caesura
