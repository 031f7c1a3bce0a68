#include "doors/muxi/request_views.hpp"

#include "scenarios/results/json_text.hpp"
#include "doors/live/filler.hpp"

namespace caesura {

using Json = nlohmann::ordered_json;

const char* name_of(RequestStatus status) {
  switch (status) {
    case RequestStatus::pending:
      return "pending";
    case RequestStatus::processing:
      return "processing";
    case RequestStatus::completed:
      return "completed";
    case RequestStatus::failed:
      return "failed";
    case RequestStatus::cancelled:
      return "cancelled";
  }
  return "?";
}

std::string content_of(const RequestRecord& record) {
  return record.status == RequestStatus::completed ? filler(0, record.words()) : std::string();
}

Json chat_data(const RequestRecord& record, ChatDetail detail) {
  const std::string content = content_of(record);
  Json message{{"role", "assistant"}, {"content", content}};
  if (record.status == RequestStatus::cancelled) message["metadata"] = {{"cancelled", true}};
  Json data{{"message", std::move(message)}};
  if (detail == ChatDetail::full) {
    data["response"] = content;
    data["content"] = content;
    data["status"] = name_of(record.status);
  }
  data["user_id"] = record.user;
  data["session_id"] = record.session;
  data["request_id"] = record.id;
  return data;
}

Json status_data(const RequestRecord& record, const ApiClock& clock, TimeForm form) {
  Json data{{"request_id", record.id},
            {"user_id", record.user},
            {"status", name_of(record.shown_status())},
            {"cancel_requested", record.cancel_requested},
            {"progress", nullptr},
            {"created_at", clock.json(record.created, form)},
            {"completed_at", record.stopped ? clock.json(*record.stopped, form) : Json()}};
  if (record.status == RequestStatus::failed) data["error"] = failure_of(record).what();
  return data;
}

ApiError failure_of(const RequestRecord& record) {
  switch (record.outcome) {
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

void add_moments(const RequestRecord& record, Time at, HttpAnswer& answer) {
  if (record.cancel_received && *record.cancel_received <= at) {
    answer.headers.push_back(
        {"X-Caesura-Cancel-Received", number_text(seconds(*record.cancel_received))});
  }
  if (record.status == RequestStatus::cancelled && *record.stopped <= at) {
    answer.headers.push_back({"X-Caesura-Cancel-Effective", number_text(seconds(*record.stopped))});
  }
}

namespace {

Json seconds_or_null(const std::optional<Time>& t) { return t ? Json(seconds(*t)) : Json(); }

Json operations_json(const RequestRecord& record) {
  Json operations = Json::array();
  for (std::size_t i = 0; i < record.operations.size(); ++i) {
    const ServiceSpan& span = record.operations[i];
    if (!span.started) continue;
    const LiveOperation& planned = record.plan.operations[i];
    operations.push_back({{"operation", i + 1},
                          {"kind", name_of(planned.kind)},
                          {"service", planned.service},
                          {"start_s", seconds(*span.started)},
                          {"end_s", seconds_or_null(span.ended)},
                          {"cut_off", span.cut_off}});
  }
  return operations;
}

}  // namespace

Json timeline(const RequestRecord& record, Time now) {
  Json view{{"request_id", record.id},
            {"request", record.number},
            {"user_id", record.user},
            {"policy", record.policy->name},
            {"status", name_of(record.shown_status())},
            {"cancel_requested", record.cancel_requested},
            {"held_operation", record.held_operation == 0 ? Json() : Json(record.held_operation)},
            {"operations_planned", record.operations.size()},
            {"operations", operations_json(record)},
            {"created_s", seconds(record.created)},
            {"cancel_received_s", seconds_or_null(record.cancel_received)},
            {"stopped_s", seconds_or_null(record.stopped)},
            {"now_s", seconds(now)},
            {"tokens", nullptr},
            {"cost_usd", nullptr}};
  if (record.ledger) {
    const RequestReport& report = record.ledger->request;
    view["tokens"] = {{"planned", report.planned.tokens.sum().value},
                      {"used", report.used.tokens.sum().value},
                      {"saved", report.saved.tokens.sum().value},
                      {"used_after_cancel", report.used_after_cancel.tokens.sum().value}};
    view["cost_usd"] = {{"planned", dollars(report.planned.cost)},
                        {"used", dollars(report.used.cost)},
                        {"saved", dollars(report.saved.cost)},
                        {"used_after_cancel", dollars(report.used_after_cancel.cost)}};
  }
  return view;
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
