#include "scenarios/results/json_text.hpp"
#include "scenarios/results/version.hpp"
#include "doors/muxi/call_wishes.hpp"
#include "doors/muxi/gateway.hpp"
#include "doors/muxi/request_views.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// {"advance": "30s"}
Duration advance_in(const std::string& body) {
  const ApiError unfit(400, "INVALID_REQUEST",
                       "Send how far to move the clock: {\"advance\": \"30s\"}");
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("advance") || !json["advance"].is_string()) throw unfit;
  const auto by = duration_in(json["advance"].get<std::string>());
  if (!by) throw unfit;
  return *by;
}

}  // namespace

RequestRecord& Gateway::any_request(const ApiCall& call) {
  authorised(call);
  RequestRecord* record = registry_.find(call.route.id);
  if (record == nullptr)
    throw ApiError(404, "REQUEST_NOT_FOUND", fmt::format("There is no request {}", call.route.id));
  return *record;
}

void Gateway::release(const ApiCallPtr& call) {
  RequestRecord& record = any_request(*call);
  if (record.held_operation == 0) {
    throw ApiError(
        400, "OPERATION_FAILED",
        fmt::format("Request {} holds no operation; send its chat with X-Caesura-Hold", record.id));
  }
  try {
    run_.release(record.number);
  } catch (const std::out_of_range&) {
    // It has settled, so nothing is held any more.
  }
  let_happen();
  answer(call, plain_json(200, {{"request_id", call->route.id}, {"released", true}}));
}

void Gateway::show_timeline(const ApiCallPtr& call) {
  const RequestRecord& record = owned_request(*call, authorised(*call), "REQUEST_NOT_FOUND");
  answer(call, plain_json(200, timeline(record, run_.now())));
}

Json Gateway::clock_json() const {
  return {{"now_s", seconds(run_.now())},
          {"mode", options_.manual_clock ? "manual" : "real"},
          {"time_scale", options_.time_scale}};
}

void Gateway::show_clock(const ApiCallPtr& call) {
  authorised(*call);
  answer(call, plain_json(200, clock_json()));
}

void Gateway::advance_clock(const ApiCallPtr& call) {
  authorised(*call);
  if (!options_.manual_clock)
    throw ApiError(400, "OPERATION_FAILED",
                   "The clock goes by itself; start the server with --clock manual");
  const Duration by = advance_in(call->http->request().body);
  if (by > Time::max() - run_.now())
    throw ApiError(400, "INVALID_REQUEST", "Simulated time ends after 292 years");
  run_.advance(by);
  take_events();
  due_.run_until(client_now());
  answer(call, plain_json(200, clock_json()));
}

void Gateway::show_results(const ApiCallPtr& call) {
  authorised(*call);
  answer(call, {200, {{"Content-Type", "application/json"}}, json_text(to_json(run_.results()))});
}

void Gateway::show_health(const ApiCallPtr& call) {
  answer(call, plain_json(200, {{"status", "healthy"},
                                {"formation_id", scenario_.name},
                                {"version", version},
                                {"timestamp", clock_.rfc3339(run_.now())}}));
}

}  // namespace caesura
