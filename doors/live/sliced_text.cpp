#include "doors/live/sliced_text.hpp"

#include <utility>

namespace caesura {

SlicedText::SlicedText(std::vector<RequestNumber> requests, Clock clock)
    : requests_(std::move(requests)), clock_(std::move(clock)) {}

bool SlicedText::add(std::chrono::nanoseconds slice,
                     const std::function<std::string(RequestNumber)>& item) {
  const auto begin = clock_();
  while (next_ < requests_.size()) {
    const std::string more = item(requests_[next_++]);
    if (!more.empty()) {
      if (items_++ > 0) text_ += ',';
      text_ += more;
    }
    if (clock_() - begin >= slice) break;
  }
  return next_ == requests_.size();
}

}  // namespace caesura
