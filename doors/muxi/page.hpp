#pragma once

#include "doors/http/http_message.hpp"

#include <string_view>

namespace caesura {

// The files of the chat page, embedded when the program is built (cmake/EmbedFiles.cmake).

extern const std::string_view chat_page;         ///< doors/muxi/chat_page/index.html
extern const std::string_view chat_page_style;   ///< doors/muxi/chat_page/style.css
extern const std::string_view chat_page_script;  ///< doors/muxi/chat_page/script.js

/// One of them, for a browser. `type`: "text/css".
HttpAnswer page_file(std::string_view type, std::string_view content);

}  // namespace caesura
