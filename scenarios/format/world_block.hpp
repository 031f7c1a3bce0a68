#pragma once

#include "sim/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace caesura {

/// A fault of one call to a service, certain and named, for tests.
struct CallFault {
  /// A status of HTTP instead of an answer; no work is done.
  struct Status {
    unsigned status = 500;  ///< 400 to 599
    std::optional<Duration> retry_after = {};
  };
  /// The connection is reset.
  struct Reset {
    std::uint32_t token = 0;  ///< 0: before the answer; else once that token (from 1) is sent
  };
  /// The work is done and its effect committed; then the connection is reset instead of the answer.
  struct Lost {};
  /// Silence, from the start on.
  struct Hang {};
  /// Silence once that token (from 1) is sent, for good where `for_` is none.
  struct Stall {
    std::uint32_t token = 1;
    std::optional<Duration> for_ = {};
  };
  /// The operation takes so many times as long.
  struct Slow {
    double factor = 1;  ///< from 1
  };
  /// An error of the protocol: of a tool isError, of an agent a failed task, of a model an error
  /// event in the stream.
  struct Error {
    std::string message;  ///< not empty
  };

  /// Which operation of the plan, as in marks: {1}, or {2, 1} for one of a sub-agent's plan. Each
  /// from 1; never empty.
  std::vector<std::uint32_t> operation;
  std::optional<std::uint32_t> attempt = 1;  ///< from 1; none: every one
  std::variant<Lost, Hang, Status, Reset, Stall, Slow, Error> what;
};

/// What a scenario says to `caesura world` alone; a run does without it.
struct WorldBlock {
  enum class ToolsEra : std::uint8_t { both, v2025_11_25, v2026_07_28 };
  enum class AgentsVersion : std::uint8_t { both, v0_3, v1_0 };

  ToolsEra tools_era = ToolsEra::both;                 ///< which revisions of MCP the tools speak
  AgentsVersion agents_version = AgentsVersion::both;  ///< which versions of A2A the agents speak
  bool lenient = false;  ///< conversations that real providers refuse are answered
  /// In the order of the file. Where several fit a call, the first counts.
  std::vector<CallFault> faults;
};

}  // namespace caesura
