#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/run/live_run.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/live/audience.hpp"
#include "doors/live/controlled_run.hpp"
#include "doors/live/due_queue.hpp"
#include "doors/live/early_cancels.hpp"
#include "doors/live/live_request.hpp"
#include "doors/live/loop.hpp"
#include "doors/live/request_registry.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

struct SessionOptions {
  std::size_t policy = 0;  ///< of requests that ask for none: index into Scenario::policies
  bool manual_clock = false;
  double time_scale = 1;
  std::size_t requests_max = 10'000;  ///< in flight
  std::chrono::system_clock::time_point start = {};
  /// So long, by the wall clock, a cancel of an unknown id waits for its request to appear.
  Duration early_cancel = std::chrono::milliseconds(250);
  std::size_t early_cancels_max = 1000;  ///< that wait
  /// Gets lines of requests.csv as requests settle; may be empty.
  std::function<void(std::string_view)> requests_csv = {};
};

/// A request as a door wants it.
struct StartWishes {
  std::string id;
  std::string user;
  std::optional<std::uint64_t> seed = {};
  std::optional<std::size_t> policy = {};  ///< index into Scenario::policies
  std::uint32_t held_operation = 0;        ///< from 1; 0: none
  bool takes_over = false;                 ///< the id, from whoever has it
};

/// Why a request was not started.
struct StartError : std::runtime_error {
  enum class Why : std::uint8_t {
    id_is_taken,  ///< by an active request, or another user's
    shutting_down,
    too_many,
    too_long,          ///< its plan
    no_such_operation  ///< to be held
  };
  StartError(Why reason, const std::string& what) : std::runtime_error(what), why(reason) {}
  Why why;
};

/// A live run as every door sees it: requests by the ids that clients give them, their cancels, and
/// the clock. It knows no protocol, and is used from one thread. What an actor throws comes out of
/// the calls, or out of what it gave the loop to do.
class LiveSession final : public ControlledRun {
 public:
  /// All of these outlive it, and so do the audiences. `witness` may be null.
  LiveSession(Loop& loop, const Scenario& scenario, SessionOptions options, Witness* witness);
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

  const Scenario& scenario() const { return scenario_; }
  const SessionOptions& options() const { return options_; }
  Loop& loop() { return loop_; }

  // Requests

  /// Throws StartError.
  LiveRequest& start(const StartWishes& wishes, Audience& audience);
  /// To be called when the door that has started it is ready to be told: what has happened by now
  /// is told, with a manual clock also what is due now, and cancels that came before are heard.
  void introduce(const std::string& id);
  /// Null if there is none of this id, or no more.
  LiveRequest* find(const std::string& id) { return registry_.find(id); }
  LiveRequest* find(RequestNumber number) { return registry_.find(number); }
  const RequestRegistry& requests() const { return registry_; }
  /// Those whose time is up are forgotten.
  void forget_the_old() { registry_.forget_until(client_now()); }

  // Cancels

  enum class CancelWhen : std::uint8_t { now, too_late };
  /// Sends a cancel, `too_late` only when the request has stopped by itself. One that a client
  /// would not send any more, since it has the outcome, is answered by that at once.
  void cancel(LiveRequest& request, CancelTold told, CancelWhen when = CancelWhen::now);
  /// Waits for an unknown id: `over` is called once, when there is such a request or when the time
  /// is up. None if that may not be, or as many wait as may.
  std::optional<EarlyCancels::Number> await(const std::string& id, std::function<void()> over);
  void await_no_more(EarlyCancels::Number number) { early_cancels_.withdraw(number); }

  // What tests do

  /// Lets its held operation end.
  void release(LiveRequest& request);
  void advance(Duration by) override;

  // Time

  Time now() const override { return run_.now(); }
  bool has_manual_clock() const override { return options_.manual_clock; }
  double time_scale() const override { return options_.time_scale; }
  const ApiClock& clock() const { return clock_; }
  /// As ApiClock::client_time().
  Time client_now() const { return clock_.client_time(run_.now()); }
  /// Does it `delay`, of clients' time, after `moment`, which is simulated; if that has passed,
  /// soon.
  void do_later(Time moment, Duration delay, std::function<void()> action);

  // As a whole

  /// No request is started from now on. `idle` is called, perhaps at once, when none is in flight.
  void drain(std::function<void()> idle);
  /// Requests whose end has not been told yet.
  std::uint64_t in_flight() const { return in_flight_; }
  /// As LiveRun's.
  void halt() { run_.halt(); }
  Results results() const { return run_.results(); }
  nlohmann::ordered_json results_json() const override;
  std::string take_csv(bool all) { return run_.take_csv(all); }

 private:
  struct CancelNews {
    RequestNumber request = 0;
    CancelTold told;
    CancelVerdict verdict = CancelVerdict::accepted;
    Time at;
  };

  void check_start(const StartWishes& wishes) const;
  void let_happen();
  void take_events();
  void happen(LiveRequest& request, const LiveEvent& event);
  static ServiceSpan& span_of(LiveRequest& request, const LiveEvent& event);
  void start_operation(LiveRequest& request, const LiveEvent& event);
  void say(LiveRequest& request, const LiveEvent& event);
  void answer_cancel(LiveRequest& request, const LiveEvent& event);
  void stop(LiveRequest& request, const LiveEvent& event);
  void answer(LiveRequest& request, Time at);
  void settle(LiveRequest& request, const LiveEvent& event);
  void send_cancel(LiveRequest& request, CancelTold told);
  void tell(LiveRequest& request, const CancelTold& told, CancelVerdict verdict, Time at);
  void arm_due();
  void arm_early_cancels();

  Loop& loop_;
  const Scenario& scenario_;
  SessionOptions options_;
  Witness* witness_;
  ApiClock clock_;
  RequestRegistry registry_;
  EarlyCancels early_cancels_;
  std::optional<EarlyCancels::Moment> early_cancels_armed_;  ///< the loop comes back then
  DueQueue due_;
  std::optional<Time> due_armed_;
  std::uint64_t in_flight_ = 0;
  std::function<void()> idle_;  ///< set: no new requests
  bool taking_events_ = false;
  /// Of the events being taken: told when all of them are known.
  std::vector<CancelNews> cancel_news_;
  LiveRun run_;  ///< last: it goes first, and wakes nobody after that
};

}  // namespace caesura
