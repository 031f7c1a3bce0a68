#include "doors/muxi/gateway.hpp"

#include "scenarios/results/version.hpp"
#include "doors/control/plain_json.hpp"
#include "doors/muxi/page.hpp"

#include <fmt/format.h>

#include <utility>

namespace caesura {
namespace {

SessionOptions session_options(const GatewayOptions& options) {
  return {.policy = options.policy,
          .manual_clock = options.manual_clock,
          .time_scale = options.time_scale,
          .requests_max = options.requests_max,
          .start = options.start,
          .early_cancel = options.early_cancel,
          .early_cancels_max = options.early_cancels_max,
          .requests_csv = options.requests_csv};
}

}  // namespace

Gateway::Gateway(boost::asio::io_context& io, const Scenario& scenario, GatewayOptions options)
    : options_(std::move(options)),
      loop_(io),
      session_(loop_, scenario, session_options(options_), &metrics_),
      answers_(session_, metrics_, options_),
      chats_(session_, answers_, options_),
      requests_(session_, answers_, chats_, options_),
      control_(session_) {}

void Gateway::handle(std::shared_ptr<HttpCall> http) {
  const ApiCallPtr call = answers_.call_of(std::move(http));
  answers_.attempt(call, [&] { dispatch(call); });
}

void Gateway::dispatch(const ApiCallPtr& call) {
  session_.forget_the_old();
  switch (call->route.endpoint) {
    case Endpoint::page:
      return answers_.send(call, page_file("text/html", chat_page));
    case Endpoint::page_style:
      return answers_.send(call, page_file("text/css", chat_page_style));
    case Endpoint::page_script:
      return answers_.send(call, page_file("text/javascript", chat_page_script));
    case Endpoint::health:
      return answers_.send(call, health());
    case Endpoint::metrics:
      return answers_.send(
          call,
          {200, {{"Content-Type", Metrics::content_type}}, metrics_.text(session_.in_flight())});
    case Endpoint::chat:
      return chats_.chat(call);
    case Endpoint::request_list:
      return requests_.list(call);
    case Endpoint::request_status:
      return requests_.show(call);
    case Endpoint::request_cancel:
      return requests_.cancel(call);
    case Endpoint::control:
      return answers_.send(call, control(*call));
    case Endpoint::preflight:
      return answers_.send(call, {204, {}, {}});
    case Endpoint::not_found:
      throw CallError(404, "NOT_FOUND", "There is no such endpoint");
    case Endpoint::method_not_allowed:
      return answers_.send(call, not_allowed(*call));
  }
}

/// Whoever has a key may release any request and move the clock; what a request does is its
/// owner's to see.
HttpAnswer Gateway::control(const ApiCall& call) {
  const Caller caller = identify(call.http->request(), options_.access);
  switch (call.route.control) {
    case ControlCall::release:
      if (LiveRequest* request = session_.find(call.route.id)) return control_.release(*request);
      throw CallError(404, "REQUEST_NOT_FOUND",
                      fmt::format("There is no request {}", call.route.id));
    case ControlCall::timeline:
      return control_.timeline(requests_.owned(call, caller, "REQUEST_NOT_FOUND"));
    case ControlCall::clock:
      return control_.clock();
    case ControlCall::clock_advance:
      return control_.advance(call.http->request().body);
    case ControlCall::results:
      return control_.results();
  }
  return {};
}

HttpAnswer Gateway::health() const {
  return plain_json(200, {{"status", "healthy"},
                          {"formation_id", session_.scenario().name},
                          {"version", version},
                          {"timestamp", session_.clock().rfc3339(session_.now())}});
}

HttpAnswer Gateway::not_allowed(const ApiCall& call) const {
  HttpAnswer refused = answers_.failed(
      answers_.head_of(call),
      CallError(405, "METHOD_NOT_ALLOWED", "This endpoint takes " + call.route.allow));
  refused.headers.push_back({"Allow", call.route.allow});
  return refused;
}

}  // namespace caesura
