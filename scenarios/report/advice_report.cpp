#include "scenarios/report/advice_report.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/report/report.hpp"
#include "scenarios/report/sweep_report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

std::string count_words(std::size_t n, const char* one, const char* many) {
  return count_figure(static_cast<std::int64_t>(n)) + ' ' + (n == 1 ? one : many);
}

/// "policy.0.escalate.after = 4.4s and timeout = 10m (policy escalate)"
std::string place_words(const Advice& advice, const Assessed& assessed) {
  std::string words;
  for (std::size_t i = 0; i < assessed.point.size(); ++i) {
    words += (i == 0 ? "" : " and ") + advice.question.variations[i].path + " = " +
             printable_line(assessed.point[i]);
  }
  return words + " (policy " + assessed.search.policy + ")";
}

/// The same, as short as it can be told in the company of the first.
std::string short_place_words(const Advice& advice, const Assessed& assessed) {
  std::string words;
  const auto names = short_names(advice.question.variations);
  for (std::size_t i = 0; i < assessed.point.size(); ++i)
    words += (i == 0 ? "" : ", ") + names[i] + ' ' + printable_line(assessed.point[i]);
  const bool same_policy =
      advice.recommended && advice.recommended->search.policy == assessed.search.policy;
  return same_policy ? words : words + ", under " + assessed.search.policy;
}

/// The mean over fresh seeds, or else the figure of the search.
double typical(const Assessed& assessed, const std::string& field) {
  return assessed.fresh.empty() ? figure_at(assessed.search, field)
                                : replicated_mean(assessed, field).mean;
}

/// Wide enough apart to be told from one another.
std::string interval_words(const std::string& field, const ReplicatedMean& value) {
  return field_figure(field, value.low) + " to " + field_figure(field, value.high);
}

std::string found_words(const Advice& advice) {
  const Assessed& best = *advice.recommended;
  const Objective& objective = advice.question.target.objective;
  const std::string limits = holds_words(advice.question.target.holds);
  const std::string tried = count_words(advice.points, "point", "points") + " tried";
  if (advice.found) {
    return "Choose " + place_words(advice, best) + ": of " + tried + " it has " +
           objective_words(objective) +
           (limits.empty()
                ? ""
                : " that holds " + limits + (advice.looked_better ? " beyond chance" : "")) +
           ", " + field_figure(objective.field, figure_at(best.search, objective.field)) + ".";
  }
  std::string words = "No point holds " + limits + ", of " + tried + ". Nearest comes " +
                      place_words(advice, best) + ":";
  bool first = true;
  for (const auto& hold : advice.question.target.holds) {
    const double x = figure_at(best.search, hold.field);
    if (!std::isnan(x) && holds(x, hold.comparison, hold.limit)) continue;
    words += (first ? " " : ", ") + hold.field + " is " + field_figure(hold.field, x);
    if (!std::isnan(x) && x != hold.limit) {
      words += ", " + field_figure(hold.field, std::fabs(x - hold.limit)) +
               (x > hold.limit ? " above" : " below") + " the limit";
    }
    first = false;
  }
  return words + ".";
}

std::string hold_words(const Assessed& assessed, const Threshold& hold) {
  const ReplicatedMean value = replicated_mean(assessed, hold.field);
  std::string words = hold.field + ' ';
  if (std::isnan(value.mean)) return words + "has no value in some of them: not held";
  words += field_figure(hold.field, value.mean) + " (" + interval_words(hold.field, value) + "): ";
  const std::string in = "in " + count_figure(static_cast<std::int64_t>(held_in(assessed, hold))) +
                         " of " + count_figure(static_cast<std::int64_t>(assessed.fresh.size())) +
                         " runs";
  switch (judge_hold(assessed, hold)) {
    case Hold::with_room:
      return words + "held by the whole interval, and " + in;
    case Hold::just:
      return words + "held on average, but only just, and " + in;
    case Hold::missed:
      return words + "missed on average, held " + in;
  }
  return words;
}

