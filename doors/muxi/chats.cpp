#include "doors/muxi/chats.hpp"

#include "doors/live/served_scenario.hpp"
#include "doors/control/call_wishes.hpp"
#include "doors/control/percent.hpp"
#include "doors/muxi/request_views.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// The same prefix as the chat came by.
std::string poll_url(std::string_view target, const std::string& id) {
  target = target.substr(0, target.find('?'));
  return std::string(target.substr(0, target.rfind("/chat"))) + "/requests/" + percent_encoded(id);
}

/// A key that was sent before means what it meant then.
void check_same(const IdempotencyMemory::Sent& sent, const ChatBody& body) {
  const bool same_id = !body.request_id || *body.request_id == sent.id;
  if (same_id && body.message == sent.message) return;
  const char* field = same_id ? "message" : "request_id";
  const char* what = "X-Muxi-Idempotency-Key: the same key was sent with another value of this";
  const Json error{{"field", field}, {"msg", what}, {"type", "idempotency_mismatch"}};
  throw CallError(422, "INVALID_PARAMS", fmt::format("{}: {}", field, what),
                  {{"validation_errors", Json::array({error})}});
}

std::size_t policy_wished(const std::vector<Policy>& policies, const std::string& name) {
  if (const auto index = policy_named(policies, name)) return *index;
  std::string names;
  for (const Policy& policy : policies) names += (names.empty() ? "" : ", ") + policy.name;
  throw CallError(
      400, "INVALID_REQUEST",
      fmt::format("X-Caesura-Policy: there is no policy '{}'; there are {}", name, names));
}

CallError refusal_of(const StartError& error) {
  switch (error.why) {
    case StartError::Why::id_is_taken:
      return {409, "CONFLICT", error.what()};
    case StartError::Why::shutting_down:
    case StartError::Why::too_many:
      return {503, "SYSTEM_OVERLOAD", error.what()};
    case StartError::Why::too_long:
      return {500, "INTERNAL_ERROR", error.what()};
    case StartError::Why::no_such_operation:
      return {400, "INVALID_REQUEST", fmt::format("X-Caesura-Hold: {}", error.what())};
  }
  return {500, "INTERNAL_ERROR", error.what()};
}

}  // namespace

Chats::Chats(LiveSession& session, Answers& answers, const GatewayOptions& options)
    : session_(session),
      answers_(answers),
      options_(options),
      streams_(session, answers, options) {}

const char* Chats::word_of(Mode mode) {
  switch (mode) {
    case Mode::wait:
      return "sync";
    case Mode::stream:
      return "stream";
    case Mode::poll:
      return "async";
  }
  return "?";
}

const Chat& Chats::of(const LiveRequest& request) const {
  static const Chat none;
  const auto found = chats_.find(request.number);
  return found == chats_.end() ? none : found->second;
}

void Chats::chat(const ApiCallPtr& call) {
  const HttpRequest& http = call->http->request();
  Caller caller = identify(http, options_.access);
  const ChatBody body = parse_chat_body(call->http->take_body(),
                                        options_.strict ? ChatFields::reference : ChatFields::all);
  if (!caller.user) caller.user = body.user_id;
  if (caller.user) check_user_name(*caller.user);
  const std::string user = caller.user_or_default();
  const Mode mode = mode_of(body, http);
  const std::string idempotency = idempotency_of(*call, user, mode);
  if (!idempotency.empty() && joins_earlier(call, idempotency, body)) return;

  const LiveRequest& request = start(*call, body, user);
  call->id = request.id;
  Chat& chat = chats_.at(request.number);
  chat.is_streamed = mode == Mode::stream;
  if (!idempotency.empty()) {
    chat.idempotency = idempotency;
    chat.idempotency_key = call->idempotency_key;
    memory_.begin(idempotency, request.number, {.id = request.id, .message = body.message});
  }
  if (mode == Mode::poll) {
    accept(call, request, chat);
  } else {
    wait_or_stream(call, request, chat);
  }
  session_.introduce(call->id);
}

Chats::Mode Chats::mode_of(const ChatBody& body, const HttpRequest& request) const {
  if (body.is_async && options_.strict)
    throw CallError(501, "NOT_IMPLEMENTED", "mode: the reference runtime has no \"async\" here");
  if (body.is_async) return Mode::poll;
  if (body.stream) return *body.stream ? Mode::stream : Mode::wait;
  if (options_.strict) return Mode::stream;
  const std::string* accept = request.header("Accept");
  return accept != nullptr && accept->find("text/event-stream") != std::string::npos ? Mode::stream
                                                                                     : Mode::wait;
}

/// What tells chats with an idempotency key apart; empty without one.
std::string Chats::idempotency_of(ApiCall& call, const std::string& user, Mode mode) const {
  const HttpRequest& request = call.http->request();
  const std::string* key = request.header("X-Muxi-Idempotency-Key");
  if (key == nullptr || key->empty()) return {};
  if (key->size() > longest_id) {
    throw CallError(400, "INVALID_REQUEST",
                    fmt::format("X-Muxi-Idempotency-Key: send at most {} bytes", longest_id));
  }
  call.idempotency_key = *key;
  std::string whole;
  for (const std::string_view part :
       {std::string_view(*key), std::string_view(request.method), std::string_view(request.target),
        std::string_view(user), std::string_view(word_of(mode))}) {
    whole.append(part).append(1, '\0');
  }
  return whole;
}

