#pragma once

#include "sim/statistics.hpp"
#include "model/quantities.hpp"
#include "scenarios/results/results.hpp"
#include "doors/world/turn_ledger.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace caesura {

/// What results.json says of a subject beside what it says of every policy: its member `world`.
class WorldTotals {
 public:
  void add(const TurnLedger& ledger);
  void note_stray() { ++stray_signals_; }  ///< of no run
  nlohmann::ordered_json json() const;
  /// The same for people, a sentence each: what there is nothing of is left out. `subject`: its
  /// name.
  std::vector<std::string> sentences(const std::string& subject) const;

 private:
  Samples settle_latency_;
  std::array<Samples, operation_kinds> told_latency_;  ///< by index_of(kind)
  std::uint64_t started_after_cancel_ = 0;
  std::uint64_t committed_after_cancel_ = 0;
  std::uint64_t never_told_ = 0;
  std::uint64_t never_asked_ = 0;
  std::uint64_t stray_signals_ = 0;
  std::uint64_t refused_calls_ = 0;
  AmountTotals added_;
  std::uint64_t unplanned_calls_ = 0;
  int128 unplanned_tokens_ = 0;
  int128 unplanned_cost_picos_ = 0;
};

}  // namespace caesura
