#pragma once

#include "doors/http/http_message.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace caesura {

/// JSON as it is.
HttpAnswer plain_json(unsigned status, const nlohmann::ordered_json& body);

/// One line; bytes that are not UTF-8 become U+FFFD.
std::string compact(const nlohmann::ordered_json& json);

}  // namespace caesura
