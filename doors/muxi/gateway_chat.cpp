#include "model/plan.hpp"
#include "doors/live/fingerprint.hpp"
#include "doors/live/served_scenario.hpp"
#include "doors/muxi/call_wishes.hpp"
#include "doors/muxi/event_stream.hpp"
#include "doors/muxi/gateway.hpp"
#include "doors/muxi/request_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// What tells chats with an idempotency key apart.
std::string idempotency_of(const HttpRequest& request, const std::string& key,
                           const std::string& user, std::string_view mode) {
  std::string whole;
  for (const std::string_view part :
       {std::string_view(key), std::string_view(request.method), std::string_view(request.target),
        std::string_view(user), mode}) {
    whole.append(part).append(1, '\0');
  }
  return whole;
}

/// The same prefix as the chat came by.
std::string poll_url(std::string_view target, const std::string& id) {
  target = target.substr(0, target.find('?'));
  return std::string(target.substr(0, target.rfind("/chat"))) + "/requests/" + percent_encoded(id);
}

std::uint64_t user_number(const std::string& user) {
  constexpr std::size_t digits_max = 18;
  if (!user.empty() && user.size() <= digits_max &&
      user.find_first_not_of("0123456789") == std::string::npos)
    return std::stoull(user);
  return fingerprint(user);
}

/// A key that was sent before means what it meant then.
void check_same(const IdempotencyMemory::Sent& sent, const ChatBody& body) {
  const bool same_id = !body.request_id || *body.request_id == sent.id;
  if (same_id && body.message == sent.message) return;
  const char* field = same_id ? "message" : "request_id";
  const char* what = "X-Muxi-Idempotency-Key: the same key was sent with another value of this";
  const Json error{{"field", field}, {"msg", what}, {"type", "idempotency_mismatch"}};
  throw ApiError(422, "INVALID_PARAMS", fmt::format("{}: {}", field, what),
                 {{"validation_errors", Json::array({error})}});
}

}  // namespace

void Gateway::chat(const ApiCallPtr& call) {
  const HttpRequest& request = call->http->request();
  Caller caller = authorised(*call);
  ChatBody body = parse_chat_body(call->http->take_body(),
                                  options_.strict ? ChatFields::reference : ChatFields::all);
  if (!caller.user) caller.user = body.user_id;
  if (caller.user) check_user_name(*caller.user);
  const std::string user = caller.user_or_default();
  const ChatMode mode = mode_of(body, request);

  std::string idempotency;
  if (const std::string* key = request.header("X-Muxi-Idempotency-Key");
      key != nullptr && !key->empty()) {
    if (key->size() > longest_id) {
      throw ApiError(400, "INVALID_REQUEST",
                     fmt::format("X-Muxi-Idempotency-Key: send at most {} bytes", longest_id));
    }
    call->idempotency_key = *key;
    idempotency = idempotency_of(request, *key, user, word_of(mode));
    if (joins_earlier(call, idempotency, body)) return;
  }
  const std::uint64_t message = body.message;
  RequestRecord& record = start(*call, std::move(body), user);
  call->id = record.id;
  record.is_streamed = mode == ChatMode::stream;
  if (!idempotency.empty()) {
    record.idempotency = idempotency;
    record.idempotency_key = call->idempotency_key;
    memory_.begin(idempotency, record.number, {.id = record.id, .message = message});
  }
  switch (mode) {
    case ChatMode::wait:
      record.waiting.push_back(call);
      watch_hang_up(call, record.number);
      break;
    case ChatMode::stream:
      begin_stream(call, record);
      break;
    case ChatMode::poll: {
      HttpAnswer accepted = success(202, head_of(*call), "chat", "chat.async_accepted",
                                    {{"request_id", record.id},
                                     {"status", "processing"},
                                     {"delivery", "polling"},
                                     {"poll_url", poll_url(request.target, record.id)}});
      if (!idempotency.empty()) memory_.answer(idempotency, accepted, client_now());
      answer(call, std::move(accepted));
      break;
    }
  }
  let_happen();
  early_cancels_.appeared(call->id);
}

const char* Gateway::word_of(ChatMode mode) {
  switch (mode) {
    case ChatMode::wait:
      return "sync";
    case ChatMode::stream:
      return "stream";
    case ChatMode::poll:
      return "async";
  }
  return "?";
}

Gateway::ChatMode Gateway::mode_of(const ChatBody& body, const HttpRequest& request) const {
  if (body.is_async && options_.strict)
    throw ApiError(501, "NOT_IMPLEMENTED", "mode: the reference runtime has no \"async\" here");
  if (body.is_async) return ChatMode::poll;
  if (body.stream) return *body.stream ? ChatMode::stream : ChatMode::wait;
  if (options_.strict) return ChatMode::stream;
  const std::string* accept = request.header("Accept");
  return accept != nullptr && accept->find("text/event-stream") != std::string::npos
             ? ChatMode::stream
             : ChatMode::wait;
}

