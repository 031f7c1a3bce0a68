/// The cancel in real time, in plain C++ without actors: a service thread owns all requests and a
/// heap of their timers, hours ahead, and waits on a condition variable until the next is due or a
/// cancel has come. A caller thread cancels one request a millisecond; the reply is waited for on
/// another condition variable, by the caller itself or by a thread that does nothing else.
///
///     caesura_peer_realtime_cv [--in-flight 100000] [--cancels 5000] [--received-by thread|caller]
///     [--idle-seconds 2]

#include "bench/process_usage.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto operation = 4h;
constexpr auto between_cancels = 1ms;

struct Timer {
  Clock::time_point due;
  std::uint64_t request = 0;
  bool operator>(const Timer& o) const { return due > o.due; }
};

struct Reply {
  std::uint64_t request = 0;
  bool cancelled = false;
};

/// Hands things from thread to thread.
template <class T>
class Channel {
 public:
  void push(const T& value) {
    {
      const std::lock_guard lock(mutex_);
      values_.push_back(value);
    }
    changed_.notify_one();
  }
  T pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !values_.empty(); });
    const T value = values_.front();
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

class Service {
 public:
  Service(std::uint64_t requests, Channel<Reply>& replies)
      : replies_(replies), in_flight_(requests, true) {
    const auto due = Clock::now() + operation;
    for (std::uint64_t n = 0; n < requests; ++n)
      timers_.push({due + std::chrono::nanoseconds(n), n});
    thread_ = std::thread([this] { run(); });
  }
  ~Service() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void cancel(std::uint64_t request) {
    {
      const std::lock_guard lock(mutex_);
      cancels_.push_back(request);
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stops_) {
      if (!cancels_.empty()) {
        const std::uint64_t request = cancels_.front();
        cancels_.pop_front();
        lock.unlock();
        end(request, true);
        lock.lock();
      } else if (!timers_.empty() && timers_.top().due <= Clock::now()) {
        const std::uint64_t request = timers_.top().request;
        timers_.pop();
        lock.unlock();
        end(request, false);
        lock.lock();
      } else if (timers_.empty()) {
        changed_.wait(lock);
      } else {
        changed_.wait_until(lock, timers_.top().due);
      }
    }
  }

  void end(std::uint64_t request, bool cancelled) {
    if (!in_flight_[request]) return;
    in_flight_[request] = false;
    replies_.push({request, cancelled});
  }

  Channel<Reply>& replies_;
  std::vector<bool> in_flight_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::uint64_t> cancels_;
  bool stops_ = false;
  std::thread thread_;
};

double quantile(std::vector<double>& values, double q) {
  const auto nth =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

double microseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t in_flight = 100'000;
  std::uint64_t cancels = 5'000;
  double idle_seconds = 2;
  std::string received_by = "thread";
  CLI::App app("Cancels requests in real time, one a millisecond, and prints how long that takes");
  app.add_option("--in-flight", in_flight, "requests in flight");
  app.add_option("--cancels", cancels, "cancels, at most as many as requests");
  app.add_option("--received-by", received_by, "who waits for the replies")
      ->check(CLI::IsMember({"caller", "thread"}));
  app.add_option("--idle-seconds", idle_seconds,
                 "seconds for which nothing happens, to see what that costs");
  CLI11_PARSE(app, argc, argv);
  if (cancels < 1 || cancels > in_flight) return 2;

  const double bytes_before = caesura::resident_bytes();
  Channel<Reply> replies;
  Service service(in_flight, replies);
  const double bytes = (caesura::resident_bytes() - bytes_before) / static_cast<double>(in_flight);
  const double idle = caesura::idle_core_share(std::chrono::duration<double>(idle_seconds));

  std::vector<Clock::time_point> due(cancels), sent(cancels), received(cancels);
  std::atomic<std::uint64_t> seen{0};
  const auto victim = [&](std::uint64_t i) { return i * 7919 % in_flight; };
  const auto receive = [&](std::uint64_t i) {
    const Reply reply = replies.pop();
    received[i] = Clock::now();
    if (reply.request != victim(i) || !reply.cancelled) std::terminate();
    seen.store(i + 1, std::memory_order_release);
  };
  std::thread receiver;
  if (received_by == "thread") {
    receiver = std::thread([&] {
      for (std::uint64_t i = 0; i < cancels; ++i) receive(i);
    });
  }
  Clock::time_point next = Clock::now();
  for (std::uint64_t i = 0; i < cancels; ++i) {
    next += between_cancels;
    std::this_thread::sleep_until(next);
    while (seen.load(std::memory_order_acquire) < i) std::this_thread::yield();
    due[i] = next;
    sent[i] = Clock::now();
    service.cancel(victim(i));
    if (received_by == "caller") receive(i);
  }
  if (receiver.joinable()) receiver.join();

  std::vector<double> latency(cancels), late(cancels);
  for (std::uint64_t i = 0; i < cancels; ++i) {
    latency[i] = microseconds(received[i] - sent[i]);
    late[i] = microseconds(sent[i] - due[i]);
  }
  std::cout << nlohmann::ordered_json{{"program", "c++ condition variables"},
                                      {"in_flight", in_flight},
                                      {"cancels", cancels},
                                      {"received_by", received_by},
                                      {"p50_us", quantile(latency, 0.5)},
                                      {"p99_us", quantile(latency, 0.99)},
                                      {"max_us", quantile(latency, 1)},
                                      {"caller_late_p50_us", quantile(late, 0.5)},
                                      {"bytes_per_request_in_flight", bytes},
                                      {"idle_core_share", idle}}
                   .dump()
            << std::endl;
}
