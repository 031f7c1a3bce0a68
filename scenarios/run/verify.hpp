#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/run/runner.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// One engine's run in virtual time, as far as it must be the same on all.
struct Fingerprint {
  std::uint64_t results = 0;   ///< of the policies in results.json
  std::uint64_t requests = 0;  ///< of requests.csv
  bool operator==(const Fingerprint&) const = default;
};

/// A run of the first requests in real time, beside the same ones in virtual time.
struct RealtimeDeviation {
  std::uint64_t requests = 0;
  double time_scale = 1;
  Duration lateness_max{0};          ///< simulated time
  std::uint64_t other_outcomes = 0;  ///< requests that ended otherwise than in virtual time ...
  std::uint64_t other_tokens = 0;    ///< ... used another number of tokens ...
  Duration stop_deviation_max{0};    ///< ... and how far stops lie apart at most, simulated time
};

struct Verification {
  Fingerprint caf;
  Fingerprint direct;
  Fingerprint direct_on_one_thread;
  std::optional<RealtimeDeviation> realtime;  ///< none if interrupted before
  bool partial = false;
  bool is_equal() const { return !partial && caf == direct && direct == direct_on_one_thread; }
};

struct VerifyOptions {
  unsigned threads = 1;
  std::uint64_t realtime_requests = 50;  ///< at most
  double realtime_seconds = 2;           ///< about so long: the time scale follows from it
};

/// Runs the scenario on `caf` and on `direct`, on one thread and on several, and its first requests
/// in real time.
Verification verify(const Scenario& scenario, const VerifyOptions& options,
                    const std::atomic<bool>& stop, Progress& progress);

}  // namespace caesura
