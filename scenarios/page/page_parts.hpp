#pragma once

#include <string_view>

namespace caesura {

// The files that a page is put together from, embedded when the program is built
// (cmake/EmbedFiles.cmake).

extern const std::string_view page_template;  ///< scenarios/page/page.html
extern const std::string_view page_style;     ///< scenarios/page/page.css
extern const std::string_view page_script;    ///< scenarios/page/page.js
extern const std::string_view chart_library;  ///< Chart.js, minified (MIT licence, with its notice)

}  // namespace caesura
