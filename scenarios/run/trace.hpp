#pragma once

#include "sim/time.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/run/runner.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace caesura {

/// One message of a request, as it was delivered.
struct TraceLine {
  Time at;
  std::string from;  ///< "client", "directory", "request", a child such as "request.2", or a
                     ///< service's kind and name: "llm planner"
  std::string to;
  std::string text;
};

/// All messages of one request, and of the tree of its children, between their actors, in the order
/// of their delivery; an actor's timers are left out, but for what happens at them. Throws
/// ScenarioError if the load has no such request.
std::vector<TraceLine> trace_request(const Scenario& scenario, const Policy& policy,
                                     RequestNumber number, EngineKind engine);

/// A line a message: time in seconds, sender, receiver, text; aligned.
std::string plain_trace(const std::vector<TraceLine>& lines);
/// A Mermaid sequence diagram.
std::string mermaid_trace(const std::vector<TraceLine>& lines);

}  // namespace caesura
