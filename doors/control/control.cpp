#include "doors/control/control.hpp"

#include "scenarios/results/json_text.hpp"
#include "doors/control/call_error.hpp"
#include "doors/control/call_wishes.hpp"
#include "doors/control/plain_json.hpp"
#include "doors/control/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstddef>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_advance = 1000;  ///< bytes: it needs 20

/// {"advance": "30s"}
Duration advance_in(const std::string& body) {
  const CallError unfit(400, "INVALID_REQUEST",
                        "Send how far to move the clock: {\"advance\": \"30s\"}");
  if (body.size() > longest_advance) throw unfit;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("advance") || !json["advance"].is_string()) throw unfit;
  const auto by = duration_in(json["advance"].get<std::string>());
  if (!by) throw unfit;
  return *by;
}

}  // namespace

HttpAnswer Control::release(LiveRequest& request) {
  if (request.held_operation == 0) {
    throw CallError(400, "OPERATION_FAILED",
                    fmt::format("Request {} holds no operation; send its chat with X-Caesura-Hold",
                                request.id));
  }
  const std::string id = request.id;
  session_.release(request);
  return plain_json(200, {{"request_id", id}, {"released", true}});
}

HttpAnswer Control::timeline(const LiveRequest& request) const {
  return plain_json(200, caesura::timeline(request, session_.now()));
}

HttpAnswer RunControl::clock() const {
  return plain_json(200, {{"now_s", seconds(run_.now())},
                          {"mode", run_.has_manual_clock() ? "manual" : "real"},
                          {"time_scale", run_.time_scale()}});
}

HttpAnswer RunControl::advance(const std::string& body) {
  if (!run_.has_manual_clock())
    throw CallError(400, "OPERATION_FAILED",
                    "The clock goes by itself; start the server with --clock manual");
  const Duration by = advance_in(body);
  if (by > Time::max() - run_.now())
    throw CallError(400, "INVALID_REQUEST", "Simulated time ends after 292 years");
  run_.advance(by);
  return clock();
}

HttpAnswer RunControl::results() const {
  return {200, {{"Content-Type", "application/json"}}, json_text(run_.results_json())};
}

}  // namespace caesura
