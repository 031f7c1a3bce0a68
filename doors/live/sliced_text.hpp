#pragma once

#include "model/request_id.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace caesura {

/// A text about many requests, put together in slices of time, so that whoever shares the thread is
/// not kept waiting. Each is looked up when it is its turn.
class SlicedText {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit SlicedText(std::vector<RequestNumber> requests,
                      Clock clock = std::chrono::steady_clock::now);

  /// Adds the next ones, at least one, for as long as `slice` lasts, with commas between. `item`
  /// gives the text of each: empty, it is left out. True if that was all.
  bool add(std::chrono::nanoseconds slice, const std::function<std::string(RequestNumber)>& item);
  std::size_t items() const { return items_; }  ///< in the text
  const std::string& text() const { return text_; }

 private:
  std::vector<RequestNumber> requests_;
  Clock clock_;
  std::size_t next_ = 0;
  std::size_t items_ = 0;
  std::string text_;
};

}  // namespace caesura
