#pragma once

#include "engines/world.hpp"
#include "scenarios/run/runner.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

namespace caesura::bench {

/// One policy's whole load in one world, played a piece at a time, so that what it costs to begin
/// and to end is not measured with it. The load must be so long that it does not end meanwhile.
class SteadyWorld final : private ReportSink {
 public:
  SteadyWorld(const Model& model, const Policy& policy, EngineKind engine)
      : model_(model),
        policy_(policy),
        world_(make_world(engine, {.model = model_,
                                   .policy = policy_,
                                   .reports = *this,
                                   .observer = [this](auto&&...) { count_message(); }})) {
    announce_load(model_, *world_);
  }

  /// Delivers so many more messages, and then a few.
  void deliver(std::uint64_t messages) { run(messages, never); }
  /// Goes on until so many more requests are settled, and then delivers a few messages more.
  void settle(std::uint64_t requests) { run(never, requests); }

  std::uint64_t settled() const { return settled_; }
  std::uint64_t cancelled() const { return cancelled_; }
  std::uint64_t messages() const { return world_->counters().messages; }
  std::uint64_t in_flight() const { return world_->counters().requests_now; }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  void run(std::uint64_t messages, std::uint64_t requests) {
    messages_left_ = messages;
    requests_left_ = requests;
    stop_ = false;
    world_->run(stop_);
  }
  void count_message() {
    if (--messages_left_ == 0) stop_ = true;
  }
  void add(const RequestReport& report) override {
    if (report.outcome == Outcome::cancelled) ++cancelled_;
  }
  void add(const ClientReport&) override {
    ++settled_;
    if (--requests_left_ == 0) stop_ = true;
  }

  const Model model_;
  const Policy policy_;
  std::uint64_t settled_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t messages_left_ = never;
  std::uint64_t requests_left_ = never;
  std::atomic<bool> stop_{false};
  std::unique_ptr<World> world_;
};

}  // namespace caesura::bench
