#include "doors/http/http_connection.hpp"

#include "doors/http/http_wire.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

bool would_block(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

asio::ip::address plain_address(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

}  // namespace

HttpConnection::HttpConnection(tcp::socket socket, std::shared_ptr<HttpConnections> connections)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      connections_(std::move(connections)),
      reader_({connections_->options.header_bytes_max, connections_->options.body_bytes_max}) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  connections_->open.insert(this);
}

HttpConnection::~HttpConnection() {
  leave();
  end_call();
  connections_->bytes_held -= held_;
}

void HttpConnection::serve() {
  set_deadline(connections_->options.idle_timeout);
  wait_to_read();
}

void HttpConnection::turn_away() {
  is_turned_away_ = true;
  ++connections_->turned_away;
  refuse(503, "there are too many connections; try again later");
}

void HttpConnection::leave() {
  if (connections_->open.erase(this) > 0 && is_turned_away_) --connections_->turned_away;
}

void HttpConnection::refuse(unsigned status, std::string_view message) {
  HttpAnswer answer{.status = status,
                    .headers = {{"Content-Type", "text/plain"}},
                    .body = std::string(message) + "\n"};
  if (connections_->options.refusal)
    answer = connections_->options.refusal(status, message, reader_.target());
  answer.status = status;
  form_ = reader_.form();
  form_.keep_alive = false;
  send(answer_bytes(answer, form_));
  end_answer();
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  error_code ignored;
  if (sent_ < outbox_.size()) socket_.write_some(asio::buffer(outbox_) + sent_, ignored);
  phase_ = Phase::closed;
  leave();
  clear_deadline();
  socket_.close(ignored);
  end_call();
}

void HttpConnection::answer(const HttpAnswer& answer) {
  send(answer_bytes(answer, form_));
  end_answer();
}

void HttpConnection::open_stream(const HttpAnswer& head) {
  if (form_.is_http_1_0) form_.keep_alive = false;
  has_body_ = has_body(head.status, form_);
  send(stream_head_bytes(head, form_));
}

void HttpConnection::write(std::string_view bytes) {
  if (!has_body_ || bytes.empty()) return;
  if (form_.is_http_1_0) {
    send(bytes);
  } else {
    send(chunk_bytes(bytes));
  }
}

void HttpConnection::finish() {
  if (has_body_ && !form_.is_http_1_0) send(last_chunk);
  end_answer();
}

void HttpConnection::reset() {
  is_reset_ = true;
  phase_ = Phase::sending;
  end_call();
  flush();
}

void HttpConnection::cut_off() {
  std::function<void()> notice = end_call();
  drop_outbox();
  break_off();
  if (notice) asio::post(socket_.get_executor(), std::move(notice));
}

void HttpConnection::break_off() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

/// Always pending in a call, so that the client's end is noticed; never while an answer is being
/// sent, so that a client that does not read cannot make us read.
void HttpConnection::wait_to_read() {
  if (is_waiting_to_read_) return;
  is_waiting_to_read_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code&) {
    self->is_waiting_to_read_ = false;
    if (self->phase_ != Phase::closed && self->phase_ != Phase::sending) self->on_readable();
  });
}

void HttpConnection::on_readable() {
  std::array<char, 16 * 1024>
      bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): read_some() fills what is used
  error_code error;
  const std::size_t count = socket_.read_some(asio::buffer(bytes), error);
  if (would_block(error)) return wait_to_read();
  if (error) return lose();  // the end is one, too
  switch (phase_) {
    case Phase::draining:
      return wait_to_read();
    case Phase::calling:
      reader_.add({bytes.data(), count});
      count_held(call_body_);
      if (reader_.bytes_waiting() >
              connections_->options.header_bytes_max + connections_->options.body_bytes_max ||
          holds_too_much())
        return lose();
      return wait_to_read();
    case Phase::idle:
    case Phase::reading:
      reader_.add({bytes.data(), count});
      count_held(0);
      if (holds_too_much())
        return refuse(503, "the bodies of all calls are more than the server holds; try again");
      return advance();
    case Phase::sending:
    case Phase::closed:
      return;
  }
}

void HttpConnection::advance() {
  while (phase_ == Phase::idle || phase_ == Phase::reading) {
    switch (reader_.read()) {
      case HttpProgress::nothing:
        return wait_to_read();
      case HttpProgress::partial:
        if (phase_ == Phase::idle) set_deadline(connections_->options.read_timeout);
        phase_ = Phase::reading;
        return wait_to_read();
      case HttpProgress::expects_continue:
        send("HTTP/1.1 100 Continue\r\n\r\n");
        break;
      case HttpProgress::refused:
        return refuse(reader_.refusal().status, reader_.refusal().message);
      case HttpProgress::complete:
        begin_call();
        break;
    }
  }
}

void HttpConnection::begin_call() {
  phase_ = Phase::calling;
  clear_deadline();
  form_ = reader_.form();
  HttpRequest request = reader_.take();
  count_held(request.body.size());
  error_code gone;
  const asio::ip::address peer = plain_address(socket_.remote_endpoint(gone).address());
  if (gone) return close();
  request.from_loopback = peer.is_loopback();
  request.peer = peer.to_string();
  auto call = std::make_shared<HttpCall>(std::move(request), weak_from_this());
  call_ = call;
  connections_->handler(std::move(call));
  if (phase_ == Phase::calling) wait_to_read();
}

