#include "app/world_command.hpp"

#include "scenarios/results/output_folder.hpp"
#include "doors/http/listen_address.hpp"
#include "exam/world_server.hpp"
#include "app/access_log.hpp"
#include "app/commands.hpp"
#include "app/options.hpp"
#include "app/run_results.hpp"
#include "app/terminal.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace caesura {
namespace {

using std::chrono::steady_clock;

struct WorldArguments {
  std::string file;
  ScenarioOptions scenario;
  std::string listen = "127.0.0.1:8002";
  std::optional<std::string> key;
  std::string subject = "subject";
  double time_scale = 1;
  bool manual_clock = false;
  std::size_t runs_max = 10'000;
  std::optional<std::string> access_log;
  std::optional<std::string> out;
};

/// A slug as policies have: it stands in requests.csv, and in thresholds.
CLI::Validator subject_name() {
  const auto check = [](const std::string& name) {
    const bool fits =
        !name.empty() && name.size() <= 64 &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    return fits ? std::string()
                : fmt::format("'{}' is not a name made of a-z, 0-9 and -, such as my-agent", name);
  };
  return CLI::Validator(check, "NAME");
}

/// A world from its start to the signal that ends it.
class WorldService {
 public:
  WorldService(const WorldArguments& arguments, const Scenario& scenario, OutputFolder* folder)
      : arguments_(arguments),
        world_(io_, scenario,
               {.listen = parse_listen(arguments.listen).value(),
                .access = access(arguments),
                .session = session_options(arguments, folder)}),
        signals_(io_, SIGINT, SIGTERM, SIGHUP) {
    greet(scenario);
  }

  /// Returns the exit status.
  int run() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      // The next signal is not caught, and ends the program.
      signals_.clear();
      status_ = 128 + number;
      world_.close();
      io_.stop();
    });
    io_.run();
    return status_;
  }

  WorldSession& session() { return world_.session(); }

 private:
  static WorldSessionOptions session_options(const WorldArguments& arguments,
                                             OutputFolder* folder) {
    WorldSessionOptions options{.subject = arguments.subject,
                                .manual_clock = arguments.manual_clock,
                                .time_scale = arguments.time_scale,
                                .start = std::chrono::system_clock::now()};
    options.runs.in_progress = arguments.runs_max;
    if (folder == nullptr) return options;
    folder->keep_events();
    options.requests_csv = [folder](std::string_view lines) { folder->append_requests(lines); };
    options.events = [folder](std::string_view lines) { folder->append_events(lines); };
    return options;
  }

  static WorldAccess access(const WorldArguments& arguments) {
    WorldAccess access{.key = arguments.key};
    if (!arguments.access_log) return access;
    access.access_log = [log = std::make_shared<AccessLog>(*arguments.access_log)](
                            const nlohmann::ordered_json& call) { log->add(call); };
    return access;
  }

  void greet(const Scenario& scenario) {
    const std::string key = arguments_.key ? "$CAESURA_KEY" : "any";
    print_error(
        fmt::format("caesura: the world of {0} is on {1}; Ctrl-C ends it and prints what was seen\n"
                    "  models  OPENAI_BASE_URL={1}/v1 OPENAI_API_KEY={2}  ({3})\n"
                    "  tools   MCP at {1}/mcp\n"
                    "  runs    {1}/caesura/runs; one of its own: {1}/r/RUN/v1, {1}/r/RUN/mcp\n",
                    scenario.name, world_.url(), key, fmt::join(world_.session().models(), ", ")));
  }

  const WorldArguments& arguments_;
  boost::asio::io_context io_{1};
  WorldServer world_;
  boost::asio::signal_set signals_;
  int status_ = all_well;
};

