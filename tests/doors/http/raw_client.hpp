#pragma once

#include "doors/http/http_message.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace caesura {

/// An answer as it came.
struct RawAnswer {
  unsigned status = 0;
  std::string head;  ///< status line and headers as sent, with the empty line
  std::vector<HttpHeader> headers;
  std::vector<std::string> chunks;  ///< if it came in chunks
  std::string body;

  /// The value of the first of this name, in any case of letters; empty if there is none.
  std::string header(std::string_view name) const {
    for (const HttpHeader& header : headers) {
      if (equal_in_any_case(header.name, name)) return header.value;
    }
    return {};
  }
};

/// A client that sends and receives bytes. What does not happen within a minute is a
/// std::runtime_error, as is a connection's end where more is awaited.
class RawClient {
 public:
  /// How the server ended the connection.
  enum class End { closed, reset };

  /// Connects to 127.0.0.1.
  explicit RawClient(std::uint16_t port) : RawClient() { connect(port); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  /// Has its socket, and connects when asked to.
  RawClient() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (socket_ < 0) fail("socket");
  }
  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail("connect");
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      wait_for(POLLOUT, "to send");
      const ssize_t count =
          ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN) fail("send");
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// Sends a request without a body.
  void get(const std::string& target, const std::string& headers = {}) {
    send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n");
  }

  /// All up to the end of `mark`, which is awaited.
  std::string read_until(std::string_view mark) {
    std::size_t at = received_.find(mark);
    for (; at == std::string::npos; at = received_.find(mark))
      receive_more(std::string(mark).c_str());
    return take(at + mark.size());
  }
  std::string read_exactly(std::size_t count) {
    while (received_.size() < count) receive_more("more bytes");
    return take(count);
  }

  /// A whole answer: `to_head`, one to a HEAD request. Without length and chunks its body goes on
  /// to the connection's end.
  RawAnswer read_answer(bool to_head = false) {
    RawAnswer answer = read_head();
    if (to_head || answer.status < 200 || answer.status == 204 || answer.status == 304)
      return answer;
    if (const std::string length = answer.header("Content-Length"); !length.empty()) {
      answer.body = read_exactly(std::strtoul(length.c_str(), nullptr, 10));
    } else if (answer.header("Transfer-Encoding") == "chunked") {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) {
        answer.body += chunk;
        answer.chunks.push_back(std::move(chunk));
      }
    } else {
      answer.body = read_to_end();
    }
    return answer;
  }
  /// The head of an answer whose chunks are to be read one by one.
  RawAnswer read_head() {
    RawAnswer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.rfind("HTTP/1.1 ", 0) != 0)
      throw std::runtime_error("not an answer: " + answer.head);
    answer.status = static_cast<unsigned>(std::strtoul(answer.head.c_str() + 9, nullptr, 10));
    std::string_view rest = answer.head;
    rest.remove_prefix(rest.find("\r\n") + 2);
    for (std::size_t end = rest.find("\r\n"); end != 0; end = rest.find("\r\n")) {
      const std::size_t colon = rest.find(": ");
      answer.headers.push_back({std::string(rest.substr(0, colon)),
                                std::string(rest.substr(colon + 2, end - colon - 2))});
      rest.remove_prefix(end + 2);
    }
    return answer;
  }
  /// Empty: the last one.
  std::string read_chunk() {
    const std::size_t size = std::strtoul(read_until("\r\n").c_str(), nullptr, 16);
    std::string chunk = read_exactly(size);
    if (read_exactly(2) != "\r\n") throw std::runtime_error("a chunk without its end");
    return chunk;
  }
  /// Whether something is there to read, or the connection's end, at once or after waiting no
  /// longer than that.
  bool has_more_within(std::chrono::milliseconds time) const {
    pollfd waited{socket_, POLLIN, 0};
    return !received_.empty() || ::poll(&waited, 1, static_cast<int>(time.count())) == 1;
  }
  std::string read_to_end() {
    while (receive() == Received::bytes) continue;
    return std::exchange(received_, {});
  }

  /// Waits for the connection's end; what comes before it is thrown away.
  End wait_for_end() {
    for (;;) {
      received_.clear();
      switch (receive()) {
        case Received::bytes:
          continue;
        case Received::closed:
          return End::closed;
        case Received::reset:
          return End::reset;
      }
    }
  }

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Sends no more, but reads on.
  void close_sending() { ::shutdown(socket_, SHUT_WR); }
  /// Breaks the connection off.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  enum class Received { bytes, closed, reset };

  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }

  void wait_for(short events, const char* what) const {
    pollfd waited{socket_, events, 0};
    if (::poll(&waited, 1, 60'000) != 1)
      throw std::runtime_error(std::string("waited a minute for ") + what);
  }

  Received receive() {
    wait_for(POLLIN, "the server to send or to end");
    std::array<char, 65536> bytes{};
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno != ECONNRESET) fail("recv");
    if (count < 0) return Received::reset;
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0 ? Received::bytes : Received::closed;
  }
  void receive_more(const char* awaited) {
    if (receive() == Received::bytes) return;
    throw std::runtime_error(std::string("the connection ended before ") + awaited +
                             ", after: " + received_);
  }
  std::string take(std::size_t count) {
    std::string bytes = received_.substr(0, count);
    received_.erase(0, count);
    return bytes;
  }

  int socket_;
  std::string received_;
};

}  // namespace caesura
