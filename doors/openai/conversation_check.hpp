#pragma once

#include "doors/openai/chat_request.hpp"

namespace caesura {

/// Throws Refusal (bad_request) for what OpenAI refuses beyond the form of a body, in words as near
/// to its own as is known: no messages; calls of an assistant that are not answered, each once,
/// before any other message; an answer without such a call before it; an assistant's message with
/// neither content nor calls; a tool's name that is not [a-zA-Z0-9_-]{1,64}; parameters that are
/// not of type object; a strict tool, an object of whose parameters allows more properties or does
/// not require all; a tool forced that is not offered. Calls in the old form have no ids: they need
/// no answer.
void check_conversation(const ChatRequest& request);

}  // namespace caesura
