#include "app/run_results.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/report/markdown.hpp"
#include "scenarios/report/table.hpp"
#include "app/terminal.hpp"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <unistd.h>

namespace caesura {

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::function<void(std::string_view)> requests_csv_of(const RunArguments& arguments,
                                                      OutputFolder* folder) {
  const bool csv_out = arguments.form == OutputForm::csv;
  if (folder == nullptr && !csv_out) return {};
  return [folder, csv_out](std::string_view lines) {
    if (folder != nullptr) folder->append_requests(lines);
    if (csv_out) print_out(std::string(lines));
  };
}

void finish_folder(OutputFolder& folder, const nlohmann::ordered_json& document,
                   const Background& background, const std::string& yaml) {
  folder.finish({.results_json = json_text(document),
                 .report_md = markdown_text(document, background),
                 .scenario_yaml = yaml});
}

void print_table(const nlohmann::ordered_json& document, const Background& background) {
  print_out(table_text(
      document, background,
      {.width = terminal_width(STDOUT_FILENO, 0), .colour = wants_colour(STDOUT_FILENO)}));
}

}  // namespace caesura
