#include "exam/process_pipes.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

using boost::system::error_code;

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

// ---- What it says

PipeReader::PipeReader(boost::asio::io_context& io, Heard heard, std::function<void()> end)
    : pipe_(io), heard_(std::move(heard)), end_(std::move(end)) {}

void PipeReader::open(int descriptor) {
  pipe_.assign(descriptor);
  pipe_.non_blocking(true);
  wait();
}

void PipeReader::wait() {
  pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
                     if (error || alive.expired()) return;
                     read_part();
                     if (!alive.expired() && pipe_.is_open()) wait();
                   });
}

PipeReader::More PipeReader::read_part() {
  if (!pipe_.is_open()) return More::not_now;
  error_code error;
  const std::size_t count = pipe_.read_some(boost::asio::buffer(buffer_), error);
  if (!error) {
    heard_({buffer_.data(), count});
    return More::perhaps;
  }
  if (error == boost::asio::error::would_block || error == boost::asio::error::interrupted)
    return More::not_now;
  pipe_.close(error);
  end_();
  return More::not_now;
}

void PipeReader::drain() {
  const std::weak_ptr<bool> alive = alive_;
  for (std::size_t parts = 0; parts <= left_in_pipe_max / part_max; ++parts) {
    if (read_part() == More::not_now || alive.expired()) return;
  }
}

// ---- What it is told

void PipeWriter::open(int descriptor) {
  pipe_.assign(descriptor);
  pipe_.non_blocking(true);
}

void PipeWriter::write(std::string text, std::function<void()> handed) {
  if (is_closing_ || !pipe_.is_open() || outgoing_.size() >= waiting_max) return;
  outgoing_.push_back({std::move(text), std::move(handed)});
  if (outgoing_.size() == 1) write_next();
}

void PipeWriter::close_behind() {
  is_closing_ = true;
  if (outgoing_.empty()) write_next();
}

void PipeWriter::write_next() {
  error_code ignored;
  if (outgoing_.empty()) {
    if (is_closing_) pipe_.close(ignored);
    return;
  }
  boost::asio::async_write(
      pipe_, boost::asio::buffer(outgoing_.front().text),
      [this, alive = std::weak_ptr<bool>(alive_)](const error_code& error, std::size_t) {
        if (alive.expired()) return;
        error_code none;
        if (error) return static_cast<void>(pipe_.close(none));
        const auto handed = std::move(outgoing_.front().handed);
        outgoing_.pop_front();
        if (handed) handed();
        if (!alive.expired()) write_next();
      });
}

// ---- What is kept of it

std::optional<std::string> LineCutter::add(std::string_view bytes,
                                           const std::function<void(std::string_view)>& line,
                                           const std::function<bool()>& goes_on) {
  bytes_ += bytes.size();
  const bool is_too_much = bytes_ > all_max;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (begun_.size() + part.size() > line_max) return "a line of more than 1 MiB";
    if (end == std::string_view::npos) {
      begun_ += part;
      break;
    }
    bytes.remove_prefix(end + 1);
    if (begun_.empty()) {
      line(without_cr(part));
    } else {
      const std::string whole = std::exchange(begun_, {}).append(part);
      line(without_cr(whole));
    }
    if (!goes_on()) return std::nullopt;
  }
  if (is_too_much) return "more than 64 MiB";
  return std::nullopt;
}

std::optional<std::string> LineCutter::rest() {
  if (begun_.empty()) return std::nullopt;
  return std::string(without_cr(std::exchange(begun_, {})));
}

void TextEnds::add(std::string_view text) {
  const std::size_t to_first = std::min(text.size(), each_max - first_.size());
  first_ += text.substr(0, to_first);
  text.remove_prefix(to_first);
  last_ += text;
  if (last_.size() <= 2 * each_max) return;
  const std::size_t surplus = last_.size() - each_max;
  last_.erase(0, surplus);
  left_out_ += surplus;
}

std::string TextEnds::text() const {
  const std::size_t surplus = last_.size() > each_max ? last_.size() - each_max : 0;
  if (left_out_ + surplus == 0) return first_ + last_;
  return fmt::format("{}\n[{} bytes left out]\n{}", first_, left_out_ + surplus,
                     last_.substr(surplus));
}

}  // namespace caesura
