#include "bench/realtime_cancel.hpp"

#include "actors/rules.hpp"
#include "engines/caf_realtime.hpp"
#include "bench/process_usage.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto between_cancels = 1ms;

Model long_operations(std::uint64_t requests) {
  Model model;
  model.load = {.requests = requests, .duration = {}, .arrivals = ArrivalsAtOnce{}};
  ServiceProfile llm;
  llm.name = "llm";
  llm.latency = WholeLatency{Distribution::constant(4 * 3600e9)};
  model.services = {llm};
  model.workflow = {{ServiceCall{}}};
  CancelSource caller;
  caller.probability = 0;  // by itself it cancels nothing
  model.cancels = {caller};
  return model;
}

Policy abort_at_once() {
  Policy policy{.name = "abort", .kind = PolicyKind::abort};
  policy.aborts.fill(true);
  return policy;
}

/// The i-th request to be cancelled: any, as memory is cold then.
std::uint64_t victim(std::uint64_t i, std::uint64_t in_flight) { return i * 7919 % in_flight; }

double quantile(std::vector<double>& values, double q) {
  const auto nth =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

double microseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e3;
}

/// Keeps the terminal reply that came last, and wakes who waits for it.
class Replies final : public ReportSink {
 public:
  void add(const RequestReport&) override {}
  void add(const ClientReport& report) override {
    reported_at_ = Clock::now();
    last_ = report;
    count_.fetch_add(1, std::memory_order_release);
    count_.notify_one();
  }

  /// Returns once more than `seen` replies have come.
  void wait(std::uint32_t seen) const { count_.wait(seen, std::memory_order_acquire); }
  /// Of the reply waited for; until the next cancel.
  const ClientReport& last() const { return last_; }
  Clock::time_point reported_at() const { return reported_at_; }

 private:
  ClientReport last_;
  Clock::time_point reported_at_;
  std::atomic<std::uint32_t> count_{0};
};

struct Sample {
  Clock::time_point due;
  Clock::time_point sent;
  Time sent_simulated;
  Clock::time_point reported;
  Clock::time_point received;
  Time acknowledged;
  bool is_right = false;
};

/// Cancels in one thread, replies in the same or another one.
class Exchange {
 public:
  Exchange(RealtimeWorld& world, const Replies& replies, const CancelWorkload& workload)
      : world_(world), replies_(replies), workload_(workload), samples_(workload.cancels) {}

  const std::vector<Sample>& run() {
    std::thread receiver;
    if (workload_.received_by == ReceivedBy::thread) {
      receiver = std::thread([this] {
        for (std::uint32_t i = 0; i < samples_.size(); ++i) receive(i);
      });
    }
    std::thread caller([this] { call(); });
    caller.join();
    if (receiver.joinable()) receiver.join();
    return samples_;
  }

 private:
  /// A cancel waits for the reply to the one before.
  void call() {
    Clock::time_point due = Clock::now();
    for (std::uint32_t i = 0; i < samples_.size(); ++i) {
      due += between_cancels;
      std::this_thread::sleep_until(due);
      while (received_.load(std::memory_order_acquire) < i) std::this_thread::yield();
      cancel(samples_[i], victim(i, workload_.in_flight), due);
      if (workload_.received_by == ReceivedBy::caller) receive(i);
    }
  }

  void cancel(Sample& sample, RequestNumber number, Clock::time_point due) {
    const CancelMoment moment{.number = number, .ticket = static_cast<Ticket>(number)};
    sample.due = due;
    sample.sent_simulated = world_.now();
    sample.sent = Clock::now();
    world_.post(client_address, moment, Time{});
  }

  void receive(std::uint32_t i) {
    replies_.wait(i);
    Sample& sample = samples_[i];
    sample.received = Clock::now();
    sample.reported = replies_.reported_at();
    const ClientReport& reply = replies_.last();
    sample.acknowledged = reply.acknowledged.value_or(Time{});
    sample.is_right =
        reply.number == victim(i, workload_.in_flight) && reply.outcome == Outcome::cancelled;
    received_.store(i + 1, std::memory_order_release);
  }

  RealtimeWorld& world_;
  const Replies& replies_;
  const CancelWorkload& workload_;
  std::vector<Sample> samples_;
  std::atomic<std::uint32_t> received_{0};
};

CancelTimes summary(const std::vector<Sample>& samples) {
  std::vector<double> acknowledged, reported, received, late;
  for (const Sample& sample : samples) {
    if (!sample.is_right)
      throw std::runtime_error("the reply is not that of the request cancelled");
    acknowledged.push_back(microseconds(sample.acknowledged - sample.sent_simulated));
    reported.push_back(microseconds(sample.reported - sample.sent));
    received.push_back(microseconds(sample.received - sample.sent));
    late.push_back(microseconds(sample.sent - sample.due));
  }
  return {.acknowledged_p50_us = quantile(acknowledged, 0.5),
          .acknowledged_p99_us = quantile(acknowledged, 0.99),
          .reported_p50_us = quantile(reported, 0.5),
          .p50_us = quantile(received, 0.5),
          .p99_us = quantile(received, 0.99),
          .max_us = quantile(received, 1),
          .caller_late_p50_us = quantile(late, 0.5)};
}

}  // namespace

CancelTimes measure_cancels(const CancelWorkload& workload) {
  const Model model = long_operations(workload.in_flight);
  const Policy policy = abort_at_once();
  Replies replies;
  const double bytes_before = resident_bytes();
  const auto world =
      make_realtime_world({.model = model, .policy = policy, .reports = replies, .observer = {}},
                          {.workers = workload.workers});
  world->post(client_address, Arrive{}, Time{});
  std::atomic<bool> stop{false};
  std::thread running([&] { world->run(stop); });
  // An Arrive, two Starts and an Ask each: then its reply is hours ahead.
  while (world->counters().messages < 4 * workload.in_flight) std::this_thread::sleep_for(1ms);
  const double bytes = (resident_bytes() - bytes_before) / static_cast<double>(workload.in_flight);
  const double idle = idle_core_share(workload.idle);

  Exchange exchange(*world, replies, workload);
  const std::vector<Sample>& samples = exchange.run();
  stop = true;
  running.join();
  CancelTimes times = summary(samples);

  times.bytes_per_request_in_flight = bytes;
  times.idle_core_share = idle;
  return times;
}

}  // namespace caesura
