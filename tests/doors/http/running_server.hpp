#pragma once

#include "doors/http/http_server.hpp"
#include "tests/doors/http/count.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace caesura {

/// A server in a thread of its own, until the end of its life. That end comes only when no
/// connection is left, so a test that ends shows it.
class RunningServer {
 public:
  RunningServer(const HttpServerOptions& options, HttpServer::Handler handler)
      : server_(std::make_unique<HttpServer>(io_, options, std::move(handler))),
        thread_([this] { io_.run(); }) {}
  /// Keeps the calls, which are to be answered by the test.
  explicit RunningServer(const HttpServerOptions& options = {})
      : RunningServer(options, [this](std::shared_ptr<HttpCall> call) {
          calls_.push_back(std::move(call));
          calls_count_.add();
        }) {}
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() { end(); }

  std::uint16_t port() const { return server_->port(); }

  /// In the server's thread; returns when it is done.
  void in_loop(const std::function<void(HttpServer&)>& work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      try {
        work(*server_);
        done.set_value();
      } catch (...) {
        done.set_exception(std::current_exception());
      }
    });
    done.get_future().get();
  }
  /// Returns when all that was ready in the server's thread has been done.
  void catch_up() {
    for (int turn = 0; turn < 5; ++turn) in_loop([](HttpServer&) {});
  }

  /// The call of this number, from 0: awaits it, and lets `work` have it in the server's thread.
  void with_call(std::size_t number, const std::function<void(HttpCall&)>& work) {
    calls_count_.wait_for(number + 1);
    in_loop([&](HttpServer&) { work(*calls_[number]); });
  }
  std::size_t calls_count() { return calls_count_.value(); }
  std::shared_ptr<HttpCall> take_call(std::size_t number) {
    std::shared_ptr<HttpCall> call;
    with_call(number, [&](HttpCall&) { call = std::move(calls_[number]); });
    return call;
  }

  /// Closes the server, and returns when its thread has nothing left to do.
  void end() {
    if (!thread_.joinable()) return;
    in_loop([](HttpServer& server) { server.close(); });
    work_.reset();
    thread_.join();
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::vector<std::shared_ptr<HttpCall>> calls_;
  Count calls_count_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace caesura
