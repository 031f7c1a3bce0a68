#include "doors/openai/openai_route.hpp"

#include "doors/control/percent.hpp"

#include <algorithm>
#include <array>

namespace caesura {
namespace {

constexpr std::string_view base = "/v1/";

constexpr std::array<std::string_view, 27> resources = {
    "assistants",    "audio",         "batches",    "chat",   "chatkit",     "completions",
    "containers",    "conversations", "embeddings", "evals",  "files",       "fine-tuning",
    "fine_tuning",   "graders",       "images",     "models", "moderations", "organization",
    "projects",      "realtime",      "responses",  "skills", "threads",     "uploads",
    "vector_stores", "videos",        "webhooks"};

}  // namespace

bool is_openai_path(std::string_view path) {
  if (!path.starts_with(base)) return false;
  path.remove_prefix(base.size());
  return std::find(resources.begin(), resources.end(), path.substr(0, path.find('/'))) !=
         resources.end();
}

OpenAiRoute openai_route(std::string_view path) {
  constexpr std::string_view one_model = "/v1/models/";
  if (path == "/v1/chat/completions") return {OpenAiEndpoint::chat_completions};
  if (path == "/v1/models" || path == one_model) return {OpenAiEndpoint::models};
  if (path.starts_with(one_model))
    return {OpenAiEndpoint::model, percent_decoded(path.substr(one_model.size()))};
  return {OpenAiEndpoint::unserved};
}

std::string_view allowed_methods(OpenAiEndpoint endpoint) {
  switch (endpoint) {
    case OpenAiEndpoint::chat_completions:
      return "POST";
    case OpenAiEndpoint::models:
    case OpenAiEndpoint::model:
      return "GET, HEAD";
    case OpenAiEndpoint::unserved:
      break;
  }
  return {};
}

bool is_allowed(OpenAiEndpoint endpoint, std::string_view method) {
  if (endpoint == OpenAiEndpoint::chat_completions) return method == "POST";
  return method == "GET" || method == "HEAD";
}

}  // namespace caesura
