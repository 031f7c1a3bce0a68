#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "scenarios/results/output_folder.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/run/runner.hpp"
#include "app/commands.hpp"

#include <nlohmann/json.hpp>

#include <string>

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

/// Lets the subject play the load, and adds it to the outcome of the simulated policies: as one
/// more policy, compared with the first that can cancel. Returns what results.json says of it
/// alone, its policy's `world`.
nlohmann::ordered_json add_subject(const SubjectOfRun& subject, const Scenario& scenario,
                                   const RunArguments& arguments, OutputFolder* folder,
                                   RunOutcome& outcome);

}  // namespace caesura
