#pragma once

#include "sim/time.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "scenarios/results/comparison.hpp"
#include "scenarios/results/results.hpp"
#include "exam/load_count.hpp"
#include "exam/load_errors.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

struct SubjectLoadOptions {
  /// Gets lines of requests.csv; may be empty.
  std::function<void(std::string_view)> requests_csv = {};
  /// Gets every event of the world, a line of JSON each; may be empty.
  std::function<void(std::string_view)> events = {};
};

/// What came of a load that a subject has played.
struct SubjectLoadOutcome {
  PolicyResult policy;           ///< under the subject's name
  nlohmann::ordered_json world;  ///< what results.json says of a subject alone
  PairedRequests pairs;          ///< by the load's numbers, as far as all before were played
  std::vector<std::optional<PlayedLatency>> latencies;  ///< of completed requests, by number
  LoadErrors errors;
  std::uint64_t requests = 0;  ///< that were played
  bool is_partial = false;     ///< `stop` was set before the end
  std::optional<Duration> lateness_max;
  std::vector<std::string> problems;  ///< processes that hung or crashed, a line each
};

/// Plays the scenario's load and cancels with a real program, in real time: request n is sent when
/// it arrives, or as soon as the subject has a place for it (SubjectFile::parallel), and is
/// cancelled when the simulated client would cancel it, as far as that is known from what was drawn
/// for it and what is seen of its operations. The messages between the user and the subject take
/// the time of the scenario's link, both ways. The load begins when the first process is ready.
///
/// A subject that does not settle in time is ended, and its requests count as failed. Once `stop`
/// is set it returns soon. `done` counts requests. Throws ScenarioError for what a program cannot
/// play, CannotStart if its first process does not get ready, or several in a row.
SubjectLoadOutcome play_load(const Scenario& scenario, const SubjectFile& subject,
                             const SubjectLoadOptions& options, const std::atomic<bool>& stop,
                             std::atomic<std::uint64_t>& done);

/// How long the load takes at least, as far as it is known before: its requests as they arrive, in
/// the places that the subject has, if nobody cancels.
Duration estimated_length(const Scenario& scenario, const SubjectFile& subject);

}  // namespace caesura
