#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace caesura {

/// An HTTP call that is refused or has failed: what its answer says, in the form that its protocol
/// has for that.
struct CallError : std::runtime_error {
  CallError(unsigned http_status, std::string error_code, const std::string& message,
            nlohmann::ordered_json error_data = nlohmann::ordered_json::object())
      : std::runtime_error(message),
        status(http_status),
        code(std::move(error_code)),
        data(std::move(error_data)) {}
  unsigned status;
  std::string code;             ///< INVALID_REQUEST
  nlohmann::ordered_json data;  ///< for programs, an object
};

}  // namespace caesura
