#include "scenarios/results/json_text.hpp"
#include "scenarios/study/advise.hpp"
#include "scenarios/report/advice_report.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/terminal.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <unistd.h>

namespace caesura {
namespace {

using Clock = std::chrono::steady_clock;

Question question_of(const GridArguments& arguments) {
  Question question{
      .file = arguments.file,
      .options = arguments.scenario,
      .variations = parse_variations(arguments.varied),
      .target = {.objective =
                     arguments.minimise
                         ? parse_objective(Goal::minimise, *arguments.minimise)
                         : parse_objective(Goal::maximise, arguments.maximise.value_or("")),
                 .holds = parse_holds(arguments.holds)},
      .engine = arguments.engine,
      .threads = arguments.threads};
  for (const Variation& variation : question.variations) {
    if (variation.path == "seed")
      throw ScenarioError(
          "--vary seed: a seed is nothing to choose; what is advised is repeated with fresh ones");
  }
  return question;
}

}  // namespace

int advise_command(const GridArguments& arguments) {
  const Clock::time_point start = Clock::now();
  const Question question = question_of(arguments);
  const std::string name =
      load_scenario(question.file, options_at(question.options, question.variations,
                                              point_of(question.variations, 0)))
          .name;
  catch_interrupts();
  Advice advice;
  {
    BatchProgress progress;
    const ProgressLine line(name, meter_of(progress), wants_progress(arguments.no_progress));
    advice = advise(question, stop_requested(), progress);
  }
  print_warnings(advice.warnings);
  advice.scenario = name;
  advice.run = {.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count(),
                .threads = arguments.threads,
                .partial = interrupt_status() != 0};
  if (arguments.form == OutputForm::json) {
    print_out(json_text(advice_json(advice)));
  } else {
    print_out(advice_text(advice, {.width = terminal_width(STDOUT_FILENO, 0),
                                   .colour = wants_colour(STDOUT_FILENO)}));
  }
  if (const int status = interrupt_status(); status != 0) return status;
  return is_held(advice) ? all_well : threshold_missed;
}

}  // namespace caesura
