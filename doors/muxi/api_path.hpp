#pragma once

#include "doors/control/control_path.hpp"

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
  control,    ///< Caesura's own: Route::control
  preflight,  ///< OPTIONS on anything
  not_found,
  method_not_allowed,  ///< there is such a path; Route::allow has its methods
};
const char* name_of(Endpoint endpoint);

struct Route {
  Endpoint endpoint = Endpoint::not_found;
  ControlCall control = ControlCall::clock;
  std::string id = {};     ///< of the request that the path names, percent-decoded
  std::string allow = {};  ///< "GET, HEAD, OPTIONS"
};
/// In metrics and logs.
const char* name_of(const Route& route);

/// Where a call is to go. `target` as it was sent: a `%` that begins no escape stands for itself,
/// and an id may hold raw slashes. Prefixes are `/v1`, `/api/{formation}/v1` and
/// `/draft/{formation}/v1`; HEAD goes where GET goes.
Route route(std::string_view method, std::string_view target);

}  // namespace caesura
