#include "scenarios/results/row_evidence.hpp"

#include "scenarios/results/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace caesura {
namespace {

const std::map<std::string, RowFigure>& ratios() {
  using enum Measure;
  const auto of = [](Measure part, Measure whole = requests) {
    return RowFigure{
        .form = RowFigure::Form::ratio, .part = part, .whole = whole, .series = {}, .p = 0};
  };
  static const std::map<std::string, RowFigure> all{
      {"requests.completed", of(completed)},
      {"requests.cancelled", of(cancelled)},
      {"requests.failed", of(failed)},
      {"requests.timed_out", of(timed_out)},
      {"requests.rejected", of(rejected)},
      {"cancels.sent", of(cancels_sent)},
      {"cancels.effective", of(cancels_effective)},
      {"cancels.too_late", of(cancels_too_late)},
      {"cancels.already_cancelled", of(cancels_already_cancelled)},
      {"cancels.ignored", of(cancels_ignored)},
      {"tokens.planned", of(tokens_planned)},
      {"tokens.used", of(tokens_used)},
      {"tokens.saved", of(tokens_saved)},
      {"tokens.forgone", of(tokens_forgone)},
      {"tokens.saved_fraction", of(tokens_saved, tokens_planned)},
      {"tokens.saved_of_avoidable", of(tokens_saved, tokens_avoidable)},
      {"tokens.used_after_cancel", of(tokens_used_after_cancel)},
      {"tokens.delivered", of(tokens_delivered)},
      {"tokens.billed", of(tokens_billed)},
      {"tokens.input.planned", of(input_planned)},
      {"tokens.input.used", of(input_used)},
      {"tokens.cached_input.planned", of(cached_input_planned)},
      {"tokens.cached_input.used", of(cached_input_used)},
      {"tokens.output.planned", of(output_planned)},
      {"tokens.output.used", of(output_used)},
      {"tokens.output.delivered", of(tokens_delivered)},
      {"cost_usd.planned", of(cost_planned)},
      {"cost_usd.used", of(cost_used)},
      {"cost_usd.saved", of(cost_saved)},
      {"cost_usd.forgone", of(cost_forgone)},
      {"cost_usd.saved_fraction", of(cost_saved, cost_planned)},
      {"orphans.seconds", of(orphan_ns)},
  };
  return all;
}

/// The durations that an object of statistics is about.
std::vector<std::size_t> series_of(const std::string& object) {
  if (object == "acknowledge_latency_s") return {acknowledge_series};
  if (object == "request_latency_s") return {request_series};
  std::vector<std::size_t> cancels(nothing_in_progress + 1);
  std::iota(cancels.begin(), cancels.end(), std::size_t{0});
  if (object == "cancel_latency_s") return cancels;
  for (const std::size_t kind : cancels) {
    const char* const name =
        kind == nothing_in_progress ? "none" : name_of(all_operation_kinds.at(kind));
    if (object == std::string("cancel_latency_by_operation_s.") + name) return {kind};
  }
  return {};
}

RowSums::Series joined(const RowSums& sums, const std::vector<std::size_t>& series) {
  RowSums::Series all;
  for (const std::size_t s : series) {
    all.count += sums.durations.at(s).count;
    all.sum += sums.durations.at(s).sum;
    all.squares += sums.durations.at(s).squares;
  }
  return all;
}

/// Not a number where there is nothing to divide by.
double value_of(const RowFigure& figure, const RowSums& sums) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const auto count = [&sums](Measure measure) {
    return sums.counts.at(static_cast<std::size_t>(measure));
  };
  const RowSums::Series all = joined(sums, figure.series);
  switch (figure.form) {
    case RowFigure::Form::ratio:
      return count(figure.whole) > 0 ? count(figure.part) / count(figure.whole) : none;
    case RowFigure::Form::share:
      return count(Measure::requests) > 0 ? all.count / count(Measure::requests) : none;
    case RowFigure::Form::mean:
      return all.count > 0 ? all.sum / all.count : none;
    case RowFigure::Form::deviation:
      return all.count > 1 ? std::sqrt(std::max(0.0, all.squares - all.sum * all.sum / all.count) /
                                       (all.count - 1))
                           : none;
    case RowFigure::Form::quantile:
      break;
  }
  return none;
}

/// Whether the sums of one block have any bearing on the figure.
bool is_informative(const RowFigure& figure, const RowSums& block) {
  if (figure.form == RowFigure::Form::ratio)
    return block.counts.at(static_cast<std::size_t>(figure.whole)) > 0;
  if (figure.form == RowFigure::Form::share) return true;
  return joined(block, figure.series).count > 0;
}

