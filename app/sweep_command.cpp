#include "scenarios/results/json_text.hpp"
#include "scenarios/study/sweep.hpp"
#include "scenarios/report/sweep_report.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/terminal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <unistd.h>
#include <vector>

namespace caesura {
namespace {

using Clock = std::chrono::steady_clock;

void print_form(const Sweep& sweep, OutputForm form) {
  switch (form) {
    case OutputForm::table:
      return print_out(sweep_text(sweep, {.width = terminal_width(STDOUT_FILENO, 0),
                                          .colour = wants_colour(STDOUT_FILENO)}));
    case OutputForm::json:
      return print_out(json_text(sweep_json(sweep)));
    case OutputForm::csv:
      return print_out(sweep_csv(sweep));
    case OutputForm::markdown:
      break;  // is no form of this command
  }
}

}  // namespace

int sweep_command(const GridArguments& arguments) {
  const Clock::time_point start = Clock::now();
  Sweep sweep;
  sweep.file = arguments.file;
  sweep.engine = name_of(arguments.engine);
  sweep.variations = parse_variations(arguments.varied);
  sweep.target.holds = parse_holds(arguments.holds);
  if (arguments.minimise)
    sweep.target.objective = parse_objective(Goal::minimise, *arguments.minimise);
  if (arguments.maximise)
    sweep.target.objective = parse_objective(Goal::maximise, *arguments.maximise);
  sweep.objective_given = arguments.minimise || arguments.maximise;
  const auto options = [&](std::size_t point) {
    return options_at(arguments.scenario, sweep.variations, point_of(sweep.variations, point));
  };
  sweep.scenario = load_scenario(arguments.file, options(0)).name;

  catch_interrupts();
  const Batch batch{.file = arguments.file,
                    .runs = points_in(sweep.variations),
                    .options = options,
                    .engine = arguments.engine,
                    .threads = arguments.threads};
  const bool shown = wants_progress(arguments.no_progress);
  std::vector<std::string> warnings;
  {
    BatchProgress progress;
    const ProgressLine line("checking " + sweep.scenario, meter_of(progress), shown);
    warnings = check_batch(batch, stop_requested(), progress);
  }
  print_warnings(warnings);
  {
    BatchProgress progress;
    const ProgressLine line(sweep.scenario, meter_of(progress), shown);
    sweep.points = run_batch(batch, stop_requested(), progress);
  }
  if (!sweep.objective_given) sweep.target.objective = usual_objective(sweep.points);
  sweep.run = {.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count(),
               .threads = arguments.threads,
               .partial = std::any_of(sweep.points.begin(), sweep.points.end(),
                                      [](const auto& point) { return !point; })};
  print_form(sweep, arguments.form);
  const int status = interrupt_status();
  return status != 0 ? status : all_well;
}

}  // namespace caesura
