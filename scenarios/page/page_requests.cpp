#include "scenarios/report/figures.hpp"
#include "scenarios/page/page_sections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t operations_in_table_max = 100;
constexpr std::size_t assumptions_shown = 8;

/// One request under one policy.
struct Shown {
  std::string policy;
  const Timeline* line = nullptr;
};

Duration wait_of(const Timeline& line) {
  return line.cancel_sent ? line.stopped - *line.cancel_sent : zero_duration;
}

/// By request, the quickest stop under the first policy first.
std::vector<std::vector<Shown>> by_request(const ScenarioPart& part) {
  std::map<RequestNumber, std::vector<Shown>> all;
  for (const PolicyTimelines& policy : part.timelines) {
    for (const Timeline& line : policy.requests)
      all[line.request].push_back({policy.policy, &line});
  }
  std::vector<std::vector<Shown>> requests;
  requests.reserve(all.size());
  for (auto& [number, shown] : all) requests.push_back(std::move(shown));
  std::stable_sort(requests.begin(), requests.end(), [](const auto& a, const auto& b) {
    return wait_of(*a[0].line) < wait_of(*b[0].line);
  });
  return requests;
}

/// Seconds after the request's arrival.
double since_arrival(const Timeline& line, Time t) { return seconds(t - line.arrived); }

/// "3 tool search"; of a child's "2.1 llm planner".
std::string operation_name(const OperationSpan& span) {
  std::string number;
  for (const std::uint32_t n : span.path) number += (number.empty() ? "" : ".") + std::to_string(n);

  return number + " " + name_of(span.kind) + (span.service.empty() ? "" : " " + span.service);
}

/// Operations side by side get lanes of their own: the first that is free at each one's start; a
/// child's are below its parent's.
std::vector<std::size_t> lanes_of(const Timeline& line) {
  std::vector<Time> free;
  std::vector<std::size_t> lanes;
  for (const OperationSpan& span : line.operations) {
    const std::size_t depth = span.path.size() - 1;
    if (free.size() < depth) free.resize(depth, span.start);
    const auto found = std::find_if(free.begin() + static_cast<std::ptrdiff_t>(depth), free.end(),
                                    [&](Time t) { return t <= span.start; });
    lanes.push_back(static_cast<std::size_t>(found - free.begin()));
    if (found == free.end()) {
      free.push_back(span.end);
    } else {
      *found = span.end;
    }
  }
  return lanes;
}

Json row_json(const PageContext& page, const Shown& shown) {
  const Timeline& line = *shown.line;
  const auto lanes = lanes_of(line);
  Json bars = Json::array();
  for (std::size_t i = 0; i < line.operations.size(); ++i) {
    const OperationSpan& span = line.operations[i];
    bars.push_back(
        {{"lane", lanes[i]},
         {"from", since_arrival(line, span.start)},
         {"to", since_arrival(line, span.end)},
         {"kind", name_of(span.kind)},
         {"cut_off", span.cut_off},
         {"text", operation_name(span) + ": " + duration_figure(seconds(span.end - span.start)) +
                      (span.cut_off ? ", cut off" : "")}});
  }
  return {{"policy", shown.policy},
          {"colour", page.colours.of(shown.policy)},
          {"lanes", lanes.empty() ? 1 : *std::max_element(lanes.begin(), lanes.end()) + 1},
          {"cancel", line.cancel_sent ? Json(since_arrival(line, *line.cancel_sent)) : Json()},
          {"stop", since_arrival(line, line.stopped)},
          {"bars", std::move(bars)}};
}

