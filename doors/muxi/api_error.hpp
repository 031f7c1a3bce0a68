#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace caesura {

/// A call that is refused or has failed: what its answer says.
struct ApiError : std::runtime_error {
  ApiError(unsigned http_status, std::string error_code, const std::string& message,
           nlohmann::ordered_json error_data = nlohmann::ordered_json::object())
      : std::runtime_error(message),
        status(http_status),
        code(std::move(error_code)),
        data(std::move(error_data)) {}
  unsigned status;
  std::string code;             ///< INVALID_REQUEST
  nlohmann::ordered_json data;  ///< error.data
};

}  // namespace caesura
