#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "actors/messages.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace caesura {

/// Kinds of operation by index_of(kind), then none: what was in progress when a cancel arrived.
inline constexpr std::size_t nothing_in_progress = operation_kinds;

/// Children that were left to run on when their parents stopped.
struct Orphans {
  std::uint64_t count = 0;
  Duration ran_on{0};  ///< from the moment they were left until they ended
  Tokens tokens;       ///< used from then on
  Money cost;
  Orphans& operator+=(const Orphans& o) {
    count += o.count;
    ran_on = Duration{checked_sum(ran_on.count(), o.ran_on.count())};
    tokens += o.tokens;
    cost += o.cost;
    return *this;
  }
  bool operator==(const Orphans&) const = default;
};

/// The request's side of its record, complete when it has stopped and all its children have ended;
/// what they used is part of it. planned = used + saved + forgone, in every part.
struct RequestReport {
  RequestNumber number = 0;
  Ticket ticket = 0;
  Outcome outcome = Outcome::completed;
  Time started;                         ///< when it reached the server
  Time stopped;                         ///< before `started`, if its time was up on its way there
  std::optional<Time> cancel_received;  ///< of the first cancel
  std::size_t cancelled_in = nothing_in_progress;  ///< of cancelled requests; of several operations
                                                   ///< the one that ended last
  std::optional<Duration> operation_hit;  ///< the service time that it would have had if nobody had
                                          ///< cut it off; none for a child
  std::uint32_t operations_done = 0;      ///< that had run to their end by the stop
  std::uint32_t operations_planned = 0;
  Amounts planned;
  Amounts used;
  Amounts saved;
  Amounts forgone;
  Amounts used_after_cancel;
  TokenCounts billed;
  Tokens delivered;
  std::uint32_t chunks_sent = 0;
  std::array<std::uint32_t, operation_kinds> interrupted{};  ///< operations cut off
  std::uint32_t interrupted_unsafe = 0;  ///< of these, tools with unsafe side effects
  Orphans orphans;
  /// All its work was done well, and it was cancelled at its last checkpoint.
  bool answer_discarded = false;
};

/// The client's side, complete when it has the final answer and an answer to every cancel it sent,
/// and will send no more.
struct ClientReport {
  RequestNumber number = 0;
  Ticket ticket = 0;  ///< no other request has it before this report
  Outcome outcome = Outcome::completed;
  Time arrived;
  Time answered;
  std::optional<Time> cancel_sent;   ///< the first
  std::optional<Time> acknowledged;  ///< its answer received
  std::uint32_t cancels_sent = 0;
  std::uint32_t cancels_accepted = 0;
  std::uint32_t cancels_too_late = 0;
  std::uint32_t cancels_already_cancelled = 0;
  std::uint32_t cancels_ignored = 0;
  std::uint32_t chunks_received = 0;
};

/// Where reports go. In virtual time one thread calls it; in real time calls come one at a time,
/// from any thread.
class ReportSink {
 public:
  virtual void add(const RequestReport& report) = 0;
  virtual void add(const ClientReport& report) = 0;

 protected:
  ~ReportSink() = default;
};

}  // namespace caesura
