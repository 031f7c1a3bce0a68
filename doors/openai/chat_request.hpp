#pragma once

#include "doors/world/conversation.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// What the conversation does not keep of a message, and check_conversation() needs.
struct ChatMessageForm {
  /// A text, however short, or a list of parts with something in it; or what stands for it: a
  /// refusal, a recording.
  bool has_content = false;
  /// It speaks of calls without ids, as before there were several in an answer: `function_call`,
  /// role `function`.
  bool is_old = false;
};

/// Likewise of a tool.
struct ChatToolForm {
  std::size_t index =
      0;  ///< in the body's list, which also has tools of types that are passed over
  bool is_strict = false;
};

/// The body of POST /v1/chat/completions.
struct ChatRequest {
  Conversation conversation = {};
  std::vector<ChatMessageForm> messages = {};  ///< one for each of the conversation's
  std::vector<ChatToolForm> tools = {};        ///< one for each of the conversation's
  bool stream = false;
  bool include_usage = false;  ///< in a stream
  std::string user = {};
};

/// Throws Refusal (bad_request, with the member that is wrong): what json_of_body() refuses, what
/// is no object, lacks a member that it must have, or has one of the wrong type; more than one
/// answer asked for. Members and tool types that it does not know are passed over; parts of
/// contents that are no text count as no text. What providers refuse beyond that:
/// check_conversation().
ChatRequest decode_chat_request(std::string_view body);

}  // namespace caesura
