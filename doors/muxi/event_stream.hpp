#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace caesura {

// Server-sent events of a chat, byte for byte. Each ends with an empty line.

inline constexpr std::string_view keepalive_frame = ": keepalive\n\n";
inline constexpr std::string_view done_frame = "event: done\ndata: {\"finished\": true}\n\n";

/// `data: {"token": ...}`: one line, whatever is in it.
std::string token_frame(const nlohmann::ordered_json& token);
/// `event: error`
std::string error_frame(std::string_view message, std::string_view type);

}  // namespace caesura