std::string sureness_words(const Advice& advice) {
  const Assessed& best = *advice.recommended;
  if (best.fresh.empty()) return "It was not repeated with fresh seeds.";
  const std::string& field = advice.question.target.objective.field;
  const ReplicatedMean value = replicated_mean(best, field);
  std::string words = "Repeated with " +
                      count_words(best.fresh.size(), "fresh seed", "fresh seeds") + ", " + field +
                      " is " + field_figure(field, value.mean) + " on average";
  if (!std::isnan(value.mean)) words += " (95 % interval " + interval_words(field, value) + ")";
  for (const auto& hold : advice.question.target.holds) {
    words += advice.question.target.holds.size() == 1 ? ", and " : "; ";
    words += hold_words(best, hold);
  }
  return words + ".";
}

/// "$0.12 more (95 % interval $0.10 to $0.14)", of `other` than of what is recommended.
std::string difference_words(const Advice& advice, const Assessed& other) {
  const std::string& field = advice.question.target.objective.field;
  const ReplicatedMean difference = replicated_difference(other, *advice.recommended, field);
  if (std::isnan(difference.mean)) return "no " + field + " to compare";
  if (difference.low == 0 && difference.high == 0) return "exactly the same " + field;
  const bool more = difference.mean >= 0;
  const ReplicatedMean size{std::fabs(difference.mean), more ? difference.low : -difference.high,
                            more ? difference.high : -difference.low};
  const bool beyond_chance = size.low > 0;
  return field_figure(field, size.mean) + (more ? " more " : " less ") + field +
         (beyond_chance
              ? " (95 % interval " + interval_words(field, size) + ")"
              : ", which may be chance (95 % interval " + interval_words(field, size) + ")");
}

std::string others_words(const Advice& advice) {
  std::string words;
  if (advice.looked_better && !advice.looked_better->fresh.empty()) {
    const Assessed& other = *advice.looked_better;
    words += " With the seed of the search " + short_place_words(advice, other) +
             " looked better still, but";
    bool first = true;
    for (const auto& hold : advice.question.target.holds) {
      if (judge_hold(other, hold) == Hold::with_room) continue;
      words += (first ? " it holds " : " and ") + hold.expression + " in " +
               count_figure(static_cast<std::int64_t>(held_in(other, hold))) + " of " +
               count_figure(static_cast<std::int64_t>(other.fresh.size())) + " runs only";
      first = false;
    }
    words += first ? " not by more than chance." : ".";
  }
  if (advice.runner_up && !advice.runner_up->fresh.empty()) {
    words += " The next best of the grid, " + short_place_words(advice, *advice.runner_up) +
             ", has " + difference_words(advice, *advice.runner_up) + ".";
  }
  if (advice.unconstrained && !advice.unconstrained->fresh.empty()) {
    const Assessed& free = *advice.unconstrained;
    words += (advice.question.target.holds.size() == 1 ? " Without the limit "
                                                       : " Without the limits ") +
             short_place_words(advice, free) + " would have " + difference_words(advice, free);
    for (const auto& hold : advice.question.target.holds) {
      if (judge_hold(free, hold) == Hold::with_room) continue;
      words +=
          ", with " + hold.field + " at " + field_figure(hold.field, typical(free, hold.field));
    }
    words += ".";
  }
  return words;
}

/// What a choice may cost beside what it was made for.
struct Respect {
  const char* name;
  std::string (*words)(const Assessed&);
};

std::string figure_words(const Assessed& assessed, const char* field) {
  return field_figure(field, typical(assessed, field));
}

std::string cut_off_words(const Assessed& assessed) {
  double sum = 0;
  for (const char* const kind : {"llm", "decompose", "tool", "agent"})
    sum += typical(assessed, std::string("interrupted.") + kind);
  return rough_figure(sum) + " (" + rough_figure(typical(assessed, "interrupted.unsafe")) +
         " unsafe)";
}

constexpr std::array<Respect, 6> respects{{
    {"money used", [](const Assessed& a) { return figure_words(a, "cost_usd.used"); }},
    {"tokens used", [](const Assessed& a) { return rough_figure(typical(a, "tokens.used")); }},
    {"a cancel's wait at the median",
     [](const Assessed& a) { return figure_words(a, "cancel_latency_s.p50"); }},
    {"at p99", [](const Assessed& a) { return figure_words(a, "cancel_latency_s.p99"); }},
    {"operations cut off", cut_off_words},
    {"finished answers discarded",
     [](const Assessed& a) { return rough_figure(typical(a, "discarded_answers")); }},
}};

