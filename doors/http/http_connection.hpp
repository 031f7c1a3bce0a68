#pragma once

#include "doors/http/http_call.hpp"
#include "doors/http/http_reader.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace caesura {

/// What the connections of one server share. Outlives the server while one of them lives.
struct HttpConnections {
  HttpServerOptions options;
  std::function<void(std::shared_ptr<HttpCall>)> handler;
  std::unordered_set<HttpConnection*> open;
  std::size_t turned_away = 0;  ///< of these: they are only told so
  std::size_t bytes_held = 0;   ///< as HttpServerOptions::bodies_bytes_max counts them
};

/// One client's connection. It is kept alive by what it waits for, so it goes when it is closed.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpConnections> connections);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  /// The first thing to do with it: one of these.
  void serve();
  void turn_away();

  /// Closes, after what the system takes at once of what is still to be sent. The call under way is
  /// over, without notice.
  void close();

  // For the call under way, as it says.
  void answer(const HttpAnswer& answer);
  void open_stream(const HttpAnswer& head);
  void write(std::string_view bytes);
  void finish();
  void reset();
  void cut_off();
  std::size_t unsent() const { return offered_ - sent_; }
  /// Its body is not kept any more.
  void body_taken() { count_held(0); }

 private:
  enum class Phase {
    idle,      ///< between requests
    reading,   ///< a request has begun
    calling,   ///< a request is being answered
    sending,   ///< it is, but not all is sent
    draining,  ///< nothing more will be sent; what comes is thrown away until the client closes
    closed
  };

  void wait_to_read();
  void on_readable();
  /// Reads requests, and has them answered, as far as the bytes go.
  void advance();
  void begin_call();
  void refuse(unsigned status, std::string_view message);
  void end_answer();

  void send(std::string_view bytes);
  void flush();
  void wait_to_write(bool has_progressed);
  void on_all_sent();
  void drain();
  void drop_outbox();
  void break_off();
  void leave();

  /// What is held now: by the reader, and `call_body` by the call under way.
  void count_held(std::size_t call_body);
  bool holds_too_much() const;

  void set_deadline(std::chrono::milliseconds from_now);
  void clear_deadline();
  void on_deadline();

  /// The client has gone. Without a call under way, that is all.
  void lose();
  /// Makes the call under way over. Returns its notice.
  std::function<void()> end_call();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::shared_ptr<HttpConnections> connections_;
  HttpReader reader_;
  std::string outbox_;
  std::size_t offered_ = 0;    ///< of the outbox: to the system
  std::size_t sent_ = 0;       ///< of that
  std::size_t held_ = 0;       ///< of HttpConnections::bytes_held
  std::size_t call_body_ = 0;  ///< of that
  std::weak_ptr<HttpCall> call_;
  AnswerForm form_;  ///< of the answer under way
  Phase phase_ = Phase::idle;
  bool has_body_ = false;  ///< the stream under way
  bool is_waiting_to_read_ = false;
  bool is_waiting_to_write_ = false;
  bool is_flush_due_ = false;
  bool is_reset_ = false;  ///< to be broken off when all is sent
  bool is_turned_away_ = false;
};

}  // namespace caesura
