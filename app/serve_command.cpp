#include "app/serve_command.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/results/output_folder.hpp"
#include "doors/http/http_server.hpp"
#include "doors/http/listen_address.hpp"
#include "doors/live/served_scenario.hpp"
#include "doors/muxi/gateway.hpp"
#include "app/access_log.hpp"
#include "app/commands.hpp"
#include "app/options.hpp"
#include "app/run_results.hpp"
#include "app/terminal.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace caesura {
namespace {

using std::chrono::steady_clock;

struct ServeArguments {
  std::string file;
  ScenarioOptions scenario;
  std::optional<std::string> policy;
  std::string listen = "127.0.0.1:8001";
  std::optional<std::string> client_key;
  std::optional<std::string> admin_key;
  double time_scale = 1;
  bool manual_clock = false;
  std::size_t requests_max = 10'000;
  bool strict = false;
  bool hides_others = false;
  Duration early_cancel = std::chrono::milliseconds(250);
  std::optional<std::string> access_log;
  std::optional<std::string> out;
};

/// "250ms", "0".
std::optional<Duration> parse_early_cancel(const std::string& text) {
  if (text == "0") return zero_duration;
  try {
    const Duration wait = duration_from(text);
    return wait <= std::chrono::seconds(10) ? std::optional(wait) : std::nullopt;
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

CLI::Validator early_cancel_duration() {
  const auto check = [](const std::string& text) {
    return parse_early_cancel(text)
               ? std::string()
               : fmt::format("'{}' is not a duration from 0 to 10s, such as 250ms", text);
  };
  return CLI::Validator(check, "DURATION");
}

/// A server from its start to the signal that ends it.
class Service {
 public:
  Service(const ServeArguments& arguments, const ServedScenario& served, OutputFolder* folder)
      : arguments_(arguments),
        listen_(parse_listen(arguments.listen).value()),
        gateway_(io_, served.scenario, gateway_options(served.policy, folder)),
        server_(io_,
                {.address = listen_.address,
                 .port = listen_.port,
                 .refusal = [this](unsigned status, std::string_view message,
                                   std::string_view) { return gateway_.refusal(status, message); }},
                [this](std::shared_ptr<HttpCall> call) { gateway_.handle(std::move(call)); }),
        signals_(io_, SIGINT, SIGTERM, SIGHUP),
        patience_(io_) {
    greet(served);
  }

  /// Returns the exit status.
  int run() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (!error) stop(number);
    });
    io_.run();
    return status_;
  }

  Gateway& gateway() { return gateway_; }

 private:
  static constexpr auto patience = std::chrono::seconds(5);

  GatewayOptions gateway_options(std::size_t policy, OutputFolder* folder) const {
    GatewayOptions options{.access = {.client_key = arguments_.client_key,
                                      .admin_key = arguments_.admin_key,
                                      .needs_user = arguments_.strict},
                           .policy = policy,
                           .manual_clock = arguments_.manual_clock,
                           .time_scale = arguments_.time_scale,
                           .requests_max = arguments_.requests_max,
                           .strict = arguments_.strict,
                           .hides_others = arguments_.hides_others,
                           .start = std::chrono::system_clock::now(),
                           .early_cancel = arguments_.early_cancel,
                           .access_log = {},
                           .requests_csv = {}};
    if (arguments_.access_log) {
      options.access_log = [log = std::make_shared<AccessLog>(*arguments_.access_log)](
                               const nlohmann::ordered_json& call) { log->add(call); };
    }
    if (folder != nullptr)
      options.requests_csv = [folder](std::string_view lines) { folder->append_requests(lines); };
    return options;
  }

  void greet(const ServedScenario& served) const {
    const std::string url = listen_.url(server_.port());
    const char* key = arguments_.client_key ? " -H \"X-Muxi-Client-Key: $CAESURA_CLIENT_KEY\"" : "";
    print_error(fmt::format(
        "caesura: serving {} on {} under policy {}; Ctrl-C ends it and prints the results\n"
        "Try: curl -s {}/v1/chat{} -d '{{\"message\": \"hello\"}}'\n",
        served.scenario.name, url, served.scenario.policies[served.policy].name, url, key));
    if (listen_.is_loopback() || arguments_.client_key || arguments_.admin_key) return;
    print_error(
        "caesura: warning: no key is configured, so calls from other machines are answered 401; "
        "set --client-key\n");
  }

  /// What is in flight may end, for a moment. The next signal is not caught, and ends the program.
  void stop(int number) {
    status_ = 128 + number;
    signals_.clear();
    server_.stop_accepting();
    if (arguments_.manual_clock) return end();  // nothing will move any more
    patience_.expires_after(patience);
    patience_.async_wait([this](const boost::system::error_code& error) {
      if (!error) end();
    });
    gateway_.drain([this] { end(); });
  }

  void end() {
    server_.close();
    io_.stop();
  }

