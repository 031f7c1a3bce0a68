#pragma once

#include "doors/http/http_message.hpp"
#include "doors/world/refusal.hpp"

#include <string>
#include <string_view>

namespace caesura {

/// `{"error": {message, type, param, code}}`, with the type and code that OpenAI has for it.
std::string error_text(const Refusal& refusal);

/// The answer, with `Retry-After` (whole seconds, rounded up) and `retry-after-ms` if it says when.
HttpAnswer error_answer(const Refusal& refusal);

/// A failure of the service: 500. `what`: why; if empty, as OpenAI says it.
Refusal service_failure(std::string_view what);
/// No place and no waiting place is free: 503, as OpenAI's engines answer when overloaded. (429 is
/// for those who ask too often.) SDKs try both again.
Refusal service_overload();

}  // namespace caesura
