#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace caesura {

enum class OpenAiEndpoint : std::uint8_t {
  chat_completions,
  models,
  model,
  unserved,  ///< OpenAI has it, the world does not
};

struct OpenAiRoute {
  OpenAiEndpoint endpoint = OpenAiEndpoint::unserved;
  std::string model = {};  ///< of `model`: which, percent-decoded
};

/// Whether a path is one of OpenAI's API, served or not; what the API does not have by the list of
/// its resources (openai-node 6.49, src/resources) may be another's.
bool is_openai_path(std::string_view path);
OpenAiRoute openai_route(std::string_view path);

/// What `Allow` says; of an endpoint that is not served: empty.
std::string_view allowed_methods(OpenAiEndpoint endpoint);
bool is_allowed(OpenAiEndpoint endpoint, std::string_view method);

}  // namespace caesura
