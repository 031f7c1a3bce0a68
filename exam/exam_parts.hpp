#pragma once

#include <string_view>

namespace caesura {

// Embedded when the program is built (cmake/EmbedFiles.cmake).

extern const std::string_view exam_page_style;  ///< exam/exam_page.css

}  // namespace caesura
