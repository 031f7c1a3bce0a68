#include "scenarios/run/live_world.hpp"

#include <stdexcept>
#include <utility>

namespace caesura {

Model without_load(const Model& model, const OwnSeeds* own_seeds) {
  Model served = model;
  if (own_seeds != nullptr) served.seed.own = own_seeds;
  served.load = {.requests = 0, .duration = {}, .arrivals = ArrivalsAtOnce{}, .users = 1};
  served.cancels.clear();
  return served;
}

LiveWorld::LiveWorld(const WorldOptions& world, const LiveWorldOptions& options)
    : on_failure_(options.on_failure) {
  if (options.manual_clock) {
    manual_ = make_manual_world(world);
  } else {
    realtime_ = make_realtime_world(world, {.time_scale = options.time_scale});
    realtime_->begin();  // the thread may come to it late
    thread_ = std::thread([this] { run(); });
  }
}

void LiveWorld::post(Address to, const Message& message) {
  if (manual_) {
    manual_->post(to, message, manual_->now());
    advance(zero_duration);
  } else {
    realtime_->post(to, message, realtime_->now());
  }
}

void LiveWorld::advance(Duration by) {
  if (!manual_) throw std::logic_error("only a clock that stands still can be advanced");
  try {
    manual_->advance_to(after(manual_->now(), by));
  } catch (...) {
    fail(std::current_exception());
  }
}

void LiveWorld::halt() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void LiveWorld::rethrow_failure() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

WorldCounters LiveWorld::counters() const {
  return manual_ ? manual_->counters() : realtime_->counters();
}

std::optional<Duration> LiveWorld::greatest_lateness() const {
  return realtime_ ? std::optional(realtime_->greatest_lateness()) : std::nullopt;
}

void LiveWorld::run() {
  try {
    realtime_->run(stop_);
  } catch (...) {
    fail(std::current_exception());
  }
}

void LiveWorld::fail(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  if (on_failure_) on_failure_();
}

}  // namespace caesura
