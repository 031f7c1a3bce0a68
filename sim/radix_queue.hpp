#pragma once

#include "sim/prefetch.hpp"
#include "sim/time.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace caesura {

/// Pointers to parcels by (due time, `order` of the parcel), for times that never fall below that
/// of the last one taken, nor below 0: a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan: "Faster
/// algorithms for the shortest path problem", Journal of the ACM 37, 1990).
///
/// Times are numbers of 16 hexadecimal digits. A key waits in the bucket of the highest digit in
/// which its due time differs from a base, which is at or before now, and of what that digit is.
/// When its bucket is the lowest, it moves to a lower one, or, if they are few, into a sorted row
/// of those due soonest, where few keys stay from the start. So keys move through memory in rows,
/// and two or three times, where a heap would miss the cache on each level. And what will be due
/// next is known beforehand, so that it can be brought into the cache.
template <class Parcel>
class RadixQueue {
 public:
  bool is_empty() const { return current_.empty() && soon_.is_empty() && digits_with_keys_ == 0; }
  Time now() const { return now_; }
  /// Sets the time, forwards or back. The queue must be empty.
  void restart(Time now) { now_ = base_ = last_soon_ = now; }

  /// `due` is not before now.
  void push(Time due, Parcel* parcel) {
    if (due == now_) return push_current(parcel);
    // While no key is in a bucket, the row may reach as far as it likes; and few need no buckets.
    if (digits_with_keys_ == 0 && soon_.size() < few) last_soon_ = std::max(last_soon_, due);
    if (due <= last_soon_) {
      if (soon_.makes_room()) return soon_.insert({due, parcel});
      spill();
    }
    push_later({due, parcel});
  }

  /// The first of those that are due now; null if there are none.
  Parcel* due_now() const { return current_.empty() ? nullptr : current_.front().parcel; }
  /// Takes the one that due_now() names, which there must be.
  Parcel* take_due_now() {
    Parcel* const first = current_.front().parcel;
    if (current_.size() > 1) std::pop_heap(current_.begin(), current_.end());
    current_.pop_back();
    return first;
  }

  /// Moves the time on to the next due time and takes the first that is due then. None must be due
  /// now, and some later. Parcels that will be due soon are prefetched, and then handed to
  /// `approach(const Parcel&)`, most of them once and when two others are to come before.
  template <class Approach>
  Parcel* take_next(Approach&& approach) {
    if (soon_.is_empty()) {
      if (!refill()) return take_due_now();
      for (std::size_t i = 1; i <= steps_ahead && i < soon_.size(); ++i) {
        if (soon_.front(i).due > soon_.front().due) approach(*soon_.front(i).parcel);
      }
    }
    const Key first = soon_.pop();
    now_ = first.due;
    const bool is_alone = soon_.is_empty() || soon_.front().due != now_;
    if (!is_alone) {
      push_current(first.parcel);
      do push_current(soon_.pop().parcel);
      while (!soon_.is_empty() && soon_.front().due == now_);
    }
    if (soon_.size() > steps_ahead) approach(*soon_.front(steps_ahead).parcel);
    return is_alone ? first.parcel : take_due_now();
  }

 private:
  struct Key {
    Time due{};
    Parcel* parcel = nullptr;
  };
  struct Current {
    std::uint64_t order = 0;
    Parcel* parcel = nullptr;
    /// The least is on top of the standard library's heaps.
    bool operator<(const Current& o) const { return order > o.order; }
  };
  static constexpr std::size_t digits = 16;
  static constexpr std::size_t digit_bits = 4;
  static constexpr std::size_t values = 16;
  static constexpr std::size_t chunk_keys = 31;
  static constexpr std::size_t steps_ahead = 2;
  static constexpr std::size_t few = 16;
  /// Keys in no order. Of a bucket's chunks only the first has room.
  struct Chunk {
    std::array<Key, chunk_keys> keys;
    Chunk* next = nullptr;
    std::size_t size = 0;
  };
  /// Keys by due time, the soonest first.
  class Row {
   public:
    bool is_empty() const { return head_ == tail_; }
    std::size_t size() const { return tail_ - head_; }
    const Key& front(std::size_t i = 0) const { return keys_[head_ + i]; }
    void clear() { head_ = tail_ = 0; }
    Key pop() {
      const Key key = keys_[head_++];
      if (is_empty()) clear();
      return key;
    }
    /// For one more key, by moving all to the front if that is worth it; false if the row is as
    /// good as full.
    bool makes_room() {
      if (tail_ < keys_.size()) return true;
      if (head_ < keys_.size() / 2) return false;
      std::copy(keys_.begin() + static_cast<std::ptrdiff_t>(head_), keys_.end(), keys_.begin());
      tail_ -= std::exchange(head_, 0);
      return true;
    }
    void insert(const Key& key) {
      std::size_t i = tail_++;
      for (; i > head_ && key.due < keys_[i - 1].due; --i) keys_[i] = keys_[i - 1];
      keys_[i] = key;
    }
    /// To be sorted.
    void append(const Key* keys, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        prefetch(keys[i].parcel);
        keys_[tail_++] = keys[i];
      }
    }
    void sort() {
      std::sort(keys_.begin() + static_cast<std::ptrdiff_t>(head_),
                keys_.begin() + static_cast<std::ptrdiff_t>(tail_),
                [](const Key& a, const Key& b) { return a.due < b.due; });
    }

