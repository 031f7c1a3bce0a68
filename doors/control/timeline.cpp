#include "doors/control/timeline.hpp"

namespace caesura {

using Json = nlohmann::ordered_json;

namespace {

Json seconds_or_null(const std::optional<Time>& t) { return t ? Json(seconds(*t)) : Json(); }

Json operations_json(const LiveRequest& request, Time now) {
  Json operations = Json::array();
  for (std::size_t i = 0; i < request.operations.size(); ++i) {
    const ServiceSpan& span = request.operations[i];
    if (!span.started) continue;
    const LiveOperation& planned = request.plan.operations[i];
    const bool has_ended = span.ended && *span.ended <= now;
    operations.push_back({{"operation", i + 1},
                          {"kind", name_of(planned.kind)},
                          {"service", planned.service},
                          {"start_s", seconds(*span.started)},
                          {"end_s", has_ended ? Json(seconds(*span.ended)) : Json()},
                          {"cut_off", span.cut_off}});
  }
  return operations;
}

}  // namespace

Json timeline(const LiveRequest& request, Time now) {
  Json view{{"request_id", request.id},
            {"request", request.number},
            {"user_id", request.user},
            {"policy", request.policy->name},
            {"status", name_of(request.shown_status())},
            {"cancel_requested", request.cancel_requested},
            {"held_operation", request.held_operation == 0 ? Json() : Json(request.held_operation)},
            {"operations_planned", request.operations.size()},
            {"operations", operations_json(request, now)},
            {"created_s", seconds(request.created)},
            {"cancel_received_s", seconds_or_null(request.cancel_received)},
            {"stopped_s", seconds_or_null(request.stopped)},
            {"now_s", seconds(now)},
            {"tokens", nullptr},
            {"cost_usd", nullptr}};
  if (request.ledger) {
    const RequestReport& report = request.ledger->request;
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

}  // namespace caesura
