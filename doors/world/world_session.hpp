#pragma once

#include "sim/time.hpp"
#include "model/seed.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/results.hpp"
#include "doors/live/controlled_run.hpp"
#include "doors/live/loop.hpp"
#include "doors/world/answer_pieces.hpp"
#include "doors/world/director.hpp"
#include "doors/world/run_calls.hpp"
#include "doors/world/run_journal.hpp"
#include "doors/world/subject_results.hpp"
#include "doors/world/world_event.hpp"
#include "doors/world/world_runs.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {

/// A call of a model that has begun.
struct BegunModelCall {
  WorldCallId id = 0;
  ModelAnswer answer;  ///< which the tokens will bring
};
/// A call of a tool that has begun.
struct BegunToolCall {
  WorldCallId id = 0;
  std::string text;  ///< what it answers if it ends well
};

/// A tool as the scenario has it.
struct WorldTool {
  std::string name;
  bool read_only = false;   ///< it has no side effects
  bool idempotent = false;  ///< it may be repeated
};

struct WorldSessionOptions {
  std::string subject = "subject";  ///< its name in results
  bool manual_clock = false;
  double time_scale = 1;
  WorldRuns::Limits runs = {};
  std::chrono::system_clock::time_point start = {};
  /// Gets lines of requests.csv as runs end; may be empty.
  std::function<void(std::string_view)> requests_csv = {};
  /// Gets every event, a line of JSON each; may be empty.
  std::function<void(std::string_view)> events = {};
};

/// The world around subjects: runs, their calls, and what is noted of them. It knows no protocol,
/// and is used from one thread. What an actor throws comes out of the calls, or out of what it gave
/// the loop to do.
class WorldSession final : public ControlledRun {
 public:
  /// The loop and the scenario outlive it.
  WorldSession(Loop& loop, const Scenario& scenario, WorldSessionOptions options);
  WorldSession(const WorldSession&) = delete;
  WorldSession& operator=(const WorldSession&) = delete;

  const Scenario& scenario() const { return scenario_; }
  const WorldSessionOptions& options() const { return options_; }
  Loop& loop() { return loop_; }
  const Model& model() const { return model_; }

  // What the doors ask

  /// Throws Refusal: what the director refuses, a fault of the call, an unknown model, too many
  /// runs.
  BegunModelCall call_model(const CallHint& hint, const Conversation& conversation,
                            std::shared_ptr<CallAudience> audience);
  /// Notes that a call of a model is refused for what it says, as call_model() does by itself.
  void note_refusal(const CallHint& hint, const Conversation& conversation, std::string_view why);
  /// `tool`: one of tools(), else Refusal (not_found); `arguments`: what the client sent.
  BegunToolCall call_tool(const CallHint& hint, std::string_view tool,
                          const nlohmann::json& arguments, std::shared_ptr<CallAudience> audience);
  /// Notes a signal for a call, over or not; of one that is forgotten, or was never begun, nothing.
  void signal(WorldCallId call, SignalKind kind, SignalMeaning meaning);
  /// A cancel that comes now for what was answered then may have crossed the answer: it is none for
  /// stray_signal().
  bool may_have_crossed(Time answered) const { return calls_.may_have_crossed(answered); }
  /// A signal for a call that nobody has begun; of a run that has ended, or that there is none of,
  /// too.
  void stray_signal(const CallHint& hint, SignalKind kind);
  /// So many output tokens of the call, from its beginning, have been handed to its connection.
  void delivered(WorldCallId call, std::uint32_t tokens) { calls_.delivered(call, tokens); }
  /// The whole answer has been handed to its connection; it has said what was used, or not.
  void answered(WorldCallId call, bool says_usage) { calls_.answered(call, says_usage); }
  std::vector<std::string> models() const;  ///< names, in the scenario's order
  std::vector<WorldTool> tools() const;     ///< in the scenario's order
  bool is_lenient() const { return scenario_.world.lenient; }
  /// Seconds since 1970 at the start of the world.
  std::int64_t created() const;

