#pragma once

#include "scenarios/format/scenario.hpp"

#include <cstdint>

namespace caesura::bench {

/// What may differ from the reference workload as the file has it.
struct ReferenceOptions {
  std::uint64_t requests = 100'000;
  std::uint64_t in_flight = 2000;  ///< about so many requests at a time, by how fast they arrive
  std::uint32_t operations = 8;    ///< of each; cancels come within 2 s for each of them
  bool compete = false;  ///< for a service whose limit is never reached: requests run interleaved
};

/// The workload on which Caesura is compared with other tools: bench/peers/reference.yaml.
Scenario reference_scenario(const ReferenceOptions& options);

}  // namespace caesura::bench
