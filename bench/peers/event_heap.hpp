#pragma once

#include "bench/peers/reference_workload.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace caesura::peers {

/// What happens to whom, and when: 16 bytes, four to a cache line.
struct Event {
  Nanoseconds due = never;
  std::uint32_t request = 0;
  std::uint32_t slot = 0;  ///< and in the top bit, what happens: see is_cancel
  static constexpr std::uint32_t is_cancel = std::uint32_t{1} << 31;
};

/// Memory that begins with a cache line.
template <class T>
struct LineAligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  LineAligned() = default;
  template <class U>
  LineAligned(const LineAligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, alignment); }
  bool operator==(const LineAligned&) const = default;
};

/// A 4-ary heap by time; which of two events at the very same nanosecond comes first is left open.
/// The root is at index 3, so that the four children of a node begin at a multiple of 4 and fill
/// one cache line. The places just behind the last event hold `never`, so a node's children are
/// compared without asking how many there are.
class EventHeap {
 public:
  EventHeap() : events_(root + 1 + padding) {}

  bool empty() const { return end_ == root; }
  const Event& top() const { return events_[root]; }

  void push(const Event& event) {
    if (end_ + padding >= events_.size()) events_.resize(2 * events_.size());
    rise(end_++, event);
  }
  void pop() {
    const Event last = events_[--end_];
    events_[end_] = {};
    if (end_ > root) replace_top(last);
  }
  /// A pop and a push in one. The hole at the top sinks to a leaf first: what replaces the top
  /// mostly belongs far down, so comparing with it on the way would cost more than it saves.
  void replace_top(const Event& event) {
    std::size_t hole = root;
    for (std::size_t child = first_child(hole); child < end_; child = first_child(hole)) {
      const std::size_t left = child + (events_[child + 1].due < events_[child].due ? 1 : 0);
      const std::size_t right =
          child + 2 + (events_[child + 3].due < events_[child + 2].due ? 1 : 0);
      const std::size_t least = events_[right].due < events_[left].due ? right : left;
      events_[hole] = events_[least];
      hole = least;
    }
    rise(hole, event);
  }

 private:
  static constexpr std::size_t root = 3;
  static constexpr std::size_t padding = 4;

  static std::size_t first_child(std::size_t i) { return 4 * (i - root) + root + 1; }
  static std::size_t parent(std::size_t i) { return (i - root - 1) / 4 + root; }

  void rise(std::size_t hole, const Event& event) {
    while (hole > root && event.due < events_[parent(hole)].due) {
      events_[hole] = events_[parent(hole)];
      hole = parent(hole);
    }
    events_[hole] = event;
  }

  std::vector<Event, LineAligned<Event>> events_;
  std::size_t end_ = root;
};

}  // namespace caesura::peers
