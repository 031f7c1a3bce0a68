#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "sim/time.hpp"

namespace caesura {

/// The direct engine: messages to targets in one queue, delivered by (due time, order), one at a time; no actors of its own, no virtual
/// call. In the steady state it allocates nothing: messages live in a pool, the queue is a 4-ary heap of small keys (fewer cache misses
/// than a binary one), and what is due at once does not pass through it.
///
/// `Message` is trivially copyable. Orders are unique among messages due at the same instant, but for those posted during a delivery with
/// the order of the message being delivered and no delay: these are delivered as they were posted.
template <class Target, class Message>
class DirectEngine {
 public:
  Time now() const { return now_; }
  /// Of the message being delivered.
  std::uint64_t order() const { return order_; }
  std::uint64_t delivered() const { return delivered_; }
  bool is_idle() const { return heap_.empty() && relayed_.is_empty() && at_once_.is_empty(); }

  /// Keeps `count` orders in a row and returns the first.
  std::uint64_t reserve(std::uint32_t count) {
    const std::uint64_t first = next_order_;
    next_order_ += count;
    return first;
  }

  /// Queues a message for `delay` (>= 0) from now. Throws std::overflow_error if that is beyond the end of time.
  void post(Target to, const Message& message, Duration delay, std::uint64_t order) {
    if (delay == zero_duration && is_delivering_) {
      if (order == order_) return relayed_.push_in_order({to, message, order});
      if (order < late_orders && (at_once_.is_empty() || at_once_.back().order < order)) return at_once_.push({to, message, order});
    }
    const Time due = after(now_, delay);
    const std::uint32_t slot = take_slot();
    pool_[slot] = {to, message, order};
    push_heap({.due = due, .order = order, .slot = slot});
  }

  /// Queues a message for time `at`. If nothing else is queued, time starts anew there.
  void post_at(Target to, const Message& message, Time at) {
    if (is_idle()) now_ = at;
    if (at < now_) throw std::logic_error("a message cannot be due in the past");
    post(to, message, at - now_, reserve(1));
  }

  /// Hands the next message to `deliver(Target, const Message&)`, which may post; false if there is none.
  template <class Deliver>
  bool step(Deliver&& deliver) {
    Parcel parcel;
    Fifo& waiting = !relayed_.is_empty() && (at_once_.is_empty() || relayed_.front().order < at_once_.front().order) ? relayed_ : at_once_;
    if (!waiting.is_empty() && !(has_due_now() && heap_.front().order < waiting.front().order)) {
      parcel = waiting.pop();
    } else if (!heap_.empty()) {
      const Key key = pop_heap();
      now_ = key.due;
      parcel = pool_[key.slot];
      free_slots_.push_back(key.slot);
    } else {
      return false;
    }
    order_ = parcel.order;
    ++delivered_;
    is_delivering_ = true;
    deliver(parcel.to, parcel.message);
    is_delivering_ = false;
    return true;
  }

 private:
  static constexpr std::uint64_t late_orders = std::uint64_t{1} << 63;
  static constexpr std::size_t arity = 4;

  struct Parcel {
    Target to{};
    Message message{};
    std::uint64_t order = 0;
  };
  struct Key {
    Time due{};
    std::uint64_t order = 0;
    std::uint32_t slot = 0;
    bool operator<(const Key& o) const { return due != o.due ? due < o.due : order < o.order; }
  };
  /// First in, first out; its memory is used again whenever it runs empty, which is at every instant's end.
  class Fifo {
   public:
    bool is_empty() const { return head_ == parcels_.size(); }
    const Parcel& front() const { return parcels_[head_]; }
    const Parcel& back() const { return parcels_.back(); }
    void push(const Parcel& parcel) { parcels_.push_back(parcel); }
    /// Behind all of the same or a lower order.
    void push_in_order(const Parcel& parcel) {
      const auto head = parcels_.begin() + static_cast<std::ptrdiff_t>(head_);
      const auto behind =
          std::upper_bound(head, parcels_.end(), parcel.order, [](std::uint64_t order, const Parcel& p) { return order < p.order; });
      parcels_.insert(behind, parcel);
    }
    Parcel pop() {
      const Parcel parcel = parcels_[head_++];
      if (is_empty()) {
        parcels_.clear();
        head_ = 0;
      }
      return parcel;
    }

   private:
    std::vector<Parcel> parcels_;
    std::size_t head_ = 0;
  };

  bool has_due_now() const { return !heap_.empty() && heap_.front().due == now_; }

  std::uint32_t take_slot() {
    if (free_slots_.empty()) {
      pool_.emplace_back();
      return static_cast<std::uint32_t>(pool_.size() - 1);
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }

  void push_heap(const Key& key) {
    std::size_t i = heap_.size();
    heap_.push_back(key);
    while (i > 0) {
      const std::size_t parent = (i - 1) / arity;
      if (!(key < heap_[parent])) break;
      heap_[i] = heap_[parent];
      i = parent;
    }
    heap_[i] = key;
  }

  Key pop_heap() {
    const Key top = heap_.front();
    const Key last = heap_.back();
    heap_.pop_back();
    const std::size_t n = heap_.size();
    std::size_t i = 0;
    for (std::size_t child = 1; child < n; child = arity * i + 1) {
      const std::size_t end = std::min(child + arity, n);
      std::size_t least = child;
      for (++child; child < end; ++child) {
        if (heap_[child] < heap_[least]) least = child;
      }
      if (!(heap_[least] < last)) break;
      heap_[i] = heap_[least];
      i = least;
    }
    if (n > 0) heap_[i] = last;
    return top;
  }

  std::vector<Key> heap_;
  std::vector<Parcel> pool_;
  std::vector<std::uint32_t> free_slots_;
  Fifo relayed_;  // posted in place of a message of this instant; orders ascend
  Fifo at_once_;  // sent for this instant; orders ascend
  Time now_{};
  std::uint64_t order_ = 0;
  std::uint64_t next_order_ = 1;
  std::uint64_t delivered_ = 0;
  bool is_delivering_ = false;
};

}  // namespace caesura
