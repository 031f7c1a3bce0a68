#include "scenarios/report/sweep_report.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/results/version.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/report/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// A column of the table of a run that a sweep shows too.
struct UsualColumn {
  const char* header;
  const char* field;  ///< the one number that it shows; empty if it is none
};
constexpr std::array<UsualColumn, 7> usual_columns{{{"cancelled", "requests.cancelled"},
                                                    {"stop after p50", "cancel_latency_s.p50"},
                                                    {"p99", "cancel_latency_s.p99"},
                                                    {"tokens saved", "tokens.saved_fraction"},
                                                    {"$ saved", "cost_usd.saved"},
                                                    {"of avoidable", ""},
                                                    {"cut off (unsafe)", ""}}};
/// Where there is no room for all.
constexpr std::array<const char*, 7> most_wanted_first{
    "p99",          "cut off (unsafe)", "$ saved", "cancelled", "stop after p50",
    "tokens saved", "of avoidable"};

struct Candidate {
  std::size_t point;
  std::size_t policy;
};

std::vector<Candidate> candidates_of(const Sweep& sweep) {
  std::vector<Candidate> all;
  for (std::size_t p = 0; p < sweep.points.size(); ++p) {
    for (std::size_t i = 0; sweep.points[p] && i < sweep.points[p]->policies.size(); ++i)
      all.push_back({p, i});
  }
  return all;
}

const PolicyFigures& figures(const Sweep& sweep, const Candidate& candidate) {
  return sweep.points[candidate.point]->policies[candidate.policy];
}

/// A column of the sweep's table.
struct Column {
  std::string header;
  std::vector<std::string> cells;
};

/// The varied values, and the policy if they do not say which.
std::vector<Column> title_columns(const Sweep& sweep, const std::vector<Candidate>& candidates) {
  std::vector<Column> columns;
  for (auto& name : short_names(sweep.variations)) columns.push_back({std::move(name), {}});
  Column policies{"policy", {}};
  for (const auto& candidate : candidates) {
    const Point point = point_of(sweep.variations, candidate.point);
    for (std::size_t i = 0; i < point.size(); ++i)
      columns[i].cells.push_back(printable_line(point[i]));
    policies.cells.push_back(figures(sweep, candidate).policy);
  }
  const bool one_each = std::none_of(sweep.points.begin(), sweep.points.end(),
                                     [](const auto& p) { return p && p->policies.size() != 1; });
  const bool is_told =
      one_each && std::any_of(sweep.variations.begin(), sweep.variations.end(),
                              [](const Variation& v) { return v.path == "policy"; });
  if (!is_told) columns.push_back(std::move(policies));
  return columns;
}

/// Those that the table of a run has.
std::vector<Column> usual_figure_columns(const Sweep& sweep,
                                         const std::vector<Candidate>& candidates) {
  const bool priced =
      std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
        return figure_at(figures(sweep, candidate), "cost_usd.planned") > 0;
      });
  std::vector<Column> columns;
  for (const auto& usual : usual_columns) columns.push_back({usual.header, {}});
  for (const auto& candidate : candidates) {
    const Json policies = Json::array({policy_json(figures(sweep, candidate))});
    const Grid one = policy_grid({{"policies", policies}}, priced);
    std::erase_if(columns, [&](const Column& column) {
      return std::find(one.header.begin(), one.header.end(), column.header) == one.header.end();
    });
    for (auto& column : columns) {
      const auto at =
          std::find(one.header.begin(), one.header.end(), column.header) - one.header.begin();
      column.cells.push_back(one.rows.at(0).at(static_cast<std::size_t>(at)));
    }
  }
  return columns;
}

/// What the best is chosen by.
std::vector<std::string> target_fields(const Target& target) {
  std::vector<std::string> fields{target.objective.field};
  for (const auto& hold : target.holds) {
    if (std::find(fields.begin(), fields.end(), hold.field) == fields.end())
      fields.push_back(hold.field);
  }
  return fields;
}

