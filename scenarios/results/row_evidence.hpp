#pragma once

#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "scenarios/results/row_order.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What requests.csv counts of each request, and what can be added up of that.
enum class Measure : std::uint8_t {
  requests,  ///< 1 each
  completed,
  cancelled,
  failed,
  timed_out,
  rejected,
  cancels_sent,
  cancels_effective,
  cancels_too_late,
  cancels_already_cancelled,
  cancels_ignored,
  tokens_planned,
  tokens_used,
  tokens_saved,
  tokens_forgone,
  tokens_used_after_cancel,
  tokens_avoidable,  ///< saved or used after the cancel
  tokens_delivered,
  tokens_billed,
  input_planned,
  input_used,
  cached_input_planned,
  cached_input_used,
  output_planned,
  output_used,
  cost_planned,  ///< 10^-12 USD
  cost_used,
  cost_saved,
  cost_forgone,
  orphan_ns,
};
inline constexpr std::size_t measures = static_cast<std::size_t>(Measure::orphan_ns) + 1;

/// Durations of requests: cancellation latency by index_of(kind), then of nothing in progress, then
inline constexpr std::size_t acknowledge_series = nothing_in_progress + 1;
inline constexpr std::size_t request_series = nothing_in_progress + 2;
inline constexpr std::size_t series_count = nothing_in_progress + 3;

/// One line of requests.csv. Durations that the request has none of are empty.
struct RequestRow {
  std::uint64_t number = 0;
  std::array<std::int64_t, measures> counts{};
  std::array<std::optional<std::int64_t>, series_count> durations_ns{};
};

/// Sums over requests: enough for every mean, share and standard deviation of results.json. Of
/// interest for how they vary; the figures themselves are those of results.json.
struct RowSums {
  std::array<double, measures> counts{};
  struct Series {
    double count = 0;
    double sum = 0;
    double squares = 0;
  };
  std::array<Series, series_count> durations{};
  void add(const RequestRow& row);
  void add(const RowSums& other, double sign);
};

/// What the requests of one policy tell of the noise in its figures: sums over blocks of
/// consecutive requests, and all durations.
class RowEvidence {
 public:
  static constexpr std::uint64_t most_blocks = 50;

  /// Of a policy with so many requests.
  explicit RowEvidence(std::uint64_t requests);

  /// Rows in ascending order of request number, at most as many as announced.
  void add(const RequestRow& row);
  /// Once all rows are there.
  void finish();

  std::uint64_t requests() const { return requests_; }
  std::uint64_t rows() const { return rows_; }
  /// Equal for the same request numbers.
  std::uint64_t numbers_digest() const { return digest_; }
  const std::vector<RowSums>& blocks() const { return blocks_; }
  /// Nanoseconds, sorted.
  const std::vector<std::int64_t>& durations(std::size_t series) const {
    return durations_[series];
  }

 private:
  std::uint64_t requests_;
  std::uint64_t rows_ = 0;
  std::uint64_t digest_ = 0;
  std::vector<RowSums> blocks_;
  std::array<std::vector<std::int64_t>, series_count> durations_;
};

/// By policy.
using Evidence = std::map<std::string, RowEvidence>;

/// Reads a requests.csv. Throws ScenarioError if the file is not well formed, or is of another run
/// than `expected`.
Evidence read_evidence(const std::string& file, const ExpectedRows& expected);

/// How a figure of results.json follows from the rows.
struct RowFigure {
  enum class Form : std::uint8_t { ratio, share, mean, deviation, quantile };
  Form form = Form::ratio;
  Measure part = Measure::requests;  ///< of a ratio
  Measure whole = Measure::requests;
  /// Else: of these durations together; a share is of the requests that have one.
  std::vector<std::size_t> series;
  double p = 0;  ///< of a quantile
};

/// Empty if the rows do not tell it: extremes, and what they have no column for. Counts and sums
/// are taken per request.
std::optional<RowFigure> row_figure(const std::string& field);

/// Whether the figure differs between the two by more than noise; empty if there is too little to
/// tell by. `paired`: they are of the same requests (their plans are then drawn alike, whatever
/// else differs).
std::optional<bool> rows_differ(const RowFigure& figure, const RowEvidence& a, const RowEvidence& b,
                                bool paired);

}  // namespace caesura