/// A row an operation, a column a policy; of very long requests the last operations, which the
/// cancel fell into.
Grid request_grid(const std::vector<Shown>& shown) {
  Grid grid{.titles = 1,
            .header = {"operation, from its arrival on"},
            .rows = {{"cancel sent"}, {"stopped"}}};
  std::map<std::vector<std::uint32_t>, std::vector<std::string>> rows;
  for (std::size_t p = 0; p < shown.size(); ++p) {
    const Timeline& line = *shown[p].line;
    grid.header.push_back(shown[p].policy);
    grid.rows[0].push_back(
        line.cancel_sent ? duration_figure(since_arrival(line, *line.cancel_sent)) : no_figure);
    grid.rows[1].push_back(duration_figure(since_arrival(line, line.stopped)) + " (" +
                           name_of(line.outcome) + ")");
    for (const OperationSpan& span : line.operations) {
      auto& row = rows[span.path];
      if (row.empty()) {
        row.assign(shown.size() + 1, no_figure);
        row[0] = operation_name(span);
      }
      row[p + 1] = duration_figure(since_arrival(line, span.start)) + " to " +
                   duration_figure(since_arrival(line, span.end)) +
                   (span.cut_off ? ", cut off" : "");
    }
  }
  const std::size_t left_out =
      rows.size() > operations_in_table_max ? rows.size() - operations_in_table_max : 0;
  if (left_out > 0) {
    std::vector<std::string> row(shown.size() + 1, no_figure);
    row[0] = count_figure(static_cast<std::int64_t>(left_out)) + " operations before";
    grid.rows.push_back(std::move(row));
  }
  for (auto row = std::next(rows.begin(), static_cast<std::ptrdiff_t>(left_out)); row != rows.end();
       ++row) {
    grid.rows.push_back(std::move(row->second));
  }
  return grid;
}

bool has_orphans(const ScenarioPart& part) {
  for (const PolicyTimelines& policy : part.timelines) {
    for (const Timeline& line : policy.requests) {
      const auto runs_on = [&](const OperationSpan& span) { return span.end > line.stopped; };
      if (std::any_of(line.operations.begin(), line.operations.end(), runs_on)) return true;
    }
  }
  return false;
}

std::string request_title(const std::vector<Shown>& shown) {
  return "Request " + count_figure(static_cast<std::int64_t>(shown.front().line->request));
}

/// "Stops 3.1 s after its cancel under checkpoint, 25 ms under abort."
std::string request_note(const std::vector<Shown>& shown) {
  std::string waits;
  for (const auto& [policy, line] : shown) {
    if (line->outcome != Outcome::cancelled || !line->cancel_sent) continue;
    const std::string wait = duration_figure(seconds(wait_of(*line)));
    waits += waits.empty() ? "Stops " + wait + " after its cancel under " + policy
                           : ", " + wait + " under " + policy;
  }
  return waits.empty() ? waits : waits + ".";
}

Json change_json(double from, double to) { return from == 0 ? Json() : Json(to / from - 1); }

std::string change_figure(double from, double to) {
  if (from == 0) return no_figure;
  const double change = to / from - 1;
  return (change < 0 ? "-" : "+") + share_figure(std::fabs(change));
}

/// Mean latency, or what is saved, of the figures of a sensitivity analysis.
struct Judgement {
  std::string name;
  const char* colour;
  std::string (*figure)(double);
  double (*value)(const SensitivityFigures&);
};

std::string tokens_figure(double tokens) { return count_figure(std::llround(tokens)); }

std::vector<Judgement> judgements(const Sensitivity& sensitivity) {
  std::vector<Judgement> all{
      {"mean cancellation latency", "after", duration_figure,
       [](const SensitivityFigures& f) { return f.cancel_latency_mean_s.value_or(0); }}};
  if (sensitivity.base.saved_usd > 0) {
    all.push_back({"$ saved", "saved", money_figure,
                   [](const SensitivityFigures& f) { return f.saved_usd; }});
  } else {
    all.push_back({"tokens saved", "saved", tokens_figure,
                   [](const SensitivityFigures& f) { return f.saved_tokens; }});
  }
  return all;
}

}  // namespace

