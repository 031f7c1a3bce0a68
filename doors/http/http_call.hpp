#pragma once

#include "doors/http/http_message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace caesura {

class HttpConnection;

/// One call: its request, and what answers it. For the thread that runs the server only. Kept alive
/// by whoever is to answer it: one that is dropped unanswered takes its connection with it. May
/// outlive connection, server and io_context.
///
/// It is over when it has been answered in full (answer(), finish(), reset()), when the client has
/// hung up, or when the server has closed; from then on all that is asked of it is ignored.
///
/// A client has hung up when its connection breaks, or when it closes it, which cannot be told from
/// closing its sending half: one that does so before its call is over gets no more of the answer.
/// It has also hung up when it takes nothing of what is sent for HttpServerOptions::stall_timeout,
/// or when it sends more of further requests ahead of its answer than one request may have.
class HttpCall {
 public:
  HttpCall(HttpRequest request, std::weak_ptr<HttpConnection> connection);
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;
  ~HttpCall();

  const HttpRequest& request() const { return request_; }
  /// The request has no body any more: for who need not keep it as long as the call.
  std::string take_body();

  void answer(const HttpAnswer& answer);

  /// An answer in parts: `head` has no body; write() any number of times; finish(). Each write is a
  /// chunk of its own. Another order is a std::logic_error.
  void open_stream(const HttpAnswer& head);
  void write(std::string_view bytes);
  void finish();

  /// Breaks the connection off (RST) at once, or as soon as the system has taken all that was
  /// written. No notice.
  void reset();

  /// Breaks the connection off (RST) at once; what the system has not taken is lost. The client
  /// counts as having hung up: soon there is the notice.
  void cut_off();

  /// `notice` is called once, if the client hangs up before the call is over, which it then is; it
  /// replaces an earlier one. It is never called from within a member function of a call, and is
  /// destroyed as soon as the call is over: it may hold the call.
  void on_hang_up(std::function<void()> notice);

  bool is_over() const { return is_over_; }
  /// Whether open_stream() has been called.
  bool is_stream() const { return is_open_; }

  /// Bytes that the system was offered and has not taken yet: many, if the client reads slowly. 0
  /// when it is over.
  std::size_t unsent() const;

 private:
  friend class HttpConnection;

  /// The connection, while the call is not over.
  std::shared_ptr<HttpConnection> connection() const;
  /// Makes it over. Returns the notice.
  std::function<void()> end();

  HttpRequest request_;
  std::weak_ptr<HttpConnection> connection_;
  std::function<void()> notice_;
  bool is_open_ = false;  ///< as a stream
  bool is_over_ = false;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< of IPv4 or IPv6; "::" is every one of both
  std::uint16_t port = 0;             ///< 0: any free one
  std::size_t header_bytes_max = std::size_t{16} * 1024;
  std::size_t body_bytes_max = std::size_t{1024} * 1024;
  /// Of all connections together: bodies that are being read, and those of calls that are not over
  /// and have not been taken. Whoever sends more is answered 503.
  std::size_t bodies_bytes_max = std::size_t{1024} * 1024 * 1024;
  /// For a whole request, once its first byte has come.
  std::chrono::milliseconds read_timeout = std::chrono::seconds(30);
  /// For a next request to begin.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(120);
  /// For a client that takes nothing of what is sent.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(60);
  /// For a client to close after its last answer.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(2);
  std::size_t connections_max = 10'000;
  /// What answers a request that the server refuses by itself: 400, 408, 413, 431, 501 or 503, and
  /// a line that says why. `target`: the request's, empty if that has not come. By default the line
  /// alone.
  std::function<HttpAnswer(unsigned status, std::string_view message, std::string_view target)>
      refusal = nullptr;
};

}  // namespace caesura
