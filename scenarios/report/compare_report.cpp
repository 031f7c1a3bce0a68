#include "scenarios/report/compare_report.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/report/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

enum class Unit : std::uint8_t { count, seconds, usd, share };

Unit unit_of(std::string_view field) {
  if (field.ends_with(".saved_fraction") || field.ends_with(".saved_of_avoidable"))
    return Unit::share;
  if (field.starts_with("cost_usd.") || field.ends_with(".cost_usd")) return Unit::usd;
  if (field.ends_with(".count")) return Unit::count;
  const bool is_time =
      field.substr(0, field.find('.')).ends_with("_s") || field.ends_with(".seconds");
  return is_time ? Unit::seconds : Unit::count;
}

std::string figure_text(double x, Unit unit) {
  constexpr double exact_whole = 9e15;
  switch (unit) {
    case Unit::count:
      return std::fabs(x) < exact_whole && x == std::floor(x)
                 ? count_figure(static_cast<std::int64_t>(x))
                 : rough_figure(x);
    case Unit::seconds:
      return duration_figure(x);
    case Unit::usd:
      return money_figure(x);
    case Unit::share:
      return share_figure(x);
  }
  return "";
}

std::string value_text(const std::optional<double>& value, Unit unit) {
  return value ? figure_text(*value, unit) : no_figure;
}

std::string difference_text(const Figure& figure, Unit unit) {
  const auto difference = figure.difference();
  if (!difference) return no_figure;
  const std::string sign = *difference > 0 ? "+" : "";
  // The difference of two shares is in points: "+2 %" would be read as a relative one.
  return sign + (unit == Unit::share ? rough_figure(100 * *difference) + " points"
                                     : figure_text(*difference, unit));
}

std::string relative_text(const Figure& figure) {
  const auto relative = figure.relative_difference();
  if (!relative) return no_figure;
  if (std::isinf(*relative)) return *relative > 0 ? "+∞" : "-∞";
  return (*relative > 0 ? "+" : "") + rough_figure(100 * *relative) + " %";
}

std::string noise_text(const Figure& figure) {
  if (figure.equal) return "equal";
  switch (figure.noise) {
    case Noise::within:
      return "no";
    case Noise::beyond:
      return "yes";
    case Noise::unknown:
      return "unknown";
  }
  return "";
}

bool is_of_money(const Figure& figure) {
  return figure.field.find("cost_usd") != std::string::npos;
}

/// Where nothing costs any, figures of money are neither shown nor counted.
ScenarioComparison without_idle_money(ScenarioComparison comparison) {
  const auto costs = [](const Figure& figure) {
    return is_of_money(figure) && (figure.a.value_or(0) != 0 || figure.b.value_or(0) != 0);
  };
  for (const auto& policy : comparison.policies) {
    if (std::any_of(policy.figures.begin(), policy.figures.end(), costs)) return comparison;
  }
  for (auto& policy : comparison.policies) std::erase_if(policy.figures, is_of_money);
  return comparison;
}

