#include "model/plan.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/version.hpp"
#include "app/commands.hpp"
#include "app/compare_command.hpp"
#include "app/exam_command.hpp"
#include "app/options.hpp"
#include "app/report_command.hpp"
#include "app/serve_command.hpp"
#include "app/terminal.hpp"
#include "app/world_command.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace caesura {
namespace {

constexpr const char* about =
    "Caesura measures what cancelling LLM-agent requests costs: how long a cancel takes to bite, "
    "what it saves, and what another rule "
    "would "
    "have done.";

constexpr const char* examples = R"(Examples:
  caesura run scenarios/cancel_after_timeout.yaml
  caesura run scenarios/cancel_after_timeout.yaml --policy checkpoint --requests 1e6 --engine direct
  caesura run scenarios/burst.yaml --set services.llm.completer.concurrency=8 --out results/
  caesura trace scenarios/cancel_streaming.yaml --request 0 --mermaid
  caesura exam subjects/templates/python.yaml mid-text
  caesura compare before/ after/ --fail-on "cancel_latency_s.p99 > +10%"

Exit status: 0 all well, 2 bad input or usage, 3 a threshold was not held, 1 anything else,
130 or 143 interrupted (what was measured so far is printed), 141 the output's reader has left.
COMMAND --help tells a command's options; docs/ has the scenario format.)";

Command add_run(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  RunArguments& run = *arguments;
  run.threads = cores();
  CLI::App* command =
      app.add_subcommand("run", "run scenarios and report latency of cancels, tokens and money");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  add_threads(*command, run.threads);
  add_engine(*command, run.engine, all_engines,
             "caf (default): CAF actors in virtual time; direct: the same actors and the same "
             "bytes, faster; "
             "caf-realtime: CAF actors on threads and the wall clock");
  CLI::Option* scale = command
                           ->add_option("--time-scale", run.time_scale,
                                        "caf-realtime only: so many times faster than life")
                           ->check(time_scale_number());
  command
      ->add_option("--subject", run.subject,
                   "let a real program play the load too, in real time, beside the policies "
                   "(docs/exam.md)")
      ->type_name("SUBJECT.yaml");
  CLI::Option* replications =
      command
          ->add_option(
              "--replications", run.replications,
              "so many times the load, each with a seed of its own: intervals over replications")
          ->transform(whole_number(1, 10'000, "N"));
  command->add_flag_callback(
      "--json", [&run] { run.form = OutputForm::json; }, "print results.json");
  command->add_flag_callback(
      "--csv", [&run] { run.form = OutputForm::csv; },
      "print requests.csv: one line a request and policy (one scenario only)");
  command->add_flag_callback(
      "--markdown", [&run] { run.form = OutputForm::markdown; },
      "print a report to paste into a pull request");
  command->get_option("--json")->excludes("--csv")->excludes("--markdown");
  command->get_option("--csv")->excludes("--markdown");
  command
      ->add_option("--out", run.out,
                   "write results.json, requests.csv, report.md and scenario.yaml there")
      ->check(folder_name());
  command->add_flag("--no-progress", run.no_progress, "no progress line");
  command->final_callback([arguments, &run, scale, replications] {
    if (scale->count() > 0 && run.engine != EngineKind::caf_realtime) {
      throw CLI::ValidationError("--time-scale",
                                 "virtual time has no pace; it needs --engine caf-realtime");
    }
    if (replications->count() > 0 && run.engine == EngineKind::caf_realtime) {
      throw CLI::ValidationError(
          "--replications", "a run in real time is not repeated; it needs --engine caf or direct");
    }
    if (run.form == OutputForm::csv && run.files.size() > 1) {
      throw CLI::ValidationError("--csv",
                                 "prints one scenario's requests; for several use --out DIR");
    }
  });
  return {command, [arguments] { return run_command(*arguments); }};
}

Command add_verify(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  RunArguments& run = *arguments;
  run.threads = cores();
  CLI::App* command = app.add_subcommand("verify",
                                         "prove that both engines in virtual time agree to the "
                                         "byte, and show how far real time deviates");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  add_threads(*command, run.threads);
  command->add_flag("--no-progress", run.no_progress, "no progress line");
  return {command, [arguments] { return verify_command(*arguments); }};
}

Command add_validate(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  RunArguments& run = *arguments;
  CLI::App* command =
      app.add_subcommand("validate", "check scenarios and print what they would run");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  return {command, [arguments] { return validate_command(*arguments); }};
}

Command add_trace(CLI::App& app) {
  const auto arguments = std::make_shared<TraceArguments>();
  TraceArguments& trace = *arguments;
  CLI::App* command =
      app.add_subcommand("trace", "print one request's messages, in order, with times");
  command->add_option("SCENARIO.yaml", trace.file, "scenario file")->required()->type_name("");
  command->add_option("--request", trace.request, "the request's number, from 0")
      ->required()
      ->transform(whole_number(0, 1e9, "N"));
  command->add_flag("--mermaid", trace.mermaid, "as a Mermaid sequence diagram");
  add_scenario_options(*command, trace.scenario);
  add_engine(*command, trace.engine, virtual_engines, "caf (default) or direct");
  return {command, [arguments] { return trace_command(*arguments); }};
}

/// What sweep and advise have in common.
void add_grid(CLI::App& command, GridArguments& grid) {
  grid.threads = cores();
  command.add_option("SCENARIO.yaml", grid.file, "scenario file")->required()->type_name("");
  command
      .add_option("--vary", grid.varied,
                  "a path in the scenario and the values it takes; given several times, all "
                  "combinations, the first slowest")
      ->required()
      ->allow_extra_args(false)
      ->type_name("PATH=V1,V2,...");
  CLI::Option* minimise = command.add_option(
      "--minimise", grid.minimise, "the best has the least of this number of a policy's results");
  minimise->type_name("FIELD");
  command.add_option("--maximise", grid.maximise, "the best has the most of it")
      ->type_name("FIELD")
      ->excludes(minimise);
  command
      .add_option("--hold", grid.holds,
                  "only what holds this may be best: \"cancel_latency_s.p95 < 10\"; may be given "
                  "several times")
      ->allow_extra_args(false)
      ->type_name("EXPRESSION");
  add_scenario_options(command, grid.scenario);
  add_threads(command, grid.threads);
  add_engine(command, grid.engine, virtual_engines, "direct (default) or caf");
  command.add_flag_callback(
      "--json", [&grid] { grid.form = OutputForm::json; }, "print everything as JSON");
  command.add_flag("--no-progress", grid.no_progress, "no progress line");
}

Command add_sweep(CLI::App& app) {
  const auto arguments = std::make_shared<GridArguments>();
  CLI::App* command =
      app.add_subcommand("sweep", "run a scenario at every point of a grid, and mark the best");
  add_grid(*command, *arguments);
  command->add_flag_callback(
      "--csv", [arguments] { arguments->form = OutputForm::csv; },
      "print one line a point and policy, with every number");
  command->get_option("--json")->excludes("--csv");
  return {command, [arguments] { return sweep_command(*arguments); }};
}

Command add_advise(CLI::App& app) {
  const auto arguments = std::make_shared<GridArguments>();
  CLI::App* command = app.add_subcommand(
      "advise", "search a grid and between its points for the best, and say how sure it is");
  add_grid(*command, *arguments);
  command->final_callback([arguments] {
    if (!arguments->minimise && !arguments->maximise)
      throw CLI::RequiredError("--minimise FIELD or --maximise FIELD");
  });
  return {command, [arguments] { return advise_command(*arguments); }};
}

Command add_schema(CLI::App& app) {
  const auto run = [] {
    print_out(scenario_schema());
    return static_cast<int>(all_well);
  };
  return {app.add_subcommand("schema", "print the JSON Schema of scenario files, for editors"),
          run};
}

constexpr const char* out_of_memory =
    "out of memory; have fewer requests in flight at once (fewer requests, a lower rate of "
    "arrivals, shorter queues), or lower the `times` of repeats";

const std::terminate_handler end_when_broken = std::get_terminate();

/// The last resort of a thread whose exception nobody could catch. It allocates nothing.
[[noreturn]] void end_at_once() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc&) {
    std::fputs("caesura: ", stderr);
    std::fputs(out_of_memory, stderr);
    std::fputs("\n", stderr);
    std::_Exit(something_failed);
  } catch (...) {
    end_when_broken();  // says what it was
  }
  std::abort();
}

int run_program(int argc, char** argv) {
  CLI::App app(about, "caesura");
  app.footer(examples);
  app.set_version_flag("--version", std::string("caesura ") + version);
  app.require_subcommand(1);
  app.get_formatter()->column_width(30);
  const std::vector<Command> commands{add_run(app),     add_verify(app), add_validate(app),
                                      add_trace(app),   add_sweep(app),  add_advise(app),
                                      add_compare(app), add_report(app), add_serve(app),
                                      add_world(app),   add_exam(app),   add_schema(app)};
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> names;
    for (const Command& command : commands) names.push_back(command.options->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      print_complaint(
          fmt::format("there is no command {}; there are {}", argv[1], fmt::join(names, ", ")));
      return bad_input;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text;
      app.exit(error, text, text);
      print_out(text.str());
      return all_well;
    }
    print_complaint(error.what());
    print_error("Try caesura --help.\n");
    return bad_input;
  }
  for (const Command& command : commands) {
    if (*command.options) return command.run();
  }
  return all_well;
}

}  // namespace
}  // namespace caesura

