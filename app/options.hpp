#pragma once

#include "engines/engine.hpp"
#include "scenarios/format/scenario.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace caesura {

/// A command of the program: its options and what it does, which returns the exit status.
struct Command {
  const CLI::App* options = nullptr;
  std::function<int()> run;
};

// Options that several commands have, each with the checks that belong to it.

/// As many threads as there are cores.
unsigned cores();

/// A whole number as people write them: 10000, 1e6.
CLI::Validator whole_number(double lowest, double highest, const std::string& name);

/// An address and a port, as parse_listen() reads them.
CLI::Validator listen_address();

/// The name of a folder to write to: not empty.
CLI::Validator folder_name();

/// How many times faster than life.
CLI::Validator time_scale_number();

void add_files(CLI::App& command, std::vector<std::string>& files);
/// --seed and --set.
void add_scenario_changes(CLI::App& command, ScenarioOptions& options);
/// These, --policy and --requests.
void add_scenario_options(CLI::App& command, ScenarioOptions& options);
void add_threads(CLI::App& command, unsigned& threads);

extern const std::map<std::string, EngineKind> all_engines;
extern const std::map<std::string, EngineKind> virtual_engines;
void add_engine(CLI::App& command, EngineKind& engine,
                const std::map<std::string, EngineKind>& engines, const std::string& help);

}  // namespace caesura
