#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include "actors/plan.hpp"
#include "app/commands.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/version.hpp"

namespace caesura {
namespace {

constexpr const char* about =
    "Caesura measures what cancelling LLM-agent requests costs: how long a cancel takes to bite, what it saves, and what another rule "
    "would "
    "have done.";

constexpr const char* examples = R"(Examples:
  caesura run scenarios/cancel_after_timeout.yaml
  caesura run scenarios/cancel_after_timeout.yaml --policy checkpoint --requests 1e6 --engine direct
  caesura run scenarios/burst.yaml --set services.llm.completer.concurrency=8 --out results/
  caesura trace scenarios/cancel_streaming.yaml --request 0 --mermaid

Exit status: 0 all well, 2 bad input or usage, 3 a threshold was not held, 1 anything else,
130 or 143 interrupted (what was measured so far is printed).
COMMAND --help tells a command's options; docs/ has the scenario format.)";

unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

/// A whole number as people write them: 10000, 1e6.
CLI::Validator whole_number(double lowest, double highest, const std::string& name) {
  const auto check = [=](std::string& text) -> std::string {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value != std::floor(value) || value < lowest || value > highest) {
      return fmt::format("'{}' is not a whole number from {:.0f} to {:g}", text, lowest, highest);
    }
    text = fmt::format("{:.0f}", value);  // as CLI11 understands it
    return {};
  };
  return CLI::Validator(check, name);
}

CLI::Validator time_scale() {
  const auto check = [](std::string& text) -> std::string {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return is_number && value >= 1e-3 && value <= 1e6 ? "" : fmt::format("'{}' is not a number from 0.001 to 1000000", text);
  };
  return CLI::Validator(check, "X");
}

/// Any 64-bit number, digit by digit: seeds are not rounded.
CLI::Validator seed_number() {
  const auto check = [](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return fmt::format("'{}' is not a whole number from 0 to 2^64 - 1", text);
    text = fmt::format("{}", value);
    return {};
  };
  return CLI::Validator(check, "N");
}

void add_scenario_options(CLI::App& command, ScenarioOptions& options) {
  command.add_option("--policy", options.policies, "run under this policy instead of the scenario's own; may be given several times")
      ->allow_extra_args(false)
      ->type_name("POLICY");
  command.add_option("--seed", options.seed, "seed instead of the scenario's own")->transform(seed_number());
  command.add_option("--requests", options.requests, "so many requests instead of the scenario's requests or duration")
      ->transform(whole_number(1, 1e9, "N"));
  command
      .add_option("--set", options.sets,
                  "change one value: services.llm.planner.latency=2s, cancel.0.after=10s; may be given several times")
      ->allow_extra_args(false)
      ->type_name("PATH=VALUE");
}

const std::map<std::string, EngineKind> all_engines{
    {"caf", EngineKind::caf}, {"direct", EngineKind::direct}, {"caf-realtime", EngineKind::caf_realtime}};
const std::map<std::string, EngineKind> virtual_engines{{"caf", EngineKind::caf}, {"direct", EngineKind::direct}};

void add_engine(CLI::App& command, EngineKind& engine, const std::map<std::string, EngineKind>& engines, const std::string& help) {
  std::string names;
  for (const auto& [name, kind] : engines) names += (names.empty() ? "" : "|") + name;
  const auto transform = [engines, names](std::string& text) -> std::string {
    const auto found = engines.find(text);
    if (found == engines.end()) return fmt::format("{} is no engine here; choose one of {}", text, names);
    text = std::to_string(static_cast<int>(found->second));
    return {};
  };
  command.add_option("--engine", engine, help)->transform(CLI::Validator(transform, names));
}

void add_threads(CLI::App& command, unsigned& threads) {
  command
      .add_option("--threads", threads,
                  fmt::format("threads in virtual time; results do not depend on it (default: all cores, {} here)", cores()))
      ->transform(whole_number(1, 1024, "N"));
}

void add_files(CLI::App& command, std::vector<std::string>& files) {
  command.add_option("SCENARIO.yaml", files, "scenario files")->required()->type_name("");
}

CLI::App* add_run(CLI::App& app, RunArguments& run) {
  CLI::App* command = app.add_subcommand("run", "run scenarios and report latency of cancels, tokens and money");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  add_threads(*command, run.threads);
  add_engine(*command, run.engine, all_engines,
             "caf (default): CAF actors in virtual time; direct: the same actors and the same bytes, two to three times faster; "
             "caf-realtime: CAF actors on threads and the wall clock");
  CLI::Option* scale =
      command->add_option("--time-scale", run.time_scale, "caf-realtime only: so many times faster than life")->check(time_scale());
  command->add_flag_callback(
      "--json", [&run] { run.form = OutputForm::json; }, "print results.json");
  command->add_flag_callback(
      "--csv", [&run] { run.form = OutputForm::csv; }, "print requests.csv: one line a request and policy (one scenario only)");
  command->add_flag_callback(
      "--markdown", [&run] { run.form = OutputForm::markdown; }, "print a report to paste into a pull request");
  command->get_option("--json")->excludes("--csv")->excludes("--markdown");
  command->get_option("--csv")->excludes("--markdown");
  command->add_option("--out", run.out, "write results.json, requests.csv, report.md and scenario.yaml there")
      ->check([](const std::string& folder) { return folder.empty() ? std::string("the folder's name is empty") : std::string(); })
      ->type_name("DIR");
  command->add_flag("--no-progress", run.no_progress, "no progress line");
  command->final_callback([&run, scale] {
    if (scale->count() > 0 && run.engine != EngineKind::caf_realtime) {
      throw CLI::ValidationError("--time-scale", "virtual time has no pace; it needs --engine caf-realtime");
    }
    if (run.form == OutputForm::csv && run.files.size() > 1) {
      throw CLI::ValidationError("--csv", "prints one scenario's requests; for several use --out DIR");
    }
  });
  return command;
}

CLI::App* add_verify(CLI::App& app, RunArguments& run) {
  CLI::App* command =
      app.add_subcommand("verify", "prove that both engines in virtual time agree to the byte, and show how far real time deviates");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  add_threads(*command, run.threads);
  command->add_flag("--no-progress", run.no_progress, "no progress line");
  return command;
}

CLI::App* add_validate(CLI::App& app, RunArguments& run) {
  CLI::App* command = app.add_subcommand("validate", "check scenarios and print what they would run");
  add_files(*command, run.files);
  add_scenario_options(*command, run.scenario);
  return command;
}

CLI::App* add_trace(CLI::App& app, TraceArguments& trace) {
  CLI::App* command = app.add_subcommand("trace", "print one request's messages, in order, with times");
  command->add_option("SCENARIO.yaml", trace.file, "scenario file")->required()->type_name("");
  command->add_option("--request", trace.request, "the request's number, from 0")->required()->transform(whole_number(0, 1e9, "N"));
  command->add_flag("--mermaid", trace.mermaid, "as a Mermaid sequence diagram");
  add_scenario_options(*command, trace.scenario);
  add_engine(*command, trace.engine, virtual_engines, "caf (default) or direct");
  return command;
}

int run_program(int argc, char** argv) {
  CLI::App app(about, "caesura");
  app.footer(examples);
  app.set_version_flag("--version", std::string("caesura ") + version);
  app.require_subcommand(1);
  app.get_formatter()->column_width(30);
  RunArguments run;
  run.threads = cores();
  TraceArguments trace;
  const CLI::App* run_app = add_run(app, run);
  const CLI::App* verify_app = add_verify(app, run);
  const CLI::App* validate_app = add_validate(app, run);
  const CLI::App* trace_app = add_trace(app, trace);
  const CLI::App* schema_app = app.add_subcommand("schema", "print the JSON Schema of scenario files, for editors");
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      fmt::print(stderr, "caesura: there is no command {}; there are {}\n", argv[1], fmt::join(names, ", "));
      return bad_input;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      return all_well;
    }
    fmt::print(stderr, "caesura: {}\nTry caesura --help.\n", error.what());
    return bad_input;
  }
  if (*run_app) return run_command(run);
  if (*verify_app) return verify_command(run);
  if (*validate_app) return validate_command(run);
  if (*trace_app) return trace_command(trace);
  if (*schema_app) print_out(scenario_schema());
  return all_well;
}

}  // namespace
}  // namespace caesura

int main(int argc, char** argv) {
  // A reader that leaves, or a file that may not grow, is an output that cannot be written: one clear line, no temporary files left.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const auto fail = [](const std::exception& error, caesura::ExitStatus status) {
    fmt::print(stderr, "caesura: {}\n", error.what());
    return static_cast<int>(status);
  };
  try {
    return caesura::run_program(argc, argv);
  } catch (const caesura::ScenarioError& error) {
    return fail(error, caesura::bad_input);
  } catch (const caesura::PlanTooLong& error) {
    return fail(error, caesura::bad_input);
  } catch (const std::overflow_error& error) {
    return fail(error, caesura::bad_input);
  } catch (const std::exception& error) {
    return fail(error, caesura::something_failed);
  }
}
