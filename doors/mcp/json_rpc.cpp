#include "doors/mcp/json_rpc.hpp"

#include "doors/control/plain_json.hpp"
#include "doors/world/json_body.hpp"
#include "doors/world/refusal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::json;

constexpr std::size_t id_bytes_max = 128;
/// The largest up to which a double tells every integer from its neighbours.
constexpr double exact_integer_max = 9'007'199'254'740'991;

JsonRpcError invalid(std::string message, std::optional<JsonRpcId> id = {}) {
  return {JsonRpcCode::invalid_request, "Invalid Request: " + std::move(message), std::move(id)};
}

JsonRpcMessage called(Json& message, std::optional<JsonRpcId> id) {
  Json& method = message["method"];
  if (!method.is_string()) return invalid("method is not a text", std::move(id));
  Json params = Json::object();
  if (const auto found = message.find("params"); found != message.end()) {
    if (found->is_array()) {
      return JsonRpcError{JsonRpcCode::invalid_params,
                          "Invalid params: they are taken by name, not by place", std::move(id)};
    }
    if (!found->is_object()) return invalid("params is not an object", std::move(id));
    params = std::move(*found);
  }
  auto& name = method.get_ref<std::string&>();
  if (!id) return JsonRpcNotification{std::move(name), std::move(params)};
  return JsonRpcRequest{std::move(*id), std::move(name), std::move(params)};
}

nlohmann::ordered_json envelope() { return {{"jsonrpc", "2.0"}}; }

}  // namespace

nlohmann::ordered_json json_of(const JsonRpcId& id) {
  return std::visit([](const auto& value) -> nlohmann::ordered_json { return value; }, id);
}

std::optional<JsonRpcId> json_rpc_id(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > id_bytes_max) return std::nullopt;
    return text;
  }
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (std::abs(number) > exact_integer_max || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

JsonRpcMessage decode_json_rpc(std::string_view text) {
  Json message;
  try {
    message = json_of_body(text);
  } catch (const BodyOutOfBounds& refusal) {
    return invalid(refusal.what());
  } catch (const Refusal& refusal) {
    return JsonRpcError{
        JsonRpcCode::parse_error, std::string("Parse error: ") + refusal.what(), {}};
  }
  if (message.is_array()) return invalid("there are no batches in this protocol version");
  if (!message.is_object()) return invalid("a message is an object");

  std::optional<JsonRpcId> id;
  const auto id_member = message.find("id");
  const bool has_id = id_member != message.end();
  if (has_id) id = json_rpc_id(*id_member);
  const auto version = message.find("jsonrpc");
  if (version == message.end() || *version != "2.0")
    return invalid("jsonrpc is not \"2.0\"", std::move(id));
  if (message.contains("method")) {
    if (has_id && !id) return invalid("id is neither an integer nor a text of at most 128 bytes");
    return called(message, std::move(id));
  }
  if (message.contains("result") || message.contains("error")) return JsonRpcResponse{};
  return invalid("there is no method", std::move(id));
}

std::string encode_result(const JsonRpcId& id, const nlohmann::ordered_json& result) {
  auto message = envelope();
  message["id"] = json_of(id);
  message["result"] = result;
  return compact(message);
}

std::string encode_error(const JsonRpcError& error) {
  auto message = envelope();
  message["id"] = error.id ? json_of(*error.id) : nlohmann::ordered_json(nullptr);
  message["error"] = {{"code", static_cast<int>(error.code)}, {"message", error.message}};
  return compact(message);
}

std::string encode_notification(std::string_view method, const nlohmann::ordered_json& params) {
  auto message = envelope();
  message["method"] = method;
  message["params"] = params;
  return compact(message);
}

}  // namespace caesura
