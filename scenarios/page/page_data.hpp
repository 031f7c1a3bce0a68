#pragma once

#include "scenarios/results/cancelled_rows.hpp"
#include "scenarios/run/timeline.hpp"
#include "scenarios/study/sensitivity.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// How some cancelled requests went under each policy: `requests` are the same under all.
struct PolicyTimelines {
  std::string policy;
  std::vector<Timeline> requests;
};

/// What scenario.yaml adds to results.
struct ScenarioPart {
  std::string description;
  std::string cancel_rule;  ///< from describe_cancels()
  std::string yaml;
  /// Empty if there is no requests.csv to choose the requests from.
  std::vector<PolicyTimelines> timelines;
  /// Why a cancel takes as long as it does, from explanations().
  std::vector<std::string> explanations;
  std::optional<Sensitivity> sensitivity;  ///< none if no policy of it can cancel
};

/// One scenario's results, with what lies beside them.
struct PageScenario {
  nlohmann::ordered_json results;
  std::optional<CancelledRows> rows;
  std::optional<ScenarioPart> scenario;
};

/// How many requests a page shows the lives of.
inline constexpr std::size_t shown_requests = 6;

/// The numbers of at most shown_requests cancelled requests, ascending: spread evenly over the
/// ranks of their cancellation latency, the shortest and the longest among them. Depends on nothing
/// but the set of rows.
std::vector<RequestNumber> requests_to_show(std::vector<CancelledRow> rows);

/// All that a page shows, as its script expects it: words, tables of text set by the rules of
/// figures.hpp, and charts as numbers. A pure function; results must have the shape of
/// results.json.
///
///     {title, scenarios: [{name, description, lead, facts: [{label, value, note}], lines, missing,
///     sections: [section]}]} section = {id, title, lines, items: [{colour, name, text}], tables:
///     [table], remarks,
///                figures: [{title, note, chart, table}], code}
///     table = {caption, titles, header, rows}          the first `titles` cells of a row say what
///     it is about chart = {type, label, ...}                       see page.js
nlohmann::ordered_json page_data(const std::vector<PageScenario>& scenarios);

}  // namespace caesura
