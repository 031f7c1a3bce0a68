#pragma once

#include "scenarios/results/row_evidence.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace caesura {

/// One scenario's results, as a run has left them.
struct SavedResults {
  std::string file;
  /// Has the members of results.json, and policies with names of their own.
  nlohmann::ordered_json document;
  Evidence evidence;  ///< of all policies, or of none
};

/// Throws ScenarioError "file:line: …" unless the document is a results.json: of this
/// schema, with its scenario, engine and policies, whose known_fields() are numbers or null where
/// they are there at all. `pointer` leads to it from the top of the file.
void check_results(const std::string& file, const nlohmann::ordered_json& document,
                   const std::string& pointer = "");

/// The results.json files that `path` names: itself, or that of a folder, or those of the folders
/// in it. Throws ScenarioError if a folder has none.
std::vector<std::string> results_files_at(const std::string& path);

/// Whatever JSON is in the file; not checked. Throws ScenarioError.
nlohmann::ordered_json read_results_json(const std::string& file);

/// Reads results.json (one document, or the array of several scenarios), or all results in a folder
/// that `run --out` has written. To a file named results.json belongs the requests.csv beside it,
/// if there is one. Throws ScenarioError, beginning with the file's name.
std::vector<SavedResults> load_results(const std::string& path);

}  // namespace caesura
