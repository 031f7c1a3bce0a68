#pragma once

#include "scenarios/format/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What a change of assumptions is judged by.
struct SensitivityFigures {
  std::optional<double> cancel_latency_mean_s;  ///< empty if nothing was cancelled
  double saved_usd = 0;
  double saved_tokens = 0;
};

/// One assumption made larger, all else as it was.
struct AssumptionEffect {
  std::string assumption;  ///< in plain words: "latency of tool search"
  SensitivityFigures figures;
};

struct Sensitivity {
  std::string policy;
  std::uint64_t requests = 0;  ///< that each run had
  double factor = 1;           ///< by which each assumption was multiplied
  SensitivityFigures base;
  /// The greatest effect first, by the larger of its two changes relative to `base`; what changes
  /// nothing is left out.
  std::vector<AssumptionEffect> effects;
  std::uint64_t tried = 0;  ///< how many assumptions were varied
};

/// How far mean cancellation latency and savings depend on the scenario's latencies, links, and on
/// who cancels and when: each is multiplied by 1.5 by itself, and the first `requests_most`
/// requests are run on the direct engine under `policy`. All else is shared, down to each draw, so
/// differences are not noise. A pure function of its arguments.
Sensitivity analyse_sensitivity(const Scenario& scenario, const Policy& policy,
                                std::uint64_t requests_most);

}  // namespace caesura
