#include "app/options.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/format/format_value.hpp"
#include "doors/http/listen_address.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace caesura {
namespace {

/// Writes a whole number within bounds, as scenario files have them, as CLI11 understands it: 1e6
/// is 1000000. Whether it is one; digits are not rounded away.
bool write_out_whole(std::string& text, std::uint64_t lowest, std::uint64_t highest) {
  try {
    const int128 value = whole_from(text);
    if (value < static_cast<int128>(lowest) || value > static_cast<int128>(highest)) return false;
    text = std::to_string(static_cast<std::uint64_t>(value));
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

CLI::Validator seed_number() {
  const auto check = [](std::string& text) -> std::string {
    return write_out_whole(text, 0, UINT64_MAX)
               ? ""
               : fmt::format("{} is not a whole number from 0 to 2^64 - 1", cited(text));
  };
  return CLI::Validator(check, "N");
}

}  // namespace

unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

CLI::Validator whole_number(double lowest, double highest, const std::string& name) {
  const auto check = [=](std::string& text) -> std::string {
    return write_out_whole(text, static_cast<std::uint64_t>(lowest),
                           static_cast<std::uint64_t>(highest))
               ? ""
               : fmt::format("{} is not a whole number from {:.0f} to {:g}", cited(text), lowest,
                             highest);
  };
  return CLI::Validator(check, name);
}

CLI::Validator listen_address() {
  const auto check = [](const std::string& text) {
    return parse_listen(text)
               ? std::string()
               : fmt::format(
                     "'{}' is not an address and a port, such as 127.0.0.1:8001 or [::1]:8001",
                     text);
  };
  return CLI::Validator(check, "ADDRESS:PORT");
}

CLI::Validator folder_name() {
  const auto check = [](const std::string& folder) {
    return folder.empty() ? std::string("the folder's name is empty") : std::string();
  };
  return CLI::Validator(check, "DIR");
}

CLI::Validator time_scale_number() {
  const auto check = [](std::string& text) -> std::string {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return is_number && value >= 1e-3 && value <= 1e6
               ? ""
               : fmt::format("{} is not a number from 0.001 to 1000000", cited(text));
  };
  return CLI::Validator(check, "X");
}

void add_scenario_changes(CLI::App& command, ScenarioOptions& options) {
  command.add_option("--seed", options.seed, "seed instead of the scenario's own")
      ->transform(seed_number());
  command
      .add_option("--set", options.sets,
                  "change one value: services.llm.planner.latency=2s, cancel.0.after=10s; may be "
                  "given several times")
      ->allow_extra_args(false)
      ->type_name("PATH=VALUE");
}

void add_scenario_options(CLI::App& command, ScenarioOptions& options) {
  command
      .add_option("--policy", options.policies,
                  "run under this policy instead of the scenario's own; may be given several times")
      ->allow_extra_args(false)
      ->type_name("POLICY");
  command
      .add_option("--requests", options.requests,
                  "so many requests instead of the scenario's requests or duration")
      ->transform(whole_number(1, 1e9, "N"));
  add_scenario_changes(command, options);
}

const std::map<std::string, EngineKind> all_engines{{"caf", EngineKind::caf},
                                                    {"direct", EngineKind::direct},
                                                    {"caf-realtime", EngineKind::caf_realtime}};
const std::map<std::string, EngineKind> virtual_engines{{"caf", EngineKind::caf},
                                                        {"direct", EngineKind::direct}};

void add_engine(CLI::App& command, EngineKind& engine,
                const std::map<std::string, EngineKind>& engines, const std::string& help) {
  std::string names;
  for (const auto& [name, kind] : engines) names += (names.empty() ? "" : "|") + name;
  const auto transform = [engines, names](std::string& text) -> std::string {
    const auto found = engines.find(text);
    if (found == engines.end())
      return fmt::format("{} is no engine here; choose one of {}", cited(text), names);
    text = std::to_string(static_cast<int>(found->second));
    return {};
  };
  command.add_option("--engine", engine, help)->transform(CLI::Validator(transform, names));
}

void add_threads(CLI::App& command, unsigned& threads) {
  command
      .add_option(
          "--threads", threads,
          fmt::format(
              "threads in virtual time; results do not depend on it (default: all cores, {} here)",
              cores()))
      ->transform(whole_number(1, 1024, "N"));
}

void add_files(CLI::App& command, std::vector<std::string>& files) {
  command.add_option("SCENARIO.yaml", files, "scenario files")->required()->type_name("");
}

}  // namespace caesura
