#pragma once

#include "engines/engine.hpp"
#include "scenarios/format/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// How the program ends. After a signal: 128 + its number.
enum ExitStatus : int {
  all_well = 0,
  something_failed = 1,  ///< unwritable output, a full disk
  bad_input = 2,         ///< or usage
  threshold_missed = 3,
  reader_gone = 141,  ///< as the shell has it of a program that a closed pipe has ended
};

enum class OutputForm : std::uint8_t { table, json, csv, markdown };

struct RunArguments {
  std::vector<std::string> files;
  ScenarioOptions scenario;
  EngineKind engine = EngineKind::caf;
  unsigned threads = 1;
  double time_scale = 1;
  std::uint32_t replications = 1;
  OutputForm form = OutputForm::table;
  std::optional<std::string> out;
  bool no_progress = false;
  std::optional<std::string> subject;  ///< the file of a program that plays the load too
};

struct TraceArguments {
  std::string file;
  ScenarioOptions scenario;
  EngineKind engine = EngineKind::caf;
  std::uint64_t request = 0;
  bool mermaid = false;
};

/// Of sweep and advise.
struct GridArguments {
  std::string file;
  ScenarioOptions scenario;
  std::vector<std::string> varied;  ///< PATH=V1,V2,…
  std::optional<std::string> minimise;
  std::optional<std::string> maximise;
  std::vector<std::string> holds;
  EngineKind engine = EngineKind::direct;
  unsigned threads = 1;
  OutputForm form = OutputForm::table;
  bool no_progress = false;
};

// Each runs one command, prints its results on stdout, and returns its exit status. All scenarios
// are loaded and checked before the first one runs. They throw what their parts throw.
int run_command(const RunArguments& arguments);
int verify_command(const RunArguments& arguments);
int validate_command(const RunArguments& arguments);
int trace_command(const TraceArguments& arguments);
int sweep_command(const GridArguments& arguments);
int advise_command(const GridArguments& arguments);

}  // namespace caesura
