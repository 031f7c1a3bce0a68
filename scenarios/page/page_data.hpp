#pragma once

#include "scenarios/results/cancelled_rows.hpp"
#include "scenarios/page/page_scenario.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <vector>

namespace caesura {

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
