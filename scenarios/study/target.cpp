#include "scenarios/study/target.hpp"

#include "scenarios/results/threshold_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace caesura {
namespace {

/// By which share of its limit a value misses it; of a limit of 0, by how much.
double miss_of(double value, const Threshold& hold) {
  if (std::isnan(value)) return std::numeric_limits<double>::infinity();
  if (holds(value, hold.comparison, hold.limit)) return 0;
  const double distance = std::fabs(value - hold.limit);
  const double miss = hold.limit == 0 ? distance : distance / std::fabs(hold.limit);
  // A value at a limit that has to be exceeded is not held, however little is missing.
  return std::max(miss, std::numeric_limits<double>::min());
}

}  // namespace

const char* name_of(Goal goal) {
  switch (goal) {
    case Goal::minimise:
      return "minimise";
    case Goal::maximise:
      return "maximise";
  }
  return "";
}

bool Standing::usable() const { return !std::isnan(value); }

double figure_at(const PolicyFigures& policy, const std::string& field) {
  return policy.figures.at(field_index(field));
}

Standing standing_of(const PolicyFigures& policy, const Target& target) {
  Standing standing{.value = figure_at(policy, target.objective.field), .miss = 0};
  for (const auto& hold : target.holds)
    standing.miss = std::max(standing.miss, miss_of(figure_at(policy, hold.field), hold));
  return standing;
}

bool is_better(const Standing& a, const Standing& b, Goal goal) {
  if (!a.usable() || !b.usable()) return a.usable() && !b.usable();
  if (a.miss != b.miss) return a.miss < b.miss;
  switch (goal) {
    case Goal::minimise:
      return a.value < b.value;
    case Goal::maximise:
      return a.value > b.value;
  }
  return false;
}

Objective parse_objective(Goal goal, const std::string& field) {
  if (const std::string fault = field_fault(field); !fault.empty())
    throw ScenarioError(std::string("--") + name_of(goal) + ": " + fault);
  return {field, goal};
}

std::vector<Threshold> parse_holds(const std::vector<std::string>& expressions) {
  std::vector<Threshold> holds;
  holds.reserve(expressions.size());
  for (const auto& expression : expressions)
    holds.push_back(parse_hold({.expression = expression, .location = "--hold"}));
  return holds;
}

Objective usual_objective(const std::vector<std::optional<BatchResult>>& results) {
  const auto any = [&](const std::string& field) {
    return std::any_of(results.begin(), results.end(), [&](const auto& result) {
      return result &&
             std::any_of(result->policies.begin(), result->policies.end(),
                         [&](const PolicyFigures& policy) { return figure_at(policy, field) > 0; });
    });
  };
  for (const char* const unit : {"cost_usd", "tokens"}) {
    if (any(std::string(unit) + ".planned")) return {std::string(unit) + ".used", Goal::minimise};
  }
  return {"cancel_latency_s.mean", Goal::minimise};
}

std::string objective_words(const Objective& objective) {
  return std::string(objective.goal == Goal::minimise ? "the lowest " : "the highest ") +
         objective.field;
}

std::string holds_words(const std::vector<Threshold>& holds) {
  std::string words;
  for (std::size_t i = 0; i < holds.size(); ++i) {
    if (i > 0) words += i + 1 < holds.size() ? ", " : " and ";
    words += holds[i].expression;
  }
  return words;
}

}  // namespace caesura
