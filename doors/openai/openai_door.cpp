#include "doors/openai/openai_door.hpp"

#include "doors/openai/chat_exchange.hpp"
#include "doors/openai/chat_request.hpp"
#include "doors/openai/conversation_check.hpp"
#include "doors/openai/json_fields.hpp"
#include "doors/openai/model_list.hpp"
#include "doors/openai/openai_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

HttpAnswer json_answer(std::string text) {
  return {200, {{"Content-Type", "application/json"}}, std::move(text)};
}

HttpAnswer method_refused(const WorldCall& call, OpenAiEndpoint endpoint) {
  HttpAnswer answer = error_answer(
      {RefusalKind::bad_request, 405,
       fmt::format("Not allowed to {} on {}. (HINT: Perhaps you meant to use a different HTTP "
                   "method?)",
                   shortened(call.http->request().method), shortened(call.path))});
  answer.headers.push_back({"Allow", std::string(allowed_methods(endpoint))});
  return answer;
}

}  // namespace

void OpenAiDoor::handle(const WorldCall& call) {
  const OpenAiRoute route = openai_route(call.path);
  if (route.endpoint == OpenAiEndpoint::unserved)
    throw Refusal(RefusalKind::not_found, 404,
                  fmt::format("Invalid URL ({} {})", shortened(call.http->request().method),
                              shortened(call.path)));
  if (!is_allowed(route.endpoint, call.http->request().method))
    return call.http->answer(method_refused(call, route.endpoint));
  switch (route.endpoint) {
    case OpenAiEndpoint::chat_completions:
      return chat(call);
    case OpenAiEndpoint::models:
      return call.http->answer(json_answer(model_list(session_.models(), session_.created())));
    case OpenAiEndpoint::model:
      require_model(route.model, "model");
      return call.http->answer(json_answer(model_entry(route.model, session_.created())));
    case OpenAiEndpoint::unserved:
      return;
  }
}

HttpAnswer OpenAiDoor::refused(const Refusal& refusal) const { return error_answer(refusal); }

void OpenAiDoor::chat(const WorldCall& call) {
  ChatRequest request = decode_chat_request(call.http->take_body());
  require_model(request.conversation.model, {});
  try {
    if (!session_.is_lenient()) check_conversation(request);
  } catch (const Refusal& refusal) {
    session_.note_refusal(call.hint, request.conversation, refusal.what());
    throw;
  }
  const auto exchange =
      std::make_shared<ChatExchange>(call.http, ChatForm{.stream = request.stream,
                                                         .with_usage = request.include_usage,
                                                         .created = session_.created()});
  BegunModelCall begun = session_.call_model(call.hint, request.conversation, exchange);
  WorldSession& session = session_;
  exchange->begin(
      std::move(begun.answer),
      {.delivered = [&session,
                     id = begun.id](std::uint32_t tokens) { session.delivered(id, tokens); },
       .answered = [&session, id = begun.id](bool says_usage) { session.answered(id, says_usage); },
       .hung_up =
           [&session, id = begun.id] {
             session.signal(id, SignalKind::hang_up, SignalMeaning::cancels);
           }});
}

void OpenAiDoor::require_model(std::string_view name, std::string_view param) const {
  const std::vector<std::string> models = session_.models();
  if (std::find(models.begin(), models.end(), name) != models.end()) return;
  throw Refusal(RefusalKind::unknown_model, 404,
                fmt::format("The model `{}` does not exist or you do not have access to it.",
                            shortened(name)),
                std::string(param));
}

}  // namespace caesura