/// The usual ones, and those that the best is chosen by, each number once.
std::vector<Column> figure_columns(const Sweep& sweep, const std::vector<Candidate>& candidates) {
  std::vector<Column> columns = usual_figure_columns(sweep, candidates);
  for (const auto& field : target_fields(sweep.target)) {
    for (const auto& usual : usual_columns) {
      if (field == usual.field)
        std::erase_if(columns, [&](const Column& column) { return column.header == usual.header; });
    }
    Column column{field, {}};
    for (const auto& candidate : candidates)
      column.cells.push_back(field_figure(field, figure_at(figures(sweep, candidate), field)));
    columns.push_back(std::move(column));
  }
  return columns;
}

Column note_column(const Sweep& sweep, const std::vector<Candidate>& candidates,
                   const std::optional<Best>& best) {
  Column notes{"note", {}};
  const double best_value =
      best ? figure_at(figures(sweep, {best->point, best->policy}), sweep.target.objective.field)
           : 0;
  for (const auto& [point, policy] : candidates) {
    const Standing standing = standing_of(figures(sweep, {point, policy}), sweep.target);
    if (best && point == best->point && policy == best->policy) {
      notes.cells.emplace_back("best");
    } else if (best && standing.held() && standing.value == best_value) {
      notes.cells.emplace_back("as good");
    } else {
      notes.cells.emplace_back(standing.miss > 0 ? "not held" : "");
    }
  }
  return notes;
}

Grid grid_of(const std::vector<Column>& titles, const std::vector<Column>& rest) {
  Grid grid{.titles = titles.size(), .header = {}, .rows = {}};
  grid.rows.resize(titles.at(0).cells.size());
  bool follows_p50 = false;
  for (const auto* columns : {&titles, &rest}) {
    for (const auto& column : *columns) {
      grid.header.push_back(column.header == "p99" && !follows_p50 ? "stop after p99"
                                                                   : column.header);
      follows_p50 = column.header == "stop after p50";
      for (std::size_t r = 0; r < grid.rows.size(); ++r) grid.rows[r].push_back(column.cells[r]);
    }
  }
  return grid;
}

std::vector<Column> without(std::vector<Column> columns, const std::vector<std::string>& headers) {
  std::erase_if(columns, [&](const Column& column) {
    return std::find(headers.begin(), headers.end(), column.header) != headers.end();
  });
  return columns;
}

/// As many columns as there is room for; tells which are left out. If even the least is too much,
/// all is told line by line.
void put_table(TextPage& page, const Sweep& sweep, const std::vector<Candidate>& candidates,
               const std::optional<Best>& best) {
  const auto titles = title_columns(sweep, candidates);
  auto columns = figure_columns(sweep, candidates);
  Column notes = note_column(sweep, candidates, best);
  const bool any_note = std::any_of(notes.cells.begin(), notes.cells.end(),
                                    [](const auto& cell) { return !cell.empty(); });
  if (any_note) columns.push_back(std::move(notes));

  std::vector<std::string> left_out(most_wanted_first.begin(), most_wanted_first.end());
  if (!page.fits(grid_of(titles, without(columns, left_out))))
    return page.grid(grid_of(titles, columns));
  for (const std::string header : most_wanted_first) {
    auto fewer = left_out;
    std::erase(fewer, header);
    if (page.fits(grid_of(titles, without(columns, fewer)))) left_out = fewer;
  }
  page.grid(grid_of(titles, without(columns, left_out)));
  std::string names;
  for (const auto& header : left_out)
    names += (names.empty() ? "" : ", ") + (header == "p99" ? "stop after p99" : header);
  if (!names.empty()) page.prose("No room for: " + names + "; --csv has every number.");
}

std::string point_words(const Sweep& sweep, std::size_t index) {
  std::string words;
  const auto names = short_names(sweep.variations);
  const Point point = point_of(sweep.variations, index);
  for (std::size_t i = 0; i < names.size(); ++i)
    words += (i == 0 ? "" : ", ") + names[i] + " " + printable_line(point[i]);
  return words;
}

std::string others_words(std::size_t n) {
  return n == 1 ? "1 other is" : count_figure(static_cast<std::int64_t>(n)) + " others are";
}