  // What drivers ask

  RunRecord& make_run(const RunWishes& wishes);
  /// Null if there is none of this name, or no more.
  RunRecord* find_run(const std::string& name) { return runs_.find(name); }
  const WorldRuns& runs() const { return runs_; }
  /// The plan of a run's request. Throws Refusal.
  TurnRecord& turn(RunRecord& run, std::uint32_t number) { return runs_.turn(run, number); }
  /// The user cancels now; `turn`: which request, none: the last begun that is not settled, else
  /// the last begun. False: that had been noted before, and the first counts; or the run has ended.
  bool note_cancelled(RunRecord& run, std::optional<std::uint32_t> turn);
  /// Likewise what the user was told; `settlement.at` is set here.
  bool note_settled(RunRecord& run, std::optional<std::uint32_t> turn, Settlement settlement);
  /// Lets an operation end that it is held for, now or when it would. False: it was not held.
  bool release(RunRecord& run, const OperationPath& operation);
  /// Closes the run's ledger. Calls of it that would never end, hanging or held, are broken off;
  /// the others go on to their ends. Not forgotten within the call. Of one that has ended: nothing.
  void end_run(RunRecord& run);
  /// The books of a request as they stand.
  TurnLedger ledger(const TurnRecord& turn) const { return ledger_of(turn, now()); }
  /// Waits for an event of a run: `told` is called once, perhaps at once. `timeout` by the wall
  /// clock. Returns the wait's number, never the same twice.
  EventWaits::Number await(RunRecord& run, const EventPattern& pattern,
                           std::chrono::nanoseconds timeout, EventWaits::Told told) {
    calls_.take_events();
    return journal_.await(run, pattern, timeout, std::move(told));
  }
  /// `told` is dropped, if it has not been called.
  void await_no_more(const std::string& run, EventWaits::Number wait) {
    journal_.await_no_more(run, wait);
  }
  /// Hears every event of the run from now on, until removed.
  std::uint64_t watch(const RunRecord& run, RunJournal::Watcher watcher) {
    return journal_.watch(run, std::move(watcher));
  }
  void watch_no_more(const std::string& run, std::uint64_t watcher) {
    journal_.watch_no_more(run, watcher);
  }

  // Time

  Time now() const override { return calls_.now(); }
  bool has_manual_clock() const override { return options_.manual_clock; }
  double time_scale() const override { return options_.time_scale; }
  void advance(Duration by) override { calls_.advance(by); }

  // As a whole

  /// Ends all runs that have nothing in progress that would end by itself.
  void close();
  /// Of runs that have ended the rows of requests.csv; close() does that too.
  void give_rows();
  void halt() { calls_.services().halt(); }
  /// Of ended runs. `partial`: some are in progress.
  Results results() const;
  /// The same as results.json has them, and `world`: what is told of a subject alone.
  nlohmann::ordered_json results_json() const override;
  nlohmann::ordered_json json_of(const Results& results) const;

 private:
  RunRecord& run_of(const std::string& name);
  void note_refusal(RunRecord& run, TurnRecord& turn, std::string_view why);
  std::uint32_t newest_open_turn(const RunRecord& run) const;
  std::uint32_t last_unsettled_turn(const RunRecord& run) const;
  std::uint32_t turn_of_note(const RunRecord& run) const;
  CallPlan unplanned_call(const TurnRecord& turn, std::uint16_t service,
                          std::optional<std::uint32_t> tokens) const;
  TurnRecord& noted_turn(RunRecord& run, std::optional<std::uint32_t> number);
  void check_wishes(RunRecord& run);
  void arm_sweep();
  void sweep();
  void forget_old();

  Loop& loop_;
  const Scenario& scenario_;
  const WorldSessionOptions options_;
  OwnSeeds seeds_;
  const Model model_;
  WorldRuns runs_;
  SubjectResults results_;
  RunJournal journal_;
  bool sweep_armed_ = false;
  RunCalls calls_;  ///< last: it goes first, and wakes nobody after that
};

}  // namespace caesura
