#include "doors/mcp/mcp_messages.hpp"

#include "scenarios/results/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

JsonRpcError invalid_params(const JsonRpcRequest& request, const std::string& message) {
  return {JsonRpcCode::invalid_params, "Invalid params: " + message, request.id};
}

Json input_schema() {
  return {{"type", "object"},
          {"properties",
           {{"caesura_run",
             {{"type", "string"},
              {"description",
               "Whose call this is: the conversation's mark without its brackets, as RUN/1#2"}}},
            {"input", {{"type", "string"}, {"description", "What the tool is asked for"}}}}},
          {"required", {"caesura_run", "input"}},
          {"additionalProperties", false}};
}

Json described(const WorldTool& tool) {
  return {{"name", tool.name},
          {"title", tool.name},
          {"description", fmt::format("{}, as the scenario has it: it takes its time and answers "
                                      "with filler",
                                      tool.name)},
          {"inputSchema", input_schema()},
          {"annotations",
           {{"readOnlyHint", tool.read_only},
            {"destructiveHint", !tool.read_only},
            {"idempotentHint", tool.idempotent}}}};
}

std::string_view words_of(ProgressStep step) {
  switch (step) {
    case ProgressStep::received:
      return "received";
    case ProgressStep::started:
      return "started";
    case ProgressStep::done:
      return "done";
  }
  return {};
}

}  // namespace

bool is_mcp_version(std::string_view revision) {
  return std::find(mcp_versions.begin(), mcp_versions.end(), revision) != mcp_versions.end();
}

Json initialize_result(std::string_view asked) {
  return {{"protocolVersion", is_mcp_version(asked) ? asked : mcp_versions.front()},
          {"capabilities", {{"tools", Json::object()}}},
          {"serverInfo", {{"name", "caesura"}, {"version", version}}}};
}

std::variant<std::string, JsonRpcError> asked_version(const JsonRpcRequest& initialize) {
  const auto wanted = initialize.params.find("protocolVersion");
  if (wanted == initialize.params.end() || !wanted->is_string())
    return invalid_params(initialize, "protocolVersion is not a text");
  return wanted->get<std::string>();
}

Json tools_result(const std::vector<WorldTool>& tools) {
  Json list = Json::array();
  for (const WorldTool& tool : tools) list.push_back(described(tool));
  return {{"tools", std::move(list)}};
}

std::variant<ToolCall, JsonRpcError> tool_call(JsonRpcRequest& request) {
  auto& params = request.params;
  const auto name = params.find("name");
  if (name == params.end() || !name->is_string())
    return invalid_params(request, "name is not a text");
  ToolCall call{std::move(name->get_ref<std::string&>()), nlohmann::json::object(), {}};
  if (const auto arguments = params.find("arguments");
      arguments != params.end() && !arguments->is_null()) {
    if (!arguments->is_object()) return invalid_params(request, "arguments is not an object");
    call.arguments = std::move(*arguments);
  }
  const auto meta = params.find("_meta");
  if (meta == params.end()) return call;
  if (!meta->is_object()) return invalid_params(request, "_meta is not an object");
  if (const auto token = meta->find("progressToken"); token != meta->end()) {
    call.progress_token = json_rpc_id(*token);
    if (!call.progress_token) {
      return invalid_params(request,
                            "progressToken is neither an integer nor a text of at most 128 bytes");
    }
  }
  return call;
}

Json tool_result(std::string_view text, bool is_error) {
  return {{"content", Json::array({{{"type", "text"}, {"text", text}}})}, {"isError", is_error}};
}

std::string progress_notification(const JsonRpcId& token, ProgressStep step) {
  return encode_notification("notifications/progress",
                             {{"progressToken", json_of(token)},
                              {"progress", static_cast<int>(step)},
                              {"total", static_cast<int>(ProgressStep::done)},
                              {"message", words_of(step)}});
}

std::optional<JsonRpcId> cancelled_request(const JsonRpcNotification& notification) {
  const auto id = notification.params.find("requestId");
  if (id == notification.params.end()) return std::nullopt;
  return json_rpc_id(*id);
}

std::string event_of(std::string_view message) {
  return fmt::format("event: message\ndata: {}\n\n", message);
}

}  // namespace caesura
