#pragma once

#include "app/options.hpp"

namespace caesura {

/// `report RESULTS… --html FILE`: one page with plots of the results of runs.
Command add_report(CLI::App& app);

}  // namespace caesura
