#include "doors/muxi/api_path.hpp"

#include <array>
#include <optional>
#include <vector>

namespace caesura {
namespace {

struct Way {
  std::string_view method;
  Endpoint endpoint;
};

/// A path below a prefix, and what its methods do.
struct Place {
  std::string id;
  std::vector<Way> ways;
};

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

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
  if (path == "clock") return {{}, {{"GET", Endpoint::clock}, {"POST", Endpoint::clock_advance}}};
  if (path == "results") return {{}, {{"GET", Endpoint::results}}};
  if (!take(path, "requests/") || path.empty()) return {};
  constexpr std::string_view release = "/release";
  // An id may end in /release too: then it is the method that tells.
  if (posts && path.size() > release.size() && path.ends_with(release)) {
    path.remove_suffix(release.size());
    return {percent_decoded(path), {{"POST", Endpoint::release}}};
  }
  return {percent_decoded(path), {{"GET", Endpoint::timeline}}};
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
    case Endpoint::release:
      return "release";
    case Endpoint::timeline:
      return "timeline";
    case Endpoint::clock:
      return "clock";
    case Endpoint::clock_advance:
      return "clock_advance";
    case Endpoint::results:
      return "results";
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
  if (method == "OPTIONS") return {.endpoint = Endpoint::preflight, .id = {}, .allow = {}};
  Place place = place_of(path_of(target), method == "POST");
  if (place.ways.empty()) return {};
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::string allow;
  for (const Way& way : place.ways) {
    if (way.method == wanted)
      return {.endpoint = way.endpoint, .id = std::move(place.id), .allow = {}};
    allow.append(way.method).append(way.method == "GET" ? ", HEAD, " : ", ");
  }
  return {.endpoint = Endpoint::method_not_allowed, .id = {}, .allow = allow + "OPTIONS"};
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high << 4U | *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
  }
  return encoded;
}

}  // namespace caesura
