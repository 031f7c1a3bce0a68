#pragma once

#include "sim/time.hpp"
#include "model/pace.hpp"
#include "model/service_profile.hpp"
#include "scenarios/format/world_block.hpp"
#include "doors/world/marks.hpp"
#include "doors/world/turn_plan.hpp"
#include "doors/world/world_event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// How an attempt at an operation ended, as its service has it.
enum class AttemptEnd : std::uint8_t {
  in_progress,
  ok,
  failed,
  turned_away,  ///< no place was free: it used nothing
  refused,      ///< a fault of the call: an error status instead of service; it used nothing
  cut_off,      ///< its service was told, and stopped
  reset,        ///< a fault of the call broke the connection, and ended the work
  lost,         ///< it ended well, and a fault of the call lost the answer
};
const char* name_of(AttemptEnd end);

/// A signal, and when it came.
struct NotedSignal {
  SignalKind kind = SignalKind::hang_up;
  bool counts = false;  ///< it tells the service, as the protocol has it
  Time at;
};

/// One call of a model, a tool or an agent, from when it was read.
struct Attempt {
  static constexpr std::size_t signals_max = 100;
  std::uint64_t call = 0;       ///< WorldCallId; 0: it never became one
  std::uint32_t number = 1;     ///< of its operation's
  bool is_added = false;        ///< an answer that the plan has not: the rest of a planned one
  OperationSample sample = {};  ///< slowed, if a fault has it so
  Pace pace = {};
  Time asked = {};
  std::optional<Time> started = {};    ///< in service
  bool started_before_cancel = false;  ///< in the order of what was seen; meaningful if both were
  bool was_in_progress_at_cancel = false;  ///< likewise: in service as it was noted
  std::optional<Time> first_token = {};
  std::optional<Time> ended = {};  ///< of its service's work
  AttemptEnd end = AttemptEnd::in_progress;
  /// Of one that is in service: when it ends if nobody does anything; none: never, or it is held.
  std::optional<Time> ends_by_itself = {};
  std::optional<Time> given = {};         ///< its answer has been handed to its connection
  bool says_usage = false;                ///< that answer has said what was used
  std::vector<NotedSignal> signals = {};  ///< the first of them
  std::optional<Time> told = {};          ///< the first that counts
  std::uint32_t generated = 0;            ///< output tokens
  std::uint32_t delivered = 0;            ///< of these, handed to the connection
  std::uint32_t delivered_at_cancel = 0;
  std::uint32_t generated_at_settled = 0;  ///< as its turn was settled
  std::optional<Time> committed = {};      ///< its effect

  bool is_over() const { return end != AttemptEnd::in_progress; }
};

struct OperationRecord {
  const PlannedOperation* planned = nullptr;  ///< lives in the turn's plan
  std::vector<Attempt> attempts = {};         ///< in order
  std::uint32_t repeats = 0;                  ///< calls for it after it had completed
  bool completed = false;                     ///< one has ended well, and its answer was not lost
};

/// A call that the plan has no place for, or that it has had.
struct UnplannedRecord {
  std::uint16_t service = 0;
  OperationKind kind = OperationKind::llm;
  OperationPath repeats = {};  ///< the operation, already completed, that it asks for again
  Attempt attempt = {};
};

/// What the user was told, as the driver says.
struct Settlement {
  Outcome outcome = Outcome::completed;  ///< completed, cancelled, failed or timed_out
  Time at;
  std::optional<std::int64_t> input_tokens = {};
  std::optional<std::int64_t> output_tokens = {};
};

/// The user's side of a request, where the driver plays a user at the other end of a link. All
/// moments are the user's.
struct UserSide {
  Time sent;                             ///< the request
  std::optional<Time> answered = {};     ///< none: it has no answer
  std::optional<Time> cancel_sent = {};  ///< the first cancel
  std::uint32_t cancels_sent = 0;
  std::uint32_t cancels_behind = 0;  ///< of these, came when the subject had settled
};

/// One request of a run: its plan, and what was seen of it.
struct TurnRecord {
  TurnRecord(const Model& model, RequestNumber request, std::uint32_t turn_number)
      : number(turn_number), plan(model, request) {
    for (const PlannedOperation& operation : plan.operations())
      operations.push_back({.planned = &operation});
  }
  TurnRecord(const TurnRecord&) = delete;
  TurnRecord& operator=(const TurnRecord&) = delete;

  const std::uint32_t number;  ///< from 1
  const TurnPlan plan;
  std::vector<OperationRecord> operations;  ///< as TurnPlan::operations()
  std::vector<UnplannedRecord> unplanned;
  std::optional<Time> began;  ///< its first call of the plan
  std::optional<Time> cancelled;
  std::optional<Settlement> settlement;
  std::optional<UserSide> user;  ///< none: the user is where the subject is
  std::uint64_t stray_signals = 0;
  std::uint64_t refused_calls = 0;  ///< of models, for what they said
  bool is_closed = false;           ///< its ledger is

  bool is_settled() const { return settlement.has_value() || is_closed; }
  /// Every step of its plan has been answered, so that its user has it all.
  bool is_played() const { return operations.back().completed; }
  /// Whether it is a request at all, and not a place for a call that found none.
  bool is_real() const { return began || cancelled || settlement; }
  OperationRecord* find(const OperationPath& path);
};

/// Everything that was seen of one run.
struct RunRecord {
  std::string name;
  RequestNumber request = 0;                  ///< which of the scenario's it plays
  std::optional<std::uint64_t> seed;          ///< of its own; none: the scenario's
  std::vector<CallFault> faults;              ///< its own, before the scenario's
  std::vector<OperationPath> held;            ///< operations that do not end before a release
  std::map<std::uint32_t, TurnRecord> turns;  ///< by number, from 1; not all need be there
  Time made;
  std::optional<Time> ended;
  std::size_t open_calls = 0;  ///< that services work on
  std::size_t unplanned_calls = 0;
  EventList events;

  /// All its requests are, and there are some: calls that are still in progress are nobody's.
  bool is_settled() const;
};

}  // namespace caesura
