#include "doors/muxi/envelope.hpp"

#include "doors/control/plain_json.hpp"

#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json envelope(const EnvelopeHead& head, std::string_view object, std::string_view type) {
  Json body;
  body["object"] = object;
  body["timestamp"] = head.timestamp_ms;
  body["type"] = type;
  body["request"] = {
      {"id", head.request_id},
      {"idempotency_key", head.idempotency_key ? Json(*head.idempotency_key) : Json()}};
  return body;
}

const char* type_of(const std::string& code) {
  if (code == "INVALID_REQUEST" || code == "INVALID_PARAMS") return "error.validation";
  if (code == "UNAUTHORIZED") return "error.authentication";
  if (code == "FORBIDDEN") return "error.authorization";
  if (code == "NOT_FOUND" || code == "REQUEST_NOT_FOUND") return "error.not_found";
  return "error.internal";
}

}  // namespace

HttpAnswer success(unsigned status, const EnvelopeHead& head, std::string_view object,
                   std::string_view type, Json data) {
  Json body = envelope(head, object, type);
  body["success"] = true;
  body["error"] = nullptr;
  body["data"] = std::move(data);
  return plain_json(status, body);
}

HttpAnswer success_with_text(const EnvelopeHead& head, std::string_view object,
                             std::string_view type, std::string_view data) {
  HttpAnswer answer = success(200, head, object, type, nullptr);
  constexpr std::string_view end = "null}";  // of a compact text whose last field is `data`
  answer.body.resize(answer.body.size() - end.size());
  answer.body.reserve(answer.body.size() + data.size() + 1);
  answer.body.append(data).append(1, '}');
  return answer;
}

HttpAnswer failure(const EnvelopeHead& head, const CallError& error, ErrorForm form) {
  Json body = envelope(head, "error", type_of(error.code));
  body["success"] = false;
  body["error"] = {{"code", error.code}, {"message", error.what()}, {"data", error.data}};
  body["data"] = Json::object();
  if (form == ErrorForm::for_all) {
    body["code"] = error.code;
    body["message"] = error.what();
  }
  return plain_json(error.status, body);
}

}  // namespace caesura
