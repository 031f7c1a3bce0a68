#include "scenarios/results/threshold_reader.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/results/results.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view blanks = " \t\r\n";

/// Those of two characters first, so that `<=` is not read as `<`.
constexpr std::array<std::pair<std::string_view, Comparison>, 6> comparisons{
    {{"<=", Comparison::less_or_equal},
     {">=", Comparison::greater_or_equal},
     {"==", Comparison::equal},
     {"!=", Comparison::not_equal},
     {"<", Comparison::less},
     {">", Comparison::greater}}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string in_one_line(std::string_view text) {
  std::string line(trimmed(text));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

[[noreturn]] void fail(const ThresholdText& text, const std::string& what) {
  throw ScenarioError(text.location + ": threshold " + cited(text.expression) + ": " + what);
}

void list_numbers(const Json& value, const std::string& path, std::vector<std::string>& fields) {
  if (value.is_object()) {
    for (const auto& member : value.items())
      list_numbers(member.value(), path.empty() ? member.key() : path + '.' + member.key(), fields);
  } else if (value.is_number() || value.is_null()) {
    // Null is a statistic of nothing; with requests it is a number.
    fields.push_back(path);
  }
}

double parse_limit(const ThresholdText& text, std::string_view digits) {
  double limit = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), limit);
  if (error == std::errc::result_out_of_range) fail(text, cited(digits) + " is out of range");
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(limit)) {
    fail(text, cited(digits) + " is not a decimal number to compare with");
  }
  return limit;
}

}  // namespace

std::optional<CutExpression> cut_expression(std::string_view expression) {
  const auto at = expression.find_first_of("<>=!");
  if (at == std::string_view::npos) return std::nullopt;
  const auto* const found = std::find_if(
      comparisons.begin(), comparisons.end(),
      [&](const auto& comparison) { return expression.substr(at).starts_with(comparison.first); });
  if (found == comparisons.end()) return std::nullopt;
  return CutExpression{trimmed(expression.substr(0, at)), found->second,
                       trimmed(expression.substr(at + found->first.size()))};
}

const std::vector<std::string>& known_fields() {
  static const std::vector<std::string> fields = [] {
    std::vector<std::string> all;
    list_numbers(PolicyTotals().to_json(""), "", all);
    return all;
  }();
  return fields;
}

std::string field_fault(const std::string& field) {
  const auto& known = known_fields();
  if (std::find(known.begin(), known.end(), field) != known.end()) return {};
  std::vector<std::string> below;
  for (const auto& name : known) {
    if (name.starts_with(field + '.')) below.push_back(name.substr(field.size() + 1));
  }
  if (!below.empty()) return field + " is not a number; the numbers below it are " + joined(below);
  if (field == "policy") return "policy is a name and not a number";
  return "unknown field " + cited(field) + suggestion(field, known);
}

Threshold parse_threshold(const ThresholdText& text) {
  constexpr const char* form =
      "it must read POLICY.FIELD OP NUMBER, with OP one of < <= > >= == !=";
  const auto cut = cut_expression(text.expression);
  if (!cut) fail(text, form);
  const auto dot = cut->left.find('.');
  const bool two_names = dot != std::string_view::npos && dot != 0 && dot + 1 != cut->left.size();
  if (!two_names || cut->left.find_first_of(blanks) != std::string_view::npos) fail(text, form);

  Threshold threshold{.expression = in_one_line(text.expression),
                      .policy = std::string(cut->left.substr(0, dot)),
                      .field = std::string(cut->left.substr(dot + 1)),
                      .comparison = cut->comparison,
                      .limit = parse_limit(text, cut->right)};
  if (const std::string fault = field_fault(threshold.field); !fault.empty()) fail(text, fault);
  return threshold;
}

Threshold parse_hold(const ThresholdText& text) {
  const auto cut = cut_expression(text.expression);
  if (!cut || cut->left.empty() || cut->left.find_first_of(blanks) != std::string_view::npos) {
    fail(text, "it must read FIELD OP NUMBER, with OP one of < <= > >= == !=");
  }
  if (const std::string fault = field_fault(std::string(cut->left)); !fault.empty())
    fail(text, fault);
  return {.expression = in_one_line(text.expression),
          .policy = {},
          .field = std::string(cut->left),
          .comparison = cut->comparison,
          .limit = parse_limit(text, cut->right)};
}

std::vector<Threshold> parse_thresholds(const Scenario& scenario) {
  std::vector<std::string> known;
  for (const auto& policy : scenario.policies) known.push_back(policy.name);
  const auto& left_out = scenario.policies_left_out;
  std::vector<Threshold> thresholds;
  for (const auto& text : scenario.thresholds) {
    Threshold threshold = parse_threshold(text);
    if (std::find(known.begin(), known.end(), threshold.policy) != known.end()) {
      thresholds.push_back(std::move(threshold));
    } else if (std::find(left_out.begin(), left_out.end(), threshold.policy) == left_out.end()) {
      fail(text, "unknown policy " + cited(threshold.policy) + suggestion(threshold.policy, known));
    }
  }
  return thresholds;
}

}  // namespace caesura
