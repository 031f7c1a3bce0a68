#pragma once

#include "scenarios/results/cancelled_rows.hpp"
#include "scenarios/run/timeline.hpp"
#include "scenarios/study/sensitivity.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// How some cancelled requests went under each policy: `requests` are the same under all.
struct PolicyTimelines {
  std::string policy;
  std::vector<Timeline> requests;
};

/// What scenario.yaml adds to results.
struct ScenarioPart {
  std::string description;
  std::string cancel_rule;  ///< from describe_cancels()
  std::string yaml;
  /// Empty if there is no requests.csv to choose the requests from.
  std::vector<PolicyTimelines> timelines;
  /// Why a cancel takes as long as it does, from explanations().
  std::vector<std::string> explanations;
  std::optional<Sensitivity> sensitivity;  ///< none if no policy of it can cancel
};

/// One scenario's results, with what lies beside them.
struct PageScenario {
  nlohmann::ordered_json results;
  std::optional<CancelledRows> rows;
  std::optional<ScenarioPart> scenario;
};

}  // namespace caesura
