#include "doors/openai/openai_error.hpp"

#include "doors/control/plain_json.hpp"

#include <chrono>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

struct ErrorKind {
  const char* type;
  const char* code;  ///< null: none
};

ErrorKind kind_of(const Refusal& refusal) {
  constexpr const char* invalid = "invalid_request_error";
  switch (refusal.kind) {
    case RefusalKind::bad_request:
      return {invalid, refusal.status == 405 ? "method_not_supported" : nullptr};
    case RefusalKind::unauthorized:
      return {invalid, "invalid_api_key"};
    case RefusalKind::not_found:
      return {invalid, "unknown_url"};
    case RefusalKind::unknown_model:
      return {invalid, "model_not_found"};
    case RefusalKind::forbidden:
    case RefusalKind::too_large:
      return {invalid, nullptr};
    case RefusalKind::rate_limited:
      return {"requests", "rate_limit_exceeded"};
    case RefusalKind::overloaded:
    case RefusalKind::server_error:
      return {"server_error", nullptr};
  }
  return {invalid, nullptr};
}

}  // namespace

std::string error_text(const Refusal& refusal) {
  const ErrorKind kind = kind_of(refusal);
  const Json error{{"message", refusal.what()},
                   {"type", kind.type},
                   {"param", refusal.param.empty() ? Json() : Json(refusal.param)},
                   {"code", kind.code == nullptr ? Json() : Json(kind.code)}};
  return compact({{"error", error}});
}

HttpAnswer error_answer(const Refusal& refusal) {
  HttpAnswer answer{refusal.status, {{"Content-Type", "application/json"}}, error_text(refusal)};
  if (refusal.retry_after) {
    const auto whole_seconds = std::chrono::ceil<std::chrono::seconds>(*refusal.retry_after);
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(*refusal.retry_after);
    answer.headers.push_back({"Retry-After", std::to_string(whole_seconds.count())});
    answer.headers.push_back({"retry-after-ms", std::to_string(milliseconds.count())});
  }
  return answer;
}

Refusal service_failure(std::string_view what) {
  return {RefusalKind::server_error, 500,
          what.empty() ? "The server had an error while processing your request. Sorry about that!"
                       : std::string(what)};
}

Refusal service_overload() {
  return {RefusalKind::overloaded, 503,
          "The server is currently overloaded with other requests. Sorry about that! You can retry "
          "your request."};
}

}  // namespace caesura