   private:
    std::array<Key, 4 * chunk_keys> keys_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
  };

  void push_current(Parcel* parcel) {
    current_.push_back({parcel->order, parcel});
    if (current_.size() > 1) std::push_heap(current_.begin(), current_.end());
  }

  void push_later(const Key& key) {
    // never 0: no key is due at the base
    const std::uint64_t difference = (bits(key.due) ^ bits(base_)) | 1U;
    const auto digit = static_cast<std::size_t>(std::bit_width(difference) - 1) / digit_bits;
    const std::size_t value = (bits(key.due) >> (digit * digit_bits)) % values;
    Chunk*& first = buckets_[digit][value];
    if (first == nullptr || first->size == chunk_keys) first = take(first);
    first->keys[first->size++] = key;
    values_with_keys_[digit] |= static_cast<std::uint16_t>(1U << value);
    digits_with_keys_ |= static_cast<std::uint16_t>(1U << digit);
  }

  /// Moves the lowest bucket's keys on: all of them into the row if they fit; true. Else time
  /// itself, to the soonest of them, which are then due; false. There must be keys in buckets.
  bool refill() {
    const auto digit = static_cast<std::size_t>(std::countr_zero(digits_with_keys_));
    const auto value = static_cast<std::size_t>(std::countr_zero(values_with_keys_[digit]));
    values_with_keys_[digit] &= static_cast<std::uint16_t>(values_with_keys_[digit] - 1U);
    if (values_with_keys_[digit] == 0)
      digits_with_keys_ &= static_cast<std::uint16_t>(digits_with_keys_ - 1U);
    Chunk*& bucket = buckets_[digit][value];
    if (bucket->next == nullptr || bucket->next->next == nullptr) {
      // There are keys, so digit < 16.
      // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
      const std::uint64_t below = (std::uint64_t{1} << (digit * digit_bits)) - 1;
      const std::uint64_t first =
          (bits(base_) & ~(below * values + values - 1)) | (value << (digit * digit_bits));
      base_ = time(first);
      last_soon_ = time(first + below);
      for (; bucket->next != nullptr; bucket = give_back(bucket))
        soon_.append(bucket->keys.data(), bucket->size);
      soon_.append(bucket->keys.data(), std::exchange(bucket->size, 0));
      soon_.sort();
      return true;
    }
    Chunk* chunk = std::exchange(bucket, nullptr);
    now_ = base_ = last_soon_ = least_due(chunk);
    while (chunk != nullptr) {
      for (std::size_t i = 0; i < chunk->size; ++i) push(chunk->keys[i].due, chunk->keys[i].parcel);
      chunk = give_back(chunk);
    }
    return false;
  }

  /// Where the row would overflow, all of it waits in buckets again.
  void spill() {
    last_soon_ = now_;
    if (digits_with_keys_ == 0) base_ = now_;  // else keys in buckets go by it
    Row row = soon_;
    soon_.clear();
    while (!row.is_empty()) push_later(row.pop());
  }

  static std::uint64_t bits(Time t) {
    return static_cast<std::uint64_t>(t.time_since_epoch().count());
  }
  static Time time(std::uint64_t bits) { return Time{Duration{static_cast<Duration::rep>(bits)}}; }
  static Time least_due(const Chunk* chunk) {
    Time least = Time::max();
    for (; chunk != nullptr; chunk = chunk->next) {
      for (std::size_t i = 0; i < chunk->size; ++i) least = std::min(least, chunk->keys[i].due);
    }
    return least;
  }

  Chunk* take(Chunk* next) {
    if (free_ == nullptr) grow();
    Chunk* const chunk = free_;
    free_ = chunk->next;
    chunk->next = next;
    chunk->size = 0;
    return chunk;
  }
  [[gnu::cold, gnu::noinline]] void grow() {
    chunks_.push_back(std::make_unique<Chunk>());
    free_ = chunks_.back().get();
  }
  /// Returns the one after it.
  Chunk* give_back(Chunk* chunk) {
    Chunk* const next = chunk->next;
    chunk->next = free_;
    free_ = chunk;
    return next;
  }

  Time now_{};
  Time base_{};       ///< at or before now, and each key in a bucket after it
  Time last_soon_{};  ///< what is due until then is in the row, what is due later in the buckets
  std::vector<Current> current_;  ///< due now: a heap, the least order on top
  Row soon_;
  /// By the highest digit that differs from the base's, 0 for the last of the number, and by its
  /// value. One without keys may keep a chunk.
  std::array<std::array<Chunk*, values>, digits> buckets_{};
  std::array<std::uint16_t, digits>
      values_with_keys_{};  ///< bit v: there are keys with this value of the digit
  std::uint16_t digits_with_keys_ = 0;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  Chunk* free_ = nullptr;
};

}  // namespace caesura
