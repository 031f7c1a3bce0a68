#pragma once

#include "doors/http/http_message.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/muxi/api_error.hpp"
#include "doors/muxi/request_record.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace caesura {

// What clients are shown of a request.

/// The answer's text: of a completed request all of it, else empty, for there are no partial
/// results.
std::string content_of(const RequestRecord& record);

/// What a chat's `data` has: `reference`: what the reference runtime's has, and nothing more.
enum class ChatDetail : std::uint8_t { full, reference };

/// Of a request that has stopped: `data` of a chat that waited for it.
nlohmann::ordered_json chat_data(const RequestRecord& record, ChatDetail detail);

/// An item of the list of requests.
nlohmann::ordered_json status_data(const RequestRecord& record, const ApiClock& clock,
                                   TimeForm form);

/// Why a request failed, for the client whose chat it was.
ApiError failure_of(const RequestRecord& record);

/// `X-Caesura-Cancel-Received` and `-Effective`, in simulated seconds, as far as there are such
/// moments at `at`.
void add_moments(const RequestRecord& record, Time at, HttpAnswer& answer);

/// What a page draws: operations with their times, the cancel, the stop, and what was saved.
/// Simulated seconds.
nlohmann::ordered_json timeline(const RequestRecord& record, Time now);

inline double dollars(Money money) { return static_cast<double>(money.picos) / 1e12; }

/// What the stream says when an operation starts.
const char* stage_of(OperationKind kind);

}  // namespace caesura
