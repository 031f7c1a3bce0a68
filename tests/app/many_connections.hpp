#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace caesura::testing {

// Thousands of HTTP clients in one thread. What goes wrong is a std::runtime_error.

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Longer than anything takes on a slow machine: a hang is an error.
constexpr auto patience = 300s;

[[noreturn]] inline void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct Answer {
  unsigned status = 0;
  std::string head;
  std::string body;
  std::string header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class Loop;

/// One connection: calls one after another, each answered whole; or a stream, whose bytes are
/// passed on, chunk sizes taken away.
class Connection {
 public:
  using OnAnswer = std::function<void(const Answer&)>;
  using OnBytes = std::function<void(std::string_view)>;

  Connection(Loop& loop, std::uint16_t port);
  ~Connection() { hang_up(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void call(const std::string& request, OnAnswer on_answer) {
    on_answer_ = std::move(on_answer);
    send(request);
  }
  void stream(const std::string& request, OnBytes on_bytes, std::function<void()> on_end) {
    on_bytes_ = std::move(on_bytes);
    on_end_ = std::move(on_end);
    send(request);
  }
  /// Reads what is there already; nothing once it has hung up.
  void read();
  /// Closes it, whatever is still to come: nothing more is told.
  void hang_up() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  void send(const std::string& request) {
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      fail("send");
  }
  void take_answer();
  void take_stream();

  int socket_;
  std::string received_;
  bool in_stream_body_ = false;
  OnAnswer on_answer_;
  OnBytes on_bytes_;
  std::function<void()> on_end_;
};

/// Waits for sockets and moments.
class Loop {
 public:
  Loop() : epoll_(epoll_create1(0)) {}
  ~Loop() { ::close(epoll_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void watch(int socket, Connection* connection) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
  }
  /// When it last learned what had come: what is read since then had come by then.
  Clock::time_point woken() const { return woken_; }
  void at(Clock::time_point when, std::function<void()> what) {
    moments_.push_back({when, next_++, std::move(what)});
    std::push_heap(moments_.begin(), moments_.end());
  }
  template <class Done>
  void run_until(const Done& done) {
    const auto deadline = Clock::now() + patience;
    std::array<epoll_event, 256> events{};
    while (!done()) {
      if (Clock::now() > deadline) throw std::runtime_error("nothing more happens");
      const int count =
          epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
      woken_ = Clock::now();
      for (int i = 0; i < count; ++i)
        static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)->read();
      while (!moments_.empty() && moments_.front().when <= Clock::now()) {
        std::pop_heap(moments_.begin(), moments_.end());
        const auto what = std::move(moments_.back().what);
        moments_.pop_back();
        what();
      }
    }
  }

 private:
  struct Moment {
    Clock::time_point when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Moment& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };
  int wait_ms() const {
    if (moments_.empty()) return 100;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(moments_.front().when - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count() - 1, 0, 100));
  }

  int epoll_;
  Clock::time_point woken_ = Clock::now();
  std::vector<Moment> moments_;
  std::uint64_t next_ = 0;
};

inline Connection::Connection(Loop& loop, std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (socket_ < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(socket_, F_SETFL, O_NONBLOCK);
  loop.watch(socket_, this);
}

inline void Connection::read() {
  static std::array<char, 65536> buffer;
  while (socket_ >= 0) {
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) throw std::runtime_error("the server has closed a connection");
    received_.append(buffer.data(), static_cast<std::size_t>(size));
    if (on_bytes_) {
      take_stream();
    } else {
      take_answer();
    }
  }
}

inline void Connection::take_answer() {
  const std::size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  Answer answer{.status = static_cast<unsigned>(std::stoul(received_.substr(9, 3))),
                .head = received_.substr(0, end + 2),
                .body = {}};
  const std::size_t size = std::stoul(answer.header("Content-Length"));
  if (received_.size() < end + 4 + size) return;
  answer.body = received_.substr(end + 4, size);
  received_.erase(0, end + 4 + size);
  const OnAnswer on_answer = std::exchange(on_answer_, nullptr);
  if (!on_answer) throw std::runtime_error("an answer that nobody asked for");
  on_answer(answer);
}

inline void Connection::take_stream() {
  if (!in_stream_body_) {
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (received_.compare(9, 3, "200") != 0)
      throw std::runtime_error("a stream is refused: " + received_.substr(0, end));
    received_.erase(0, end + 4);
    in_stream_body_ = true;
  }
  for (;;) {
    const std::size_t line = received_.find("\r\n");
    if (line == std::string::npos) return;
    const std::size_t size = std::stoul(received_.substr(0, line), nullptr, 16);
    if (received_.size() < line + 2 + size + 2) return;
    const std::string chunk = received_.substr(line + 2, size);
    received_.erase(0, line + 2 + size + 2);
    if (size == 0) return on_end_();
    on_bytes_(chunk);
  }
}

}  // namespace caesura::testing
