#include "doors/muxi/event_stream.hpp"

#include "doors/control/plain_json.hpp"

namespace caesura {

std::string token_frame(const nlohmann::ordered_json& token) {
  return "data: {\"token\": " + compact(token) + "}\n\n";
}

std::string error_frame(std::string_view message, std::string_view type) {
  return "event: error\ndata: " + compact({{"error", message}, {"type", type}}) + "\n\n";
}

}  // namespace caesura
