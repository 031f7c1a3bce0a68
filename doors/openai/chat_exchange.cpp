#include "doors/openai/chat_exchange.hpp"

#include "doors/openai/openai_error.hpp"

#include <string>
#include <utility>

namespace caesura {

void ChatExchange::begin(ModelAnswer answer, ChatReports reports) {
  answer_ = std::move(answer);
  reports_ = std::move(reports);
  if (form_.stream) frames_.emplace(answer_, form_.created, form_.with_usage);
  http_->on_hang_up([self = shared_from_this()] { self->hang_up(); });
}

void ChatExchange::started() {
  if (form_.stream && !is_over()) open_stream();
}

void ChatExchange::generated(std::uint32_t first, std::uint32_t count) {
  if (!form_.stream || is_over()) return;
  open_stream();
  write_tokens(first, count);
}

void ChatExchange::ended(CallEnd end, std::string_view text) {
  if (is_over()) {
    http_ = nullptr;
    return;
  }
  switch (end) {
    case CallEnd::ok:
      return finish();
    case CallEnd::failed:
      return fail(service_failure(text));
    case CallEnd::turned_away:
      return fail(service_overload());
  }
}

void ChatExchange::broken() {
  if (const HttpCallPtr http = std::exchange(http_, nullptr)) http->reset();
}

void ChatExchange::open_stream() {
  if (http_->is_stream()) return;
  http_->open_stream(
      {200,
       {{"Content-Type", "text/event-stream; charset=utf-8"}, {"Cache-Control", "no-cache"}},
       {}});
}

void ChatExchange::write_tokens(std::uint32_t first, std::uint32_t count) {
  if (http_->unsent() > unsent_max) return http_->cut_off();
  std::string frames;
  if (!std::exchange(has_first_frame_, true)) frames = frames_->first();
  frames += frames_->pieces(answer_, pieces_of(answer_, first, count));
  http_->write(frames);
  if (!is_over()) reports_.delivered(first + count);
}

void ChatExchange::finish() {
  if (!form_.stream) {
    http_->answer(
        {200, {{"Content-Type", "application/json"}}, chat_completion(answer_, form_.created)});
    reports_.delivered(answer_.tokens());
  } else {
    open_stream();
    if (!has_first_frame_) write_tokens(0, 0);  // an answer without tokens has its text, too
    http_->write(frames_->finish() + frames_->usage() + std::string(ChatFrames::done_frame));
    http_->finish();
  }
  http_ = nullptr;
  reports_.answered(!form_.stream || form_.with_usage);
}

void ChatExchange::fail(const Refusal& refusal) {
  if (http_->is_stream()) {
    http_->write(ChatFrames::error_frame(refusal));
    http_->finish();
  } else {
    http_->answer(error_answer(refusal));
  }
  http_ = nullptr;
  reports_.answered(false);
}

void ChatExchange::hang_up() {
  http_ = nullptr;
  reports_.hung_up();
}

}  // namespace caesura
