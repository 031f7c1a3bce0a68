#pragma once

#include "scenarios/results/output_folder.hpp"
#include "scenarios/results/results.hpp"
#include "app/commands.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace caesura {

// What commands that run a scenario do with its results.

/// Most memory that this process has had so far.
std::uint64_t peak_rss_bytes();

/// Takes lines of requests.csv to the folder (null: there is none), and to stdout where the rows
/// are what is printed. Empty if they go nowhere, so that nobody makes them.
std::function<void(std::string_view)> requests_csv_of(const RunArguments& arguments,
                                                      OutputFolder* folder);

/// results.json, report.md and scenario.yaml beside requests.csv. Throws OutputError.
void finish_folder(OutputFolder& folder, const nlohmann::ordered_json& document,
                   const Background& background, const std::string& yaml);

/// On stdout, as fits the terminal. Throws OutputError.
void print_table(const nlohmann::ordered_json& document, const Background& background);

}  // namespace caesura
