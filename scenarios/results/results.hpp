#pragma once

#include "sim/statistics.hpp"
#include "sim/time.hpp"
#include "model/model.hpp"
#include "actors/reports.hpp"
#include "scenarios/results/cancel_waits.hpp"
#include "scenarios/results/comparison.hpp"
#include "scenarios/results/thresholds.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// Token counts over many requests. Exact.
struct TokenTotals {
  int128 input = 0;
  int128 cached_input = 0;
  int128 output = 0;
  void add(const TokenCounts& tokens);
  void merge(const TokenTotals& other);
  int128 sum() const { return input + cached_input + output; }
};

/// One column of the ledger over many requests. Exact.
struct AmountTotals {
  TokenTotals tokens;
  int128 cost_picos = 0;
  std::array<int128, operation_kinds> busy_ns{};  ///< by index_of(kind)
  void add(const Amounts& amounts);
  void merge(const AmountTotals& other);
};

/// Orphans of many requests. Exact.
struct OrphanTotals {
  std::uint64_t count = 0;
  int128 ran_on_ns = 0;
  int128 tokens = 0;
  int128 cost_picos = 0;
  void add(const Orphans& orphans);
  void merge(const OrphanTotals& other);
};

/// All that results.json says of one policy, and what explains it, over any set of requests. A
/// function of the set alone: the order of add() and merge() does not matter.
class PolicyTotals {
 public:
  /// Adds one request, whose two reports must agree and add up (JoinedReports sees to it). Throws
  /// std::logic_error, naming the request, if a time that its outcome or cancel implies is missing,
  /// or before the one that it follows.
  void add(const RequestReport& request, const ClientReport& client);
  /// Leaves `other` empty.
  void merge(PolicyTotals&& other);

  /// One element of `policies` in results.json, fields in their fixed order. O(requests) up to
  /// Samples::exact_count_max, else constant.
  nlohmann::ordered_json to_json(const std::string& policy) const;

  std::uint64_t requests() const;
  /// The latest moment of any request: its stop, or its answer's arrival. The start of the run if
  /// there are none.
  Time latest() const { return latest_; }
  const CancelWaits& cancel_waits() const { return cancel_waits_; }

 private:
  struct Ledger {
    AmountTotals planned;
    AmountTotals used;
    AmountTotals saved;
    AmountTotals forgone;
    AmountTotals used_after_cancel;
    TokenTotals billed;
    int128 delivered = 0;
  };
  struct Cancels {
    std::uint64_t sent = 0;
    std::uint64_t effective = 0;
    std::uint64_t too_late = 0;
    std::uint64_t already_cancelled = 0;
    std::uint64_t ignored = 0;
  };

  void add_latencies(const RequestReport& request, const ClientReport& client);
  nlohmann::ordered_json latencies_json() const;
  nlohmann::ordered_json tokens_json() const;
  nlohmann::ordered_json cost_json() const;
  nlohmann::ordered_json busy_json() const;

  std::array<std::uint64_t, 5> outcomes_{};
  Cancels cancels_;
  std::array<Samples, operation_kinds + 1>
      cancel_latency_;  // by kind in progress, then none; all of them is their merger
  Samples acknowledge_latency_;
  Samples request_latency_;
  std::uint64_t discarded_answers_ = 0;
  std::array<std::uint64_t, operation_kinds> interrupted_{};
  std::uint64_t interrupted_unsafe_ = 0;
  OrphanTotals orphans_;
  Ledger ledger_;
  Time latest_{};
  CancelWaits cancel_waits_;
};

/// The section `run` of results.json: what may differ from run to run.
struct RunFigures {
  double wall_seconds = 0;
  double simulated_seconds = 0;
  std::uint64_t messages = 0;
  double requests_per_second = 0;
  std::uint64_t peak_in_flight = 0;
  std::uint64_t peak_rss_bytes = 0;
  unsigned threads = 1;
  bool partial = false;
  bool served = false;  ///< requests came from outside, each with one policy: `requests` are those
                        ///< of all policies together
};

/// What people are told beside the figures of results.json.
struct Background {
  std::string description;  ///< the scenario's
  std::string cancel_rule;  ///< from describe_cancels()
  /// Real time only: how late a message was delivered at worst.
  std::optional<Duration> lateness_max;
  std::vector<std::string> explanations = {};  ///< from explanations()
};

struct PolicyResult {
  Policy policy;
  PolicyTotals totals;
};

struct Results {
  std::string scenario;
  std::string file;  ///< as given on the command line; results.json has its base name
  std::uint64_t seed = 1;
  std::uint64_t requests = 0;  ///< of each policy, as the scenario wants them; of all replications
  std::uint64_t replications = 1;  ///< named in results.json if there are several
  std::string engine;
  RunFigures run;
  std::vector<PolicyResult> policies;
  std::vector<PolicyComparison> comparisons;
  std::vector<Threshold> thresholds;  ///< from parse_thresholds(), before the run
  Background background;
};

/// `comparisons` in results.json, fields in their fixed order.
nlohmann::ordered_json comparisons_json(const std::vector<PolicyComparison>& comparisons);

/// The whole document of results.json, thresholds judged (if partial they are not: `value` and `ok`
/// are null). Field order is fixed.
nlohmann::ordered_json to_json(const Results& results);

}  // namespace caesura
