#include "doors/muxi/page.hpp"

#include <string>

namespace caesura {

/// The page asks for nothing but what this server has, and no text that it shows is ever run.
HttpAnswer page_file(std::string_view type, std::string_view content) {
  return {.status = 200,
          .headers = {{"Content-Type", std::string(type) + "; charset=utf-8"},
                      {"Cache-Control", "no-cache"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Security-Policy",
                       "default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; "
                       "frame-ancestors 'none'"}},
          .body = std::string(content)};
}

}  // namespace caesura
