#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "actors/messages.hpp"
#include "scenarios/format/scenario.hpp"

#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// One operation of a request, or of one of its children, as far as it came.
struct OperationSpan {
  std::vector<std::uint32_t> path;  ///< its number in the request's plan, from 1; of a child's,
                                    ///< behind the number of the parent's operation
  OperationKind kind = OperationKind::llm;
  std::string service;  ///< empty for a transaction
  Time start;           ///< in service; waiting in a queue comes before
  Time end;             ///< its reply has reached the request, the request gave it up, or of one
                        ///< that ran on to its end: that
  bool cut_off = false;
};

/// One request as it went.
struct Timeline {
  RequestNumber request = 0;
  Outcome outcome = Outcome::completed;
  Time arrived;
  std::optional<Time> cancel_sent;  ///< the first
  Time stopped;
  /// In the order of their starts; those that never started are not there. An orphan's may end
  /// after the stop.
  std::vector<OperationSpan> operations;
};

/// What the requests of these numbers (ascending, each once) do under `policy`, as the direct
/// engine tells of it. Independent requests are run by themselves; of requests that compete all are
/// run. A number beyond the load's is left out.
std::vector<Timeline> observe_requests(const Scenario& scenario, const Policy& policy,
                                       const std::vector<RequestNumber>& numbers);

}  // namespace caesura
