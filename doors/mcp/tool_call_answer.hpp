#pragma once

#include "doors/mcp/json_rpc.hpp"
#include "doors/world/refusal.hpp"
#include "doors/world/world_session.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace caesura {

/// What a call of a tool is answered, as it goes: one JSON, or events if the client wants to be
/// told of its progress.
class ToolCallAnswer {
 public:
  ToolCallAnswer(JsonRpcId id, std::optional<JsonRpcId> progress_token)
      : id_(std::move(id)), progress_token_(std::move(progress_token)) {}

  /// As events: what received() and started() give is sent when it happens.
  bool is_stream() const { return progress_token_.has_value(); }

  std::string received() const;
  std::string started() const;
  /// All that is left to be sent. `text`: the tool's own if it ended well, else what failed, which
  /// to the client is an answer of the tool, too, but for `isError`.
  std::string ended(CallEnd end, std::string_view text) const;

 private:
  JsonRpcId id_;
  std::optional<JsonRpcId> progress_token_;
};

/// A refusal in JSON-RPC: -32602 where the call is at fault, else -32000.
JsonRpcError error_of(const Refusal& refusal, std::optional<JsonRpcId> id = {});
/// What `Retry-After` says of it: whole seconds, rounded up; empty: nothing.
std::string retry_after_of(const Refusal& refusal);

}  // namespace caesura
