#include "scenarios/study/sweep.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/results/version.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// RFC 4180.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

/// `policy` may be varied, and is also what the results call the policy by.
std::string column_of(const Variation& variation) {
  return variation.path == "policy" ? "vary.policy" : variation.path;
}

}  // namespace

std::optional<Best> best_of(const Sweep& sweep) {
  std::optional<Best> best;
  Standing standing_of_best;
  for (std::size_t p = 0; p < sweep.points.size(); ++p) {
    if (!sweep.points[p]) continue;
    const auto& policies = sweep.points[p]->policies;
    for (std::size_t i = 0; i < policies.size(); ++i) {
      const Standing standing = standing_of(policies[i], sweep.target);
      if (!standing.held()) continue;
      if (!best || is_better(standing, standing_of_best, sweep.target.objective.goal)) {
        best = {.point = p, .policy = i, .ties = 0};
        standing_of_best = standing;
      } else if (standing.value == standing_of_best.value) {
        ++best->ties;
      }
    }
  }
  return best;
}

std::string sweep_csv(const Sweep& sweep) {
  std::string text;
  for (const auto& variation : sweep.variations) text += cell(column_of(variation)) + ',';
  text += "policy";
  const auto& fields = known_fields();
  for (const auto& field : fields) text += ',' + field;
  text += '\n';
  for (std::size_t p = 0; p < sweep.points.size(); ++p) {
    if (!sweep.points[p]) continue;
    std::string values;
    for (const auto& value : point_of(sweep.variations, p)) values += cell(value) + ',';
    for (const auto& policy : sweep.points[p]->policies) {
      text += values + cell(policy.policy);
      for (const double figure : policy.figures)
        text += std::isnan(figure) ? "," : ',' + number_text(figure);
      text += '\n';
    }
  }
  return text;
}

Json grid_run_json(const GridRun& run) {
  return {{"wall_seconds", run.wall_seconds},
          {"threads", run.threads},
          {"partial", run.partial},
          {"version", version}};
}

Json variations_json(const std::vector<Variation>& variations) {
  Json json = Json::array();
  for (const auto& [path, values] : variations)
    json.push_back({{"path", path}, {"values", values}});
  return json;
}

Json objective_json(const Objective& objective) {
  return {{"field", objective.field}, {"goal", name_of(objective.goal)}};
}

Json values_json(const std::vector<Variation>& variations, const Point& point) {
  Json json = Json::object();
  for (std::size_t i = 0; i < variations.size(); ++i) json[variations[i].path] = point.at(i);
  return json;
}

Json sweep_json(const Sweep& sweep) {
  Json holds = Json::array();
  for (const auto& hold : sweep.target.holds) holds.push_back(hold.expression);
  Json points = Json::array();
  for (std::size_t p = 0; p < sweep.points.size(); ++p) {
    if (!sweep.points[p]) continue;
    const BatchResult& result = *sweep.points[p];
    Json held = Json::object();
    Json policies = Json::array();
    for (const auto& policy : result.policies) {
      held[policy.policy] = standing_of(policy, sweep.target).held();
      policies.push_back(policy_json(policy));
    }
    points.push_back({{"point", p},
                      {"values", values_json(sweep.variations, point_of(sweep.variations, p))},
                      {"seed", result.seed},
                      {"requests", result.requests},
                      {"held", std::move(held)},
                      {"policies", std::move(policies)}});
  }
  Json best;
  if (const auto found = best_of(sweep)) {
    const PolicyFigures& policy = sweep.points[found->point]->policies[found->policy];
    best = {{"point", found->point},
            {"values", values_json(sweep.variations, point_of(sweep.variations, found->point))},
            {"policy", policy.policy},
            {"value", figure_at(policy, sweep.target.objective.field)},
            {"ties", found->ties}};
  }
  return {
      {"schema", "caesura.sweep/1"},
      {"scenario",
       {{"name", sweep.scenario}, {"file", std::filesystem::path(sweep.file).filename().string()}}},
      {"engine", sweep.engine},
      {"run", grid_run_json(sweep.run)},
      {"vary", variations_json(sweep.variations)},
      {"objective", objective_json(sweep.target.objective)},
      {"hold", std::move(holds)},
      {"best", std::move(best)},
      {"points", std::move(points)}};
}

}  // namespace caesura
