#include "doors/live/filler.hpp"
#include "doors/muxi/event_stream.hpp"
#include "doors/muxi/gateway.hpp"
#include "doors/muxi/request_views.hpp"

#include <chrono>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

/// So long the reference runtime leaves the stream of a cancelled request open.
constexpr Duration strict_silence = std::chrono::seconds(600);

}  // namespace

void Gateway::open_stream(const ApiCallPtr& call, RequestRecord& record) {
  HttpAnswer head{200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, {}};
  prepare(*call, head);
  call->http->open_stream(head);
  record.stream = call;
  watch_hang_up(call, record.number);
  write(record, keepalive_frame);
  write_token(record, record.created, "progress", "", {{"stage", "init"}});
  arm_keepalive();
}

void Gateway::write(RequestRecord& record, std::string_view bytes) {
  if (record.stream) write(record.stream->http, bytes);
}

void Gateway::write(const SilenceWatch::Stream& stream, std::string_view bytes) {
  if (stream->unsent() > options_.unsent_max) return stream->cut_off();
  stream->write(bytes);
  silence_.heard(stream, steady_clock::now());
}

void Gateway::write_token(RequestRecord& record, Time at, const char* type,
                          std::string_view content, const Json& more) {
  if (!record.stream || is_muted(record)) return;
  Json token{{"type", type}, {"content", content}};
  for (const auto& field : more.items()) token[field.key()] = field.value();
  token["request_id"] = record.id;
  token["user_id"] = record.user;
  token["session_id"] = record.session;
  token["timestamp"] = clock_.json(at, record.stream->times);
  write(record, token_frame(token));
}

void Gateway::write_content(RequestRecord& record, Time at, std::uint32_t words) {
  if (words == 0 || !record.stream) return;
  write_token(record, at, "content", filler(record.words_sent, words), {});
  record.words_sent += words;
  ++record.content_frames;
  if (record.faults.reset_after_chunk == record.content_frames) break_stream(record);
}

void Gateway::break_stream(RequestRecord& record) {
  if (!record.stream) return;
  const ApiCallPtr call = record.stream;
  call->http->reset();
  hung_up(call, record.number);  // as the server learns of a connection that is gone
}

void Gateway::finish_stream(RequestRecord& record, Time at) {
  if (!record.stream) return;
  if (is_muted(record)) {
    // By then its record may have been forgotten.
    return do_later(at, strict_silence, [this, number = record.number, call = record.stream] {
      call->http->finish();
      silence_.forget(call->http);
      if (RequestRecord* late = registry_.find(number); late != nullptr && late->stream == call)
        late->stream.reset();
    });
  }
  switch (record.status) {
    case RequestStatus::completed:
      write_content(record, at, record.words() - std::min(record.words(), record.words_sent));
      write_token(record, at, "completed", content_of(record), {});
      break;
    case RequestStatus::failed: {
      const ApiError error = failure_of(record);
      write_token(record, at, "failed", error.what(), {});
      write(record, error_frame(error.what(), error.code));
      break;
    }
    case RequestStatus::cancelled:
      write_token(record, at, "cancelled", "", {});
      break;
    case RequestStatus::pending:
    case RequestStatus::processing:
      break;
  }
  write(record, done_frame);
  if (!record.stream) return;  // broken off meanwhile
  record.stream->http->finish();
  end_stream(record);
}

void Gateway::end_stream(RequestRecord& record) {
  silence_.forget(record.stream->http);
  record.stream.reset();
}

bool Gateway::is_muted(const RequestRecord& record) const {
  return options_.strict && record.cancel_received && !record.ignores_cancels() &&
         (!record.is_over() || record.status == RequestStatus::cancelled);
}

void Gateway::keep_alive() {
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

void Gateway::arm_keepalive() {
  const auto longest = silence_.longest();
  if (keepalive_armed_ || !longest) return;
  keepalive_armed_ = true;
  keepalive_timer_.expires_at(*longest + options_.keepalive);
  keepalive_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // perhaps since the gateway has gone
    keepalive_armed_ = false;
    keep_alive();
  });
}

}  // namespace caesura
