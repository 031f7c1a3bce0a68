#pragma once

#include "sim/time.hpp"
#include "scenarios/run/live_run.hpp"
#include "doors/muxi/api_call.hpp"
#include "doors/muxi/call_wishes.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

enum class RequestStatus : std::uint8_t { pending, processing, completed, failed, cancelled };
/// As the API says it.
const char* name_of(RequestStatus status);

/// When an operation was in service.
struct ServiceSpan {
  std::optional<Time> started;
  std::optional<Time> ended;
  bool cut_off = false;
};

/// A cancel on its way: its answer is for `call`; of a hang-up nobody waits for it.
struct PendingCancel {
  ApiCallPtr call;
  Faults faults;
};

/// What the gateway knows of one request.
struct RequestRecord {
  RequestNumber number = 0;
  std::string id;
  std::string user;
  std::string session;
  const Policy* policy = nullptr;
  Faults faults;
  std::uint32_t held_operation = 0;
  Time created;
  LivePlan plan;

  RequestStatus status = RequestStatus::pending;
  bool cancel_requested = false;  ///< one is under way, or was accepted
  /// Once a cancel has been answered: whether the request had stopped by then.
  std::optional<bool> was_immediate;
  std::optional<Time> cancel_received;
  std::optional<Time> stopped;
  Outcome outcome = Outcome::completed;  ///< once it has stopped
  /// Its chats are: it has stopped, and the answer has come over the client's link.
  bool is_answered = false;
  std::shared_ptr<const LiveRecord> ledger;  ///< once it has settled
  std::vector<ServiceSpan> operations;       ///< as in the plan

  std::deque<PendingCancel> cancels;        ///< in the order sent
  std::vector<PendingCancel> late_cancels;  ///< to be sent when it has stopped by itself
  std::vector<ApiCallPtr> waiting;          ///< chats that are answered when it has stopped
  bool is_streamed = false;                 ///< to chats that are told as it goes
  std::vector<ApiCallPtr> streams;          ///< these; several, if it was sent again
  std::uint32_t words_sent = 0;             ///< of the answer so far
  std::uint32_t planning_words_sent = 0;
  std::uint32_t content_frames = 0;
  std::string idempotency;                     ///< its key in the memory; empty: none
  std::optional<std::string> idempotency_key;  ///< as the client said it

  bool is_over() const { return stopped.has_value(); }
  /// As clients are told: a cancel is under way to something.
  RequestStatus shown_status() const {
    return status == RequestStatus::pending && cancel_requested ? RequestStatus::processing
                                                                : status;
  }
  bool ignores_cancels() const { return policy->kind == PolicyKind::never; }
  /// Words of the whole answer, at least one.
  std::uint32_t words() const { return plan.answer_tokens == 0 ? 1 : plan.answer_tokens; }
};

}  // namespace caesura
