#pragma once

#include "scenarios/results/thresholds.hpp"
#include "scenarios/study/compare.hpp"

#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// A change of B against A that must not be.
struct ChangeGate {
  std::string expression;             ///< as written, in one line
  std::optional<std::string> policy;  ///< empty: any
  std::string field;                  ///< of known_fields()
  Comparison comparison = Comparison::greater;
  double limit = 0;
  bool relative = false;  ///< the limit is a share of A's figure, not a number of its unit
};

/// Reads `[POLICY.]FIELD OP CHANGE`: OP one of < <= > >= == !=, CHANGE a decimal number, with % if
/// relative. Throws ScenarioError that begins with "--fail-on"; for an unknown field with the
/// nearest known one.
ChangeGate parse_change_gate(const std::string& expression);

/// Why a gate fires.
struct FiredGate {
  std::string expression;
  std::string reason;  ///< scenario, policy, both values and the change
};

/// Those that fire, in order of gate, scenario and policy. A change that cannot be told fires too:
/// of a figure that one of the files has none of, of a policy that is in one of them only, of an
/// interrupted run, or where nothing was compared. Relative to 0, a change is infinite. Throws
/// ScenarioError for a policy that is in no file.
std::vector<FiredGate> fired_gates(const std::vector<ChangeGate>& gates,
                                   const Comparisons& comparisons);

}  // namespace caesura
