#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace caesura {

enum class Endpoint : std::uint8_t {
  page,
  page_style,
  page_script,
  health,
  metrics,
  chat,
  request_list,
  request_status,
  request_cancel,
  release,   ///< lets a held operation end
  timeline,  ///< of one request
  clock,
  clock_advance,
  results,
  preflight,  ///< OPTIONS on anything
  not_found,
  method_not_allowed,  ///< there is such a path; Route::allow has its methods
};
const char* name_of(Endpoint endpoint);

struct Route {
  Endpoint endpoint = Endpoint::not_found;
  std::string id;     ///< of the request that the path names, percent-decoded
  std::string allow;  ///< "GET, HEAD, OPTIONS"
};

/// Where a call is to go. `target` as it was sent: a `%` that begins no escape stands for itself,
/// and an id may hold raw slashes. Prefixes are `/v1`, `/api/{formation}/v1` and
/// `/draft/{formation}/v1`; HEAD goes where GET goes.
Route route(std::string_view method, std::string_view target);

/// Escapes that are none are left as they are.
std::string percent_decoded(std::string_view text);
/// Everything but letters, digits and -._~ is escaped.
std::string percent_encoded(std::string_view text);

}  // namespace caesura