bool are_comparable(const Assessed& a, const Assessed& b) {
  constexpr double alike = 0.1;
  const double in_a = typical(a, "requests.total"), in_b = typical(b, "requests.total");
  return std::fabs(in_a - in_b) <= alike * std::max(in_a, in_b);
}

std::string price_words(const Advice& advice) {
  if (!advice.as_written || advice.as_written->fresh.empty() || advice.recommended->fresh.empty())
    return {};
  const Assessed& chosen = *advice.recommended;
  const Assessed& before = *advice.as_written;
  if (!are_comparable(chosen, before))
    return " The scenario as written has another number of requests, and cannot be compared.";
  std::string changed, same;
  for (const auto& [name, words] : respects) {
    const std::string now = words(chosen), then = words(before);
    if (now == then) {
      if (now != "0" && now != "$0.00") same += (same.empty() ? "" : ", ") + std::string(name);
    } else {
      changed +=
          (changed.empty() ? "" : "; ") + std::string(name) + ' ' + now + " instead of " + then;
    }
  }
  const std::string against = " Against the scenario as written (" + before.search.policy + "): ";
  return against + (changed.empty() ? "no difference in any other respect" : changed) + ".";
}

/// Where a value lies between the least and the most of a curve.
std::string dot_plot(double x, double low, double high) {
  constexpr std::size_t places = 12;
  std::string line;
  if (std::isnan(x)) return line;
  const auto at = static_cast<std::size_t>(std::lround((x - low) / (high - low) * (places - 1)));
  for (std::size_t i = 0; i < places; ++i) line += i == at ? "●" : "·";
  return line;
}

/// "1,000 s" and "1,001 s" must not look alike: what is close is told in full.
Grid curve_grid(const Advice& advice, const Curve& curve, const std::string& name, bool with_dots) {
  const Target& target = advice.question.target;
  std::vector<std::string> fields{target.objective.field};
  for (const auto& hold : target.holds) {
    if (std::find(fields.begin(), fields.end(), hold.field) == fields.end())
      fields.push_back(hold.field);
  }
  double low = INFINITY, high = -INFINITY;
  for (const auto& step : curve.steps) {
    const double x = figure_at(step.figures, fields[0]);
    if (std::isnan(x)) continue;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  const bool dots = with_dots && high > low;
  Grid grid{.titles = dots ? std::size_t{2} : std::size_t{1}, .header = {name}, .rows = {}};
  if (dots) grid.header.emplace_back("least to most");
  for (const auto& field : fields) grid.header.push_back(field);
  grid.header.emplace_back("note");
  const auto axis = static_cast<std::size_t>(
      std::find_if(advice.question.variations.begin(), advice.question.variations.end(),
                   [&](const auto& v) { return v.path == curve.path; }) -
      advice.question.variations.begin());
  for (const auto& step : curve.steps) {
    std::vector<std::string> row{printable_line(step.value)};
    if (dots) row.push_back(dot_plot(figure_at(step.figures, fields[0]), low, high));
    for (const auto& field : fields)
      row.push_back(field_figure(field, figure_at(step.figures, field)));
    const bool chosen = step.value == advice.recommended->point[axis];
    row.emplace_back(chosen && advice.found                       ? "recommended"
                     : chosen                                     ? "nearest"
                     : standing_of(step.figures, target).miss > 0 ? "not held"
                                                                  : "");
    grid.rows.push_back(std::move(row));
  }
  return grid;
}

Json mean_json(const ReplicatedMean& value) {
  if (std::isnan(value.mean)) return {{"mean", nullptr}, {"ci95", nullptr}};
  return {{"mean", value.mean}, {"ci95", {value.low, value.high}}};
}

Json number_or_null(double x) { return std::isnan(x) ? Json(nullptr) : Json(x); }

Json assessed_json(const Advice& advice, const std::optional<Assessed>& assessed) {
  if (!assessed) return nullptr;
  const Target& target = advice.question.target;
  Json json{{"values", assessed->point.empty()
                           ? Json::object()
                           : values_json(advice.question.variations, assessed->point)},
            {"policy", assessed->search.policy},
            {"value", number_or_null(figure_at(assessed->search, target.objective.field))}};
  Json holds = Json::array();
  for (const auto& hold : target.holds) {
    Json line{{"expression", hold.expression},
              {"value", number_or_null(figure_at(assessed->search, hold.field))}};
    if (!assessed->fresh.empty()) {
      line["over_fresh_seeds"] = mean_json(replicated_mean(*assessed, hold.field));
      line["verdict"] = name_of(judge_hold(*assessed, hold));
      line["held_in"] = held_in(*assessed, hold);
    }
    holds.push_back(std::move(line));
  }
  json["fresh_seeds"] = assessed->fresh.size();
  if (!assessed->fresh.empty()) {
    json["over_fresh_seeds"] = mean_json(replicated_mean(*assessed, target.objective.field));
    if (&*assessed != &*advice.recommended) {
      json["minus_recommended"] =
          mean_json(replicated_difference(*assessed, *advice.recommended, target.objective.field));
    }
  }
  json["hold"] = std::move(holds);
  json["results"] = policy_json(assessed->search);
  return json;
}

Json curves_json(const Advice& advice) {
  Json curves = Json::array();
  for (const auto& [path, steps] : advice.curves) {
    Json points = Json::array();
    for (const auto& [value, figures] : steps) {
      const Standing standing = standing_of(figures, advice.question.target);
      Json point{{"value", value},
                 {"policy", figures.policy},
                 {advice.question.target.objective.field, number_or_null(standing.value)}};
      for (const auto& hold : advice.question.target.holds)
        point[hold.field] = number_or_null(figure_at(figures, hold.field));
      point["held"] = standing.held();
      points.push_back(std::move(point));
    }
    curves.push_back({{"path", path}, {"points", std::move(points)}});
  }
  return curves;
}

}  // namespace

