#pragma once

#include "scenarios/study/sweep.hpp"
#include "scenarios/report/text_page.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace caesura {

/// For people: one table, the best marked, and what it is best at.
std::string sweep_text(const Sweep& sweep, const TableOptions& options);

/// Shared with the advice: the line that tells how a grid was run.
std::string grid_run_line(const GridRun& run, const std::string& engine, std::size_t points,
                          std::uint64_t requests, std::uint64_t seed);

}  // namespace caesura
