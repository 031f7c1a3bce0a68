#include "doors/muxi/answers.hpp"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

void add_cors(const HttpRequest& request, HttpAnswer& answer) {
  answer.headers.push_back({"Access-Control-Allow-Origin", "*"});
  answer.headers.push_back(
      {"Access-Control-Expose-Headers", "X-Caesura-Cancel-Received, X-Caesura-Cancel-Effective"});
  if (request.method != "OPTIONS") return;
  const std::string* wanted = request.header("Access-Control-Request-Headers");
  answer.headers.push_back({"Access-Control-Allow-Headers", wanted == nullptr ? "*" : *wanted});
  answer.headers.push_back({"Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE, OPTIONS"});
  answer.headers.push_back({"Access-Control-Max-Age", "600"});
}

TimeForm time_form(const HttpRequest& request) {
  const std::string* sdk = request.header("X-Muxi-SDK");
  return sdk != nullptr && sdk->starts_with("go/") ? TimeForm::rfc3339 : TimeForm::seconds;
}

}  // namespace

Answers::Answers(LiveSession& session, Metrics& metrics, const GatewayOptions& options)
    : session_(session), metrics_(metrics), options_(options), ids_(std::random_device{}()) {}

std::string Answers::new_id() { return fmt::format("req_{:016x}", ids_()); }

ApiCallPtr Answers::call_of(std::shared_ptr<HttpCall> http) {
  const HttpRequest& request = http->request();
  return std::make_shared<ApiCall>(ApiCall{.http = std::move(http),
                                           .route = route(request.method, request.target),
                                           .id = new_id(),
                                           .idempotency_key = {},
                                           .times = time_form(request),
                                           .begun = steady_clock::now()});
}

EnvelopeHead Answers::head_of(const ApiCall& call) const {
  return {.timestamp_ms = session_.clock().milliseconds(session_.now()),
          .request_id = call.id,
          .idempotency_key = call.idempotency_key};
}

HttpAnswer Answers::failed(const EnvelopeHead& head, const CallError& error) const {
  return failure(head, error, options_.strict ? ErrorForm::envelope_alone : ErrorForm::for_all);
}

HttpAnswer Answers::refusal(unsigned status, std::string_view message) {
  const char* code = status == 503 ? "SYSTEM_OVERLOAD" : "INVALID_REQUEST";
  HttpAnswer refused = failed({.timestamp_ms = session_.clock().milliseconds(session_.now()),
                               .request_id = new_id(),
                               .idempotency_key = {}},
                              CallError(status, code, std::string(message)));
  add_cors({}, refused);
  return refused;
}

void Answers::send(const ApiCallPtr& call, HttpAnswer answer) {
  add_cors(call->http->request(), answer);
  log(*call, answer.status);
  call->http->answer(answer);
}

void Answers::open_stream(const ApiCall& call, HttpAnswer head) {
  add_cors(call.http->request(), head);
  log(call, head.status);
  call.http->open_stream(head);
}

void Answers::attempt(const ApiCallPtr& call, const std::function<void()>& action) {
  try {
    action();
  } catch (const CallError& error) {
    send(call, failed(head_of(*call), error));
  } catch (const std::exception&) {
    session_.loop().post([error = std::current_exception()] { std::rethrow_exception(error); });
    fail(call);
  }
}

/// What failed may have been the log, so this is not logged.
void Answers::fail(const ApiCallPtr& call) {
  if (call->http->is_stream()) return call->http->reset();
  HttpAnswer last =
      failed(head_of(*call), CallError(500, "INTERNAL_ERROR", "The server has failed, and ends"));
  add_cors(call->http->request(), last);
  call->http->answer(last);
}

void Answers::log(const ApiCall& call, std::optional<unsigned> status) {
  if (status) metrics_.count_call(name_of(call.route), *status);
  if (!options_.access_log) return;
  const HttpRequest& request = call.http->request();
  const std::string* user = request.header("X-Muxi-User-ID");
  options_.access_log(
      {{"time", ApiClock(std::chrono::system_clock::now(), 1).rfc3339(Time{})},
       {"peer", request.peer},
       {"method", request.method},
       {"target", request.target},
       {"endpoint", name_of(call.route)},
       {"status", status ? Json(*status) : Json()},
       {"seconds", std::chrono::duration<double>(steady_clock::now() - call.begun).count()},
       {"user", user == nullptr ? Json() : Json(*user)},
       {"request_id", call.id}});
}

}  // namespace caesura
