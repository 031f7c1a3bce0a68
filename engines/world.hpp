#pragma once

#include "sim/time.hpp"
#include "model/arrivals.hpp"
#include "model/model.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "actors/request_history.hpp"
#include "actors/rules.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace caesura {

/// Sees every message when it is delivered, before its actor does. `to` may have ended: then the
/// message is dropped.
using Observer = std::function<void(Time now, Address to, const Message& message, bool dropped)>;

struct WorldCounters {
  std::uint64_t messages = 0;      ///< delivered
  std::uint64_t requests_now = 0;  ///< request actors alive
  /// Of clients, at the server at one time, at most: each from its start to its stop.
  std::uint64_t requests_peak = 0;
};

/// One policy's requests with the services they share, hosted on one engine. Virtual time:
/// single-threaded, and starts anew at any post() into a world with nothing left to do, even at an
/// earlier time if it plays one by one.
class World {
 public:
  virtual ~World() = default;

  /// Schedules a message from outside, at `at`.
  virtual void post(Address to, const Message& message, Time at) = 0;
  /// Delivers messages in order until none is left (true), or until `stop` is seen to be set
  /// (false): looked at between messages, now and then. Exceptions of actors come out here.
  virtual bool run(const std::atomic<bool>& stop) = 0;
  virtual WorldCounters counters() const = 0;
};

struct WorldOptions {
  const Model& model;
  const Policy& policy;
  FromOutside from_outside = {};
  LoadPlay play = LoadPlay::all;
  ReportSink& reports;
  Observer observer{};       ///< may be empty
  RequestHistory history{};  ///< may be empty
};

/// Posts the first requests of the load to a world that plays all of it.
void announce_load(const Model& model, World& world);

/// A world in virtual time whose clock is moved by hand: a time that has been reached is not left
/// backwards.
class ManualWorld : public World {
 public:
  /// Delivers, in order, all that is due by `at`, what follows from it included; then it is `at`.
  /// Time does not go back (std::logic_error).
  virtual void advance_to(Time at) = 0;
  virtual Time now() const = 0;
};

/// The actors in a slab, their messages in one queue.
std::unique_ptr<World> make_direct_world(const WorldOptions& options);
/// Every actor in a CAF actor, on a coordinator that orders by (time, order) and never sleeps.
std::unique_ptr<World> make_caf_world(const WorldOptions& options);
/// The same with a clock that is moved by hand.
std::unique_ptr<ManualWorld> make_manual_world(const WorldOptions& options);

}  // namespace caesura
