#pragma once

#include "doors/mcp/json_rpc.hpp"
#include "doors/mcp/mcp_deed.hpp"
#include "doors/mcp/mcp_sessions.hpp"
#include "doors/mcp/tool_call_answer.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace caesura {

/// Throws std::logic_error unless `text` is one line of JSON-RPC that another side could read.
inline void check_is_message(std::string_view text) {
  if (text.find('\n') != std::string_view::npos) throw std::logic_error("more than a line");
  const auto message = nlohmann::json::parse(text);
  if (message.at("jsonrpc") != "2.0") throw std::logic_error("no JSON-RPC");
  if (message.contains("result") == message.contains("error"))
    throw std::logic_error("neither a result nor an error, or both");
}

/// Has a body of any bytes go all the way that a POST's goes without sockets, in a session with a
/// call in progress and outside of any. Throws std::logic_error, or what JSON throws, if an answer
/// is none.
inline void feed_body(std::string_view body) {
  const std::vector<WorldTool> tools{{.name = "search", .read_only = true}, {.name = "deploy"}};
  McpSessions sessions("world");
  const auto session = sessions.open({.path_run = "a"});
  session->begin(1, 10);
  sessions.end(*session, "2", 11);

  for (const auto& named : {std::optional<std::string>(), std::optional(session->id())}) {
    const auto deed = deed_of({decode_json_rpc(body), named, std::nullopt}, sessions, tools);
    if (const auto* answer = std::get_if<McpAnswer>(&deed)) {
      if (answer->body.empty() != (answer->status == 202))
        throw std::logic_error("a body where none belongs, or none");
      if (!answer->body.empty()) check_is_message(answer->body);
    } else if (const auto* opening = std::get_if<OpenMcpSession>(&deed)) {
      check_is_message(opening->answer.body);
    } else if (const auto* begin = std::get_if<BeginToolCall>(&deed)) {
      if (named && begin->id == JsonRpcId(1)) throw std::logic_error("an id in progress");
      static_cast<void>(hint_of({}, begin->session.get(), begin->call.arguments));
      check_is_message(ToolCallAnswer(begin->id, {}).ended(CallEnd::ok, body));
    } else if (const auto* note = std::get_if<NoteCancel>(&deed)) {
      if (!named && note->call) throw std::logic_error("a call of no session");
    }
  }
}

}  // namespace caesura
