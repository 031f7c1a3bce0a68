#pragma once

#include "doors/http/http_message.hpp"

#include <string>
#include <string_view>

namespace caesura {

/// What the bytes of an answer depend on beside the answer.
struct AnswerForm {
  bool is_head = false;      ///< to a HEAD request: no body
  bool is_http_1_0 = false;  ///< the client knows no chunks
  bool keep_alive = false;   ///< the connection goes on after it
};

/// Whether an answer of this status and form has a body at all.
bool has_body(unsigned status, const AnswerForm& form);

/// The whole answer. A body that it must not have is left out.
std::string answer_bytes(const HttpAnswer& answer, const AnswerForm& form);

/// Status line and headers of an answer whose body's length is not known yet; its body's bytes
/// follow as chunks, or as they are for HTTP/1.0, where the connection's end ends them.
std::string stream_head_bytes(const HttpAnswer& head, const AnswerForm& form);

/// One chunk; `bytes` must not be empty, which would end the body.
std::string chunk_bytes(std::string_view bytes);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace caesura
