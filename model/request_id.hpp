#pragma once

#include <cstdint>

namespace caesura {

/// The client's handle of a request: how the directory finds it. Used again once the client has
/// settled the request.
using Ticket = std::uint32_t;
using RequestNumber = std::uint64_t;
/// Of a child request, which has no client.
inline constexpr Ticket no_ticket = 0xffff'ffff;

/// Exactly one per request.
enum class Outcome : std::uint8_t { completed, cancelled, failed, timed_out, rejected };
const char* name_of(Outcome outcome);

/// What a cancel is answered. Of a request that will stop because of it: accepted;
/// already_cancelled: an earlier one was; too_late: the request ended otherwise; ignored: the
/// policy is `never`.
enum class CancelVerdict : std::uint8_t { accepted, already_cancelled, too_late, ignored };
const char* name_of(CancelVerdict verdict);

}  // namespace caesura
