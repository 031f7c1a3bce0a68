#pragma once

#include <string_view>

#include "app/http_message.hpp"

namespace caesura {

/// What a browser gets at `/`.
HttpAnswer page_file(std::string_view target);

}  // namespace caesura