Json timeline_section(const PageContext& page) {
  if (!page.scenario.scenario || page.scenario.scenario->timelines.empty()) return nullptr;
  Json figures = Json::array();
  for (const auto& shown : by_request(*page.scenario.scenario)) {
    Json rows = Json::array();
    for (const Shown& one : shown) rows.push_back(row_json(page, one));
    figures.push_back(
        {{"title", request_title(shown)},
         {"note", request_note(shown)},
         {"chart",
          {{"type", "timeline"},
           {"label", request_title(shown) + ": a row per policy, a bar per operation. " +
                         request_note(shown)},
           {"x", axis_json("since the request's arrival", "duration")},
           {"rows", std::move(rows)}}},
         {"table", table_json(request_title(shown), request_grid(shown))}});
  }
  if (figures.empty()) return nullptr;
  Json lines =
      Json::array({"Cancelled requests from the quickest stop to the slowest, the same ones under "
                   "each policy. A bar is an operation; "
                   "the dashed line is the cancel, the solid one the stop. Where a bar ends in a "
                   "cross, it was cut off."});
  if (has_orphans(*page.scenario.scenario)) {
    lines.push_back(
        "What goes on after the stop is an orphan: an agent's own request that was not told.");
  }
  return {{"id", "timeline"},
          {"title", "A few requests, one by one"},
          {"lines", std::move(lines)},
          {"figures", std::move(figures)}};
}

Json sensitivity_section(const PageContext& page) {
  if (!page.scenario.scenario || !page.scenario.scenario->sensitivity) return nullptr;
  const Sensitivity& sensitivity = *page.scenario.scenario->sensitivity;
  const std::size_t shown = std::min(sensitivity.effects.size(), assumptions_shown);
  const auto tried = count_figure(static_cast<std::int64_t>(sensitivity.tried));
  const std::string how =
      "Each of the scenario's latencies, links and cancels was made " +
      rough_figure(sensitivity.factor) + " times as large by itself, and the first " +
      count_figure(static_cast<std::int64_t>(sensitivity.requests)) + " requests run again under " +
      sensitivity.policy + ": the same requests with the same draws. ";
  Json section{{"id", "sensitivity"},
               {"title", "The assumptions that matter most"},
               {"lines", Json::array()}};
  if (shown == 0) {
    section["lines"].push_back(how + "None of the " + tried +
                               " changed the mean cancellation latency, or what was saved.");
    return section;
  }
  section["lines"].push_back(how + "Of " + tried + " tried, those with the greatest effect:");
  Grid grid{.titles = 1, .header = {"assumption"}, .rows = {}};
  Json categories = Json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    categories.push_back(sensitivity.effects[i].assumption);
    grid.rows.push_back({sensitivity.effects[i].assumption});
  }
  Json series = Json::array();
  for (const Judgement& judgement : judgements(sensitivity)) {
    const double base = judgement.value(sensitivity.base);
    grid.header.push_back(judgement.name + ", " + judgement.figure(base) + " before");
    grid.header.emplace_back("change");
    Json values = Json::array();
    Json texts = Json::array();
    for (std::size_t i = 0; i < shown; ++i) {
      const double value = judgement.value(sensitivity.effects[i].figures);
      values.push_back(change_json(base, value));
      texts.push_back(judgement.figure(value) + " instead of " + judgement.figure(base) + ", " +
                      change_figure(base, value));
      grid.rows[i].push_back(judgement.figure(value));
      grid.rows[i].push_back(change_figure(base, value));
    }
    series.push_back({{"name", judgement.name},
                      {"colour", judgement.colour},
                      {"values", std::move(values)},
                      {"texts", std::move(texts)}});
  }
  section["figures"].push_back({{"title", "Change if the assumption is " +
                                              rough_figure(sensitivity.factor) + " times as large"},
                                {"chart",
                                 {{"type", "bars"},
                                  {"label",
                                   "Change of mean cancellation latency and of what is saved, a "
                                   "pair of bars per assumption"},
                                  {"x", axis_json("change", "change")},
                                  {"categories", std::move(categories)},
                                  {"series", std::move(series)}}},
                                {"table", table_json("The assumptions that matter most", grid)}});
  return section;
}

}  // namespace caesura
