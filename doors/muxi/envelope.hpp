#pragma once

#include "doors/http/http_message.hpp"
#include "doors/control/call_error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// What every JSON answer of the API says beside its data.
struct EnvelopeHead {
  std::int64_t timestamp_ms = 0;
  std::string request_id;  ///< of the call; of a chat the request's
  std::optional<std::string> idempotency_key;
};

/// {"object", "timestamp", "type", "request", "success", "error", "data"}: all fields, always.
HttpAnswer success(unsigned status, const EnvelopeHead& head, std::string_view object,
                   std::string_view type, nlohmann::ordered_json data);

/// The same with `data` as JSON text, for what is too long to be made at once.
HttpAnswer success_with_text(const EnvelopeHead& head, std::string_view object,
                             std::string_view type, std::string_view data);

/// What an error's answer has beside the envelope.
enum class ErrorForm : std::uint8_t {
  for_all,        ///< `code` and `message` at the top as well, since some clients read only those
  envelope_alone  ///< as the reference runtime
};

HttpAnswer failure(const EnvelopeHead& head, const CallError& error,
                   ErrorForm form = ErrorForm::for_all);

}  // namespace caesura