Grid figure_grid(const ScenarioComparison& comparison, bool all) {
  Grid grid{.titles = 2,
            .header = {"policy", "figure", "A", "B", "difference", "relative", "beyond noise"},
            .rows = {}};
  for (const auto& policy : comparison.policies) {
    for (const auto& figure : policy.figures) {
      if (figure.equal && !all) continue;
      const Unit unit = unit_of(figure.field);
      grid.rows.push_back({printable_line(policy.policy), figure.field, value_text(figure.a, unit),
                           value_text(figure.b, unit), difference_text(figure, unit),
                           relative_text(figure), noise_text(figure)});
    }
  }
  return grid;
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string origin_line(const char* side, const Origin& origin) {
  return fmt::format("{}: {}, seed {}, engine {}, {} requests under each policy ({}){}", side,
                     origin.scenario, origin.seed, origin.engine,
                     count_figure(static_cast<std::int64_t>(origin.requests)), origin.file,
                     origin.partial ? "; interrupted, and not complete" : "");
}

/// What else the two differ in, in one line; empty if in nothing.
std::string otherwise_line(const ScenarioComparison& comparison) {
  std::vector<std::string> what;
  if (comparison.a.scenario != comparison.b.scenario) what.emplace_back("scenario");
  if (comparison.a.seed != comparison.b.seed) what.emplace_back("seed");
  if (comparison.a.engine != comparison.b.engine) what.emplace_back("engine");
  if (comparison.a.requests != comparison.b.requests)
    what.emplace_back("number of requests (counts and sums are judged per request)");
  return what.empty() ? "" : "The two differ in " + joined(what) + ".";
}

/// How noise was told, which is the same for all policies but where one is missing in requests.csv.
std::string noise_line(const ScenarioComparison& comparison) {
  bool has_rows = true, paired = true;
  for (const auto& policy : comparison.policies) {
    has_rows = has_rows && policy.has_rows;
    paired = paired && policy.paired;
  }
  std::string words =
      "Beyond noise: more than chance would have it, at 95 %, each figure by itself: of twenty "
      "that differ by chance alone, one is said to "
      "be. ";
  if (!has_rows) {
    return words +
           "Without requests.csv beside both files only means and counts of requests can be "
           "judged, and as if requests were independent.";
  }
  words += paired ? "Both are of the same requests, so their differences are paired. "
                  : "The requests are not the same, so nothing is paired. ";
  return words + "Percentiles are judged as if requests were independent.";
}

/// How many figures differ, of all.
std::string count_line(const ScenarioComparison& comparison) {
  std::size_t all = 0, differing = 0, beyond = 0, unknown = 0;
  for (const auto& policy : comparison.policies) {
    all += policy.figures.size();
    differing += policy.differing();
    beyond += policy.count(Noise::beyond);
    unknown += policy.count(Noise::unknown);
  }
  const auto figure = [](std::size_t n) { return count_figure(static_cast<std::int64_t>(n)); };
  const std::string policies = figure(comparison.policies.size()) +
                               (comparison.policies.size() == 1 ? " policy" : " policies");
  if (differing == 0)
    return fmt::format("No differences: all {} figures of {} are equal.", figure(all), policies);
  return fmt::format(
      "{} of {} figures of {} differ: {} beyond noise, {} within, of {} it is unknown; the other "
      "{} are equal.",
      figure(differing), figure(all), policies, figure(beyond),
      figure(differing - beyond - unknown), figure(unknown), figure(all - differing));
}

std::string scenario_text(const ScenarioComparison& comparison,
                          const CompareReportOptions& options) {
  const auto prose = [&](const std::string& line) {
    return line.empty() ? "" : prose_text(line, options.table);
  };
  std::string text = prose(origin_line("A", comparison.a)) + prose(origin_line("B", comparison.b));
  text += prose(otherwise_line(comparison));
  if (!comparison.policies_only_in_a.empty())
    text += prose("Only in A: " + joined(comparison.policies_only_in_a) + ".");
  if (!comparison.policies_only_in_b.empty())
    text += prose("Only in B: " + joined(comparison.policies_only_in_b) + ".");
  if (comparison.policies.empty()) return text + prose("No policy is in both.");
  text += prose(count_line(comparison));
  const Grid grid = figure_grid(comparison, options.all);
  if (grid.rows.empty()) return text;
  text += '\n' + grid_text(grid, options.table) + '\n';
  return text + prose(noise_line(comparison));
}

Json number_json(const std::optional<double>& x) {
  return x && std::isfinite(*x) ? Json(*x) : Json(nullptr);
}

Json figure_json(const Figure& figure) {
  const std::string test = name_of(figure.test);
  return {{"field", figure.field},
          {"a", number_json(figure.a)},
          {"b", number_json(figure.b)},
          {"difference", number_json(figure.difference())},
          {"relative_difference", number_json(figure.relative_difference())},
          {"beyond_noise",
           figure.noise == Noise::unknown ? Json(nullptr) : Json(figure.noise == Noise::beyond)},
          {"test", test.empty() ? Json(nullptr) : Json(test)}};
}

Json origin_json(const Origin& origin) {
  return {{"file", origin.file},     {"scenario", origin.scenario}, {"seed", origin.seed},
          {"engine", origin.engine}, {"requests", origin.requests}, {"partial", origin.partial}};
}

Json scenario_json(const ScenarioComparison& comparison) {
  Json policies = Json::array();
  for (const auto& policy : comparison.policies) {
    Json figures = Json::array();
    for (const auto& figure : policy.figures) figures.push_back(figure_json(figure));
    policies.push_back(
        {{"policy", policy.policy}, {"paired", policy.paired}, {"figures", std::move(figures)}});
  }
  return {{"a", origin_json(comparison.a)},
          {"b", origin_json(comparison.b)},
          {"policies", std::move(policies)},
          {"policies_only_in_a", comparison.policies_only_in_a},
          {"policies_only_in_b", comparison.policies_only_in_b}};
}

}  // namespace

std::string compare_text(const Comparisons& comparisons, const std::vector<FiredGate>& fired,
                         const CompareReportOptions& options) {
  std::string text;
  for (const auto& scenario : comparisons.scenarios)
    text += (text.empty() ? "" : "\n") + scenario_text(without_idle_money(scenario), options);
  const auto add = [&](const std::string& line) { text += prose_text(line, options.table); };
  if (!comparisons.scenarios_only_in_a.empty())
    add("Scenarios only in A: " + joined(comparisons.scenarios_only_in_a) + ".");
  if (!comparisons.scenarios_only_in_b.empty())
    add("Scenarios only in B: " + joined(comparisons.scenarios_only_in_b) + ".");
  if (!fired.empty()) text += '\n';
  for (const auto& gate : fired) add("FAILED  " + gate.expression + " (" + gate.reason + ")");
  return text;
}

Json compare_json(const Comparisons& comparisons, const std::vector<ChangeGate>& gates,
                  const std::vector<FiredGate>& fired) {
  Json scenarios = Json::array();
  for (const auto& scenario : comparisons.scenarios) scenarios.push_back(scenario_json(scenario));
  Json fail_on = Json::array();
  for (const auto& gate : gates) {
    Json reasons = Json::array();
    for (const auto& one : fired) {
      if (one.expression == gate.expression) reasons.push_back(one.reason);
    }
    fail_on.push_back({{"expression", gate.expression},
                       {"fired", !reasons.empty()},
                       {"reasons", std::move(reasons)}});
  }
  return {{"schema", "caesura.comparison/1"},
          {"comparisons", std::move(scenarios)},
          {"scenarios_only_in_a", comparisons.scenarios_only_in_a},
          {"scenarios_only_in_b", comparisons.scenarios_only_in_b},
          {"fail_on", std::move(fail_on)}};
}

}  // namespace caesura
