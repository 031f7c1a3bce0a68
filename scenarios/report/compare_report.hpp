#pragma once

#include "scenarios/study/change_gates.hpp"
#include "scenarios/study/compare.hpp"
#include "scenarios/report/table.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace caesura {

struct CompareReportOptions {
  TableOptions table;
  bool all = false;  ///< also figures that are equal
};

/// For a person: what was compared, a table of the figures that differ, how many are equal, and the
/// gates that fired. UTF-8, ends with a newline; "No differences" if there are none.
std::string compare_text(const Comparisons& comparisons, const std::vector<FiredGate>& fired,
                         const CompareReportOptions& options);

/// For a program: every figure, in a fixed order. An infinite relative difference is null.
nlohmann::ordered_json compare_json(const Comparisons& comparisons,
                                    const std::vector<ChangeGate>& gates,
                                    const std::vector<FiredGate>& fired);

}  // namespace caesura
