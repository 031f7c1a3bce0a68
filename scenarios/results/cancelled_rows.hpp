#pragma once

#include "sim/time.hpp"
#include "actors/reports.hpp"
#include "scenarios/results/row_order.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What requests.csv says of one cancelled request.
struct CancelledRow {
  RequestNumber request = 0;
  Time arrived;
  Time cancel_sent;
  Time stopped;
  std::size_t cancelled_in = 0;  ///< as in RequestReport
};

/// By policy. One that cancelled nothing is there with no rows.
using CancelledRows = std::map<std::string, std::vector<CancelledRow>>;

/// The cancelled requests of a requests.csv; the others are passed over, so the file may be larger
/// than memory. Throws ScenarioError, naming the file and the line, if it cannot be read or is not
/// what `run --out` writes; also, with `expected`, if a request is missing, there twice or not in
/// its place.
CancelledRows read_cancelled_rows(const std::string& file,
                                  const std::optional<ExpectedRows>& expected = std::nullopt);

}  // namespace caesura
