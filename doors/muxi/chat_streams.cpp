#include "doors/muxi/chat_streams.hpp"

#include "doors/live/filler.hpp"
#include "doors/muxi/event_stream.hpp"
#include "doors/muxi/request_views.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

/// So long the reference runtime leaves the stream of a cancelled request open.
constexpr Duration strict_silence = std::chrono::seconds(600);

}  // namespace

void ChatStreams::begin(const ApiCallPtr& call, const LiveRequest& request, Chat& chat) {
  answers_.open_stream(
      *call, {200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, {}});
  chat.streams.push_back(call);
  write(call->http, keepalive_frame);
  arm_keepalive();
  if (is_muted(request)) return;
  write_token(*call, request, chat, request.created, "progress", "", {{"stage", "init"}});
  if (request.answer_words_said == 0) return;
  write_token(*call, request, chat, session_.now(), "content", filler(0, request.answer_words_said),
              {});
}

void ChatStreams::operation_started(const LiveRequest& request, const Chat& chat,
                                    std::uint32_t operation, Time at) {
  if (chat.streams.empty()) return;
  const LiveOperation& planned = request.plan.operations[operation - 1];
  write_token(request, chat, at, "progress", "",
              {{"stage", stage_of(planned.kind)},
               {"operation", operation},
               {"kind", name_of(planned.kind)},
               {"service", planned.service.empty() ? Json() : Json(planned.service)}});
}

void ChatStreams::said(const LiveRequest& request, Chat& chat, const SaidWords& words, Time at) {
  if (chat.streams.empty()) return;
  if (!words.are_answer) {
    return write_token(request, chat, at, "planning", filler(words.first, words.count),
                       {{"operation", words.operation}});
  }
  if (words.count == 0) return;
  write_token(request, chat, at, "content", filler(words.first, words.count), {});
  ++chat.content_frames;
}

void ChatStreams::write(const Chat& chat, std::string_view bytes) {
  for (const ApiCallPtr& stream : chat.streams) write(stream->http, bytes);
}

void ChatStreams::write(const SilenceWatch::Stream& stream, std::string_view bytes) {
  if (stream->unsent() > options_.unsent_max) return stream->cut_off();
  stream->write(bytes);
  silence_.heard(stream, steady_clock::now());
}

void ChatStreams::write_token(const LiveRequest& request, const Chat& chat, Time at,
                              const char* type, std::string_view content, const Json& more) {
  if (is_muted(request)) return;
  for (const ApiCallPtr& stream : chat.streams)
    write_token(*stream, request, chat, at, type, content, more);
}

void ChatStreams::write_token(const ApiCall& stream, const LiveRequest& request, const Chat& chat,
                              Time at, const char* type, std::string_view content,
                              const Json& more) {
  Json token{{"type", type}, {"content", content}};
  for (const auto& field : more.items()) token[field.key()] = field.value();
  token["request_id"] = request.id;
  token["user_id"] = request.user;
  token["session_id"] = chat.session;
  token["timestamp"] = session_.clock().json(at, stream.times);
  write(stream.http, token_frame(token));
}

void ChatStreams::finish(const LiveRequest& request, Chat& chat, Time at) {
  if (chat.streams.empty()) return;
  if (is_muted(request)) {
    return session_.do_later(at, strict_silence,
                             [this, calls = std::exchange(chat.streams, {})] { end(calls); });
  }
  write_end(request, chat, at);
  write(chat, done_frame);
  end(std::exchange(chat.streams, {}));
}

void ChatStreams::write_end(const LiveRequest& request, const Chat& chat, Time at) {
  switch (request.status) {
    case RequestStatus::completed:
      return write_token(request, chat, at, "completed", content_of(request), {});
    case RequestStatus::failed: {
      const CallError error = failure_of(request);
      write_token(request, chat, at, "failed", error.what(), {});
      return write(chat, error_frame(error.what(), error.code));
    }
    case RequestStatus::cancelled:
      return write_token(request, chat, at, "cancelled", "", {});
    case RequestStatus::pending:
    case RequestStatus::processing:
      return;
  }
}

void ChatStreams::end(const std::vector<ApiCallPtr>& calls) {
  for (const ApiCallPtr& call : calls) {
    call->http->finish();
    silence_.forget(call->http);
  }
}

bool ChatStreams::is_muted(const LiveRequest& request) const {
  return options_.strict && request.cancel_received && !request.ignores_cancels() &&
         (!request.is_over() || request.status == RequestStatus::cancelled);
}

void ChatStreams::keep_alive() {
  for (const SilenceWatch::Stream& stream :
       silence_.silent(steady_clock::now() - options_.keepalive)) {
    if (stream->is_over()) {
      silence_.forget(stream);
    } else {
      write(stream, keepalive_frame);
    }
  }
  arm_keepalive();
}

void ChatStreams::arm_keepalive() {
  const auto longest = silence_.longest();
  if (keepalive_armed_ || !longest) return;
  keepalive_armed_ = true;
  session_.loop().at(*longest + options_.keepalive, [this] {
    keepalive_armed_ = false;
    keep_alive();
  });
}

}  // namespace caesura
