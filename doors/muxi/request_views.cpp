#include "doors/muxi/request_views.hpp"

#include "scenarios/results/json_text.hpp"
#include "doors/live/filler.hpp"

namespace caesura {

using Json = nlohmann::ordered_json;

std::string content_of(const LiveRequest& request) {
  return request.status == RequestStatus::completed ? filler(0, request.words()) : std::string();
}

Json chat_data(const LiveRequest& request, const std::string& session, ChatDetail detail) {
  const std::string content = content_of(request);
  Json message{{"role", "assistant"}, {"content", content}};
  if (request.status == RequestStatus::cancelled) message["metadata"] = {{"cancelled", true}};
  Json data{{"message", std::move(message)}};
  if (detail == ChatDetail::full) {
    data["response"] = content;
    data["content"] = content;
    data["status"] = name_of(request.status);
  }
  data["user_id"] = request.user;
  data["session_id"] = session;
  data["request_id"] = request.id;
  return data;
}

Json status_data(const LiveRequest& request, const ApiClock& clock, TimeForm form) {
  Json data{{"request_id", request.id},
            {"user_id", request.user},
            {"status", name_of(request.shown_status())},
            {"cancel_requested", request.cancel_requested},
            {"progress", nullptr},
            {"created_at", clock.json(request.created, form)},
            {"completed_at", request.stopped ? clock.json(*request.stopped, form) : Json()}};
  if (request.status == RequestStatus::failed) data["error"] = failure_of(request).what();
  return data;
}

CallError failure_of(const LiveRequest& request) {
  switch (request.outcome) {
    case Outcome::rejected:
      return {503, "SYSTEM_OVERLOAD",
              "A service has no free place for the request; try again later"};
    case Outcome::timed_out:
      return {500, "INTERNAL_ERROR", "The request timed out"};
    case Outcome::failed:
    case Outcome::completed:
    case Outcome::cancelled:
      break;
  }
  return {500, "INTERNAL_ERROR", "An operation of the request failed"};
}

void add_moments(const LiveRequest& request, Time at, HttpAnswer& answer) {
  if (request.cancel_received && *request.cancel_received <= at) {
    answer.headers.push_back(
        {"X-Caesura-Cancel-Received", number_text(seconds(*request.cancel_received))});
  }
  if (request.status == RequestStatus::cancelled && *request.stopped <= at) {
    answer.headers.push_back(
        {"X-Caesura-Cancel-Effective", number_text(seconds(*request.stopped))});
  }
}

const char* stage_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::decompose:
      return "planning";
    case OperationKind::llm:
    case OperationKind::agent:
      return "agent_processing";
    case OperationKind::tool:
      return "tool_call";
    case OperationKind::transaction:
      return "transaction";
  }
  return "?";
}

}  // namespace caesura
