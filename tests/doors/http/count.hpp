#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stdexcept>

namespace caesura {

/// How often something happened, for another thread to wait for.
class Count {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  std::size_t value() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  /// std::runtime_error if it has not come to that within a minute.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return count_ >= count; })) {
      throw std::runtime_error("waited a minute for something to happen once more");
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

}  // namespace caesura
