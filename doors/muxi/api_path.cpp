#include "doors/muxi/api_path.hpp"

#include "doors/control/percent.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace caesura {
namespace {

struct Way {
  std::string_view method;
  Endpoint endpoint;
  ControlCall control = ControlCall::clock;
};

/// A path below a prefix, and what its methods do.
struct Place {
  std::string id;
  std::vector<Way> ways;
};

bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

/// Of `http://host:8001/v1/chat`, as a client sends it to a proxy, and of queries nothing but the
/// path is looked at.
std::string_view path_of(std::string_view target) {
  if (take(target, "http://")) target.remove_prefix(std::min(target.find('/'), target.size()));
  return target.substr(0, target.find('?'));
}

/// Takes one prefix off; false if there is none.
bool take_prefix(std::string_view& path) {
  if (path.starts_with("/v1/")) return path.remove_prefix(3), true;
  for (const std::string_view kind : {"/api/", "/draft/"}) {
    std::string_view rest = path;
    if (!take(rest, kind)) continue;
    const std::size_t end = rest.find('/');
    if (end == 0 || end == std::string_view::npos || !rest.substr(end).starts_with("/v1/"))
      return false;
    path = rest.substr(end + 3);
    return true;
  }
  return false;
}

Place control_place(std::string_view path, bool posts) {
  ControlPlace control = control_place_of(path, posts);
  Place place{std::move(control.id), {}};
  for (const ControlWay& way : control.ways)
    place.ways.push_back({way.method, Endpoint::control, way.call});
  return place;
}

Place place_of(std::string_view path, bool posts) {
  if (path == "/") return {{}, {{"GET", Endpoint::page}}};
  if (path == "/style.css") return {{}, {{"GET", Endpoint::page_style}}};
  if (path == "/script.js") return {{}, {{"GET", Endpoint::page_script}}};
  if (path == "/metrics") return {{}, {{"GET", Endpoint::metrics}}};
  if (path == "/health") return {{}, {{"GET", Endpoint::health}}};
  if (!take_prefix(path)) return {};
  if (path == "/health") return {{}, {{"GET", Endpoint::health}}};
  if (path == "/chat") return {{}, {{"POST", Endpoint::chat}}};
  if (path == "/requests" || path == "/requests/") return {{}, {{"GET", Endpoint::request_list}}};
  if (take(path, "/requests/")) {
    return {percent_decoded(path),
            {{"GET", Endpoint::request_status}, {"DELETE", Endpoint::request_cancel}}};
  }
  if (take(path, "/caesura/")) return control_place(path, posts);
  return {};
}

}  // namespace

const char* name_of(const Route& route) {
  return route.endpoint == Endpoint::control ? name_of(route.control) : name_of(route.endpoint);
}

const char* name_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::page:
    case Endpoint::page_style:
    case Endpoint::page_script:
      return "page";
    case Endpoint::health:
      return "health";
    case Endpoint::metrics:
      return "metrics";
    case Endpoint::chat:
      return "chat";
    case Endpoint::request_list:
      return "request_list";
    case Endpoint::request_status:
      return "request_status";
    case Endpoint::request_cancel:
      return "request_cancel";
    case Endpoint::control:
      return "control";
    case Endpoint::preflight:
      return "preflight";
    case Endpoint::not_found:
      return "not_found";
    case Endpoint::method_not_allowed:
      return "method_not_allowed";
  }
  return "?";
}

Route route(std::string_view method, std::string_view target) {
  if (method == "OPTIONS") return {.endpoint = Endpoint::preflight};
  Place place = place_of(path_of(target), method == "POST");
  if (place.ways.empty()) return {};
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::string allow;
  for (const Way& way : place.ways) {
    if (way.method == wanted)
      return {.endpoint = way.endpoint, .control = way.control, .id = std::move(place.id)};
    allow.append(way.method).append(way.method == "GET" ? ", HEAD, " : ", ");
  }
  return {.endpoint = Endpoint::method_not_allowed, .allow = allow + "OPTIONS"};
}

}  // namespace caesura
