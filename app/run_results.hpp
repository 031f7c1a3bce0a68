#pragma once

#include "scenarios/results/output_folder.hpp"
#include "scenarios/results/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>

namespace caesura {

// What commands that run a scenario do with its results.

/// Most memory that this process has had so far.
std::uint64_t peak_rss_bytes();

/// results.json, report.md and scenario.yaml beside requests.csv. Throws OutputError.
void finish_folder(OutputFolder& folder, const nlohmann::ordered_json& document,
                   const Background& background, const std::string& yaml);

/// On stdout, as fits the terminal. Throws OutputError.
void print_table(const nlohmann::ordered_json& document, const Background& background);

}  // namespace caesura
