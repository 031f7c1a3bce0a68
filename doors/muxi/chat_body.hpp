#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

inline constexpr std::size_t longest_id = 256;  ///< bytes

/// What a chat asks for.
struct ChatBody {
  std::uint64_t message = 0;              ///< its fingerprint: nobody reads what it says
  std::optional<std::string> request_id;  ///< ids are not empty
  std::optional<std::string> session_id;
  std::optional<std::string> user_id;
  bool is_async = false;
  std::optional<bool> stream;
};

/// `reference`: no field has a second spelling, and there is no `use_async`, as in the reference
/// runtime.
enum class ChatFields : std::uint8_t { all, reference };

/// Unknown fields, and those that mean nothing here, are checked by nobody. Of two spellings of a
/// field the one with underscores counts. Throws CallError: INVALID_REQUEST for what is no JSON
/// (nor UTF-8), INVALID_PARAMS, with all that is wrong, for JSON that does not fit.
ChatBody parse_chat_body(std::string_view text, ChatFields fields = ChatFields::all);

}  // namespace caesura
