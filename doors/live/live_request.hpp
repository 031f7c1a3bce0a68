#pragma once

#include "sim/time.hpp"
#include "scenarios/run/live_run.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

class Audience;
struct LiveRequest;

enum class RequestStatus : std::uint8_t { pending, processing, completed, failed, cancelled };
const char* name_of(RequestStatus status);

/// When an operation was in service.
struct ServiceSpan {
  std::optional<Time> started;
  std::optional<Time> ended;  ///< may be to come: of one that nobody waits for
  bool cut_off = false;
};

/// What became of a cancel, and when whoever sent it was to know.
struct CancelReply {
  CancelVerdict verdict = CancelVerdict::accepted;
  Time at;
  /// Of a request that is cancelled: whether it had stopped when its first cancel was answered.
  bool was_immediate = false;
};

/// Hears what became of a cancel, once. Empty: nobody waits for that.
using CancelTold = std::function<void(LiveRequest&, const CancelReply&)>;

/// A cancel on its way.
struct PendingCancel {
  std::uint32_t number = 0;  ///< as LiveRun::cancel() has said
  CancelTold told;
};

/// What is known of one request, whatever door it came by.
struct LiveRequest {
  RequestNumber number = 0;
  std::string id;
  std::string user;
  const Policy* policy = nullptr;
  std::uint32_t held_operation = 0;
  Time created;
  LivePlan plan;
  Audience* audience = nullptr;

  RequestStatus status = RequestStatus::pending;
  bool cancel_requested = false;  ///< one is under way, or was accepted
  /// Once a cancel has been answered: whether the request had stopped by then.
  std::optional<bool> was_immediate;
  std::optional<Time> cancel_received;
  std::optional<Time> stopped;
  Outcome outcome = Outcome::completed;  ///< once it has stopped
  bool is_answered = false;  ///< it has stopped, and its client's link has brought the outcome
  std::shared_ptr<const LiveRecord> ledger;  ///< once it has settled
  std::vector<ServiceSpan> operations;       ///< as in the plan
  std::uint32_t answer_words_said = 0;
  std::uint32_t planning_words_said = 0;

  std::vector<PendingCancel> cancels;
  std::vector<CancelTold> late_cancels;  ///< to be sent when it has stopped by itself

  bool is_over() const { return stopped.has_value(); }
  /// As clients are told: a cancel is under way to something.
  RequestStatus shown_status() const {
    return status == RequestStatus::pending && cancel_requested ? RequestStatus::processing
                                                                : status;
  }
  bool ignores_cancels() const { return policy->kind == PolicyKind::never; }
  /// Words of the whole answer, at least one.
  std::uint32_t words() const { return std::max(plan.answer_tokens, 1U); }
};

}  // namespace caesura
