#include "scenarios/report/markdown.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/comparison_words.hpp"
#include "scenarios/report/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>

namespace caesura {
namespace {

std::string escaped_character(char c) {
  constexpr std::string_view markup = "\\`*_[]#~";
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '|':
      return "&#124;";  // "\|" would do in a table only
    default:
      return markup.find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
  }
}

std::string row_text(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += ' ' + escaped_markdown(cell) + " |";
  return line + '\n';
}

std::string grid_text(const Grid& grid) {
  std::string text = row_text(grid.header) + '|';
  for (std::size_t i = 0; i < grid.header.size(); ++i)
    text += i < grid.titles ? " --- |" : " ---: |";
  text += '\n';
  for (const auto& row : grid.rows) text += row_text(row);
  return text + '\n';
}

std::string item_text(const std::string& line) { return "- " + escaped_markdown(line) + '\n'; }

/// An expression that was parsed has no backtick: it is a slug, a known field, an operator and a
/// number.
std::string threshold_text(const ThresholdLine& line) {
  const std::string mark = !line.ok ? "not judged" : *line.ok ? "ok" : "**FAILED**";
  return "- " + mark + ": `" + line.expression + '`' +
         (line.ok ? " (" + escaped_markdown(line.value) + ")" : "") + '\n';
}

}  // namespace

std::string escaped_markdown(std::string_view text) {
  const std::string line = printable_line(text);
  std::string_view rest = line;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::string escaped;
  // What makes a list, a rule or an underlined heading of a line does so at its start alone.
  const std::size_t number = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const bool ends_item_number =
      number > 0 && number < rest.size() && (rest[number] == '.' || rest[number] == ')');
  if (ends_item_number && (number + 1 == rest.size() || rest[number + 1] == ' ')) {
    escaped = std::string(rest.substr(0, number)) + '\\';
    rest.remove_prefix(number);
  } else if (rest.starts_with('-') || rest.starts_with('+') || rest.starts_with('=')) {
    escaped = '\\';
  }
  for (const char c : rest) escaped += escaped_character(c);
  return escaped;
}

std::string markdown_text(const nlohmann::ordered_json& results, const Background& background) {
  std::string text =
      "# " + escaped_markdown(results.at("scenario").at("name").get<std::string>()) + "\n\n";
  if (const auto partial = partial_line(results))
    text += "**" + escaped_markdown(*partial) + "**\n\n";
  if (!background.description.empty()) text += escaped_markdown(background.description) + "\n\n";
  text += escaped_markdown(cancel_line(background)) + "\n\n";
  for (const auto& policy : results.at("policies")) text += item_text(headline(policy));
  text += '\n' + grid_text(policy_grid(results));
  const auto comparisons = side_by_side_lines(results);
  for (const auto& line : comparisons) text += item_text(line);
  if (!comparisons.empty()) text += '\n';
  if (const auto operations = operation_grid(results)) text += grid_text(*operations);
  for (const auto& paragraph : background.explanations) text += item_text(paragraph);
  if (!background.explanations.empty()) text += '\n';
  text += grid_text(ledger_grid(results));
  const auto outcomes = outcome_lines(results);
  for (const auto& line : outcomes) text += item_text(line);
  if (!outcomes.empty()) text += '\n';
  const auto thresholds = threshold_lines(results);
  for (const auto& line : thresholds) text += threshold_text(line);
  if (!thresholds.empty()) text += '\n';
  return text + escaped_markdown(run_line(results)) + '\n' +
         escaped_markdown(measure_line(results, background)) + '\n';
}

}  // namespace caesura
