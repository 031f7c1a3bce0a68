#pragma once

#include "doors/http/http_server.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/muxi/api_path.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace caesura {

/// An HTTP call, and what the gateway made of it.
struct ApiCall {
  std::shared_ptr<HttpCall> http;
  Route route;
  std::string id;  ///< of the call itself; of a chat, once it is known, the request's
  std::optional<std::string> idempotency_key;  ///< where it is honoured
  TimeForm times = TimeForm::seconds;
  std::chrono::steady_clock::time_point begun;
};

using ApiCallPtr = std::shared_ptr<ApiCall>;

}  // namespace caesura
