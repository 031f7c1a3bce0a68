#include "sim/statistics.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/page/page_sections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t curve_points_max = 400;
constexpr std::size_t moment_bins_max = 30;
constexpr std::size_t moment_bins_min = 6;
constexpr std::size_t cancels_of_a_bin = 100;  // fewer make lines that show noise

bool has_cancelled(const Json& policy) { return policy.at("requests").at("cancelled") > 0; }

std::string duration_text(const Json& seconds_or_null) {
  return seconds_or_null.is_null() ? no_figure : duration_figure(seconds_or_null.get<double>());
}

const std::vector<CancelledRow>* rows_of(const PageContext& page, const std::string& policy) {
  if (!page.scenario.rows) return nullptr;
  const auto found = page.scenario.rows->find(policy);
  return found == page.scenario.rows->end() || found->second.empty() ? nullptr : &found->second;
}

/// Points of the distribution function: (latency, share of cancels that took no longer). Element k
/// of n sorted latencies is at k / n; of many, as many as fit are shown, spread evenly over k.
Json curve_of(const std::vector<CancelledRow>& rows) {
  std::vector<Duration> latencies;
  latencies.reserve(rows.size());
  for (const CancelledRow& row : rows) latencies.push_back(row.stopped - row.cancel_sent);
  std::sort(latencies.begin(), latencies.end());
  const std::size_t n = latencies.size();
  const std::size_t shown = std::min(n, curve_points_max);
  Json points = Json::array();
  for (std::size_t i = 1; i <= shown; ++i) {
    const std::size_t k = shown == n ? i : (i == 1 ? 1 : (i * n + shown - 1) / shown);
    points.push_back({seconds(latencies[k - 1]), static_cast<double>(k) / static_cast<double>(n)});
  }
  return points;
}

/// The same from what results.json says of a policy.
Json curve_of(const Json& latency) {
  constexpr std::array<std::pair<const char*, double>, 7> known{{{"min", 0},
                                                                 {"p50", 0.5},
                                                                 {"p90", 0.9},
                                                                 {"p95", 0.95},
                                                                 {"p99", 0.99},
                                                                 {"p99_9", 0.999},
                                                                 {"max", 1}}};
  Json points = Json::array();
  for (const auto& [field, share] : known) points.push_back({latency.at(field), share});
  return points;
}

/// Mean and p95 of the waits of cancels that were sent at about the same time after arrival.
struct MomentBin {
  double from_s = 0;
  double to_s = 0;
  double mean_sent_s = 0;
  Summary wait;
};

/// As many cancels in each; cancels of the very same moment stay together.
std::vector<MomentBin> bins_of(std::vector<CancelledRow> rows) {
  const auto moment = [](const CancelledRow& row) { return row.cancel_sent - row.arrived; };
  std::sort(rows.begin(), rows.end(),
            [&](const CancelledRow& a, const CancelledRow& b) { return moment(a) < moment(b); });
  std::vector<MomentBin> bins;
  const std::size_t wanted =
      std::clamp(rows.size() / cancels_of_a_bin, moment_bins_min, moment_bins_max);
  for (std::size_t begin = 0; begin < rows.size();) {
    const std::size_t which = begin * wanted / rows.size() + 1;
    std::size_t end = (which * rows.size() + wanted - 1) / wanted;
    while (end < rows.size() && moment(rows[end]) == moment(rows[end - 1])) ++end;
    Samples waits;
    Moments sent;
    for (std::size_t i = begin; i < end; ++i) {
      waits.add(rows[i].stopped - rows[i].cancel_sent);
      sent.add(moment(rows[i]).count());
    }
    bins.push_back({seconds(moment(rows[begin])), seconds(moment(rows[end - 1])),
                    sent.mean().value_or(0) / 1e9, waits.summary()});
    begin = end;
  }
  return bins;
}

/// One of the figures of a bin's wait.
struct MomentFigure {
  const char* title;
  const char* name;
  std::optional<double> Summary::*value;
};

