#pragma once

#include "doors/http/http_call.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace caesura {

/// An HTTP/1.1 server: keep-alive, pipelining, chunks. Everything happens in the thread that runs
/// the io_context, which must outlive it.
class HttpServer {
 public:
  /// Must not throw. Called when a request has come in whole; the next one of its connection waits
  /// until its call is over.
  using Handler = std::function<void(std::shared_ptr<HttpCall>)>;

  /// Listens from now on. Throws std::runtime_error, one clear line, if it cannot. Raises the
  /// process's limit of open files as far as it may.
  HttpServer(boost::asio::io_context& io, const HttpServerOptions& options, Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// As close().
  ~HttpServer();

  /// The real one if 0 was asked for.
  std::uint16_t port() const;

  void stop_accepting();
  /// Ends all connections, too, after what the system takes of their answers at once. All calls are
  /// over, without notice. The handler is not called again.
  void close();

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace caesura