/// A stream has no answer that could be kept: it is told again as long as its request is known.
bool Chats::joins_earlier(const ApiCallPtr& call, const std::string& key, const ChatBody& body) {
  const auto found = memory_.find(key, session_.client_now());
  LiveRequest* request = nullptr;
  if (const auto* answered = std::get_if<IdempotencyMemory::Answered>(&found)) {
    check_same(*answered->sent, body);
    if (!answered->answer->body.empty()) return answers_.send(call, *answered->answer), true;
    request = session_.find(answered->sent->id);
    if (request != nullptr && of(*request).idempotency != key) request = nullptr;
  } else if (const auto* in_flight = std::get_if<IdempotencyMemory::InFlight>(&found)) {
    check_same(*in_flight->sent, body);
    request = session_.find(RequestNumber{in_flight->call});
  }
  if (request == nullptr) return false;
  call->id = request->id;
  Chat& chat = chats_.at(request->number);
  wait_or_stream(call, *request, chat);
  if (chat.is_streamed && request->is_answered) streams_.finish(*request, chat, session_.now());
  return true;
}

LiveRequest& Chats::start(const ApiCall& call, const ChatBody& body, const std::string& user) {
  const CallWishes wishes = read_wishes(call.http->request());
  StartWishes wanted{.id = body.request_id.value_or(call.id),
                     .user = user,
                     .seed = wishes.seed,
                     .held_operation = wishes.held_operation,
                     .takes_over = options_.strict};
  if (wishes.policy) wanted.policy = policy_wished(session_.scenario().policies, *wishes.policy);
  try {
    LiveRequest& request = session_.start(wanted, *this);
    chats_[request.number] = {
        .session = body.session_id.value_or("sess_" + call.id.substr(call.id.find('_') + 1)),
        .faults = wishes.faults,
        .waiting = {},
        .streams = {},
        .idempotency = {},
        .idempotency_key = {}};
    return request;
  } catch (const StartError& error) {
    throw refusal_of(error);
  }
}

void Chats::accept(const ApiCallPtr& call, const LiveRequest& request, const Chat& chat) {
  HttpAnswer accepted = success(202, answers_.head_of(*call), "chat", "chat.async_accepted",
                                {{"request_id", request.id},
                                 {"status", "processing"},
                                 {"delivery", "polling"},
                                 {"poll_url", poll_url(call->http->request().target, request.id)}});
  if (!chat.idempotency.empty()) memory_.answer(chat.idempotency, accepted, session_.client_now());
  answers_.send(call, std::move(accepted));
}

void Chats::wait_or_stream(const ApiCallPtr& call, const LiveRequest& request, Chat& chat) {
  call->http->on_hang_up([this, call, number = request.number] { hung_up(call, number); });
  if (chat.is_streamed) {
    streams_.begin(call, request, chat);
  } else {
    chat.waiting.push_back(call);
  }
}

void Chats::hung_up(const ApiCallPtr& call, RequestNumber number) {
  streams_.forget(call);
  LiveRequest* request = session_.find(number);
  const auto found = chats_.find(number);
  if (request == nullptr || found == chats_.end()) return;
  Chat& chat = found->second;
  if (call->http->is_stream()) {
    std::erase(chat.streams, call);
  } else {
    answers_.log_unanswered(*call);
    std::erase(chat.waiting, call);
    if (options_.strict) return;  // the reference runtime does not notice
  }
  // One that was sent again under its idempotency key is still wanted.
  if (request->is_over() || !chat.streams.empty() || !chat.waiting.empty()) return;
  session_.cancel(*request, {});
}

void Chats::operation_started(LiveRequest& request, std::uint32_t operation, Time at) {
  streams_.operation_started(request, of(request), operation, at);
}

void Chats::said(LiveRequest& request, const SaidWords& words, Time at) {
  const auto found = chats_.find(request.number);
  if (found == chats_.end()) return;
  Chat& chat = found->second;
  const std::uint32_t frames = chat.content_frames;
  streams_.said(request, chat, words, at);
  if (chat.content_frames != frames && chat.faults.reset_after_chunk == chat.content_frames)
    break_streams(request, chat);
}

void Chats::break_streams(const LiveRequest& request, const Chat& chat) {
  for (const ApiCallPtr& call : std::vector(chat.streams)) {
    call->http->reset();
    hung_up(call, request.number);  // as the server learns of a connection that is gone
  }
}

/// When the scenario's client has the answer, so have the real ones.
void Chats::answered(LiveRequest& request, Time at) {
  const auto found = chats_.find(request.number);
  if (found == chats_.end()) return;
  answer_waiting(request, found->second);
  streams_.finish(request, found->second, at);
}

void Chats::answer_waiting(const LiveRequest& request, Chat& chat) {
  const Time now = session_.client_now();
  if (chat.is_streamed) {
    const bool failed = request.status == RequestStatus::failed;
    return memory_.answer(chat.idempotency, {failed ? 500U : 200U, {}, {}}, now);
  }
  // An answer that nobody waits for any more is kept for the client that asks again.
  if (chat.waiting.empty() && chat.idempotency.empty()) return;
  const EnvelopeHead head{.timestamp_ms = session_.clock().milliseconds(session_.now()),
                          .request_id = request.id,
                          .idempotency_key = chat.idempotency_key};
  const ChatDetail detail = options_.strict ? ChatDetail::reference : ChatDetail::full;
  HttpAnswer last = request.status == RequestStatus::failed
                        ? answers_.failed(head, failure_of(request))
                        : success(200, head, "message", "chat.completed",
                                  chat_data(request, chat.session, detail));
  add_moments(request, *request.stopped, last);
  memory_.answer(chat.idempotency, last, now);
  for (const ApiCallPtr& call : std::exchange(chat.waiting, {})) answers_.send(call, last);
}

}  // namespace caesura
