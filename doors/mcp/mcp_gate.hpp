#pragma once

#include "doors/http/http_message.hpp"
#include "doors/mcp/json_rpc.hpp"

#include <optional>

namespace caesura {

/// What MCP over HTTP refuses before it reads what a body says, in this order:
/// * 405: a method that is neither POST nor DELETE. There is no stream by GET;
/// * of a POST, 406: JSON and event streams must both be acceptable, by name or by `*`; no `Accept`
///   at all is refused, as the SDKs' servers do;
/// * of a POST, 415: a body that is not said to be JSON.
/// None: it may come in.
std::optional<HttpAnswer> refused_at_gate(const HttpRequest& request);

/// Whether `Accept` headers, all of them, let both be sent.
bool accepts_json_and_events(const HttpRequest& request);

/// An error in MCP's own form.
HttpAnswer mcp_error(unsigned status, const JsonRpcError& error);

}  // namespace caesura
