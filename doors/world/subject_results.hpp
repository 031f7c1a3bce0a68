#pragma once

#include "model/request_id.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/results.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/world_totals.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// What a subject's requests came to, once their runs have ended.
class SubjectResults {
 public:
  /// The scenario outlives it. `requests_csv` gets a line a request when all are closed; it may be
  /// empty. Throws ScenarioError for a threshold on the subject that is none.
  SubjectResults(const Scenario& scenario, std::string subject,
                 std::function<void(std::string_view)> requests_csv);

  /// Closes a request's ledger as it stands at `now`; nothing if it is closed.
  void close(const RunRecord& run, TurnRecord& turn, Time now);
  /// Gives the lines of those that are closed, in the order of their numbers: of a run's first
  /// request that of the load's which it plays, if none before has played it; all others are
  /// numbered beyond the load, in the order in which they were closed.
  void give_rows();
  /// A stray signal that is of no run.
  void note_stray() { world_totals_.note_stray(); }
  /// Of those that are closed, beside `open` that are not. What only the services know is the
  /// caller's to fill in.
  Results results(std::uint64_t open) const;
  /// As results.json has them, with `world`: what is told of a subject alone.
  nlohmann::ordered_json json_of(const Results& results) const;

 private:
  const Scenario& scenario_;
  const std::string subject_;
  const std::function<void(std::string_view)> requests_csv_;
  const std::vector<Threshold> thresholds_;
  PolicyTotals totals_;
  WorldTotals world_totals_;
  std::uint64_t closed_ = 0;
  std::map<RequestNumber, std::string> rows_;
  RequestNumber beyond_ = 0;  ///< so many are numbered beyond the load
};

}  // namespace caesura