std::string best_words(const Sweep& sweep, std::size_t candidates,
                       const std::optional<Best>& best) {
  const Objective& objective = sweep.target.objective;
  const std::string holds = holds_words(sweep.target.holds);
  std::string words;
  if (!best) {
    words = holds.empty() ? "No best: " + objective.field + " has no value at any point."
                          : "No best: of " + count_figure(static_cast<std::int64_t>(candidates)) +
                                " candidates none holds " + holds + ".";
  } else {
    const PolicyFigures& policy = sweep.points[best->point]->policies[best->policy];
    words = "Best: " + point_words(sweep, best->point) + " (" + policy.policy + ") has " +
            objective_words(objective) + ", " +
            field_figure(objective.field, figure_at(policy, objective.field)) +
            (holds.empty() ? "" : ", of those that hold " + holds) + ".";
    if (best->ties > 0) words += " " + others_words(best->ties) + " exactly as good.";
  }
  if (!sweep.objective_given)
    words +=
        " (Chosen by " + objective.field + ", since neither --minimise nor --maximise was given.)";
  return words;
}

std::string title_words(const Sweep& sweep) {
  std::string words = sweep.scenario + ": ";
  for (std::size_t i = 0; i < sweep.variations.size(); ++i)
    words += (i == 0 ? "" : " × ") + sweep.variations[i].path;
  const auto n = static_cast<std::int64_t>(sweep.points.size());
  return words + ", " + count_figure(n) + (n == 1 ? " point" : " points");
}

bool is_seed_varied(const Sweep& sweep) {
  return std::any_of(sweep.variations.begin(), sweep.variations.end(),
                     [](const Variation& v) { return v.path == "seed"; });
}

}  // namespace

std::string grid_run_line(const GridRun& run, const std::string& engine, std::size_t points,
                          std::uint64_t requests, std::uint64_t seed) {
  return "Engine " + engine + ": " + count_figure(static_cast<std::int64_t>(points)) +
         (points == 1 ? " run" : " runs") + ", " +
         count_figure(static_cast<std::int64_t>(requests)) + " requests in " +
         duration_figure(run.wall_seconds) + " (" +
         rough_figure(run.wall_seconds > 0 ? static_cast<double>(requests) / run.wall_seconds : 0) +
         " requests/s) on " + count_figure(run.threads) +
         (run.threads == 1 ? " thread" : " threads") + "; seed " + std::to_string(seed) +
         "; Caesura " + version + ".";
}

std::string sweep_text(const Sweep& sweep, const TableOptions& options) {
  TextPage page(options);
  const auto candidates = candidates_of(sweep);
  const auto done = static_cast<std::size_t>(std::count_if(
      sweep.points.begin(), sweep.points.end(), [](const auto& p) { return p.has_value(); }));
  if (sweep.run.partial) {
    page.prose("Interrupted: partial results of " + count_figure(static_cast<std::int64_t>(done)) +
                   " of " + count_figure(static_cast<std::int64_t>(sweep.points.size())) +
                   " points",
               text_red);
  }
  page.prose(title_words(sweep));
  if (done == 0) return std::move(page).take();
  page.gap();
  const auto best = best_of(sweep);
  put_table(page, sweep, candidates, best);
  page.gap();
  page.prose(best_words(sweep, candidates.size(), best), text_bold);
  page.prose(is_seed_varied(sweep) ? "One run a point."
                                   : "One run a point, all with the same seed, and so the same "
                                     "draws. A small difference may be chance all the "
                                     "same: caesura advise repeats its best with fresh seeds.");
  page.gap();
  std::uint64_t requests = 0;
  std::optional<std::uint64_t> seed;
  for (const auto& point : sweep.points) {
    if (!point) continue;
    requests += point->requests * point->policies.size();
    if (!seed) seed = point->seed;
  }
  page.prose(grid_run_line(sweep.run, sweep.engine, done, requests, seed.value_or(0)));
  return std::move(page).take();
}

}  // namespace caesura
