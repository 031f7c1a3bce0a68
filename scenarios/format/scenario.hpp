#pragma once

#include "model/model.hpp"
#include "scenarios/format/exam_block.hpp"
#include "scenarios/format/world_block.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace caesura {

/// Bad input, in one line: "file:line:column: what is wrong and what to do". Exit status 2.
struct ScenarioError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One line of `thresholds`, and where it stands.
struct ThresholdText {
  std::string expression;
  std::string location;  ///< file:line:column, for messages
};

/// A scenario file, checked and compiled, options applied.
struct Scenario {
  std::string name;
  std::string description;
  std::string file;  ///< as given on the command line
  Model model;
  std::vector<Policy> policies;                ///< at least one, with different names
  std::vector<std::string> policies_left_out;  ///< named in the file, replaced by --policy
  std::vector<ThresholdText> thresholds;
  WorldBlock world;                    ///< as if empty where the file has none
  std::optional<ExamBlock> exam = {};  ///< none: the file is no case of an exam
  /// What is surely not meant, though it can be run, one line each: "file:line:column: warning:
  /// what is wrong and what to do".
  std::vector<std::string> warnings;
  std::string yaml;  ///< as it runs: the file with the options applied
};

/// Options of the command line that change a scenario.
struct ScenarioOptions {
  std::vector<std::string> sets;  ///< PATH=VALUE, in order
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> requests;
  /// Each as one item of `policy` in YAML; empty: the file's own.
  std::vector<std::string> policies;
  /// PATH=VALUE, in order, after all others: the values of one point of a grid.
  std::vector<std::string> varied;
};

/// Throws ScenarioError on bad input, also for a file that is missing or unreadable.
Scenario load_scenario(const std::string& file, const ScenarioOptions& options);

/// Likewise, of a scenario that is served to an agent loop of model and tools: throws ScenarioError
/// also where none could play it (playable.hpp).
Scenario load_world_scenario(const std::string& file, const ScenarioOptions& options);

/// Likewise, of one that is a case of an exam, and has an exam block: throws ScenarioError also for
/// what a case may not have (loader_exam.hpp).
Scenario load_exam_case(const std::string& file, const ScenarioOptions& options);

/// The JSON Schema (draft 2020-12) of scenario files, from the same description that the loader
/// checks them with.
std::string scenario_schema();

}  // namespace caesura
