#pragma once

#include "sim/time.hpp"
#include "model/seed.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/run/live_services.hpp"
#include "doors/live/loop.hpp"
#include "doors/world/refusal.hpp"
#include "doors/world/run_journal.hpp"
#include "doors/world/run_record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace caesura {

/// What the protocol says of a signal, in the revision in which the call was made.
enum class SignalMeaning : std::uint8_t {
  cancels,  ///< the service is told: what it does for this call ends
  noted,    ///< of no effect, but on the record
};

enum class CallEnd : std::uint8_t {
  ok,
  failed,       ///< the service's own failure, or a fault that ends it so
  turned_away,  ///< no place and no waiting place was free: nothing was used
};

/// What a door hears of one call that it has begun, in the order in which it happens. Never within
/// the call of the session that begins it; but within any other, which may find out first what has
/// happened, signal() of this call included. After ended() or broken() nothing more comes, nor
/// after signal() with SignalMeaning::cancels.
class CallAudience {
 public:
  virtual ~CallAudience() = default;
  /// In service: it has left the queue.
  virtual void started() = 0;
  /// Output tokens `first` to `first + count - 1` (from 0) exist.
  virtual void generated(std::uint32_t first, std::uint32_t count) = 0;
  /// All tokens were told before. `text`: what failed.
  virtual void ended(CallEnd end, std::string_view text) = 0;
  /// The connection is to be reset now, whatever has been sent.
  virtual void broken() = 0;
};

using WorldCallId = std::uint64_t;  ///< from 1, never twice

struct RunCallsOptions {
  bool manual_clock = false;
  double time_scale = 1;
  const OwnSeeds* own_seeds = nullptr;  ///< as LiveServicesOptions'
};

/// What a call is to be for its service.
struct CallPlan {
  std::uint16_t service = 0;
  RequestNumber request = 0;
  std::uint32_t key = 0;
  OperationSample sample;
};

/// The calls of all runs, from when they are begun until their run is forgotten: the scenario's
/// services work on them, and what happens to each is noted with its run.
class RunCalls {
 public:
  /// All of these outlive it.
  RunCalls(Loop& loop, const Scenario& scenario, const RunCallsOptions& options,
           RunJournal& journal);
  RunCalls(const RunCalls&) = delete;
  RunCalls& operator=(const RunCalls&) = delete;

  /// An operation's next attempt, or, if it has completed and nothing is to be added, a repeat
  /// outside the plan. Throws Refusal: a fault of the call, or a loop that does not end.
  WorldCallId begin_planned(RunRecord& run, TurnRecord& turn, OperationRecord& operation,
                            bool is_added, std::shared_ptr<CallAudience> audience);
  /// `repeats`: the operation, completed, that it asks for again; empty: none. Throws Refusal if
  /// the run has had too many.
  WorldCallId begin_unplanned(RunRecord& run, TurnRecord& turn, const CallPlan& plan,
                              std::shared_ptr<CallAudience> audience,
                              const OperationPath& repeats = {});
  /// Notes a signal. Returns its run; null if the call is forgotten, or was never begun.
  RunRecord* signal(WorldCallId call, SignalKind kind, SignalMeaning meaning);
  /// A cancel that comes now for what was answered then may have crossed the answer.
  bool may_have_crossed(Time answered) const;
  /// So many output tokens of the call, from its beginning, have been handed to its connection.
  void delivered(WorldCallId call, std::uint32_t tokens);
  /// The whole answer has been handed to its connection; it has said what was used, or not.
  void answered(WorldCallId call, bool says_usage);
  /// Lets an operation end that it is held for, now or when it would. False: it was not held.
  bool release(RunRecord& run, const OperationPath& operation);

  /// Whether a call of the run is in progress that comes to an end if nobody does anything.
  bool has_work(const RunRecord& run);
  /// Calls of the run that would stay in progress for good are broken off.
  void let_go(RunRecord& run);
  void forget(const RunRecord& run);

  /// What has happened by now is noted, and told.
  void take_events();
  Time now() const { return services_.now(); }
  void advance(Duration by);  ///< manual clock only
  LiveServices& services() { return services_; }
  const LiveServices& services() const { return services_; }

 private:
  static constexpr std::uint32_t answers_max = 20;      ///< for one operation: a loop must end
  static constexpr std::size_t unplanned_max = 10'000;  ///< calls of one run

  /// Where what is known of a call stands.
  struct CallPlace {
    RunRecord* run = nullptr;
    TurnRecord* turn = nullptr;
    OperationRecord* operation = nullptr;  ///< null: it is unplanned
    std::size_t index = 0;                 ///< of its attempt, or among the unplanned
    bool has_side_effects = false;
    bool is_transactional = false;
    // While it is open:
    CallNumber number = 0;  ///< 0: no service works on it
    std::shared_ptr<CallAudience> audience = {};
    std::uint32_t reset_at_token = 0;  ///< 0: never
    bool loses_answer = false;
    bool is_held = false;
    std::optional<CallEvent> withheld = {};  ///< its end, while it is held
    std::string error = {};                  ///< that it fails with
  };

  const CallFault* fault_of(const RunRecord& run, const OperationPath& path,
                            std::uint32_t attempt) const;
  static bool has_had_enough(const TurnPlan& plan, const OperationRecord& operation, bool is_added);
  WorldCallId begin(CallPlace place, const CallPlan& plan, const CallFault* fault);
  Refusal refusal_of(const CallFault::Status& fault) const;
  Refusal kept(WorldCallId id, CallPlace place, Refusal refusal);
  Attempt& attempt_of(CallPlace& place) const;
  WorldEvent event_of(const CallPlace& place, EventKind kind, Time at) const;
  void happen(const CallEvent& event);
  void begin_service(CallPlace& place, Time at);
  void happen_tokens(WorldCallId id, CallPlace& place, const CallEvent& event);
  void finish(WorldCallId id, CallPlace& place, const CallEvent& event);
  void close_call(CallPlace& place, AttemptEnd end, Time at);
  void break_connection(WorldCallId id);
  bool ends_by_itself(CallPlace& place) const;

  Loop& loop_;
  const Scenario& scenario_;
  const RunCallsOptions options_;
  RunJournal& journal_;
  std::unordered_map<WorldCallId, CallPlace> calls_;  ///< never walked through
  std::unordered_map<CallNumber, WorldCallId> by_number_;
  std::unordered_map<std::string, std::vector<WorldCallId>> calls_of_;  ///< by run
  WorldCallId last_call_ = 0;
  bool taking_events_ = false;
  LiveServices services_;  ///< last: it goes first, and wakes nobody after that
};

}  // namespace caesura
