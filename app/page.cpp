#include "app/page.hpp"

namespace caesura {

HttpAnswer page_file(std::string_view /*target*/) {
  return {200,
          {{"Content-Type", "text/plain; charset=utf-8"}},
          "Caesura serves the HTTP API here: POST /v1/chat, GET and DELETE /v1/requests/{id}, GET /metrics, GET /health.\n"};
}

}  // namespace caesura
