#include "doors/live/filler.hpp"
#include "doors/muxi/event_stream.hpp"
#include "doors/muxi/gateway.hpp"
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

/// A chat that was sent again is first told what the one before was.
void Gateway::begin_stream(const ApiCallPtr& call, RequestRecord& record) {
  HttpAnswer head{200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, {}};
  prepare(*call, head);
  call->http->open_stream(head);
  record.streams.push_back(call);
  watch_hang_up(call, record.number);
  write(call->http, keepalive_frame);
  arm_keepalive();
  if (is_muted(record)) return;
  write_token(*call, record, record.created, "progress", "", {{"stage", "init"}});
  if (record.words_sent > 0)
    write_token(*call, record, run_.now(), "content", filler(0, record.words_sent), {});
}

void Gateway::write(const RequestRecord& record, std::string_view bytes) {
  for (const ApiCallPtr& stream : record.streams) write(stream->http, bytes);
}

void Gateway::write(const SilenceWatch::Stream& stream, std::string_view bytes) {
  if (stream->unsent() > options_.unsent_max) return stream->cut_off();
  stream->write(bytes);
  silence_.heard(stream, steady_clock::now());
}

void Gateway::write_token(const RequestRecord& record, Time at, const char* type,
                          std::string_view content, const Json& more) {
  if (is_muted(record)) return;
  for (const ApiCallPtr& stream : record.streams)
    write_token(*stream, record, at, type, content, more);
}

void Gateway::write_token(const ApiCall& stream, const RequestRecord& record, Time at,
                          const char* type, std::string_view content, const Json& more) {
  Json token{{"type", type}, {"content", content}};
  for (const auto& field : more.items()) token[field.key()] = field.value();
  token["request_id"] = record.id;
  token["user_id"] = record.user;
  token["session_id"] = record.session;
  token["timestamp"] = clock_.json(at, stream.times);
  write(stream.http, token_frame(token));
}

void Gateway::write_content(RequestRecord& record, Time at, std::uint32_t words) {
  const std::uint32_t first = record.words_sent;
  record.words_sent += words;
  if (words == 0 || record.streams.empty()) return;
  write_token(record, at, "content", filler(first, words), {});
  ++record.content_frames;
  if (record.faults.reset_after_chunk == record.content_frames) break_stream(record);
}

void Gateway::break_stream(RequestRecord& record) {
  for (const ApiCallPtr& call : std::vector(record.streams)) {
    call->http->reset();
    hung_up(call, record.number);  // as the server learns of a connection that is gone
  }
}

void Gateway::finish_stream(RequestRecord& record, Time at) {
  if (record.streams.empty()) return;
  if (is_muted(record)) {
    // By then its record may have been forgotten.
    return do_later(at, strict_silence, [this, number = record.number, calls = record.streams] {
      for (const ApiCallPtr& call : calls) {
        call->http->finish();
        silence_.forget(call->http);
        if (RequestRecord* late = registry_.find(number)) std::erase(late->streams, call);
      }
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
  end_streams(record);
}

void Gateway::end_streams(RequestRecord& record) {
  for (const ApiCallPtr& stream : std::exchange(record.streams, {})) {
    stream->http->finish();
    silence_.forget(stream->http);
  }
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
