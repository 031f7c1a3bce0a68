#pragma once

#include "sim/time.hpp"

#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace caesura {

/// What is to be done later, in order of time; what is due at one time in the order put in.
class DueQueue {
 public:
  void add(Time due, std::function<void()> what) { waiting_.emplace(due, std::move(what)); }
  std::optional<Time> next() const {
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first);
  }
  /// Also what is added meanwhile, if it is due.
  void run_until(Time now) {
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const auto first = waiting_.extract(waiting_.begin());
      first.mapped()();
    }
  }

 private:
  std::multimap<Time, std::function<void()>> waiting_;
};

}  // namespace caesura
