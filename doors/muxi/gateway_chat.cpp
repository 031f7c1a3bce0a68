#include "model/plan.hpp"
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
                           const std::string& user, bool is_async) {
  std::string whole;
  for (const std::string_view part :
       {std::string_view(key), std::string_view(request.method), std::string_view(request.target),
        std::string_view(user), std::string_view(is_async ? "async" : "sync")}) {
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
  // FNV-1a: any number will do that is the same in every run.
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : user) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
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
      key != nullptr && !key->empty() && mode != ChatMode::stream) {
    if (key->size() > longest_id) {
      throw ApiError(400, "INVALID_REQUEST",
                     fmt::format("X-Muxi-Idempotency-Key: send at most {} bytes", longest_id));
    }
    call->idempotency_key = *key;
    idempotency = idempotency_of(request, *key, user, mode == ChatMode::poll);
    if (joins_earlier(call, idempotency)) return;
  }
  RequestRecord& record = start(*call, std::move(body), user);
  call->id = record.id;
  if (!idempotency.empty()) {
    record.idempotency = idempotency;
    record.idempotency_key = call->idempotency_key;
    memory_.begin(idempotency, record.number);
  }
  switch (mode) {
    case ChatMode::wait:
      record.waiting.push_back(call);
      watch_hang_up(call, record.number);
      break;
    case ChatMode::stream:
      open_stream(call, record);
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

bool Gateway::joins_earlier(const ApiCallPtr& call, const std::string& key) {
  const auto found = memory_.find(key, client_now());
  if (const auto* answered = std::get_if<const HttpAnswer*>(&found)) {
    answer(call, **answered);
    return true;
  }
  const auto* in_flight = std::get_if<IdempotencyMemory::InFlight>(&found);
  RequestRecord* record = in_flight == nullptr ? nullptr : registry_.find(in_flight->call);
  if (record == nullptr || record->is_over()) return false;
  call->id = record->id;
  record->waiting.push_back(call);
  watch_hang_up(call, record->number);
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
    if (record->stream == call) record->stream.reset();
  } else {
    log(*call, {});
    std::erase(record->waiting, call);
    // One that was sent again under its idempotency key is still wanted; and the reference runtime
    // does not notice.
    if (!record->waiting.empty() || options_.strict) return;
    memory_.forget(std::exchange(record->idempotency, {}));
  }
  if (record->is_over()) return;
  send_cancel(*record, {});
}

/// When the scenario's client has the answer, so have the real ones.
void Gateway::answer_chat(RequestRecord& record, Time at) {
  record.is_answered = true;
  answer_waiting(record);
  finish_stream(record, at);
}

void Gateway::answer_waiting(RequestRecord& record) {
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
