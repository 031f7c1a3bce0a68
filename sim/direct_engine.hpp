#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "sim/time.hpp"

namespace caesura {

/// The direct engine: messages to targets in one queue, delivered by (due time, order), one at a time; no actors of its own, no virtual
/// call. In the steady state it allocates nothing.
///
/// `Message` is trivially copyable. Orders are unique among messages due at the same instant, but for those posted during a delivery with
/// the order of the message being delivered and no delay: these are delivered as they were posted.
///
/// A message is written once, into a slot of a pool, and delivered from there. What is due later waits in a 4-ary heap of (due time, slot):
/// the four children of a key share a cache line, and orders are looked up in the slots only where times are equal. What is due at once
/// does not pass through the heap.
template <class Target, class Message>
class DirectEngine {
 public:
  Time now() const { return now_; }
  /// Of the message being delivered.
  std::uint64_t order() const { return order_; }
  std::uint64_t delivered() const { return delivered_; }
  bool is_idle() const { return heap_.is_empty() && relayed_.is_empty() && at_once_.is_empty(); }

  /// Keeps `count` orders in a row and returns the first.
  std::uint64_t reserve(std::uint32_t count) {
    const std::uint64_t first = next_order_;
    next_order_ += count;
    return first;
  }

  /// Queues a message for `delay` (>= 0) from now. Throws std::overflow_error if that is beyond the end of time.
  void post(Target to, const Message& message, Duration delay, std::uint64_t order) {
    if (delay == zero_duration && is_delivering_) {
      if (order == order_) return relayed_.push_in_order(pool_.take(to, message, order), pool_);
      if (order < late_orders && (at_once_.is_empty() || pool_[at_once_.back()].order < order)) {
        return at_once_.push(pool_.take(to, message, order));
      }
    }
    const Time due = after(now_, delay);
    heap_.push({.due = due, .slot = pool_.take(to, message, order)}, pool_);
  }

  /// Queues a message for time `at`. If nothing else is queued, time starts anew there.
  void post_at(Target to, const Message& message, Time at) {
    if (is_idle()) now_ = at;
    if (at < now_) throw std::logic_error("a message cannot be due in the past");
    post(to, message, at - now_, reserve(1));
  }

  /// Hands the next message to `deliver(Target, const Message&)`, which may post; false if there is none. `approach`, with the same
  /// arguments, comes a little earlier for messages that waited: to prefetch what the delivery will touch.
  template <class Deliver, class Approach>
  bool step(Deliver&& deliver, Approach&& approach) {
    std::uint32_t slot = 0;
    Fifo& waiting = next_at_once();
    if (!waiting.is_empty() && !(has_due_now() && pool_[heap_.top().slot].order < pool_[waiting.front()].order)) {
      slot = waiting.pop();
    } else if (!heap_.is_empty()) {
      slot = heap_.top().slot;
      now_ = heap_.top().due;
      approach(pool_[slot].to, pool_[slot].message);
      heap_.pop(pool_);
      if (!heap_.is_empty()) __builtin_prefetch(&pool_[heap_.top().slot]);
    } else {
      return false;
    }
    const Parcel& parcel = pool_[slot];
    order_ = parcel.order;
    ++delivered_;
    is_delivering_ = true;
    deliver(parcel.to, parcel.message);
    is_delivering_ = false;
    pool_.give_back(slot);
    return true;
  }
  template <class Deliver>
  bool step(Deliver&& deliver) {
    return step(deliver, [](Target, const Message&) {});
  }

 private:
  static_assert(std::is_trivially_copyable_v<Target> && std::is_trivially_copyable_v<Message>);
  static constexpr std::uint64_t late_orders = std::uint64_t{1} << 63;
  static constexpr std::size_t cache_line = 64;

  struct Parcel {
    std::uint64_t order = 0;  ///< while the slot is free: the next free one
    Target to{};
    Message message{};
  };

  /// Parcels by number, at fixed places; the one given back last is taken first.
  class Pool {
   public:
    Parcel& operator[](std::uint32_t slot) { return chunks_[slot / chunk_size][slot % chunk_size]; }
    const Parcel& operator[](std::uint32_t slot) const { return chunks_[slot / chunk_size][slot % chunk_size]; }

    std::uint32_t take(Target to, const Message& message, std::uint64_t order) {
      if (first_free_ == end_) grow();
      const std::uint32_t slot = first_free_;
      Parcel& parcel = (*this)[slot];
      first_free_ = static_cast<std::uint32_t>(parcel.order);
      parcel.order = order;
      parcel.to = to;
      parcel.message = message;
      return slot;
    }
    void give_back(std::uint32_t slot) {
      (*this)[slot].order = first_free_;
      first_free_ = slot;
    }

   private:
    static constexpr std::uint32_t chunk_size = 256;

