#include "doors/muxi/gateway.hpp"

#include "doors/muxi/page.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
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

Gateway::Gateway(boost::asio::io_context& io, const Scenario& scenario, GatewayOptions options)
    : io_(io),
      scenario_(scenario),
      options_(std::move(options)),
      clock_(options_.start, options_.time_scale),
      keepalive_timer_(io),
      due_timer_(io),
      early_cancels_(options_.early_cancels_max),
      early_cancels_timer_(io),
      ids_(std::random_device{}()),
      alive_(std::make_shared<bool>(true)),
      run_(scenario, {.policy = options_.policy,
                      .manual_clock = options_.manual_clock,
                      .time_scale = options_.time_scale,
                      .keeps_csv = static_cast<bool>(options_.requests_csv),
                      .on_events = [this, &io, alive = std::weak_ptr(alive_)] {
                        boost::asio::post(io, [this, alive] {
                          if (!alive.expired()) take_events();
                        });
                      }}) {}

Gateway::~Gateway() = default;

void Gateway::handle(std::shared_ptr<HttpCall> http) {
  const HttpRequest& request = http->request();
  const auto call =
      std::make_shared<ApiCall>(ApiCall{.http = std::move(http),
                                        .route = route(request.method, request.target),
                                        .id = new_id(),
                                        .idempotency_key = {},
                                        .times = time_form(request),
                                        .begun = steady_clock::now()});
  attempt(call, [&] { dispatch(call); });
}

void Gateway::attempt(const ApiCallPtr& call, const std::function<void()>& what) {
  try {
    what();
  } catch (const ApiError& error) {
    answer(call, failed(head_of(*call), error));
  } catch (const std::exception&) {
    boost::asio::post(io_, [failed = std::current_exception()] { std::rethrow_exception(failed); });
    fail(call);
  }
}

/// What failed may have been the log, so this is not logged.
void Gateway::fail(const ApiCallPtr& call) {
  if (call->http->is_stream()) return call->http->reset();
  HttpAnswer last =
      failed(head_of(*call), ApiError(500, "INTERNAL_ERROR", "The server has failed, and ends"));
  add_cors(call->http->request(), last);
  call->http->answer(last);
}

void Gateway::dispatch(const ApiCallPtr& call) {
  registry_.forget_until(client_now());
  switch (call->route.endpoint) {
    case Endpoint::page:
      return answer(call, page_file("text/html", chat_page));
    case Endpoint::page_style:
      return answer(call, page_file("text/css", chat_page_style));
    case Endpoint::page_script:
      return answer(call, page_file("text/javascript", chat_page_script));
    case Endpoint::health:
      return show_health(call);
    case Endpoint::metrics:
      return answer(
          call, {200, {{"Content-Type", GatewayMetrics::content_type}}, metrics_.text(in_flight_)});
    case Endpoint::chat:
      return chat(call);
    case Endpoint::request_list:
      return list_requests(call);
    case Endpoint::request_status:
      return show_request(call);
    case Endpoint::request_cancel:
      return cancel_request(call);
    case Endpoint::release:
      return release(call);
    case Endpoint::timeline:
      return show_timeline(call);
    case Endpoint::clock:
      return show_clock(call);
    case Endpoint::clock_advance:
      return advance_clock(call);
    case Endpoint::results:
      return show_results(call);
    case Endpoint::preflight:
      return answer(call, {204, {}, {}});
    case Endpoint::not_found:
      throw ApiError(404, "NOT_FOUND", "There is no such endpoint");
    case Endpoint::method_not_allowed: {
      HttpAnswer refused =
          failed(head_of(*call),
                 ApiError(405, "METHOD_NOT_ALLOWED", "This endpoint takes " + call->route.allow));
      refused.headers.push_back({"Allow", call->route.allow});
      return answer(call, std::move(refused));
    }
  }
}

void Gateway::answer(const ApiCallPtr& call, HttpAnswer answer) {
  prepare(*call, answer);
  call->http->answer(answer);
}

void Gateway::prepare(const ApiCall& call, HttpAnswer& answer) {
  add_cors(call.http->request(), answer);
  log(call, answer.status);
}

void Gateway::log(const ApiCall& call, std::optional<unsigned> status) {
  if (status) metrics_.count_call(call.route.endpoint, *status);
  if (!options_.access_log) return;
  const HttpRequest& request = call.http->request();
  const std::string* user = request.header("X-Muxi-User-ID");
  options_.access_log(
      {{"time", ApiClock(std::chrono::system_clock::now(), 1).rfc3339(Time{})},
       {"peer", request.peer},
       {"method", request.method},
       {"target", request.target},
       {"endpoint", name_of(call.route.endpoint)},
       {"status", status ? Json(*status) : Json()},
       {"seconds", std::chrono::duration<double>(steady_clock::now() - call.begun).count()},
       {"user", user == nullptr ? Json() : Json(*user)},
       {"request_id", call.id}});
}

HttpAnswer Gateway::refusal(unsigned status, std::string_view message) {
  const char* code = status == 503 ? "SYSTEM_OVERLOAD" : "INVALID_REQUEST";
  HttpAnswer refused = failed({.timestamp_ms = clock_.milliseconds(run_.now()),
                               .request_id = new_id(),
                               .idempotency_key = {}},
                              ApiError(status, code, std::string(message)));
  add_cors({}, refused);
  return refused;
}

HttpAnswer Gateway::failed(const EnvelopeHead& head, const ApiError& error) const {
  return failure(head, error, options_.strict ? ErrorForm::envelope_alone : ErrorForm::for_all);
}

EnvelopeHead Gateway::head_of(const ApiCall& call) const {
  return {.timestamp_ms = clock_.milliseconds(run_.now()),
          .request_id = call.id,
          .idempotency_key = call.idempotency_key};
}

Caller Gateway::authorised(const ApiCall& call) const {
  return identify(call.http->request(), options_.access);
}

std::string Gateway::new_id() { return fmt::format("req_{:016x}", ids_()); }

void Gateway::do_later(Time moment, Duration delay, std::function<void()> what) {
  const Time begin = clock_.client_time(moment);
  due_.add(begin + std::min(delay, Time::max() - begin), std::move(what));
  arm_due_timer();
}

void Gateway::arm_due_timer() {
  const auto next = due_.next();
  if (!next || (options_.manual_clock && *next > client_now())) return;
  due_timer_.expires_after(std::max(zero_duration, *next - client_now()));
  due_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    due_.run_until(client_now());
    arm_due_timer();
  });
}

void Gateway::drain(std::function<void()> idle) {
  idle_ = std::move(idle);
  if (in_flight_ == 0) idle_();
}

}  // namespace caesura
