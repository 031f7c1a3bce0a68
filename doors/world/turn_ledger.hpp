#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "actors/reports.hpp"
#include "doors/world/run_record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace caesura {

/// What calls outside the plan came to.
struct UnplannedSum {
  std::uint64_t calls = 0;
  Tokens tokens;
  Money cost;
};

/// What one request of a subject used and saved, from its services' side. Of the operations of its
/// plan: planned + added = used + saved + forgone, in every part. A simulated request that does the
/// same things at the same moments has the same `request`, but for `added`.
struct TurnLedger {
  /// Operations of the plan; what sub-agents that the subject plays itself used is in it.
  RequestReport request;
  /// The user's side: arrived is its first call, or what was noted before that; answered, and
  /// acknowledged, what the user was told. Where the driver plays the user: as it has it.
  ClientReport client;
  Amounts added;  ///< used beyond the plan: attempts after the first, answers that the plan has not
  UnplannedSum unplanned;

  /// From the cancel; none without one, or where nothing was told after it.
  std::optional<Duration> settle_latency;
  struct Told {
    OperationKind kind = OperationKind::llm;
    Duration latency{0};  ///< from the cancel
  };
  std::vector<Told> told;  ///< of each attempt that was told after the cancel, in the plan's order
  std::vector<OperationPath> started_after_cancel;    ///< one an attempt, in the plan's order
  std::vector<OperationPath> committed_after_cancel;  ///< one a commit
  /// Attempts in progress at the cancel or later that nobody told, and that ran to their end.
  std::vector<OperationPath> never_told;
  std::vector<OperationPath> never_asked;  ///< of the plan, though it went on past them
  std::uint64_t stray_signals = 0;
  std::uint64_t refused_calls = 0;  ///< of models, for what they said
};

/// The books of a request as they stand at `now`, as if it ended so: what is in progress has used
/// what it has by now. A pure function of its arguments.
TurnLedger ledger_of(const TurnRecord& turn, Time now);

/// As the driver said; else completed if its plan was played to the end, cancelled if it was
/// cancelled, failed.
Outcome outcome_of(const TurnRecord& turn);

}  // namespace caesura
