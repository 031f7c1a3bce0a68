#include "doors/mcp/mcp_gate.hpp"

#include <string>

namespace caesura {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part before the first `mark` off, and the mark.
std::string_view take_until(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const auto part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return trimmed(part);
}

/// Without parameters.
bool is_json_type(std::string_view type) {
  return equal_in_any_case(take_until(type, ';'), "application/json");
}

std::optional<HttpAnswer> refused_post(const HttpRequest& request) {
  if (!accepts_json_and_events(request)) {
    return mcp_error(406, {JsonRpcCode::server_error,
                           "Not Acceptable: Client must accept both application/json and "
                           "text/event-stream"});
  }
  const auto* type = request.header("Content-Type");
  if (type == nullptr || !is_json_type(*type)) {
    return mcp_error(415, {JsonRpcCode::server_error,
                           "Unsupported Media Type: Content-Type must be application/json"});
  }
  return std::nullopt;
}

}  // namespace

std::optional<HttpAnswer> refused_at_gate(const HttpRequest& request) {
  if (request.method == "POST") return refused_post(request);
  if (request.method == "DELETE") return std::nullopt;
  auto answer = mcp_error(405, {JsonRpcCode::server_error, "Method not allowed."});
  answer.headers.push_back({"Allow", "POST, DELETE"});
  return answer;
}

bool accepts_json_and_events(const HttpRequest& request) {
  bool json = false;
  bool events = false;
  for (const HttpHeader& header : request.headers) {
    if (!equal_in_any_case(header.name, "Accept")) continue;
    std::string_view list = header.value;
    while (!list.empty()) {
      std::string_view item = take_until(list, ',');
      const auto type = take_until(item, ';');
      const bool any = type == "*/*";
      json = json || any || equal_in_any_case(type, "application/json") ||
             equal_in_any_case(type, "application/*");
      events = events || any || equal_in_any_case(type, "text/event-stream") ||
               equal_in_any_case(type, "text/*");
    }
  }
  return json && events;
}

HttpAnswer mcp_error(unsigned status, const JsonRpcError& error) {
  return {status, {{"Content-Type", "application/json"}}, encode_error(error)};
}

}  // namespace caesura
