#include "doors/mcp/tool_call_answer.hpp"

#include "doors/mcp/mcp_messages.hpp"

#include <chrono>

namespace caesura {
namespace {

constexpr std::string_view no_place = "No place and no waiting place was free; nothing was done";

std::string result_of(const JsonRpcId& id, CallEnd end, std::string_view text) {
  switch (end) {
    case CallEnd::ok:
      return encode_result(id, tool_result(text, false));
    case CallEnd::failed:
      return encode_result(id, tool_result(text, true));
    case CallEnd::turned_away:
      return encode_result(id, tool_result(text.empty() ? no_place : text, true));
  }
  return {};
}

}  // namespace

std::string ToolCallAnswer::received() const {
  if (!progress_token_) return {};
  return event_of(progress_notification(*progress_token_, ProgressStep::received));
}

std::string ToolCallAnswer::started() const {
  if (!progress_token_) return {};
  return event_of(progress_notification(*progress_token_, ProgressStep::started));
}

std::string ToolCallAnswer::ended(CallEnd end, std::string_view text) const {
  const auto result = result_of(id_, end, text);
  if (!progress_token_) return result;
  std::string events;
  if (end == CallEnd::ok)
    events = event_of(progress_notification(*progress_token_, ProgressStep::done));
  return events += event_of(result);
}

JsonRpcError error_of(const Refusal& refusal, std::optional<JsonRpcId> id) {
  switch (refusal.kind) {
    case RefusalKind::bad_request:
    case RefusalKind::unknown_model:
      return {JsonRpcCode::invalid_params, refusal.what(), std::move(id)};
    case RefusalKind::unauthorized:
    case RefusalKind::forbidden:
    case RefusalKind::not_found:
    case RefusalKind::too_large:
    case RefusalKind::rate_limited:
    case RefusalKind::overloaded:
    case RefusalKind::server_error:
      break;
  }
  return {JsonRpcCode::server_error, refusal.what(), std::move(id)};
}

std::string retry_after_of(const Refusal& refusal) {
  if (!refusal.retry_after) return {};
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(*refusal.retry_after).count());
}

}  // namespace caesura
