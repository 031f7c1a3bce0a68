#pragma once

#include "doors/mcp/mcp_deed.hpp"
#include "doors/mcp/mcp_sessions.hpp"
#include "doors/world/world_door.hpp"
#include "doors/world/world_session.hpp"

#include <memory>
#include <string_view>
#include <unordered_map>

namespace caesura {

class ToolCallExchange;

/// The world's tools over MCP, revision 2025-11-25 and those before it, at /mcp: Streamable HTTP.
///
/// * `initialize` opens a session; requests without one are served, too.
/// * A call of a tool is answered by JSON, or, if it has a `progressToken`, by an event stream of
///   three notifications and the result.
/// * `notifications/cancelled` is the protocol's cancel: the call is told, and not answered
///   ("SHOULD not send a response for the cancelled request"). Its HTTP exchange ends all the same,
///   by an event stream that closes without a response: nobody waits for it for ever, and it breaks
///   no connection. (The v1 SDK's server leaves it open until the client goes.)
/// * A client that hangs up "SHOULD NOT be interpreted as the client cancelling its request", and
///   neither does the end of a session: both are noted, and the tool runs on. Its answer is lost.
/// * GET, by which a client would wait for what the server has to say by itself, is 405.
class McpDoor : public WorldDoor {
 public:
  /// The world outlives the door, and tells its audiences nothing after the door has gone.
  explicit McpDoor(WorldSession& world);
  McpDoor(const McpDoor&) = delete;
  McpDoor& operator=(const McpDoor&) = delete;
  ~McpDoor() override;

  bool has(std::string_view path) const override;
  void handle(const WorldCall& call) override;
  HttpAnswer refused(const Refusal& refusal) const override;

 private:
  friend class ToolCallExchange;

  void end_session(const WorldCall& call);
  void call_tool(const WorldCall& call, BeginToolCall deed);
  void cancel(const WorldCall& call, const NoteCancel& deed);

  WorldSession& world_;
  McpSessions sessions_;
  /// Of the calls in progress, those included whose client has hung up.
  std::unordered_map<WorldCallId, std::shared_ptr<ToolCallExchange>> exchanges_;
};

}  // namespace caesura
