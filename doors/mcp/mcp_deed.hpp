#pragma once

#include "doors/mcp/json_rpc.hpp"
#include "doors/mcp/mcp_messages.hpp"
#include "doors/mcp/mcp_sessions.hpp"
#include "doors/world/director.hpp"
#include "doors/world/world_session.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace caesura {

/// What came in one POST.
struct McpPost {
  JsonRpcMessage message;
  /// Of the headers MCP-Session-Id and MCP-Protocol-Version.
  std::optional<std::string> session = {};
  std::optional<std::string> version = {};
  Time at = {};  ///< when it came
};

/// Answered at once.
struct McpAnswer {
  unsigned status = 200;  ///< of HTTP
  std::string body = {};  ///< JSON; empty: none
};
/// A session is to be opened, and named beside this answer.
struct OpenMcpSession {
  McpAnswer answer;
};
/// A tool that there is is to be called.
struct BeginToolCall {
  JsonRpcId id;
  ToolCall call;
  std::shared_ptr<McpSession> session;  ///< null: outside of any
};
/// A signal is to be noted. It has no effect on a call that is over, and is a stray one without a
/// call: for an id that is not known, for `initialize`, which must not be cancelled, or for what
/// was answered at once, and not just now.
struct NoteCancel {
  std::optional<WorldCallId> call;
  /// Without a call: when the request was answered, if that was at once; a cancel so soon after it
  /// may have crossed the answer.
  std::optional<Time> answered = {};
  std::shared_ptr<McpSession> session;  ///< null: none is named, or none that is known
  McpAnswer answer;
};
using McpDeed = std::variant<McpAnswer, OpenMcpSession, BeginToolCall, NoteCancel>;

/// What there is to do about it. Errors of JSON-RPC are HTTP 200 where a request could be read, as
/// the SDKs' servers have it, so that clients tell their callers the code, but for
/// * what is no message, or an id that is in progress: 400, as an answer by that id would be taken
///   for the other's;
/// * a session that is not known: 404, at which a client begins anew; none at all is fine;
/// * `server/discover`, by which clients of the revision 2026-07-28 ask whether it is spoken here:
///   404 and -32601, in that revision the answer to an unknown method, whatever version its header
///   claims. All known ones then go on with `initialize`. (-32022 would list the versions that are
///   served, but Vercel's client gives up at it.)
McpDeed deed_of(McpPost post, McpSessions& sessions, const std::vector<WorldTool>& tools);

/// Whose call of a tool it is, as far as it says: what the call's own address and key say; else
/// nothing, if the arguments name a run; else what those of the session said.
CallHint hint_of(const CallHint& own, const McpSession* session, const nlohmann::json& arguments);

}  // namespace caesura