Json moment_figure(const PageContext& page,
                   const std::vector<std::pair<std::string, std::vector<MomentBin>>>& policies,
                   const Json& x, const MomentFigure& figure) {
  Json series = Json::array();
  Grid grid{
      .titles = 2, .header = {"policy", "sent after arrival", "cancels", figure.name}, .rows = {}};
  for (const auto& [policy, bins] : policies) {
    Json points = Json::array();
    for (const MomentBin& bin : bins) {
      const double value = *(bin.wait.*figure.value);
      const std::string from = duration_figure(bin.from_s);
      const std::string to = duration_figure(bin.to_s);
      points.push_back({bin.mean_sent_s, value});
      grid.rows.push_back({policy, from == to ? from : from + " to " + to,
                           count_figure(static_cast<std::int64_t>(bin.wait.count)),
                           duration_figure(value)});
    }
    series.push_back(
        {{"name", policy}, {"colour", page.colours.of(policy)}, {"points", std::move(points)}});
  }
  return {{"title", figure.title},
          {"chart",
           {{"type", "curves"},
            {"label", std::string(figure.title) + ", a line per policy"},
            {"x", x},
            {"y", axis_json(figure.name, "duration")},
            {"dots", true},
            {"series", std::move(series)}}},
          {"table", table_json(figure.title, grid)}};
}

Grid latency_grid(const PageContext& page) {
  Grid grid{.titles = 1,
            .header = {"policy", "cancelled", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"},
            .rows = {}};
  for (const Json& policy : page.policies()) {
    const Json& latency = policy.at("cancel_latency_s");
    std::vector<std::string> row{name_in(policy),
                                 count_figure(latency.at("count").get<std::int64_t>())};
    for (const char* const field : {"mean", "p50", "p90", "p95", "p99", "p99_9", "max"})
      row.push_back(duration_text(latency.at(field)));
    grid.rows.push_back(std::move(row));
  }
  return grid;
}

std::string kind_words(const std::string& kind) {
  return kind == "none" ? "nothing in progress" : kind;
}

/// Seconds that cancels of `kind` waited in all: the sum of the waits, or what count and mean come
/// to.
double waited_s(const PageContext& page, const Json& policy, const std::string& kind) {
  const Json& latency = policy.at("cancel_latency_by_operation_s").at(kind);
  const auto* rows = rows_of(page, name_in(policy));
  if (rows == nullptr)
    return latency.at("count") == 0
               ? 0
               : latency.at("count").get<double>() * latency.at("mean").get<double>();
  int128 sum = 0;
  for (const CancelledRow& row : *rows) {
    const bool same = row.cancelled_in == nothing_in_progress
                          ? kind == "none"
                          : kind == name_of(all_operation_kinds.at(row.cancelled_in));
    if (same) sum += (row.stopped - row.cancel_sent).count();
  }
  return to_double(sum) / 1e9;
}

/// Kinds in which any policy's cancel arrived, in their usual order.
std::vector<std::string> kinds_met(const PageContext& page) {
  std::vector<std::string> kinds;
  for (const char* const kind : {"llm", "decompose", "tool", "agent", "transaction", "none"}) {
    const auto& all = page.policies();
    const auto is_met = [&](const Json& p) {
      return p.at("cancel_latency_by_operation_s").at(kind).at("count") > 0;
    };
    if (std::any_of(all.begin(), all.end(), is_met)) kinds.emplace_back(kind);
  }
  return kinds;
}

}  // namespace

Json latency_section(const PageContext& page) {
  Json series = Json::array();
  for (const Json& policy : page.policies()) {
    if (!has_cancelled(policy)) continue;
    const auto* rows = rows_of(page, name_in(policy));
    series.push_back(
        {{"name", name_in(policy)},
         {"colour", page.colours.of(name_in(policy))},
         {"stepped", rows != nullptr},
         {"points", rows != nullptr ? curve_of(*rows) : curve_of(policy.at("cancel_latency_s"))}});
  }
  if (series.empty()) return nullptr;
  Json lines =
      Json::array({"Read it so: at a given time, how many of the cancels had taken effect. The "
                   "steeper and the further left, the better."});
  if (!page.scenario.rows)
    lines.push_back("Drawn from the percentiles in results.json: straight lines between them.");
  return {{"id", "latency"},
          {"title", "How long a cancel takes"},
          {"lines", std::move(lines)},
          {"figures",
           Json::array(
               {{{"title", "Cancels that have taken effect, over time since they were sent"},
                 {"chart",
                  {{"type", "curves"},
                   {"label", "Cumulative distribution of cancellation latency, a line per policy"},
                   {"x", axis_json("time since the cancel was sent", "duration", true)},
                   {"y", axis_json("cancels that have taken effect", "share")},
                   {"series", std::move(series)}}},
                 {"table", table_json("Cancellation latency", latency_grid(page))}}})}};
}