int main(int argc, char** argv) {
  // A reader that leaves, or a file that may not grow, is an output that cannot be written: no
  // temporary files are left, and no client of `serve` can end it.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Where a standard stream is closed, the first file that is opened would be taken for it. What
  // takes its place reads and writes nothing: a stdout that is closed remains an error.
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (fcntl(stream, F_GETFD) == -1)
      static_cast<void>(open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY));
  }
  std::set_terminate(caesura::end_at_once);
  const auto fail = [](const std::exception& error, caesura::ExitStatus status) {
    caesura::print_complaint(error.what());
    return static_cast<int>(status);
  };
  const auto lack_memory = [] {
    caesura::print_complaint(caesura::out_of_memory);
    return caesura::something_failed;
  };
  try {
    return caesura::run_program(argc, argv);
  } catch (const caesura::ScenarioError& error) {
    return fail(error, caesura::bad_input);
  } catch (const caesura::PlanTooLong& error) {
    return fail(error, caesura::bad_input);
  } catch (const std::overflow_error& error) {
    return fail(error, caesura::bad_input);
  } catch (const caesura::ReaderGone&) {
    return caesura::reader_gone;
  } catch (const std::bad_alloc&) {
    return lack_memory();
  } catch (const std::length_error&) {  // more than any vector may hold
    return lack_memory();
  } catch (const std::exception& error) {
    return fail(error, caesura::something_failed);
  }
}
