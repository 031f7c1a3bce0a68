#pragma once

#include "sim/radix_queue.hpp"
#include "sim/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace caesura {

/// The direct engine: messages to targets in one queue, delivered by (due time, order), one at a
/// time; no actors of its own, no virtual call. In the steady state it allocates nothing.
///
/// Not to be used any more once a delivery has thrown. `Message` is trivially copyable. Orders are
/// unique among messages due at the same instant, but for those posted during a delivery with the
/// order of the message being delivered and no delay: these are delivered as they were posted.
///
/// A message is written once, into a parcel from a pool, and delivered from there. What is due
/// later waits in a radix heap; what is due at once, mostly, in a row.
template <class Target, class Message>
class DirectEngine {
 public:
  Time now() const { return later_.now(); }
  /// Of the message being delivered.
  std::uint64_t order() const { return order_; }
  std::uint64_t delivered() const { return delivered_; }
  bool is_idle() const { return later_.is_empty() && relayed_.is_empty() && at_once_.is_empty(); }

  /// Keeps `count` orders in a row and returns the first.
  std::uint64_t reserve(std::uint32_t count) {
    const std::uint64_t first = next_order_;
    next_order_ += count;
    return first;
  }

  /// Queues a message for `delay` (>= 0) from now. Throws std::overflow_error if that is beyond the
  /// end of time.
  void post(Target to, const Message& message, Duration delay, std::uint64_t order) {
    post(to, delay, order) = message;
  }
  /// The same; returns the message, to be written before the next step.
  Message& post(Target to, Duration delay, std::uint64_t order) {
    const Time due = after(now(), delay);
    Parcel* const parcel = pool_.take();
    parcel->order = order;
    parcel->to = to;
    if (delay == zero_duration && is_delivering_ && order == order_) {
      relayed_.push_in_order(parcel);
    } else if (delay == zero_duration && is_delivering_ && order < late_orders &&
               (at_once_.is_empty() || at_once_.back()->order < order)) {
      at_once_.push(parcel);
    } else {
      later_.push(due, parcel);
    }
    return parcel->message;
  }

  /// Queues a message for time `at` (>= 0). If nothing else is queued, time starts anew there.
  /// Throws std::logic_error for the past.
  void post_at(Target to, const Message& message, Time at) {
    if (at < Time{} || (!is_idle() && at < now()))
      throw std::logic_error("a message cannot be due in the past");
    if (is_idle()) later_.restart(at);
    post(to, message, at - now(), reserve(1));
  }

  /// Hands the next message to `deliver(Target, const Message&)`, which may post; false if there is
  /// none. `approach`, with the same arguments, comes a little earlier for messages that waited: to
  /// prefetch what the delivery will touch.
  template <class Deliver, class Approach>
  bool step(Deliver&& deliver, Approach&& approach) {
    Fifo& row = next_row();
    Parcel* parcel = later_.due_now();
    if (!row.is_empty() && (parcel == nullptr || row.front()->order < parcel->order)) {
      parcel = row.pop();
    } else if (parcel != nullptr) {
      later_.take_due_now();
    } else {
      if (later_.is_empty()) return false;
      parcel = later_.take_next([&](const Parcel& soon) { approach(soon.to, soon.message); });
    }
    order_ = parcel->order;
    ++delivered_;
    is_delivering_ = true;
    deliver(parcel->to, parcel->message);
    is_delivering_ = false;
    pool_.give_back(parcel);
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

  struct alignas(sizeof(std::pair<Target, Message>) > cache_line / 2
                     ? cache_line
                     : alignof(std::uint64_t)) Parcel {
    std::uint64_t order = 0;  ///< while it is free: the address of the next free one
    Target to{};
    Message message{};
  };

  /// Parcels that stay where they are; the one given back last is taken first.
  class Pool {
   public:
    Parcel* take() {
      if (free_ == nullptr) grow();
      Parcel* const parcel = free_;
      free_ = reinterpret_cast<Parcel*>(
          parcel->order);  // NOLINT(performance-no-int-to-ptr): no room for a pointer of its own
      return parcel;
    }
    void give_back(Parcel* parcel) {
      parcel->order = reinterpret_cast<std::uintptr_t>(free_);
      free_ = parcel;
    }

   private:
    static constexpr std::size_t chunk_size = 256;
    using Chunk = std::array<Parcel, chunk_size>;

    [[gnu::cold, gnu::noinline]] void grow() {
      chunks_.push_back(std::make_unique<Chunk>());
      for (std::size_t i = chunk_size; i-- > 0;) give_back(&(*chunks_.back())[i]);
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;
    Parcel* free_ = nullptr;
  };

  /// First in, first out, in a ring.
  class Fifo {
   public:
    bool is_empty() const { return head_ == tail_; }
    Parcel* front() const { return ring_[head_ & mask_]; }
    Parcel* back() const { return ring_[(tail_ - 1) & mask_]; }
    void push(Parcel* parcel) {
      if (tail_ - head_ > mask_) grow();
      ring_[tail_++ & mask_] = parcel;
    }
    /// Behind all of the same or a lower order.
    void push_in_order(Parcel* parcel) {
      push(parcel);
      for (std::size_t i = tail_ - 1; i != head_ && ring_[(i - 1) & mask_]->order > parcel->order;
           --i)
        std::swap(ring_[(i - 1) & mask_], ring_[i & mask_]);
    }
    Parcel* pop() { return ring_[head_++ & mask_]; }

   private:
    [[gnu::cold, gnu::noinline]] void grow() {
      std::vector<Parcel*> larger(2 * ring_.size());
      for (std::size_t i = 0; i < ring_.size(); ++i) larger[i] = ring_[(head_ + i) & mask_];
      head_ = 0;
      tail_ = ring_.size();
      ring_.swap(larger);
      mask_ = ring_.size() - 1;
    }

    std::vector<Parcel*> ring_ = std::vector<Parcel*>(16);  ///< a power of two
    std::size_t mask_ = 15;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
  };

  /// Of the two rows of this instant, the one with the next message.
  Fifo& next_row() {
    if (relayed_.is_empty()) return at_once_;
    if (at_once_.is_empty()) return relayed_;
    return relayed_.front()->order < at_once_.front()->order ? relayed_ : at_once_;
  }

  Pool pool_;
  RadixQueue<Parcel> later_;
  Fifo relayed_;  // posted in place of a message of this instant; orders ascend
  Fifo at_once_;  // sent for this instant; orders ascend
  std::uint64_t order_ = 0;
  std::uint64_t next_order_ = 1;
  std::uint64_t delivered_ = 0;
  bool is_delivering_ = false;
};

}  // namespace caesura
