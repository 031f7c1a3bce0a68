#pragma once

#include "doors/mcp/json_rpc.hpp"
#include "doors/world/world_session.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace caesura {

// What MCP says in its revision 2025-11-25 (modelcontextprotocol.io/specification/2025-11-25) and
// those before it, which are the same as far as it is served here: tools, their progress and
// cancels. Neither HTTP nor sessions.

/// The revisions that are served, the newest first.
inline constexpr std::array<std::string_view, 4> mcp_versions{"2025-11-25", "2025-06-18",
                                                              "2025-03-26", "2024-11-05"};
bool is_mcp_version(std::string_view version);

/// What the client may count on, answered to `initialize`: the revision that it asks for if that is
/// served, else the newest.
nlohmann::ordered_json initialize_result(std::string_view asked);
/// The revision that `initialize` asks for.
std::variant<std::string, JsonRpcError> asked_version(const JsonRpcRequest& initialize);

/// The answer to `tools/list`, all in one page.
nlohmann::ordered_json tools_result(const std::vector<WorldTool>& tools);

/// The parameters of `tools/call`. Tasks are not offered, so a wish for one is to be ignored
/// (2025-11-25, "Tasks").
struct ToolCall {
  std::string name;
  nlohmann::json arguments;                 ///< an object; empty if there is none
  std::optional<JsonRpcId> progress_token;  ///< the client wants to be told how it goes
};
/// Takes name and arguments out of the request.
std::variant<ToolCall, JsonRpcError> tool_call(JsonRpcRequest& request);

/// The answer to `tools/call`: `text`, or with `is_error` what went wrong with the tool.
nlohmann::ordered_json tool_result(std::string_view text, bool is_error);

/// What is told of a call while it goes on. How long it will take is known to nobody before its
/// end, so progress counts what has happened, from 0 to 2, and nothing is invented between.
enum class ProgressStep : std::uint8_t {
  received,  ///< it may have to wait for a place
  started,
  done,
};
std::string progress_notification(const JsonRpcId& token, ProgressStep step);

/// Of the parameters of `notifications/cancelled`; none if they name no request.
std::optional<JsonRpcId> cancelled_request(const JsonRpcNotification& notification);

/// A message as a server-sent event.
std::string event_of(std::string_view message);

}  // namespace caesura
