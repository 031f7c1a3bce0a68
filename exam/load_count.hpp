#pragma once

#include "sim/time.hpp"
#include "model/request_id.hpp"
#include "scenarios/results/comparison.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/turn_ledger.hpp"
#include "exam/load_errors.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

/// A request of a load that a subject has played, at the subject's end of the link.
struct PlayedRequest {
  RequestNumber number = 0;
  Time due;                        ///< when it was to be begun
  std::optional<Time> begun = {};  ///< none: it had no process to play it
  Time over;                       ///< settled, or its user had hung up
};

/// Of a completed request.
struct PlayedLatency {
  Duration whole{0};  ///< from sending to the answer
  Duration own{0};    ///< of that the subject's: TurnTimes::own
};

/// What is counted of the requests of a load beside their ledgers.
struct LoadCount {
  static constexpr std::size_t problems_max = 20;
  void add(const PlayedRequest& request, const TurnRecord& turn, const TurnLedger& ledger);
  /// The first problems_max are kept.
  void note_problem(std::string problem) {
    if (problems.size() < problems_max) problems.push_back(std::move(problem));
  }
  void note_wait(Duration waited);

  std::uint64_t played = 0;
  PairedRequests pairs;                                 ///< by number
  std::vector<std::optional<PlayedLatency>> latencies;  ///< by number
  LoadErrors errors;
  std::vector<std::string> problems;
};

}  // namespace caesura
