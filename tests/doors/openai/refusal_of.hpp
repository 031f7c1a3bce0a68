#pragma once

#include "doors/openai/chat_request.hpp"
#include "doors/openai/conversation_check.hpp"
#include "doors/world/refusal.hpp"

#include <stdexcept>
#include <string_view>

namespace caesura {

/// What decoding the body throws. std::logic_error: nothing.
inline Refusal decoding_refusal(std::string_view body) {
  try {
    (void)decode_chat_request(body);
  } catch (const Refusal& refusal) {
    return refusal;
  }
  throw std::logic_error("The body is decoded.");
}

/// What checking the conversation of a body that can be decoded throws, likewise.
inline Refusal checking_refusal(std::string_view body) {
  const ChatRequest request = decode_chat_request(body);
  try {
    check_conversation(request);
  } catch (const Refusal& refusal) {
    return refusal;
  }
  throw std::logic_error("The conversation passes.");
}

}  // namespace caesura
