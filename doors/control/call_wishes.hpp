#pragma once

#include "sim/time.hpp"
#include "doors/http/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// What is to go wrong: `X-Caesura-Fault`.
struct Faults {
  /// `delete=503`: DELETE answers so, and nothing is cancelled.
  std::optional<unsigned> cancel_status;
  std::optional<Duration> cancel_delay;  ///< `delete-delay=3s`: its answer comes so much later
  bool drop_cancel = false;              ///< `drop-delete`: accepted, and never answered
  /// `late-complete`: the answer crosses the cancel, which comes too late.
  bool late_complete = false;
  std::optional<std::uint32_t> reset_after_chunk;  ///< `reset-after-chunk=5`: the stream breaks
                                                   ///< behind its fifth content frame

  /// Those of a chat and those of one DELETE of it together; where both say something, the call's.
  Faults with(const Faults& of_call) const;
};

/// What a call asks for beyond the API, in order to test a client.
struct CallWishes {
  std::optional<std::uint64_t> seed;  ///< `X-Caesura-Seed: 7`
  std::optional<std::string> policy;  ///< `X-Caesura-Policy: abort`: a name, not checked
  std::uint32_t held_operation = 0;   ///< `X-Caesura-Hold: operation=2`; 0: none
  Faults faults;
};

/// "30s"; none if it is no such thing.
std::optional<Duration> duration_in(std::string_view text);

/// Throws CallError, INVALID_REQUEST, which says what would be right.
CallWishes read_wishes(const HttpRequest& request);

}  // namespace caesura