/// Empty if it is not a number over all blocks but one, or fewer than two blocks tell anything of
/// it.
std::optional<BlockStatistic> block_statistic(const RowFigure& figure,
                                              const std::vector<RowSums>& blocks) {
  RowSums all;
  for (const RowSums& block : blocks) all.add(block, 1);
  BlockStatistic statistic{.of_all = value_of(figure, all), .without = {}, .informative = 0};
  bool is_known = std::isfinite(statistic.of_all);
  for (const RowSums& block : blocks) {
    RowSums rest = all;
    rest.add(block, -1);
    statistic.without.push_back(value_of(figure, rest));
    is_known = is_known && std::isfinite(statistic.without.back());
    if (is_informative(figure, block)) ++statistic.informative;
  }
  if (!is_known || statistic.informative < 2) return std::nullopt;
  return statistic;
}

std::vector<std::int64_t> joined(const RowEvidence& evidence,
                                 const std::vector<std::size_t>& series) {
  if (series.size() == 1) return evidence.durations(series[0]);
  std::vector<std::int64_t> all;
  for (const std::size_t s : series)
    all.insert(all.end(), evidence.durations(s).begin(), evidence.durations(s).end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

void RowSums::add(const RequestRow& row) {
  for (std::size_t i = 0; i < measures; ++i) counts[i] += static_cast<double>(row.counts[i]);
  for (std::size_t s = 0; s < series_count; ++s) {
    if (!row.durations_ns[s]) continue;
    const auto x = static_cast<double>(*row.durations_ns[s]);
    durations[s].count += 1;
    durations[s].sum += x;
    durations[s].squares += x * x;
  }
}

void RowSums::add(const RowSums& other, double sign) {
  for (std::size_t i = 0; i < measures; ++i) counts[i] += sign * other.counts[i];
  for (std::size_t s = 0; s < series_count; ++s) {
    durations[s].count += sign * other.durations[s].count;
    durations[s].sum += sign * other.durations[s].sum;
    durations[s].squares += sign * other.durations[s].squares;
  }
}

RowEvidence::RowEvidence(std::uint64_t requests)
    : requests_(requests), blocks_(std::min(requests, most_blocks)) {}

void RowEvidence::add(const RequestRow& row) {
  blocks_.at(static_cast<std::size_t>(rows_ * blocks_.size() / requests_)).add(row);
  for (std::size_t s = 0; s < series_count; ++s) {
    if (row.durations_ns[s]) durations_[s].push_back(*row.durations_ns[s]);
  }
  // The finaliser of SplitMix64 (Steele, Lea and Flood) over the digest so far and the number.
  std::uint64_t mixed = digest_ + 0x9e3779b97f4a7c15U + row.number;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  digest_ = mixed ^ (mixed >> 31);
  ++rows_;
}

void RowEvidence::finish() {
  for (auto& series : durations_) std::sort(series.begin(), series.end());
}

std::optional<RowFigure> row_figure(const std::string& field) {
  if (const auto found = ratios().find(field); found != ratios().end()) return found->second;
  const auto dot = field.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  RowFigure figure;
  figure.series = series_of(field.substr(0, dot));
  if (figure.series.empty()) return std::nullopt;
  static const std::map<std::string, double> quantiles{
      {"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99_9", 0.999}};
  const std::string statistic = field.substr(dot + 1);
  if (const auto found = quantiles.find(statistic); found != quantiles.end()) {
    figure.form = RowFigure::Form::quantile;
    figure.p = found->second;
  } else if (statistic == "count") {
    figure.form = RowFigure::Form::share;
  } else if (statistic == "mean") {
    figure.form = RowFigure::Form::mean;
  } else if (statistic == "stddev") {
    figure.form = RowFigure::Form::deviation;
  } else {
    return std::nullopt;
  }
  return figure;
}

std::optional<bool> rows_differ(const RowFigure& figure, const RowEvidence& a, const RowEvidence& b,
                                bool paired) {
  if (figure.form == RowFigure::Form::quantile) {
    return quantiles_differ(joined(a, figure.series), joined(b, figure.series), figure.p);
  }
  const auto in_a = block_statistic(figure, a.blocks()), in_b = block_statistic(figure, b.blocks());
  if (!in_a || !in_b) return std::nullopt;
  return paired ? paired_block_statistics_differ(*in_a, *in_b)
                : block_statistics_differ(*in_a, *in_b);
}

}  // namespace caesura
