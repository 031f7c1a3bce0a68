#pragma once

#include "scenarios/results/results.hpp"
#include "scenarios/report/report.hpp"
#include "scenarios/report/text_page.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace caesura {

/// results.json as a person reads it in a terminal: a headline per policy, one aligned table of all
/// policies, the ledger, outcomes, thresholds, and how it was measured. No line is wider than
/// `width`: a table that does not fit is turned on its side (a column a policy), and if that is
/// still too wide, told line by line. UTF-8, ends with a newline.
std::string table_text(const nlohmann::ordered_json& results, const Background& background,
                       const TableOptions& options);

/// A grid alone, laid out as in table_text().
std::string grid_text(const Grid& grid, const TableOptions& options);

/// A paragraph, broken to the width; printable whatever it is made of.
std::string prose_text(const std::string& text, const TableOptions& options);

}  // namespace caesura