    void grow() {
      chunks_.push_back(std::make_unique<Parcel[]>(chunk_size));
      for (std::uint32_t i = 0; i < chunk_size; ++i) chunks_.back()[i].order = end_ + i + 1;
      end_ += chunk_size;
    }

    std::vector<std::unique_ptr<Parcel[]>> chunks_;
    std::uint32_t first_free_ = 0;
    std::uint32_t end_ = 0;
  };

  /// First in, first out; its memory is used again whenever it runs empty, which is at every instant's end.
  class Fifo {
   public:
    bool is_empty() const { return head_ == slots_.size(); }
    std::uint32_t front() const { return slots_[head_]; }
    std::uint32_t back() const { return slots_.back(); }
    void push(std::uint32_t slot) { slots_.push_back(slot); }
    /// Behind all of the same or a lower order.
    void push_in_order(std::uint32_t slot, const Pool& pool) {
      slots_.push_back(slot);
      for (std::size_t i = slots_.size() - 1; i > head_ && pool[slots_[i - 1]].order > pool[slot].order; --i)
        std::swap(slots_[i - 1], slots_[i]);
    }
    std::uint32_t pop() {
      const std::uint32_t slot = slots_[head_++];
      if (is_empty()) {
        slots_.clear();
        head_ = 0;
      }
      return slot;
    }

   private:
    std::vector<std::uint32_t> slots_;
    std::size_t head_ = 0;
  };

  struct Key {
    Time due{};
    std::uint32_t slot = 0;
  };

  /// The least key by (due time, order) on top. Key i has the children 4i + 1 to 4i + 4; it lies three places further on in memory, so that
  /// these four begin at a cache line.
  class Heap {
   public:
    bool is_empty() const { return keys_.size() == root; }
    const Key& top() const { return keys_[root]; }

    void push(const Key& key, const Pool& pool) {
      std::size_t i = keys_.size();
      keys_.push_back(key);
      while (i > root) {
        const std::size_t parent = i / 4 + 2;
        if (!is_less(key, keys_[parent], pool)) break;
        keys_[i] = keys_[parent];
        i = parent;
      }
      keys_[i] = key;
    }

    void pop(const Pool& pool) {
      const Key last = keys_.back();
      keys_.pop_back();
      const std::size_t end = keys_.size();
      if (end == root) return;
      std::size_t i = root;
      for (std::size_t child = first_child(i); child < end; child = first_child(i)) {
        const std::size_t least = child + 4 <= end ? least_of_four(child, pool) : least_of(child, end, pool);
        if (!is_less(keys_[least], last, pool)) break;
        keys_[i] = keys_[least];
        i = least;
      }
      keys_[i] = last;
    }

   private:
    static constexpr std::size_t root = 3;
    template <class T>
    struct LineAllocator {
      using value_type = T;
      LineAllocator() = default;
      template <class U>
      LineAllocator(const LineAllocator<U>&) {}
      T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{cache_line})); }
      void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t{cache_line}); }
      bool operator==(const LineAllocator&) const = default;
    };

    static std::size_t first_child(std::size_t i) { return 4 * i - 8; }
    static bool is_less(const Key& a, const Key& b, const Pool& pool) {
      if (a.due == b.due) [[unlikely]]
        return pool[a.slot].order < pool[b.slot].order;
      return a.due < b.due;
    }
    std::size_t least_of_four(std::size_t i, const Pool& pool) const {
      const std::size_t left = i + (is_less(keys_[i + 1], keys_[i], pool) ? 1 : 0);
      const std::size_t right = i + 2 + (is_less(keys_[i + 3], keys_[i + 2], pool) ? 1 : 0);
      return is_less(keys_[right], keys_[left], pool) ? right : left;
    }
    std::size_t least_of(std::size_t i, std::size_t end, const Pool& pool) const {
      std::size_t least = i;
      for (++i; i < end; ++i) {
        if (is_less(keys_[i], keys_[least], pool)) least = i;
      }
      return least;
    }

    std::vector<Key, LineAllocator<Key>> keys_ = std::vector<Key, LineAllocator<Key>>(root);
  };

  bool has_due_now() const { return !heap_.is_empty() && heap_.top().due == now_; }
  /// Of the two queues of this instant, the one with the next message.
  Fifo& next_at_once() {
    if (relayed_.is_empty()) return at_once_;
    if (at_once_.is_empty()) return relayed_;
    return pool_[relayed_.front()].order < pool_[at_once_.front()].order ? relayed_ : at_once_;
  }

  Pool pool_;
  Heap heap_;
  Fifo relayed_;  // posted in place of a message of this instant; orders ascend
  Fifo at_once_;  // sent for this instant; orders ascend
  Time now_{};
  std::uint64_t order_ = 0;
  std::uint64_t next_order_ = 1;
  std::uint64_t delivered_ = 0;
  bool is_delivering_ = false;
};

}  // namespace caesura
