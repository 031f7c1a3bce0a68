#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace caesura {

// JSON-RPC 2.0 (jsonrpc.org/specification) as MCP uses it since its revision 2025-06-18: one
// message a time, parameters by name, ids that are not null.

/// 1 and "1" are two. Unique among the requests in progress of one session only.
using JsonRpcId = std::variant<std::int64_t, std::string>;
nlohmann::ordered_json json_of(const JsonRpcId& id);
/// None of what is neither an integer of 64 bits (1.0 is 1, as in JavaScript) nor a text of at most
/// 128 bytes, which what is remembered of calls is bounded by.
std::optional<JsonRpcId> json_rpc_id(const nlohmann::json& value);

struct JsonRpcRequest {
  JsonRpcId id;
  std::string method;
  nlohmann::json params;  ///< an object; empty if there is none
};

struct JsonRpcNotification {
  std::string method;
  nlohmann::json params;  ///< as of a request
};

/// An answer to something that was asked of the other side, whatever it says.
struct JsonRpcResponse {};

enum class JsonRpcCode : std::int16_t {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  /// Of those left to implementations, the one that MCP's SDKs have for all that HTTP refuses.
  server_error = -32000,
  /// Likewise for a session that is not known.
  session_not_found = -32001,
};

struct JsonRpcError {
  JsonRpcCode code = JsonRpcCode::invalid_request;
  std::string message = {};
  std::optional<JsonRpcId> id = {};  ///< none is known: null
};

/// A JsonRpcError: the text is no message, and that is what it is answered.
using JsonRpcMessage =
    std::variant<JsonRpcRequest, JsonRpcNotification, JsonRpcResponse, JsonRpcError>;

/// Any text, in the bounds of json_of_body(). Throws nothing of its own; in time and memory linear
/// in the text. Members that JSON-RPC does not know are passed over.
JsonRpcMessage decode_json_rpc(std::string_view text);

// One line each; bytes that are not UTF-8 become U+FFFD.
std::string encode_result(const JsonRpcId& id, const nlohmann::ordered_json& result);
std::string encode_error(const JsonRpcError& error);
std::string encode_notification(std::string_view method, const nlohmann::ordered_json& params);

}  // namespace caesura
