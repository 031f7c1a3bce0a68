#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "model/seed.hpp"
#include "engines/caf_realtime.hpp"
#include "engines/world.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace caesura {

struct LiveWorldOptions {
  bool manual_clock = false;
  double time_scale = 1;  ///< in real time: so many times faster than life
  /// Called when an actor has thrown, from any thread; may be empty.
  std::function<void()> on_failure;
};

/// The model without load and cancels: they come from outside. `own_seeds`: outlives it; null: as
/// the model has it.
Model without_load(const Model& model, const OwnSeeds* own_seeds);

/// A world into which messages come from outside: in real time, in a thread of its own, or with a
/// clock that is moved by hand, in the caller's. Used from one thread, but for what says otherwise.
class LiveWorld {
 public:
  /// It runs from now on: sink and observer are told from any thread, one call at a time.
  LiveWorld(const WorldOptions& world, const LiveWorldOptions& options);
  ~LiveWorld() { halt(); }
  LiveWorld(const LiveWorld&) = delete;
  LiveWorld& operator=(const LiveWorld&) = delete;

  bool is_manual() const { return manual_ != nullptr; }
  /// Simulated time since the start. From any thread in real time.
  Time now() const { return manual_ ? manual_->now() : realtime_->now(); }
  /// Delivers `message` now. With a manual clock all that is due now has happened on return. Hold
  /// no lock that the sink or the observer takes.
  void post(Address to, const Message& message);
  /// Manual clock only (std::logic_error): on return all that was due by then has happened.
  void advance(Duration by);
  /// Nothing happens any more in real time.
  void halt();

  /// Throws what an actor threw first, if one has.
  void rethrow_failure() const;
  WorldCounters counters() const;
  std::optional<Duration> greatest_lateness() const;  ///< none: the clock is moved by hand

 private:
  void fail(std::exception_ptr failure);
  void run();

  const std::function<void()> on_failure_;
  mutable std::mutex mutex_;  ///< guards failure_
  std::exception_ptr failure_;
  std::unique_ptr<ManualWorld> manual_;  ///< one of the two
  std::unique_ptr<RealtimeWorld> realtime_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace caesura
