#include "doors/muxi/chat_body.hpp"

#include "doors/live/fingerprint.hpp"
#include "doors/control/call_error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 64;

Json parse(std::string_view text) {
  const auto bounded = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest)
      throw CallError(400, "INVALID_REQUEST",
                      fmt::format("The body is nested deeper than {} levels", deepest));
    return true;
  };
  try {
    return Json::parse(text, bounded);
  } catch (const Json::exception&) {
    throw CallError(400, "INVALID_REQUEST",
                    "The body is not JSON: send {\"message\": \"...\"} in UTF-8");
  }
}

/// Reads fields, and remembers what is wrong with them.
class Fields {
 public:
  Fields(const Json& body, ChatFields known) : body_(body), known_(known) {}

  /// Null if it is missing or null.
  const Json* find(const char* name, const char* other_spelling = nullptr) {
    for (const char* spelling : {name, other_spelling}) {
      if (spelling == nullptr || (spelling != name && known_ == ChatFields::reference)) continue;
      const auto found = body_.find(spelling);
      if (found != body_.end() && !found->is_null()) return &*found;
    }
    return nullptr;
  }

  std::optional<std::string> text(const char* name, const char* other_spelling = nullptr) {
    const Json* value = find(name, other_spelling);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string())
      return wrong(name, "Input should be a valid string", "string_type"), std::nullopt;
    return value->get<std::string>();
  }

  /// An empty one is none.
  std::optional<std::string> id(const char* name, const char* other_spelling) {
    auto value = text(name, other_spelling);
    if (value && value->size() > longest_id) {
      wrong(name, fmt::format("String should have at most {} bytes", longest_id),
            "string_too_long");
    }
    return value && value->empty() ? std::nullopt : value;
  }

  std::optional<bool> flag(const char* name, const char* other_spelling = nullptr) {
    const Json* value = find(name, other_spelling);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean())
      return wrong(name, "Input should be a valid boolean", "bool_type"), std::nullopt;
    return value->get<bool>();
  }

  void wrong(const char* field, const std::string& what, const char* type) {
    errors_.push_back({{"field", field}, {"msg", what}, {"type", type}});
  }

  void throw_if_wrong() const {
    if (errors_.empty()) return;
    const Json& first = errors_.front();
    throw CallError(
        422, "INVALID_PARAMS",
        fmt::format("{}: {}", first["field"].get<std::string>(), first["msg"].get<std::string>()),
        {{"validation_errors", errors_}});
  }

 private:
  const Json& body_;
  ChatFields known_;
  Json errors_ = Json::array();
};

}  // namespace

ChatBody parse_chat_body(std::string_view text, ChatFields known) {
  const Json json = parse(text);
  Fields fields(json, known);  // of what is no object it finds none
  ChatBody body;
  if (!json.is_object()) {
    fields.wrong("body", "Input should be a JSON object", "object_type");
    fields.throw_if_wrong();
  }
  if (fields.find("message") == nullptr) fields.wrong("message", "Field required", "missing");
  body.message = fingerprint(fields.text("message").value_or(""));
  body.request_id = fields.id("request_id", "requestId");
  body.session_id = fields.id("session_id", "sessionId");
  body.user_id = fields.id("user_id", "userId");
  (void)fields.id("agent_id", "agentId");
  (void)fields.text("webhook_url", "webhookUrl");
  if (const auto mode = fields.text("mode")) {
    if (*mode != "sync" && *mode != "async")
      fields.wrong("mode", "Input should be 'sync' or 'async'", "enum");
    body.is_async = *mode == "async";
  } else if (known == ChatFields::all) {
    body.is_async = fields.flag("use_async", "useAsync").value_or(false);
  }
  body.stream = fields.flag("stream");
  fields.throw_if_wrong();
  return body;
}

}  // namespace caesura