Json wait_section(const PageContext& page) {
  const auto kinds = kinds_met(page);
  Json series = Json::array();
  Grid grid{.titles = 2,
            .header = {"policy", "cancelled in", "cancels", "mean wait", "p99", "waited in all",
                       "of the whole wait"},
            .rows = {}};
  for (const Json& policy : page.policies()) {
    if (!has_cancelled(policy)) continue;
    Json values = Json::array();
    Json texts = Json::array();
    double all = 0;
    for (const auto& kind : kinds) all += waited_s(page, policy, kind);
    for (const auto& kind : kinds) {
      const double waited = waited_s(page, policy, kind);
      const Json& latency = policy.at("cancel_latency_by_operation_s").at(kind);
      const std::string share = all > 0 ? share_figure(waited / all) : no_figure;
      values.push_back(waited);
      texts.push_back(duration_figure(waited) + ", " + share + " of the wait under " +
                      name_in(policy));
      grid.rows.push_back({name_in(policy), kind_words(kind),
                           count_figure(latency.at("count").get<std::int64_t>()),
                           duration_text(latency.at("mean")), duration_text(latency.at("p99")),
                           duration_figure(waited), share});
    }
    series.push_back({{"name", name_in(policy)},
                      {"colour", page.colours.of(name_in(policy))},
                      {"values", std::move(values)},
                      {"texts", std::move(texts)}});
  }
  if (kinds.empty()) return nullptr;
  Json categories = Json::array();
  for (const auto& kind : kinds) categories.push_back(kind_words(kind));
  Json section{
      {"id", "wait"},
      {"title", "What the wait was spent on"},
      {"lines", Json::array({"By the kind of operation in progress when the cancel arrived, summed "
                             "over all cancelled requests."})},
      {"figures",
       Json::array({{{"title", "Time that cancels waited, in all"},
                     {"chart",
                      {{"type", "bars"},
                       {"label",
                        "Time that cancels waited, by the operation in progress, a bar per policy"},
                       {"x", axis_json("waited in all", "duration")},
                       {"categories", std::move(categories)},
                       {"series", std::move(series)}}},
                     {"table", table_json("The wait by operation in progress", grid)}}})}};
  if (page.scenario.scenario) {
    for (const auto& words : page.scenario.scenario->explanations)
      section["remarks"].push_back(words);
  }
  return section;
}

Json moment_section(const PageContext& page) {
  std::vector<std::pair<std::string, std::vector<MomentBin>>> policies;
  double shortest = std::numeric_limits<double>::infinity();
  double longest = 0;
  for (const Json& policy : page.policies()) {
    const auto* rows = rows_of(page, name_in(policy));
    if (rows == nullptr) continue;
    policies.emplace_back(name_in(policy), bins_of(*rows));
    shortest = std::min(shortest, policies.back().second.front().mean_sent_s);
    longest = std::max(longest, policies.back().second.back().mean_sent_s);
  }
  if (policies.empty()) return nullptr;
  Json section{{"id", "moment"}, {"title", "A cancel at every instant"}};
  if (shortest == longest) {
    section["lines"].push_back(
        "Every cancel was sent " + duration_figure(shortest) +
        " after its request's arrival: there is no other moment to compare with.");
    return section;
  }
  constexpr double worth_a_logarithm = 100;
  const Json x = axis_json("from the request's arrival to its cancel", "duration",
                           shortest > 0 && longest / shortest > worth_a_logarithm);
  section["lines"].push_back(
      "How long a cancel takes, over the moment at which it is sent. Each point stands for as many "
      "cancels as any other of its policy.");
  section["figures"].push_back(moment_figure(
      page, policies, x, {"Mean wait by the moment of the cancel", "mean wait", &Summary::mean}));
  section["figures"].push_back(moment_figure(
      page, policies, x,
      {"95th percentile of the wait by the moment of the cancel", "p95", &Summary::p95}));
  return section;
}

}  // namespace caesura
