#include "doors/mcp/mcp_deed.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::string_view probe_method = "server/discover";
constexpr std::size_t quoted_bytes_max = 100;

McpAnswer error_answer(unsigned status, JsonRpcCode code, std::string message,
                       std::optional<JsonRpcId> id = {}) {
  return {status, encode_error({code, std::move(message), std::move(id)})};
}

McpAnswer as_answer(const JsonRpcError& error) { return {200, encode_error(error)}; }

const JsonRpcRequest* request_of(const McpPost& post, std::string_view method) {
  const auto* request = std::get_if<JsonRpcRequest>(&post.message);
  return request != nullptr && request->method == method ? request : nullptr;
}

McpDeed opened(const JsonRpcRequest& request) {
  const auto version = asked_version(request);
  if (const auto* error = std::get_if<JsonRpcError>(&version)) return as_answer(*error);
  return OpenMcpSession{
      {200, encode_result(request.id, initialize_result(std::get<std::string>(version)))}};
}

McpDeed called(JsonRpcRequest& request, std::shared_ptr<McpSession> session,
               const std::vector<WorldTool>& tools) {
  auto read = tool_call(request);
  if (const auto* error = std::get_if<JsonRpcError>(&read)) return as_answer(*error);
  auto& call = std::get<ToolCall>(read);
  if (std::none_of(tools.begin(), tools.end(),
                   [&](const WorldTool& tool) { return tool.name == call.name; })) {
    return error_answer(200, JsonRpcCode::invalid_params,
                        "Unknown tool: " + call.name.substr(0, quoted_bytes_max), request.id);
  }
  return BeginToolCall{std::move(request.id), std::move(call), std::move(session)};
}

McpDeed answered(JsonRpcRequest& request, std::shared_ptr<McpSession> session,
                 const std::vector<WorldTool>& tools) {
  if (session && session->is_awaited(request.id)) {
    return error_answer(400, JsonRpcCode::invalid_request,
                        "Invalid Request: a request of this id is in progress", request.id);
  }
  if (request.method == "tools/call") return called(request, std::move(session), tools);
  if (request.method == "tools/list") {
    if (request.params.contains("cursor")) {
      return error_answer(200, JsonRpcCode::invalid_params,
                          "Invalid params: the list has one page, without a cursor", request.id);
    }
    return McpAnswer{200, encode_result(request.id, tools_result(tools))};
  }
  if (request.method == "ping") {
    return McpAnswer{200, encode_result(request.id, nlohmann::ordered_json::object())};
  }
  return error_answer(200, JsonRpcCode::method_not_found, "Method not found", request.id);
}

McpDeed noted(const JsonRpcNotification& notification, std::shared_ptr<McpSession> session,
              McpSessions& sessions) {
  if (notification.method != "notifications/cancelled") return McpAnswer{202, {}};
  const auto id = cancelled_request(notification);
  NoteCancel note{.call = {}, .session = std::move(session), .answer = {202, {}}};
  if (!id || !note.session) return note;
  note.call = sessions.call_of(*note.session, *id);
  if (!note.call) note.answered = sessions.take_answer(*note.session, *id);
  return note;
}

/// What the headers of a message that is one say against it.
std::optional<McpAnswer> refused(const McpPost& post, const McpSession* session) {
  const auto* request = std::get_if<JsonRpcRequest>(&post.message);
  const auto id = request != nullptr ? std::optional(request->id) : std::nullopt;
  if (post.session && session == nullptr)
    return error_answer(404, JsonRpcCode::session_not_found, "Session not found", id);
  if (post.version && !is_mcp_version(*post.version)) {
    return error_answer(400, JsonRpcCode::server_error, "Bad Request: Unsupported protocol version",
                        id);
  }
  return std::nullopt;
}

}  // namespace

McpDeed deed_of(McpPost post, McpSessions& sessions, const std::vector<WorldTool>& tools) {
  if (const auto* error = std::get_if<JsonRpcError>(&post.message))
    return McpAnswer{400, encode_error(*error)};
  if (const auto* probe = request_of(post, probe_method))
    return error_answer(404, JsonRpcCode::method_not_found, "Method not found", probe->id);
  // A client that begins anew may still send the headers of what was before.
  if (const auto* initialize = request_of(post, "initialize")) return opened(*initialize);

  auto session = post.session ? sessions.find(*post.session) : nullptr;
  if (auto refusal = refused(post, session.get())) {
    const auto* notification = std::get_if<JsonRpcNotification>(&post.message);
    if (notification == nullptr || notification->method != "notifications/cancelled")
      return *refusal;
    return NoteCancel{.call = {}, .session = std::move(session), .answer = std::move(*refusal)};
  }
  if (auto* request = std::get_if<JsonRpcRequest>(&post.message)) {
    const JsonRpcId id = request->id;
    // One that takes the id of another is refused, and the id stays the other's.
    const bool is_its_own = session && !session->is_awaited(id);
    auto deed = answered(*request, session, tools);
    if (is_its_own && std::holds_alternative<McpAnswer>(deed))
      sessions.answer(*session, id, post.at);
    return deed;
  }
  if (const auto* notification = std::get_if<JsonRpcNotification>(&post.message))
    return noted(*notification, std::move(session), sessions);
  return McpAnswer{202, {}};  // nothing is asked of clients, so an answer of theirs says nothing
}

CallHint hint_of(const CallHint& own, const McpSession* session, const nlohmann::json& arguments) {
  if (own.path_run || own.key_run || session == nullptr) return own;
  const auto named = arguments.find("caesura_run");
  if (named != arguments.end() && named->is_string() && *named != "") return own;
  return session->hint();
}

}  // namespace caesura
