#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>

namespace caesura {

/// Runs one job on several threads; the first exception stops all and comes out of run().
class Crew {
 public:
  explicit Crew(const std::atomic<bool>& stop) : outer_stop_(stop) {}

  /// `job` returns when there is nothing left to do for it, or soon after should_stop().
  void run(unsigned threads, const std::function<void()>& job);

  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  bool should_stop() const { return failed() || outer_stop_.load(std::memory_order_relaxed); }

 private:
  void guarded(const std::function<void()>& job);

  const std::atomic<bool>& outer_stop_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace caesura
