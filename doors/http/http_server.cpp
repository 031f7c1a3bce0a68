#include "doors/http/http_server.hpp"

#include "doors/http/http_connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <stdexcept>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace caesura {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// So many more connections than may be are told so before they are closed.
constexpr std::size_t turned_away_max = 64;
/// After which connections are accepted again when the system had no more files or memory for one.
constexpr std::chrono::milliseconds accept_pause{100};

void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // what it cannot have it does without
}

std::string what_to_do(const error_code& error) {
  if (error == asio::error::address_in_use)
    return "the port is in use by another program; choose another, or end that one";
  if (error == asio::error::access_denied)
    return "this port is not allowed to this user; choose one from 1024 on";
  if (error.value() == EADDRNOTAVAIL)
    return "this machine has no such address; 127.0.0.1 is itself, 0.0.0.0 any of its addresses";
  return error.message();
}

}  // namespace

/// Accepts connections. Kept alive by what it waits for.
class HttpServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& io, const HttpServerOptions& options, Handler handler)
      : acceptor_(io), pause_(io), connections_(std::make_shared<HttpConnections>()) {
    connections_->options = options;
    connections_->handler = std::move(handler);
    const std::string place = options.address + ":" + std::to_string(options.port);
    error_code error;
    const asio::ip::address address = asio::ip::make_address(options.address, error);
    if (error)
      throw std::runtime_error("cannot listen on '" + options.address +
                               "': not an IP address, such as 127.0.0.1 or ::1");
    listen({address, options.port}, error);
    if (error) throw std::runtime_error("cannot listen on " + place + ": " + what_to_do(error));
  }

  std::uint16_t port() const { return port_; }

  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
          if (!self->acceptor_.is_open()) return;
          if (!error) {
            self->welcome(std::move(socket));
            self->accept();
          } else if (error == asio::error::connection_aborted) {
            self->accept();
          } else {
            self->accept_after_pause();
          }
        });
  }

  void stop_accepting() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  void close() {
    stop_accepting();
    std::vector<std::shared_ptr<HttpConnection>> all;
    for (HttpConnection* connection : connections_->open) {
      if (auto alive = connection->weak_from_this().lock()) all.push_back(std::move(alive));
    }
    for (const auto& connection : all) connection->close();
  }

 private:
  void listen(const tcp::endpoint& endpoint, error_code& error) {
    acceptor_.open(endpoint.protocol(), error);
    if (error) return;
    error_code ignored;
    acceptor_.set_option(tcp::acceptor::reuse_address(true), ignored);
    if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), ignored);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
  }

  void welcome(tcp::socket socket) {
    const std::size_t turned_away = connections_->turned_away;
    const bool is_served =
        connections_->open.size() - turned_away < connections_->options.connections_max;
    if (!is_served && turned_away >= turned_away_max) return;
    const auto connection = std::make_shared<HttpConnection>(std::move(socket), connections_);
    if (is_served) {
      connection->serve();
    } else {
      connection->turn_away();
    }
  }

  void accept_after_pause() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = shared_from_this()](const error_code&) {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::shared_ptr<HttpConnections> connections_;
};

HttpServer::HttpServer(asio::io_context& io, const HttpServerOptions& options, Handler handler) {
  raise_open_files_limit();
  listener_ = std::make_shared<Listener>(io, options, std::move(handler));
  listener_->accept();
}

HttpServer::~HttpServer() { close(); }

std::uint16_t HttpServer::port() const { return listener_->port(); }

void HttpServer::stop_accepting() { listener_->stop_accepting(); }

void HttpServer::close() { listener_->close(); }

}  // namespace caesura
