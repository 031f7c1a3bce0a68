#pragma once

#include "model/model.hpp"
#include "actors/messages.hpp"

#include <cstdint>
#include <optional>

namespace caesura {

/// The rules of a request's life: what each event does to it. A value without time, messages or
/// operations of its own: those that own it tell it what happened and do what it says.
///
///     pending -> running -> completed | failed | rejected | timed_out
///                  |  \-> failing (operations in progress run to their end) -> failed | rejected
///                  |  cancel accepted
///                  v
///              cancelling (likewise, or until they are aborted) -> cancelled
///
/// One terminal outcome, never changed. Once a cancel is accepted the outcome is `cancelled`,
/// whatever else happens. Under `never` cancels change nothing.
class LifeCycle {
 public:
  /// What the request has to do now.
  enum class Next : std::uint8_t {
    nothing,  ///< the event came too late to matter
    go_on,    ///< ask for what comes next
    drain,    ///< start nothing new, withdraw what is queued, wait for what is in progress
    stop,     ///< it has ended: outcome() is set
  };
  struct CancelEffect {
    CancelVerdict verdict = CancelVerdict::too_late;
    Next next = Next::nothing;
  };

  explicit LifeCycle(PolicyKind policy) : policy_(policy) {}

  Next start();
  /// `in_progress`: how many operations are in progress; a queued one is not.
  CancelEffect cancel(std::uint32_t in_progress);
  /// An operation ended, or found no place to wait in; `in_progress`: how many others are in
  /// progress.
  Next operation_ended(OperationResult result, std::uint32_t in_progress);
  /// The policy cut operations off; `in_progress`: how many others are in progress.
  Next operations_aborted(std::uint32_t in_progress);
  /// All work is done.
  Next work_done();
  /// The server's limit is reached: whatever is in progress is cut off.
  Next time_out();

  std::optional<Outcome> outcome() const;
  bool is_running() const { return phase_ == Phase::running; }
  /// A cancel was accepted, and the request has not stopped yet.
  bool is_cancelling() const { return phase_ == Phase::cancelling; }
  bool has_ended() const { return phase_ == Phase::ended; }
  /// Equal lives have the same future.
  bool operator==(const LifeCycle&) const = default;

 private:
  enum class Phase : std::uint8_t { pending, running, failing, cancelling, ended };
  Next end(Outcome outcome);

  PolicyKind policy_;
  Phase phase_ = Phase::pending;
  Outcome outcome_ = Outcome::completed;  // in `failing` what it will be, in `ended` what it is
};

}  // namespace caesura
