#pragma once

#include "doors/control/call_wishes.hpp"
#include "doors/muxi/api_call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What this API has of a request beside what every door sees.
struct Chat {
  std::string session;
  Faults faults;
  std::vector<ApiCallPtr> waiting;  ///< calls that are answered when it has stopped
  bool is_streamed = false;         ///< to calls that are told as it goes
  std::vector<ApiCallPtr> streams;  ///< these; several, if it was sent again
  std::uint32_t content_frames = 0;
  std::string idempotency;                     ///< its key in the memory; empty: none
  std::optional<std::string> idempotency_key;  ///< as the client said it
};

}  // namespace caesura
