#include "engines/caf_timer_queue.hpp"

#include <algorithm>
#include <utility>

namespace caesura {

namespace {

constexpr std::size_t arity = 4;

bool is_before(const CafTimer& a, const CafTimer& b) {
  return a.due != b.due ? a.due < b.due : a.sequence < b.sequence;
}

}  // namespace

void CafTimerQueue::add(caf::actor_clock::time_point due, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr element) {
  CafTimer timer{due, next_sequence_++, std::move(receiver), std::move(element)};
  heap_.emplace_back();
  std::size_t hole = heap_.size() - 1;
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / arity;
    if (!is_before(timer, heap_[parent])) break;
    heap_[hole] = std::move(heap_[parent]);
    hole = parent;
  }
  heap_[hole] = std::move(timer);
}

CafTimer CafTimerQueue::take() {
  CafTimer next = std::move(heap_.front());
  CafTimer last = std::move(heap_.back());
  heap_.pop_back();
  if (heap_.empty()) return next;
  std::size_t hole = 0;
  for (std::size_t child = 1; child < heap_.size(); child = arity * hole + 1) {
    const auto children = heap_.begin() + static_cast<std::ptrdiff_t>(child);
    const auto end =
        heap_.begin() + static_cast<std::ptrdiff_t>(std::min(child + arity, heap_.size()));
    const auto first = std::min_element(children, end, is_before);
    if (!is_before(*first, last)) break;
    heap_[hole] = std::move(*first);
    hole = static_cast<std::size_t>(first - heap_.begin());
  }
  heap_[hole] = std::move(last);
  return next;
}

std::vector<CafTimer> CafTimerQueue::take_all() { return std::exchange(heap_, {}); }

}  // namespace caesura