/// A stream has no answer that could be kept: it is told again as long as its request is known.
bool Gateway::joins_earlier(const ApiCallPtr& call, const std::string& key, const ChatBody& body) {
  const auto found = memory_.find(key, client_now());
  RequestRecord* record = nullptr;
  if (const auto* answered = std::get_if<IdempotencyMemory::Answered>(&found)) {
    check_same(*answered->sent, body);
    if (!answered->answer->body.empty()) return answer(call, *answered->answer), true;
    record = registry_.find(answered->sent->id);
    if (record != nullptr && record->idempotency != key) record = nullptr;
  } else if (const auto* in_flight = std::get_if<IdempotencyMemory::InFlight>(&found)) {
    check_same(*in_flight->sent, body);
    record = registry_.find(in_flight->call);
  }
  if (record == nullptr) return false;
  call->id = record->id;
  if (record->is_streamed) {
    begin_stream(call, *record);
    if (record->is_answered) finish_stream(*record, run_.now());
  } else {
    record->waiting.push_back(call);
    watch_hang_up(call, record->number);
  }
  return true;
}

void Gateway::check_free(const std::string& id, const std::string& user) {
  if (options_.strict) return;
  const RequestRecord* other = registry_.find(id);
  if (other == nullptr || (other->is_over() && other->user == user)) return;
  throw ApiError(409, "CONFLICT",
                 other->is_over() ? fmt::format("Request {} is another user's", id)
                                  : fmt::format("Request {} is active", id));
}

RequestWishes Gateway::wishes_of(const CallWishes& wishes, const std::string& user) const {
  RequestWishes wanted{.seed = wishes.seed,
                       .policy = {},
                       .held_operation = wishes.held_operation,
                       .user = user_number(user)};
  if (!wishes.policy) return wanted;
  wanted.policy = policy_named(scenario_.policies, *wishes.policy);
  if (!wanted.policy) {
    std::string names;
    for (const Policy& policy : scenario_.policies)
      names += (names.empty() ? "" : ", ") + policy.name;
    throw ApiError(400, "INVALID_REQUEST",
                   fmt::format("X-Caesura-Policy: there is no policy '{}'; there are {}",
                               *wishes.policy, names));
  }
  return wanted;
}

RequestRecord& Gateway::start(const ApiCall& call, ChatBody body, const std::string& user) {
  const CallWishes wishes = read_wishes(call.http->request());
  const RequestWishes wanted = wishes_of(wishes, user);
  const std::string id = body.request_id.value_or(call.id);
  check_free(id, user);
  if (idle_) throw ApiError(503, "SYSTEM_OVERLOAD", "The server is shutting down");
  if (in_flight_ >= options_.requests_max) {
    throw ApiError(
        503, "SYSTEM_OVERLOAD",
        fmt::format("{} requests are in flight, which is as many as may be; try again later",
                    in_flight_));
  }
  RequestRecord record;
  try {
    record.plan = run_.planned(wanted);
  } catch (const PlanTooLong& error) {
    throw ApiError(500, "INTERNAL_ERROR", error.what());
  }
  if (wanted.held_operation > record.plan.operations.size()) {
    throw ApiError(
        400, "INVALID_REQUEST",
        fmt::format("X-Caesura-Hold: the request has {} operations, so there is no operation {}",
                    record.plan.operations.size(), wanted.held_operation));
  }
  record.created = run_.now();
  record.number = run_.start(wanted);
  ++in_flight_;
  record.id = id;
  record.user = user;
  record.session = body.session_id ? *std::move(body.session_id)
                                   : "sess_" + call.id.substr(call.id.find('_') + 1);
  record.policy = &scenario_.policies[wanted.policy.value_or(options_.policy)];
  record.faults = wishes.faults;
  record.held_operation = wanted.held_operation;
  record.operations.resize(record.plan.operations.size());
  return registry_.add(std::move(record));
}

void Gateway::watch_hang_up(const ApiCallPtr& call, RequestNumber number) {
  call->http->on_hang_up([this, call, number] { hung_up(call, number); });
}

void Gateway::hung_up(const ApiCallPtr& call, RequestNumber number) {
  silence_.forget(call->http);
  RequestRecord* record = registry_.find(number);
  if (record == nullptr) return;
  if (call->http->is_stream()) {
    std::erase(record->streams, call);
  } else {
    log(*call, {});
    std::erase(record->waiting, call);
    if (options_.strict) return;  // the reference runtime does not notice
  }
  // One that was sent again under its idempotency key is still wanted.
  if (record->is_over() || !record->streams.empty() || !record->waiting.empty()) return;
  send_cancel(*record, {});
}

/// When the scenario's client has the answer, so have the real ones.
void Gateway::answer_chat(RequestRecord& record, Time at) {
  record.is_answered = true;
  answer_waiting(record);
  finish_stream(record, at);
}

void Gateway::answer_waiting(RequestRecord& record) {
  if (record.is_streamed) {
    const bool failed = record.status == RequestStatus::failed;
    return memory_.answer(record.idempotency, {failed ? 500U : 200U, {}, {}}, client_now());
  }
  // An answer that nobody waits for any more is kept for the client that asks again.
  if (record.waiting.empty() && record.idempotency.empty()) return;
  const std::vector<ApiCallPtr> waiting = std::exchange(record.waiting, {});
  const EnvelopeHead head{.timestamp_ms = clock_.milliseconds(run_.now()),
                          .request_id = record.id,
                          .idempotency_key = record.idempotency_key};
  HttpAnswer last =
      record.status == RequestStatus::failed
          ? failed(head, failure_of(record))
          : success(200, head, "message", "chat.completed", chat_data(record, chat_detail()));
  add_moments(record, *record.stopped, last);
  memory_.answer(record.idempotency, last, client_now());
  for (const ApiCallPtr& call : waiting) answer(call, last);
}

}  // namespace caesura
