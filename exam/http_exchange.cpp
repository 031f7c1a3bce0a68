#include "exam/http_exchange.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <limits>
#include <string_view>

namespace caesura {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

struct Address {
  std::string host;
  std::string port = "80";
  std::string target = "/";
};

Address address_of(std::string_view url) {
  Address address;
  url.remove_prefix(std::min(url.size(), std::string_view("http://").size()));
  const std::size_t slash = url.find('/');
  if (slash != std::string_view::npos) address.target = url.substr(slash);
  std::string_view host = url.substr(0, slash);
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    address.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  return address;
}

}  // namespace

class SubjectHttpExchange::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, HttpExchangeCall call, std::size_t answer_max)
      : address_(address_of(call.url)), resolver_(io), socket_(io) {
    parser_.body_limit(answer_max);
    request_.version(11);
    request_.method_string(call.method);
    request_.target(address_.target);
    request_.set(http::field::host, address_.host + ":" + address_.port);
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : call.headers) request_.set(name, value);
    request_.body() = std::move(call.body);
    request_.prepare_payload();
  }

  void begin(std::function<void()> sent, std::function<void(unsigned, const std::string&)> ended) {
    sent_ = std::move(sent);
    ended_ = std::move(ended);
    resolver_.async_resolve(address_.host, address_.port,
                            [self = shared_from_this()](const error_code& error,
                                                        const tcp::resolver::results_type& found) {
                              if (error) return self->end(0);
                              self->connect(found);
                            });
  }

  void close() {
    sent_ = nullptr;
    ended_ = nullptr;
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

 private:
  void connect(const tcp::resolver::results_type& found) {
    if (!ended_) return;
    asio::async_connect(socket_, found,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                          if (error) return self->end(0);
                          self->write();
                        });
  }

  void write() {
    if (!ended_) return;
    http::async_write(socket_, request_,
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (error) return self->end(0);
                        if (const auto sent = std::exchange(self->sent_, nullptr)) sent();
                        self->read();
                      });
  }

  /// The head by itself: what it says of the body's length is looked at before anything is kept.
  void read() {
    if (!ended_) return;
    http::async_read_header(socket_, buffer_, parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (error) return self->end(0);
                              self->read_body();
                            });
  }

  void read_body() {
    if (!ended_) return;
    http::async_read(socket_, buffer_, parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       self->end(error ? 0U : self->parser_.get().result_int());
                     });
  }

  void end(unsigned status) {
    const auto ended = std::exchange(ended_, nullptr);
    if (ended) ended(status, parser_.get().body());
    close();
  }

  const Address address_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  std::function<void()> sent_;
  std::function<void(unsigned, const std::string&)> ended_;
};

SubjectHttpExchange::SubjectHttpExchange(asio::io_context& io, HttpExchangeCall call,
                                         std::size_t answer_max)
    : impl_(std::make_shared<Impl>(io, std::move(call), answer_max)) {}

SubjectHttpExchange::~SubjectHttpExchange() { impl_->close(); }

void SubjectHttpExchange::begin(std::function<void()> sent,
                                std::function<void(unsigned, const std::string&)> ended) {
  impl_->begin(std::move(sent), std::move(ended));
}

void SubjectHttpExchange::close() { impl_->close(); }

}  // namespace caesura
