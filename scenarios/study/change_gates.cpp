#include "scenarios/study/change_gates.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/format/printable.hpp"
#include "scenarios/results/json_text.hpp"
#include "scenarios/results/threshold_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace caesura {
namespace {

[[noreturn]] void fail(const std::string& expression, const std::string& what) {
  throw ScenarioError("--fail-on " + cited(expression) + ": " + what);
}

/// The limit, and whether it is relative.
void read_change(const std::string& expression, std::string_view change, ChangeGate& gate) {
  std::string_view digits = change;
  gate.relative = digits.ends_with('%');
  if (gate.relative) digits.remove_suffix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const bool two_signs = change.starts_with('+') && digits.starts_with('-');
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), gate.limit);
  if (two_signs || error != std::errc() || end != digits.data() + digits.size() ||
      !std::isfinite(gate.limit)) {
    fail(expression, cited(change) + " is no change such as +10% or -0.5");
  }
  if (gate.relative) gate.limit /= 100;
}

std::string value_text(const std::optional<double>& value) {
  return value ? number_text(*value) : "nothing";
}

std::string change_text(const ChangeGate& gate, double change) {
  const std::string sign = change > 0 ? "+" : "";
  if (!gate.relative) return sign + number_text(change);
  if (std::isinf(change)) return sign + (change > 0 ? "∞" : "-∞");
  return sign + number_text(std::round(change * 1e6) / 1e4) + " %";
}

/// Why the gate fires on this policy; empty if it does not.
std::string reason_of(const ChangeGate& gate, const ComparedPolicy& policy) {
  const auto figure = std::find_if(policy.figures.begin(), policy.figures.end(),
                                   [&](const Figure& f) { return f.field == gate.field; });
  const std::string values = fmt::format("{}.{}: {} in A, {} in B", policy.policy, gate.field,
                                         value_text(figure->a), value_text(figure->b));
  if (!figure->a && !figure->b) return {};
  if (!figure->a || !figure->b) return values + ", which cannot be compared";
  const double change = gate.relative ? *figure->relative_difference() : *figure->difference();
  if (!holds(change, gate.comparison, gate.limit)) return {};
  return values + ", a change of " + change_text(gate, change);
}

void check_policy(const ChangeGate& gate, const Comparisons& comparisons) {
  if (!gate.policy || comparisons.scenarios.empty()) return;
  std::vector<std::string> known;
  for (const auto& scenario : comparisons.scenarios) {
    for (const auto& policy : scenario.policies) known.push_back(policy.policy);
    known.insert(known.end(), scenario.policies_only_in_a.begin(),
                 scenario.policies_only_in_a.end());
    known.insert(known.end(), scenario.policies_only_in_b.begin(),
                 scenario.policies_only_in_b.end());
  }
  if (std::find(known.begin(), known.end(), *gate.policy) != known.end()) return;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  fail(gate.expression, "unknown policy " + cited(*gate.policy) + suggestion(*gate.policy, known));
}

/// What one scenario has to say to a gate.
std::vector<std::string> reasons_of(const ChangeGate& gate, const ScenarioComparison& scenario) {
  if (scenario.a.partial || scenario.b.partial) {
    return {std::string(scenario.a.partial ? "A" : "B") + " was interrupted, and is not complete"};
  }
  const auto names_gate = [&gate](const std::string& policy) {
    return gate.policy && policy == *gate.policy;
  };
  std::vector<std::string> reasons;
  for (const auto& policy : scenario.policies) {
    if (gate.policy && !names_gate(policy.policy)) continue;
    if (std::string reason = reason_of(gate, policy); !reason.empty())
      reasons.push_back(std::move(reason));
  }
  for (const auto& [only, where] : {std::pair(&scenario.policies_only_in_a, "A"),
                                    std::pair(&scenario.policies_only_in_b, "B")}) {
    if (std::any_of(only->begin(), only->end(), names_gate))
      reasons.push_back(fmt::format("policy {} is in {} only", *gate.policy, where));
  }
  if (!gate.policy && scenario.policies.empty()) reasons.emplace_back("no policy is in both");
  return reasons;
}

/// Of "A.B", which is no field, and where B is none: whether the whole is more likely what was
/// meant to be one, A being no policy.
bool is_meant_as_field(const std::string& whole, const std::string& rest) {
  const std::string first = whole.substr(0, whole.find('.') + 1);
  const auto& known = known_fields();
  if (std::any_of(known.begin(), known.end(),
                  [&](const std::string& field) { return field.starts_with(first); }))
    return true;
  return nearest(whole, known) != nullptr && nearest(rest, known) == nullptr;
}

}  // namespace

ChangeGate parse_change_gate(const std::string& expression) {
  constexpr const char* form =
      "it must read [POLICY.]FIELD OP CHANGE, with OP one of < <= > >= == != and CHANGE such as "
      "+10% or -0.5";
  const auto cut = cut_expression(expression);
  if (!cut || cut->left.empty() || cut->left.find_first_of(" \t\r\n") != std::string_view::npos)
    fail(expression, form);
  ChangeGate gate{.expression = printable_line(expression),
                  .policy = {},
                  .field = std::string(cut->left),
                  .comparison = cut->comparison};
  read_change(expression, cut->right, gate);
  const std::string fault = field_fault(gate.field);
  if (fault.empty()) return gate;
  // What is no field may begin with a policy's name.
  const auto dot = cut->left.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == cut->left.size())
    fail(expression, fault);
  const std::string rest(cut->left.substr(dot + 1));
  if (const std::string fault_of_rest = field_fault(rest); !fault_of_rest.empty()) {
    fail(expression, is_meant_as_field(gate.field, rest) ? fault : fault_of_rest);
  }
  gate.policy = std::string(cut->left.substr(0, dot));
  gate.field = rest;
  return gate;
}

std::vector<FiredGate> fired_gates(const std::vector<ChangeGate>& gates,
                                   const Comparisons& comparisons) {
  std::vector<FiredGate> fired;
  for (const auto& gate : gates) {
    check_policy(gate, comparisons);
    if (comparisons.scenarios.empty())
      fired.push_back({gate.expression, "no scenario is in both files"});
    for (const auto& scenario : comparisons.scenarios) {
      const std::string prefix = comparisons.scenarios.size() > 1 ? scenario.a.scenario + ": " : "";
      for (const auto& reason : reasons_of(gate, scenario))
        fired.push_back({gate.expression, prefix + reason});
    }
  }
  return fired;
}

}  // namespace caesura
