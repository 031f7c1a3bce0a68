#include "app/compare_command.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/study/change_gates.hpp"
#include "scenarios/study/compare.hpp"
#include "scenarios/report/compare_report.hpp"
#include "app/commands.hpp"
#include "app/terminal.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace caesura {
namespace {

struct CompareArguments {
  std::string a;
  std::string b;
  std::vector<std::string> fail_on;
  bool all = false;
  bool json = false;
};

int compare_command(const CompareArguments& arguments) {
  std::vector<ChangeGate> gates;
  for (const auto& expression : arguments.fail_on) gates.push_back(parse_change_gate(expression));
  const Comparisons comparisons = compare_all(load_results(arguments.a), load_results(arguments.b));
  const std::vector<FiredGate> fired = fired_gates(gates, comparisons);
  if (arguments.json) {
    print_out(json_text(compare_json(comparisons, gates, fired)));
  } else {
    const TableOptions table{.width = terminal_width(STDOUT_FILENO, 0),
                             .colour = wants_colour(STDOUT_FILENO)};
    print_out(compare_text(comparisons, fired, {.table = table, .all = arguments.all}));
  }
  return fired.empty() ? all_well : threshold_missed;
}

}  // namespace

Command add_compare(CLI::App& app) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand(
      "compare", "compare two runs' results, figure by figure, and say what is beyond noise");
  command->add_option("A", arguments->a, "results.json, or the folder of run --out")
      ->required()
      ->type_name("");
  command->add_option("B", arguments->b, "likewise; changes are of B against A")
      ->required()
      ->type_name("");
  command
      ->add_option("--fail-on", arguments->fail_on,
                   "exit status 3 if a figure changes so: \"cancel_latency_s.p99 > +10%\", "
                   "\"checkpoint.cost_usd.used > +0.5\"; may be "
                   "given several times")
      ->allow_extra_args(false)
      ->type_name("EXPRESSION");
  CLI::Option* all = command->add_flag("--all", arguments->all, "also show figures that are equal");
  command->add_flag("--json", arguments->json, "print all figures as JSON")->excludes(all);
  return {command, [arguments] { return compare_command(*arguments); }};
}

}  // namespace caesura
