#include "scenarios/report/table.hpp"

#include "scenarios/report/comparison_words.hpp"
#include "scenarios/report/report.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace caesura {

std::string table_text(const nlohmann::ordered_json& results, const Background& background,
                       const TableOptions& options) {
  TextPage table(options);
  if (const auto partial = partial_line(results)) table.prose(*partial, text_red);
  const auto name = results.at("scenario").at("name").get<std::string>();
  table.prose(name + (background.description.empty() ? "" : " — " + background.description));
  table.gap();
  table.prose(cancel_line(background));
  for (const auto& policy : results.at("policies")) table.prose(headline(policy), text_bold);
  table.gap();
  table.grid(policy_grid(results));
  table.gap();
  const auto comparisons = side_by_side_lines(results);
  for (const auto& line : comparisons) table.prose(line);
  if (!comparisons.empty()) table.gap();
  if (const auto operations = operation_grid(results)) {
    table.grid(*operations);
    table.gap();
  }
  for (const auto& paragraph : background.explanations) table.prose(paragraph);
  if (!background.explanations.empty()) table.gap();
  table.grid(ledger_grid(results));
  table.gap();

  const auto outcomes = outcome_lines(results);
  for (const auto& line : outcomes) table.prose(line);
  if (!outcomes.empty()) table.gap();
  const auto thresholds = threshold_lines(results);
  for (const auto& line : thresholds) table.threshold(line);
  if (!thresholds.empty()) table.gap();
  table.prose(run_line(results));
  table.prose(measure_line(results, background));
  return std::move(table).take();
}

std::string grid_text(const Grid& grid, const TableOptions& options) {
  TextPage table(options);
  table.grid(grid);
  return std::move(table).take();
}

std::string prose_text(const std::string& text, const TableOptions& options) {
  TextPage table(options);
  table.prose(text);
  return std::move(table).take();
}

}  // namespace caesura
