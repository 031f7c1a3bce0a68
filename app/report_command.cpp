#include "app/report_command.hpp"

#include "scenarios/results/output_folder.hpp"
#include "scenarios/page/html.hpp"
#include "scenarios/page/page_data.hpp"
#include "scenarios/page/page_files.hpp"
#include "app/commands.hpp"
#include "app/terminal.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace caesura {
namespace {

struct ReportArguments {
  std::vector<std::string> results;
  std::string html;  ///< "-": standard output
};

int report_command(const ReportArguments& arguments) {
  std::vector<PageScenario> scenarios;
  for (const std::string& path : arguments.results) {
    auto some = read_page_scenarios(path);
    scenarios.insert(scenarios.end(), std::make_move_iterator(some.begin()),
                     std::make_move_iterator(some.end()));
  }
  const std::string page = html_page(page_data(scenarios));
  if (arguments.html == "-") {
    print_out(page);
    return all_well;
  }
  const std::filesystem::path target = arguments.html;
  OutputFile file(
      target.parent_path() / fmt::format(".{}.{}.partial", target.filename().string(), ::getpid()),
      target);
  file.append(page);
  file.close();
  file.rename();
  return all_well;
}

}  // namespace

Command add_report(CLI::App& app) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand(
      "report", "make one self-contained page with plots of the results of runs");
  command
      ->add_option("RESULTS", arguments->results,
                   "folders written by run --out, their results.json, or what run --json printed; "
                   "one page shows them all")
      ->required()
      ->type_name("");
  command->add_option("--html", arguments->html, "write the page there; - is standard output")
      ->required()
      ->type_name("FILE");
  return {command, [arguments] { return report_command(*arguments); }};
}

}  // namespace caesura
