#pragma once

#include "scenarios/results.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

namespace caesura {

struct TableOptions {
  std::size_t width = 0;  ///< columns, at least 20; 0: not a terminal: tables take what they need, and prose is broken at 80
  bool colour = false;    ///< ANSI escape sequences
};

/// results.json as a person reads it in a terminal: a headline per policy, one aligned table of all policies, the ledger, outcomes,
/// thresholds, and how it was measured. No line is wider than `width`: a table that does not fit is turned on its side (a column a
/// policy), and if that is still too wide, told line by line. UTF-8, ends with a newline.
std::string table_text(const nlohmann::ordered_json& results, const Background& background, const TableOptions& options);

}  // namespace caesura
