#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

/// A server that answers a call with the bytes that it is given for it, and closes the connection.
class CannedServer {
 public:
  /// The bytes of the answer; empty: none, until the caller hangs up.
  using Answer = std::function<std::string(const std::string& head)>;

  CannedServer(boost::asio::io_context& io, Answer answer)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}), answer_(std::move(answer)) {
    accept();
  }
  std::string url() const {
    return fmt::format("http://127.0.0.1:{}", acceptor_.local_endpoint().port());
  }
  const std::vector<std::string>& calls() const { return calls_; }  ///< head and body
  std::size_t hang_ups() const { return hang_ups_; }

 private:
  struct Call {
    explicit Call(boost::asio::ip::tcp::socket from) : socket(std::move(from)) {}
    boost::asio::ip::tcp::socket socket;
    std::string bytes;
    std::string answer;
  };

  void accept() {
    acceptor_.async_accept(
        [this](const boost::system::error_code& error, boost::asio::ip::tcp::socket socket) {
          if (error) return;
          read(std::make_shared<Call>(std::move(socket)));
          accept();
        });
  }

  void read(const std::shared_ptr<Call>& call) {
    boost::asio::async_read_until(
        call->socket, boost::asio::dynamic_buffer(call->bytes), "\r\n\r\n",
        [this, call](const boost::system::error_code& error, std::size_t head) {
          if (error) return;
          const std::size_t length = call->bytes.find("Content-Length: ");
          const std::size_t body =
              length < head ? std::strtoul(call->bytes.c_str() + length + 16, nullptr, 10) : 0;
          read_body(call, head + body);
        });
  }

  void read_body(const std::shared_ptr<Call>& call, std::size_t size) {
    if (call->bytes.size() >= size) return answer(call);
    boost::asio::async_read(call->socket, boost::asio::dynamic_buffer(call->bytes),
                            boost::asio::transfer_exactly(size - call->bytes.size()),
                            [this, call](const boost::system::error_code& error, std::size_t) {
                              if (!error) answer(call);
                            });
  }

  void answer(const std::shared_ptr<Call>& call) {
    calls_.push_back(call->bytes);
    call->answer = answer_(call->bytes);
    if (call->answer.empty()) {
      call->socket.async_wait(boost::asio::ip::tcp::socket::wait_read,
                              [this, call](const boost::system::error_code&) { ++hang_ups_; });
      return;
    }
    boost::asio::async_write(
        call->socket, boost::asio::buffer(call->answer),
        [call](const boost::system::error_code&, std::size_t) { call->socket.close(); });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  Answer answer_;
  std::vector<std::string> calls_;
  std::size_t hang_ups_ = 0;
};

/// An answer of HTTP with this body, and its length in its head.
inline std::string http_answer(const std::string& body, int status = 200) {
  return fmt::format("HTTP/1.1 {} -\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

}  // namespace caesura
