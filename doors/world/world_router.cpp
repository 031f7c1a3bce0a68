#include "doors/world/world_router.hpp"

#include "scenarios/results/version.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/control/call_error.hpp"
#include "doors/control/plain_json.hpp"
#include "doors/world/local_origin.hpp"
#include "doors/world/refusal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace caesura {
namespace {

constexpr std::string_view open_prefix = "caesura-";

/// As long for a key that is wrong in its first letter as for one that is wrong in its last.
bool is_same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

std::string key_of(const HttpRequest& request) {
  if (const std::string* bearer = request.header("Authorization")) {
    constexpr std::string_view scheme = "bearer ";
    if (bearer->size() > scheme.size() &&
        equal_in_any_case(bearer->substr(0, scheme.size()), scheme))
      return bearer->substr(scheme.size());
  }
  for (const char* name : {"x-api-key", "x-goog-api-key"}) {
    if (const std::string* key = request.header(name)) return *key;
  }
  return {};
}

}  // namespace

WorldRouter::WorldRouter(WorldSession& session, std::vector<WorldDoor*> doors, WorldAccess access)
    : session_(session),
      doors_(std::move(doors)),
      access_(std::move(access)),
      calls_(session, access_.key ? *access_.key + "-" : std::string(open_prefix)) {}

void WorldRouter::handle(const std::shared_ptr<HttpCall>& http) {
  Route route = this->route(http->request().target);
  route.call.http = http;
  try {
    log(route);
    dispatch(route);
  } catch (const Refusal& refusal) {
    refuse(route, refusal);
  } catch (const CallError& error) {
    http->answer(WorldCalls::refused(error.status, error.what()));
  } catch (const nlohmann::json::exception&) {
    refuse(route,
           Refusal(RefusalKind::bad_request, 400, "The body is not what this endpoint takes"));
  } catch (const std::exception&) {
    // It has nothing to do with this call: the world has failed, and ends.
    session_.loop().post([error = std::current_exception()] { std::rethrow_exception(error); });
    if (http->is_stream()) return http->reset();
    http->answer(WorldCalls::refused(500, "The world has failed, and ends"));
  }
}

HttpAnswer WorldRouter::refusal(unsigned status, std::string_view message,
                                std::string_view target) const {
  const Route route = this->route(target);
  if (route.door == nullptr) return WorldCalls::refused(status, message);
  const RefusalKind kind = status == 413   ? RefusalKind::too_large
                           : status == 503 ? RefusalKind::overloaded
                           : status > 500  ? RefusalKind::server_error
                                           : RefusalKind::bad_request;
  return route.door->refused({kind, status, std::string(message)});
}

WorldRouter::Route WorldRouter::route(std::string_view target) const {
  constexpr std::string_view absolute = "http://";
  if (target.starts_with(absolute)) {
    target.remove_prefix(absolute.size());
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  Route route;
  const std::size_t end = std::min(target.find('?'), target.size());
  route.call.query = target.substr(std::min(target.size(), end + 1));
  std::string_view path = target.substr(0, end);
  if (path.starts_with("/r/")) {
    const std::string_view name = path.substr(3, path.find('/', 3) - 3);
    route.is_odd = !is_run_name(name);
    route.call.hint.path_run = std::string(name);
    path.remove_prefix(3 + name.size());
  }
  route.call.path = path;
  for (WorldDoor* door : doors_) {
    if (route.door == nullptr && door->has(path)) route.door = door;
  }
  return route;
}

void WorldRouter::dispatch(const Route& route) {
  const HttpRequest& request = route.call.http->request();
  check_origin(request);
  if (route.is_odd) {
    throw Refusal(RefusalKind::not_found, 404,
                  "A run's name is made of a-z, 0-9 and -, and is 32 characters long at most");
  }
  WorldCall call = route.call;
  call.hint.key_run = key_run(request);
  if (route.door != nullptr) return route.door->handle(call);
  const std::string_view path = call.path;
  constexpr std::string_view own = "/caesura/";
  if (path.starts_with(own)) return calls_.handle(call.http, path.substr(own.size()), call.query);
  if (path == "/" || path.empty()) return call.http->answer(overview());
  throw Refusal(RefusalKind::not_found, 404,
                fmt::format("There is no endpoint {}; GET / tells which there are", path));
}

/// With a key, whoever has it may come from anywhere, a page from the world's own address too.
void WorldRouter::check_origin(const HttpRequest& request) const {
  const std::string* host = request.header("Host");
  const std::string* origin = request.header("Origin");
  const bool is_own = access_.key && host != nullptr && origin != nullptr &&
                      (*origin == "http://" + *host || *origin == "https://" + *host);
  if (origin != nullptr && !is_local_origin(*origin) && !is_own)
    throw Refusal(RefusalKind::forbidden, 403, "Forbidden: Origin is not of this machine");
  if (!access_.key && host != nullptr && !is_local_authority(*host))
    throw Refusal(RefusalKind::forbidden, 403,
                  "Forbidden: Host is not this machine, which without a key it must be");
}

/// The run that the key names.
std::optional<std::string> WorldRouter::key_run(const HttpRequest& request) const {
  const std::string key = key_of(request);
  std::string_view rest = key;
  if (!access_.key) {
    if (!rest.starts_with(open_prefix)) return std::nullopt;
    rest.remove_prefix(open_prefix.size());
    return is_run_name(rest) ? std::optional(std::string(rest)) : std::nullopt;
  }
  const std::string& wanted = *access_.key;
  const bool begins = is_same(rest.substr(0, wanted.size()), wanted);
  rest.remove_prefix(std::min(rest.size(), wanted.size()));
  if (begins && rest.empty()) return std::nullopt;
  if (begins && rest.starts_with('-') && is_run_name(rest.substr(1)))
    return std::string(rest.substr(1));
  throw Refusal(RefusalKind::unauthorized, 401, "This world needs its key");
}

void WorldRouter::refuse(const Route& route, const Refusal& refusal) const {
  HttpCall& http = *route.call.http;
  if (http.is_over()) return;
  if (http.is_stream()) return http.reset();
  http.answer(route.door != nullptr ? route.door->refused(refusal)
                                    : WorldCalls::refused(refusal.status, refusal.what()));
}

void WorldRouter::log(const Route& route) const {
  if (!access_.access_log) return;
  const HttpRequest& request = route.call.http->request();
  access_.access_log({{"time", ApiClock(std::chrono::system_clock::now(), 1).rfc3339(Time{})},
                      {"at_s", seconds(session_.now())},
                      {"peer", request.peer},
                      {"method", request.method},
                      {"target", request.target},
                      {"body_bytes", request.body.size()}});
}

HttpAnswer WorldRouter::overview() const {
  std::vector<std::string> tools;
  for (const WorldTool& tool : session_.tools()) tools.push_back(tool.name);
  return plain_json(200, {{"caesura", version},
                          {"scenario", session_.scenario().name},
                          {"models", session_.models()},
                          {"tools", tools},
                          {"endpoints",
                           {"/v1/chat/completions", "/v1/models", "/mcp", "/caesura/runs",
                            "/caesura/clock", "/caesura/results"}},
                          {"of_one_run", "/r/RUN before any endpoint"}});
}

}  // namespace caesura