std::string advice_words(const Advice& advice) {
  if (!advice.recommended) {
    return "No candidate has a value of " + advice.question.target.objective.field +
           ": there is nothing to choose by.";
  }
  return found_words(advice) + ' ' + sureness_words(advice) + others_words(advice) +
         price_words(advice);
}

std::string advice_text(const Advice& advice, const TableOptions& options) {
  TextPage page(options);
  if (advice.run.partial) {
    page.prose(
        "Interrupted: the best of " + count_words(advice.points, "point", "points") + " so far",
        text_red);
    if (advice.points == 0) return std::move(page).take();
  }
  const std::string holds = holds_words(advice.question.target.holds);
  page.prose(advice.scenario + ": " + objective_words(advice.question.target.objective) +
             (holds.empty() ? "" : " that holds " + holds));
  page.gap();
  page.prose(advice_words(advice));
  page.gap();
  const auto names = short_names(advice.question.variations);
  for (std::size_t i = 0; i < advice.curves.size(); ++i) {
    const bool dots = page.fits(curve_grid(advice, advice.curves[i], names[i], true));
    page.grid(curve_grid(advice, advice.curves[i], names[i], dots));
    page.gap();
  }
  page.prose(grid_run_line(advice.run, name_of(advice.question.engine), advice.runs,
                           advice.requests, advice.seed));
  return std::move(page).take();
}

Json advice_json(const Advice& advice) {
  Json holds = Json::array();
  for (const auto& hold : advice.question.target.holds) holds.push_back(hold.expression);
  Json json{{"schema", "caesura.advice/1"},
            {"scenario",
             {{"name", advice.scenario},
              {"file", std::filesystem::path(advice.question.file).filename().string()},
              {"seed", advice.seed}}},
            {"engine", name_of(advice.question.engine)},
            {"run", grid_run_json(advice.run)},
            {"vary", variations_json(advice.question.variations)},
            {"objective", objective_json(advice.question.target.objective)},
            {"hold", std::move(holds)},
            {"points", {{"grid", advice.grid_points}, {"all", advice.points}}},
            {"found", advice.found},
            {"held", is_held(advice)},
            {"advice", advice_words(advice)}};
  json["recommended"] = assessed_json(advice, advice.recommended);
  json["looked_better"] = assessed_json(advice, advice.looked_better);
  json["runner_up"] = assessed_json(advice, advice.runner_up);
  json["unconstrained"] = assessed_json(advice, advice.unconstrained);
  json["as_written"] = assessed_json(advice, advice.as_written);
  json["curves"] = curves_json(advice);
  return json;
}

}  // namespace caesura