void HttpConnection::count_held(std::size_t call_body) {
  call_body_ = call_body;
  const std::size_t now = reader_.bytes_held() + call_body;
  connections_->bytes_held += now;
  connections_->bytes_held -= std::exchange(held_, now);
}

bool HttpConnection::holds_too_much() const {
  return connections_->bytes_held > connections_->options.bodies_bytes_max;
}

void HttpConnection::end_answer() {
  phase_ = Phase::sending;
  clear_deadline();
  end_call();
}

/// What is sent in one turn of the loop goes into one write.
void HttpConnection::send(std::string_view bytes) {
  if (sent_ > outbox_.size() / 2) {
    outbox_.erase(0, sent_);
    offered_ -= std::exchange(sent_, 0);
  }
  outbox_ += bytes;
  if (is_waiting_to_write_) offered_ = outbox_.size();  // the system has said that it takes no more
  if (is_flush_due_ || is_waiting_to_write_) return;
  is_flush_due_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_flush_due_ = false;
    self->flush();
  });
}

void HttpConnection::flush() {
  if (phase_ == Phase::closed) return;
  bool has_progressed = false;
  while (sent_ < outbox_.size()) {
    offered_ = outbox_.size();
    error_code error;
    const std::size_t count = socket_.write_some(asio::buffer(outbox_) + sent_, error);
    if (would_block(error)) return wait_to_write(has_progressed);
    if (error) return lose();
    sent_ += count;
    has_progressed = true;
  }
  drop_outbox();
  on_all_sent();
}

void HttpConnection::drop_outbox() {
  outbox_.clear();
  offered_ = sent_ = 0;
}

void HttpConnection::wait_to_write(bool has_progressed) {
  const bool is_answering = phase_ == Phase::calling || phase_ == Phase::sending;
  if (is_answering && (has_progressed || !deadline_))
    set_deadline(connections_->options.stall_timeout);
  if (is_waiting_to_write_) return;
  is_waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code&) {
    self->is_waiting_to_write_ = false;
    self->flush();
  });
}

void HttpConnection::on_all_sent() {
  if (phase_ == Phase::calling) return clear_deadline();
  if (phase_ != Phase::sending) return;
  if (is_reset_) return break_off();
  if (!form_.keep_alive) return drain();
  std::string().swap(outbox_);  // an idle connection costs little
  phase_ = Phase::idle;
  set_deadline(connections_->options.idle_timeout);
  advance();
}

/// To close with something unread would be a reset, which can take the answer from the client
/// before it has read it.
void HttpConnection::drain() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return close();
  phase_ = Phase::draining;
  set_deadline(connections_->options.drain_timeout);
  wait_to_read();
}

void HttpConnection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
  timer_.expires_at(*deadline_);
  timer_.async_wait([self = shared_from_this()](const error_code&) {
    // This may come late, when there is another deadline or none.
    if (self->deadline_ && std::chrono::steady_clock::now() >= *self->deadline_)
      self->on_deadline();
  });
}

void HttpConnection::clear_deadline() {
  if (!deadline_) return;
  deadline_.reset();
  timer_.cancel();
}

void HttpConnection::on_deadline() {
  deadline_.reset();
  if (phase_ == Phase::reading) return refuse(408, "the request did not come in whole in time");
  lose();
}

void HttpConnection::lose() {
  const std::function<void()> notice = end_call();
  drop_outbox();
  close();
  if (notice) notice();
}

std::function<void()> HttpConnection::end_call() {
  const std::shared_ptr<HttpCall> call = std::exchange(call_, {}).lock();
  count_held(0);
  return call ? call->end() : nullptr;
}

HttpCall::HttpCall(HttpRequest request, std::weak_ptr<HttpConnection> connection)
    : request_(std::move(request)), connection_(std::move(connection)) {}

HttpCall::~HttpCall() {
  if (const auto open = connection()) open->close();
}

std::string HttpCall::take_body() {
  if (const auto open = connection()) open->body_taken();
  return std::exchange(request_.body, {});
}

void HttpCall::answer(const HttpAnswer& answer) {
  const auto open = connection();
  if (!open) return;
  if (is_open_) throw std::logic_error("HttpCall::answer() after open_stream()");
  open->answer(answer);
}

void HttpCall::open_stream(const HttpAnswer& head) {
  const auto open = connection();
  if (!open) return;
  if (is_open_) throw std::logic_error("HttpCall::open_stream() twice");
  is_open_ = true;
  open->open_stream(head);
}

void HttpCall::write(std::string_view bytes) {
  const auto open = connection();
  if (!open) return;
  if (!is_open_) throw std::logic_error("HttpCall::write() before open_stream()");
  open->write(bytes);
}

void HttpCall::finish() {
  const auto open = connection();
  if (!open) return;
  if (!is_open_) throw std::logic_error("HttpCall::finish() before open_stream()");
  open->finish();
}

void HttpCall::reset() {
  if (const auto open = connection()) open->reset();
}

void HttpCall::cut_off() {
  if (const auto open = connection()) open->cut_off();
}

void HttpCall::on_hang_up(std::function<void()> notice) {
  if (!is_over_) notice_ = std::move(notice);
}

std::size_t HttpCall::unsent() const {
  const auto open = connection();
  return open ? open->unsent() : 0;
}

std::shared_ptr<HttpConnection> HttpCall::connection() const {
  return is_over_ ? nullptr : connection_.lock();
}

std::function<void()> HttpCall::end() {
  is_over_ = true;
  return std::exchange(notice_, nullptr);
}

}  // namespace caesura
