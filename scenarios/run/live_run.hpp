#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/results.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

struct LiveOptions {
  std::size_t policy = 0;     ///< of requests that wish for none: index into Scenario::policies
  bool manual_clock = false;  ///< simulated time stands still but in advance()
  double time_scale = 1;      ///< in real time: so many times faster than life
  bool keeps_csv = false;     ///< whether take_csv() is to have anything to give
  /// Called when take_events() has something to give after it had nothing; from any thread, also
  /// within the calls below. It may call nothing of the run.
  std::function<void()> on_events;
};

/// What one request is to be like.
struct RequestWishes {
  std::optional<std::uint64_t> seed;  ///< it draws what request 0 of a run with this seed draws;
                                      ///< none: by its number and the scenario's seed
  std::optional<std::size_t> policy;  ///< index into Scenario::policies; none: the run's
  /// From 1, as in its plan: it starts, and does not end before release(); 0: none.
  std::uint32_t held_operation = 0;
  std::uint64_t user = 0;  ///< in requests.csv
};

/// An operation of a request's own plan. Position i in a list: operation number i + 1.
struct LiveOperation {
  OperationKind kind = OperationKind::llm;
  std::string service;  ///< empty for a transaction
  bool is_streamed = false;
};

/// A request as it will go if nobody cancels it.
struct LivePlan {
  std::vector<LiveOperation> operations;
  /// Operation number of the model call whose text is the answer: the last that is streamed, else
  /// the last; 0: there is none.
  std::uint32_t answering_call = 0;
  std::uint32_t answer_tokens = 0;  ///< output tokens of that call
};

/// Both sides' records of a settled request.
struct LiveRecord {
  std::size_t policy = 0;  ///< index into Scenario::policies
  RequestReport request;
  ClientReport client;
};

/// Something that happened to a request. Of each there are: operations and chunks as they went, of
/// each operation that started one end; at most one cancel_received; an answer to each cancel();
/// stopped, answered and settled, each once and in this order, settled last. In real time what
/// different actors did at nearly the same moment may come in any order.
struct LiveEvent {
  enum class What : std::uint8_t {
    operation_started,  ///< in service: waiting in a queue comes before
    operation_ended,    ///< its reply has reached the request, or was on its way as the request
                        ///< stopped waiting
    operation_cut_off,
    operation_left_running,  ///< nobody waits for it, and it runs on to its end: `at`, to come
    chunk,            ///< has reached the client; none comes after the answer to an accepted cancel
    cancel_received,  ///< the request's first
    cancel_answered,  ///< the answer has reached the client; a cancel that the client did not send
                      ///< any more, because it had the request's answer, counts as answered by the
                      ///< outcome
    stopped,          ///< with its outcome: from now on cancels are too late, and no operation
                      ///< starts or ends
    answered,         ///< after `stopped`: the client has its outcome, and sends no more cancels
    settled,          ///< its record is complete: orphans may run on for long after `stopped`
  };
  What what = What::stopped;
  RequestNumber request = 0;
  Time at{};                    ///< simulated
  std::uint32_t operation = 0;  ///< operation_…, chunk: its number, from 1
  std::uint32_t tokens = 0;     ///< chunk
  std::uint32_t cancel = 0;     ///< cancel_answered: which, as cancel() has said
  CancelVerdict verdict = CancelVerdict::accepted;  ///< cancel_answered
  Outcome outcome = Outcome::completed;             ///< stopped, answered, settled
  std::shared_ptr<const LiveRecord> record{};       ///< settled
};

/// A scenario whose requests and cancels come from outside, one by one, on the actors of CAF: in
/// real time on threads of its own, or with a clock that is moved by hand. It does not play the
/// scenario's load, cancels and thresholds. All of it is used from one thread.
class LiveRun {
 public:
  /// The scenario outlives the run. Throws PlanTooLong.
  LiveRun(const Scenario& scenario, const LiveOptions& options);
  ~LiveRun();
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  /// Sends a request; returns its number: from 0, ascending. Throws PlanTooLong.
  RequestNumber start(const RequestWishes& wishes);
  /// What start() would start now with these wishes. Throws PlanTooLong.
  LivePlan planned(const RequestWishes& wishes) const;
  /// The user's cancel, sent now. Returns how many there were of this request before. Throws
  /// std::out_of_range for a settled request.
  std::uint32_t cancel(RequestNumber request);
  /// Lets the held operation end; if it would not end yet anyway, it will not be held. Throws
  /// std::out_of_range for a settled request.
  void release(RequestNumber request);

  /// Simulated time since the start.
  Time now() const;
  /// Manual clock only (std::logic_error): on return all that was due by then has happened.
  void advance(Duration by);
  /// What has happened since the last call, in order. Rethrows what an actor threw.
  std::vector<LiveEvent> take_events();

  /// Nothing happens any more: events, results and rows stay as they are. Requests that are in
  /// flight never settle.
  void halt();

  std::uint64_t in_flight() const;  ///< started and not settled
  /// Of the settled requests: a result for the run's own policy, and for each other that one of
  /// them had; `partial` if some are in flight. `wall_seconds`, `requests_per_second` and
  /// `peak_rss_bytes` are the caller's to fill in.
  Results results() const;
  /// Lines of requests.csv, without header, of the settled requests that no call has given yet; in
  /// order of request number, as far as all before have settled, or, with `all`, with gaps.
  std::string take_csv(bool all);

 private:
  class Impl;  ///< it is what actors report to, and keeps their threads out of sight
  std::unique_ptr<Impl> impl_;
};

}  // namespace caesura
