#pragma once

#include "doors/http/http_message.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/live/live_request.hpp"
#include "doors/control/call_error.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace caesura {

// What clients are shown of a request.

/// The answer's text: of a completed request all of it, else empty, for there are no partial
/// results.
std::string content_of(const LiveRequest& request);

/// What a chat's `data` has: `reference`: what the reference runtime's has, and nothing more.
enum class ChatDetail : std::uint8_t { full, reference };

/// Of a request that has stopped: `data` of a chat that waited for it.
nlohmann::ordered_json chat_data(const LiveRequest& request, const std::string& session,
                                 ChatDetail detail);

/// An item of the list of requests.
nlohmann::ordered_json status_data(const LiveRequest& request, const ApiClock& clock,
                                   TimeForm form);

/// Why a request failed, for the client whose chat it was.
CallError failure_of(const LiveRequest& request);

/// `X-Caesura-Cancel-Received` and `-Effective`, in simulated seconds, as far as there are such
/// moments at `at`.
void add_moments(const LiveRequest& request, Time at, HttpAnswer& answer);

/// What the stream says when an operation starts.
const char* stage_of(OperationKind kind);

}  // namespace caesura
