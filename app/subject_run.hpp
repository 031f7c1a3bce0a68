#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "scenarios/results/output_folder.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/run/runner.hpp"
#include "app/commands.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace caesura {

/// A scenario that a real program is to play beside the simulated policies, and that program.
/// Throws ScenarioError for what a program cannot play, a subject whose name a policy has, and
/// options that are for simulated runs alone.
struct SubjectOfRun {
  SubjectFile file;
  /// As the scenario has them, and the subject last: what thresholds may name.
  std::vector<Policy> policies;
};
SubjectOfRun subject_of_run(const RunArguments& arguments, const Scenario& scenario);

/// What is said of a subject alone.
struct SubjectAlone {
  nlohmann::ordered_json world;        ///< in results.json, its policy's
  std::vector<std::string> sentences;  ///< for people
};

/// Lets the subject play the load, and adds it to the outcome of the simulated policies: as one
/// more policy, compared with the first that can cancel. Throws CannotStart.
SubjectAlone add_subject(const SubjectOfRun& subject, const Scenario& scenario,
                         const RunArguments& arguments, OutputFolder* folder, RunOutcome& outcome);

}  // namespace caesura
