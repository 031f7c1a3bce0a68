// Any bytes are a request that passes or a Refusal. The folder corpus/chat_request beside this file
// is where it begins, and what hostile_bodies_test.cpp plays.

#include "doors/openai/chat_request.hpp"
#include "doors/openai/conversation_check.hpp"
#include "doors/world/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  try {
    caesura::check_conversation(caesura::decode_chat_request(body));
  } catch (const caesura::Refusal& refusal) {
    if (refusal.kind != caesura::RefusalKind::bad_request || refusal.status != 400)
      __builtin_trap();
  }
  return 0;
}
