#pragma once

#include "model/model.hpp"
#include "engines/engine.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace caesura {

/// A run that would need more memory than there is: "… would need about 340 GB of memory, …", and
/// what to do. Exit status 1: on another machine it may run.
struct TooLittleMemory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a run is sure to need at once, from below, in bytes, and for what.
struct MemoryNeed {
  double bytes = 0;
  std::string what;    ///< "1,000,000,000 requests in flight at once"
  std::string advice;  ///< what would need less
};

/// The larger one of: requests that are sent at the same instant and compete, so that all of them
/// are in flight, on engines in virtual time; and the tree of a request's children, as large as it
/// is on average. 0 where neither is known: load that comes over time may pile up, or not.
MemoryNeed memory_need(const Model& model, EngineKind engine);

/// What this process may have, in bytes: the least of memory and swap of the machine, RLIMIT_AS and
/// the limits of its control groups.
double memory_limit();

/// Throws TooLittleMemory if the need is over `limit` bytes.
void expect_memory(const MemoryNeed& need, double limit);

}  // namespace caesura
