#pragma once

#include "scenarios/run/live_run.hpp"
#include "tests/small_models.hpp"

#include <string>
#include <utility>
#include <vector>

namespace caesura::testing {

using What = LiveEvent::What;

// Policies of served(): checkpoint is the run's own.
inline constexpr std::size_t aborting = 1;
inline constexpr std::size_t never = 2;

inline Scenario served(Model model) {
  Scenario scenario;
  scenario.name = "served";
  scenario.file = "served.yaml";
  scenario.model = std::move(model);
  scenario.policies = {policy(PolicyKind::checkpoint), abort_after(0s), policy(PolicyKind::never)};
  return scenario;
}

inline std::string word(What what) {
  switch (what) {
    case What::operation_started:
      return "start";
    case What::operation_ended:
      return "end";
    case What::operation_cut_off:
      return "cut off";
    case What::operation_left_running:
      return "runs on";
    case What::chunk:
      return "chunk";
    case What::cancel_received:
      return "received";
    case What::cancel_answered:
      return "answer";
    case What::stopped:
      return "stopped";
    case What::answered:
      return "answered";
    case What::settled:
      return "settled";
  }
  return "";
}

/// "start 1 at 0", "answer accepted at 3000": of one request, times in milliseconds.
inline std::vector<std::string> words(const std::vector<LiveEvent>& events,
                                      RequestNumber request = 0) {
  std::vector<std::string> all;
  for (const LiveEvent& event : events) {
    if (event.request != request) continue;
    std::string text = word(event.what);
    if (event.operation != 0) text += " " + std::to_string(event.operation);
    if (event.what == What::cancel_answered) text += std::string(" ") + name_of(event.verdict);
    if (event.what == What::stopped) text += std::string(" ") + name_of(event.outcome);
    all.push_back(text + " at " + std::to_string((event.at - Time{}) / 1ms));
  }
  return all;
}

inline std::vector<LiveRecord> records(const std::vector<LiveEvent>& events) {
  std::vector<LiveRecord> all;
  for (const LiveEvent& event : events) {
    if (event.record) all.push_back(*event.record);
  }
  return all;
}

}  // namespace caesura::testing