int world_command(const WorldArguments& arguments) {
  const steady_clock::time_point start = steady_clock::now();
  const Scenario scenario = load_world_scenario(arguments.file, arguments.scenario);
  print_warnings(scenario.warnings);
  const auto folder = arguments.out ? std::make_unique<OutputFolder>(*arguments.out) : nullptr;
  WorldService service(arguments, scenario, folder.get());
  int status = all_well;
  std::exception_ptr failure;  // an output that cannot be written costs that output alone
  try {
    status = service.run();
    service.session().close();
  } catch (const OutputError&) {
    failure = std::current_exception();
  }
  service.session().halt();

  Results results = service.session().results();
  results.run.wall_seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  results.run.requests_per_second =
      static_cast<double>(results.requests) / results.run.wall_seconds;
  results.run.peak_rss_bytes = peak_rss_bytes();
  const nlohmann::ordered_json document = service.session().json_of(results);
  const auto noting_failure = [&failure](const auto& write) {
    try {
      write();
    } catch (const OutputError&) {
      if (!failure) failure = std::current_exception();
    }
  };
  if (folder && !failure)
    noting_failure([&] { finish_folder(*folder, document, results.background, scenario.yaml); });
  noting_failure([&] { print_table(document, results.background); });
  if (failure) std::rethrow_exception(failure);
  return thresholds_held(document) ? status : threshold_missed;
}

void add_world_options(CLI::App& command, WorldArguments& world) {
  command
      .add_option("--listen", world.listen,
                  "where to listen (default: 127.0.0.1:8002); port 0 is any free one")
      ->check(listen_address());
  command
      .add_option("--key", world.key,
                  "every call must have it as its API key, or KEY-RUN, which names the run; needed "
                  "to listen elsewhere than on this machine")
      ->envname("CAESURA_KEY")
      ->type_name("KEY");
  command.add_option("--name", world.subject, "of the program, in results (default: subject)")
      ->check(subject_name());
  command
      .add_option("--max-runs", world.runs_max, "in progress; more are refused (default: 10000)")
      ->transform(whole_number(1, 1e6, "N"));
  command.add_option("--access-log", world.access_log, "append a line of JSON a call to this file")
      ->type_name("FILE");
}

}  // namespace

Command add_world(CLI::App& app) {
  const auto arguments = std::make_shared<WorldArguments>();
  WorldArguments& world = *arguments;
  CLI::App* command = app.add_subcommand(
      "world",
      "put a real agent to work: the scenario's models and tools as real endpoints (OpenAI's chat "
      "completions, MCP), which notice every cancel");
  command->add_option("SCENARIO.yaml", world.file, "scenario file")->required()->type_name("");
  add_scenario_changes(*command, world.scenario);
  add_world_options(*command, world);
  CLI::Option* scale = command
                           ->add_option("--time-scale", world.time_scale,
                                        "so many times faster than life (default: 1)")
                           ->check(time_scale_number());
  command
      ->add_option_function<std::string>(
          "--clock", [&world](const std::string& mode) { world.manual_clock = mode == "manual"; },
          "real (default), or manual: simulated time stands still until POST /caesura/clock moves "
          "it")
      ->check(CLI::IsMember({"real", "manual"}))
      ->type_name("real|manual");
  command
      ->add_option("--out", world.out,
                   "write results.json, requests.csv, events.jsonl, report.md and scenario.yaml "
                   "there at the end")
      ->check(folder_name());
  command->final_callback([arguments, &world, scale] {
    if (world.manual_clock && scale->count() > 0) {
      throw CLI::ValidationError(
          "--time-scale", "a clock that is moved by hand has no pace; leave one of the two out");
    }
    if (world.key && world.key->empty())
      throw CLI::ValidationError("--key", "an empty key keeps nobody out");
    if (!world.key && !parse_listen(world.listen)->is_loopback()) {
      throw CLI::ValidationError(
          "--listen", fmt::format("{} can be reached from elsewhere; set --key as well, or listen "
                                  "on 127.0.0.1",
                                  world.listen));
    }
  });
  return {command, [arguments] { return world_command(*arguments); }};
}

}  // namespace caesura
