#pragma once

#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caesura {

/// A CAF message that is due at a moment of the wall clock.
struct CafTimer {
  caf::actor_clock::time_point due;
  std::uint64_t sequence = 0;  ///< given by the queue
  caf::strong_actor_ptr receiver;
  caf::mailbox_element_ptr element;
};

/// Timers by due time, those due together in the order in which they were added: a 4-ary heap,
/// which allocates nothing per timer.
class CafTimerQueue {
 public:
  bool is_empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// Of the next; undefined if empty.
  caf::actor_clock::time_point next_due() const { return heap_.front().due; }

  void add(caf::actor_clock::time_point due, caf::strong_actor_ptr receiver,
           caf::mailbox_element_ptr element);
  /// Undefined if empty.
  CafTimer take();
  /// Gives all timers up, to be released, in no order.
  std::vector<CafTimer> take_all();

 private:
  std::vector<CafTimer> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace caesura
