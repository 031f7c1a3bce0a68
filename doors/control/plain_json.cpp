#include "doors/control/plain_json.hpp"

namespace caesura {

using Json = nlohmann::ordered_json;

HttpAnswer plain_json(unsigned status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, compact(body)};
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace caesura
