#pragma once

#include "scenarios/results/thresholds.hpp"
#include "scenarios/study/batch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace caesura {

enum class Goal : std::uint8_t { minimise, maximise };
const char* name_of(Goal goal);

/// A number of a policy's results, and whether less of it or more is better.
struct Objective {
  std::string field;
  Goal goal = Goal::minimise;
};

/// What makes one candidate better than another. A candidate is one policy at one point.
struct Target {
  Objective objective;
  std::vector<Threshold> holds;  ///< from parse_hold()
};

/// How a candidate stands to a target.
struct Standing {
  double value = 0;  ///< of the objective; NaN: none
  double miss = 0;   ///< 0: everything is held; else by which share of its limit the worst is
                     ///< missed; infinite: a figure is not there
  bool usable() const;
  bool held() const { return usable() && miss == 0; }
};

Standing standing_of(const PolicyFigures& policy, const Target& target);

/// Whether `a` is to be preferred: one that holds everything to one that does not, the nearer miss
/// to the farther, then the better value. Never one without a value. Of equals neither.
bool is_better(const Standing& a, const Standing& b, Goal goal);

/// --minimise FIELD, --maximise FIELD. Throws ScenarioError that names the option, for an unknown
/// field with the nearest known one.
Objective parse_objective(Goal goal, const std::string& field);

/// --hold EXPRESSION. Throws ScenarioError that names the option.
std::vector<Threshold> parse_holds(const std::vector<std::string>& expressions);

/// What people want if they do not say: little money used; where nothing has a price, few tokens;
/// where there are none, short cancels.
Objective usual_objective(const std::vector<std::optional<BatchResult>>& results);

double figure_at(const PolicyFigures& policy, const std::string& field);

/// "the lowest cost_usd.used", "the highest tokens.saved".
std::string objective_words(const Objective& objective);

/// "cancel_latency_s.p95 < 10 and interrupted.unsafe == 0"; empty without any.
std::string holds_words(const std::vector<Threshold>& holds);

}  // namespace caesura
