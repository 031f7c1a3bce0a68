#pragma once

#include "doors/live/loop.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace caesura {

/// A loop whose turns and whose wall clock are the test's to move. For one thread: of a session
/// whose clock is moved by hand.
class ManualLoop final : public Loop {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  void post(std::function<void()> action) override { posted_.push_back(std::move(action)); }
  void at(Moment moment, std::function<void()> action) override {
    waiting_.emplace(moment, std::move(action));
  }

  /// Does what has been posted, and what that posts.
  void turn() {
    while (!posted_.empty()) {
      const std::function<void()> action = std::move(posted_.front());
      posted_.pop_front();
      action();
    }
  }
  /// Does what waits for a moment, as if all of them had come.
  void let_all_come() {
    for (auto waiting = std::exchange(waiting_, {}); auto& [moment, action] : waiting) action();
    turn();
  }
  bool waits() const { return !waiting_.empty(); }

 private:
  std::deque<std::function<void()>> posted_;
  std::multimap<Moment, std::function<void()>> waiting_;
};

}  // namespace caesura
