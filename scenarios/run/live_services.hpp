#pragma once

#include "sim/time.hpp"
#include "model/seed.hpp"
#include "actors/messages.hpp"
#include "actors/outside_calls.hpp"
#include "scenarios/format/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace caesura {

struct LiveServicesOptions {
  bool manual_clock = false;  ///< simulated time stands still but in advance()
  double time_scale = 1;      ///< in real time: so many times faster than life
  /// Of requests that have seeds of their own: what the delays of links are drawn by. Outlives the
  /// services; null: none has.
  const OwnSeeds* own_seeds = nullptr;
  /// Called when take_events() has something to give after it had nothing; from any thread, also
  /// within the calls below. It may call nothing of the services.
  std::function<void()> on_events{};
};

/// From 1, ascending.
using CallNumber = std::uint32_t;

/// Something that happened to a call. Of each there are, in this order: `queued` or `turned_away`,
/// if it found no free place; `started`, but of one turned away; `tokens` of one that is streamed;
/// `ended`. Each once, but for `tokens`. In real time events of different calls at nearly the same
/// moment may come in any order.
struct CallEvent {
  enum class What : std::uint8_t {
    queued,       ///< waits for a place
    turned_away,  ///< no waiting place was free either: its reply is on the way
    started,  ///< in service; `at` is the service's own time of it, from which tokens_generated()
              ///< and usage_if_cut_off() count
    tokens,   ///< a chunk has come, over its link
    ended,    ///< the reply has come, over its link
  };
  What what = What::ended;
  CallNumber call = 0;
  Time at{};                                     ///< simulated
  std::uint32_t tokens = 0;                      ///< tokens: that came now
  OperationResult result = OperationResult::ok;  ///< ended
};

/// A scenario's services, asked from outside, call by call, on the actors of CAF: in real time on
/// threads of its own, or with a clock that is moved by hand. Calls share what requests share,
/// places and queues, and nothing else. All of it is used from one thread.
class LiveServices {
 public:
  /// The scenario outlives the services. Throws std::invalid_argument for a time scale that is not
  /// positive and finite.
  LiveServices(const Scenario& scenario, const LiveServicesOptions& options);
  ~LiveServices();
  LiveServices(const LiveServices&) = delete;
  LiveServices& operator=(const LiveServices&) = delete;

  /// Sends a call to its service, now: it arrives over the link. One that nobody hangs up goes on
  /// to its end. Throws std::out_of_range for a service that is not there, std::invalid_argument
  /// for an agent with a workflow, std::length_error after 2^30 - 1 calls.
  CallNumber ask(const OutsideCall& call);
  /// The call is not wanted any more: its work ends at once, its place is free, and no event of it
  /// comes any more, not even of what has happened already; so take those first. False: it was
  /// over, then nothing happens, and its events come all the same, if they have not been taken.
  bool hang_up(CallNumber call);

  /// Simulated time since the start.
  Time now() const;
  /// Manual clock only (std::logic_error): on return all that was due by then has happened.
  void advance(Duration by);
  /// What has happened since the last call, in order. Rethrows what an actor threw.
  std::vector<CallEvent> take_events();

  /// Nothing happens any more; calls that are not over never end.
  void halt();

  /// The greatest difference, in simulated time, between when something was due and when it
  /// happened; zero with a manual clock.
  Duration greatest_lateness() const;
  std::uint64_t messages() const;  ///< delivered to actors
  std::size_t open() const;        ///< calls that are neither over nor hung up
  std::size_t open_peak() const;   ///< at one time, at most

 private:
  class Impl;  ///< it is what the world's threads tell of events, and keeps them out of sight
  std::unique_ptr<Impl> impl_;
};

}  // namespace caesura