  const ServeArguments& arguments_;
  const ListenAddress listen_;
  boost::asio::io_context io_{1};
  Gateway gateway_;
  HttpServer server_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_;
  int status_ = all_well;
};

int serve_command(const ServeArguments& arguments) {
  const steady_clock::time_point start = steady_clock::now();
  const ServedScenario served = load_served(arguments.file, arguments.scenario, arguments.policy);
  const auto folder = arguments.out ? std::make_unique<OutputFolder>(*arguments.out) : nullptr;
  Service service(arguments, served, folder.get());
  int status = all_well;
  std::exception_ptr
      failure;  // an output that cannot be written costs that output, and not the results
  try {
    status = service.run();
  } catch (const OutputError&) {
    failure = std::current_exception();
  }
  service.gateway().halt();  // results and rows are of the same requests

  Results results = service.gateway().results();
  results.run.wall_seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  results.run.requests_per_second =
      static_cast<double>(results.requests) / results.run.wall_seconds;
  results.run.peak_rss_bytes = peak_rss_bytes();
  const nlohmann::ordered_json document = to_json(results);
  // The first output that cannot be written is the one that is told.
  const auto noting_failure = [&failure](const auto& write) {
    try {
      write();
    } catch (const OutputError&) {
      if (!failure) failure = std::current_exception();
    }
  };
  if (folder && !failure) {
    noting_failure([&] {
      folder->append_requests(service.gateway().take_csv(true));
      finish_folder(*folder, document, results.background, served.scenario.yaml);
    });
  }
  noting_failure([&] { print_table(document, results.background); });
  if (failure) std::rethrow_exception(failure);
  return status;
}

void add_gateway_options(CLI::App& command, ServeArguments& serve) {
  command
      .add_option("--listen", serve.listen,
                  "where to listen (default: 127.0.0.1:8001); port 0 is any free one")
      ->check(listen_address());
  command.add_option("--client-key", serve.client_key, "clients must send it as X-Muxi-Client-Key")
      ->envname("CAESURA_CLIENT_KEY")
      ->type_name("KEY");
  command
      .add_option("--admin-key", serve.admin_key,
                  "whoever sends it as X-Muxi-Admin-Key sees the requests of all users")
      ->envname("CAESURA_ADMIN_KEY")
      ->type_name("KEY");
  command
      .add_option("--max-requests", serve.requests_max,
                  "in flight; more are answered 503 (default: 10000)")
      ->transform(whole_number(1, 1e6, "N"));
  command.add_flag("--strict", serve.strict, "with the reference runtime's quirks");
  command.add_flag("--private", serve.hides_others,
                   "answer 404 instead of 403 for somebody else's request");
  command
      .add_option_function<std::string>(
          "--early-cancel",
          [&serve](const std::string& text) { serve.early_cancel = *parse_early_cancel(text); },
          "so long a cancel that comes before its chat waits for it, 0 to 10s (default: 250ms); "
          "with --strict not at all")
      ->check(early_cancel_duration());
  command.add_option("--access-log", serve.access_log, "append a line of JSON a call to this file")
      ->type_name("FILE");
}

}  // namespace

Command add_serve(CLI::App& app) {
  const auto arguments = std::make_shared<ServeArguments>();
  ServeArguments& serve = *arguments;
  CLI::App* command = app.add_subcommand(
      "serve", "put a scenario behind an HTTP API, for real clients to chat with and cancel");
  command->add_option("SCENARIO.yaml", serve.file, "scenario file")->required()->type_name("");
  command
      ->add_option("--policy", serve.policy,
                   "of requests that ask for none (default: the scenario's first that can cancel)")
      ->type_name("POLICY");
  add_scenario_changes(*command, serve.scenario);
  add_gateway_options(*command, serve);
  CLI::Option* scale = command
                           ->add_option("--time-scale", serve.time_scale,
                                        "so many times faster than life (default: 1)")
                           ->check(time_scale_number());
  command
      ->add_option_function<std::string>(
          "--clock", [&serve](const std::string& mode) { serve.manual_clock = mode == "manual"; },
          "real (default), or manual: simulated time stands still until POST /v1/caesura/clock "
          "moves it")
      ->check(CLI::IsMember({"real", "manual"}))
      ->type_name("real|manual");
  command
      ->add_option("--out", serve.out,
                   "write results.json, requests.csv, report.md and scenario.yaml there at the end")
      ->check(folder_name());
  command->final_callback([arguments, &serve, scale] {
    if (serve.manual_clock && scale->count() > 0) {
      throw CLI::ValidationError(
          "--time-scale", "a clock that is moved by hand has no pace; leave one of the two out");
    }
    for (const auto& key : {serve.client_key, serve.admin_key}) {
      if (key && key->empty())
        throw CLI::ValidationError("--client-key and --admin-key", "an empty key keeps nobody out");
    }
  });
  return {command, [arguments] { return serve_command(*arguments); }};
}

}  // namespace caesura
