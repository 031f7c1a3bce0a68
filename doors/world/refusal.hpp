#pragma once

#include "sim/time.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace caesura {

/// Why a call of a subject is refused; every protocol has its own form for each.
enum class RefusalKind : std::uint8_t {
  bad_request,
  unauthorized,
  forbidden,
  not_found,  ///< an unknown path, session, …
  unknown_model,
  too_large,
  rate_limited,
  overloaded,  ///< too many runs, too much memory in use, a full queue
  server_error,
};

/// A call that is answered with an error. `status`: of HTTP.
struct Refusal : std::runtime_error {
  Refusal(RefusalKind refusal_kind, unsigned http_status, const std::string& message,
          std::string parameter = {})
      : std::runtime_error(message),
        kind(refusal_kind),
        status(http_status),
        param(std::move(parameter)) {}
  RefusalKind kind;
  unsigned status;
  std::string param;  ///< the member of the body that is wrong; empty: none
  std::optional<Duration> retry_after = {};
  /// Of a call that is on the record all the same (WorldCallId): a cancel may cross this answer. 0:
  /// it never became one.
  std::uint64_t call = 0;
};

}  // namespace caesura
