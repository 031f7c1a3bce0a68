#pragma once

#include "actors/messages.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace caesura {

/// Lines of requests.csv that come in any order of request numbers, and leave in order.
class OrderedLines {
 public:
  /// `out` gets one line at a time, and outlives this.
  explicit OrderedLines(const std::function<void(std::string_view)>& out) : out_(out) {}

  /// Throws std::logic_error if it has left already.
  void add(RequestNumber number, std::string line) {
    if (number < next_) throw std::logic_error("a line of requests.csv comes twice");
    const auto place = static_cast<std::size_t>(number - next_);
    if (place >= waiting_.size()) waiting_.resize(place + 1);
    waiting_[place] = std::move(line);
    while (!waiting_.empty() && !waiting_.front().empty()) {
      out_(waiting_.front());
      waiting_.pop_front();
      ++next_;
    }
  }
  /// Lets go of all, though lines before are still to come: a partial run leaves gaps.
  void flush() {
    for (const std::string& line : waiting_) {
      if (!line.empty()) out_(line);
    }
    waiting_.clear();
  }

 private:
  const std::function<void(std::string_view)>& out_;
  /// The lines of next_ and those after it; empty where one is still to come.
  std::deque<std::string> waiting_;
  RequestNumber next_ = 0;
};

}  // namespace caesura
