#pragma once

#include "engines/engine.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace caesura {

struct ClientReport;
struct RequestReport;

/// How far a run is; may be read from another thread.
struct Progress {
  std::atomic<std::uint64_t> requests_done{0};  ///< of all policies
  std::atomic<std::uint64_t> requests_total{0};
};

struct RunOptions {
  EngineKind engine = EngineKind::caf;
  unsigned threads = 1;   ///< at least 1; results do not depend on it
  double time_scale = 1;  ///< caf_realtime only: how many times faster than life
  /// At least 1: so many times the load, each with a seed of its own.
  std::uint32_t replications = 1;
  /// Gets the lines of requests.csv, without header, in order of policy and request number; may be
  /// empty. Called by one thread at a time. Request numbers, here and below, go on from one
  /// replication to the next.
  std::function<void(std::string_view lines)> requests_csv;
  /// Gets every settled request, in any order; may be empty. Called by one thread at a time if
  /// `threads` is 1.
  std::function<void(const RequestReport&, const ClientReport&)> each_request;
};

}  // namespace caesura
