#include "doors/world/local_origin.hpp"

#include "doors/http/http_message.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace caesura {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool starts_in_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_in_any_case(text.substr(0, start.size()), start);
}

/// "127.0.0.2" of "127.0.0.2:8002"; empty where it does not begin with four numbers, the first 127.
std::string loopback_number(std::string_view authority) {
  const std::string_view host = authority.substr(0, authority.find(':'));
  int dots = 0;
  std::size_t digits = 0;
  for (const char c : host) {
    if (c == '.' ? digits == 0 : !is_digit(c) || digits == 3) return {};
    digits = c == '.' ? 0 : digits + 1;
    dots += c == '.' ? 1 : 0;
  }
  const bool is_number = host.starts_with("127.") && dots == 3 && digits > 0;
  return is_number ? std::string(host) : std::string();
}

}  // namespace

bool is_local_authority(std::string_view authority) {
  const std::string loopback = loopback_number(authority);
  for (const std::string_view host :
       {std::string_view("localhost"), std::string_view("[::1]"), std::string_view(loopback)}) {
    if (host.empty() || !starts_in_any_case(authority, host)) continue;
    const auto port = authority.substr(host.size());
    if (port.empty()) return true;
    return port.size() > 1 && port.size() <= 6 && port.front() == ':' &&
           std::all_of(port.begin() + 1, port.end(), is_digit);
  }
  return false;
}

bool is_local_origin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (starts_in_any_case(origin, scheme)) return is_local_authority(origin.substr(scheme.size()));
  }
  return false;
}

}  // namespace caesura
