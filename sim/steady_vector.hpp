#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace caesura {

/// A vector whose elements stay where they are as it grows, and that has less than a chunk of spare
/// room: where there are hundreds of thousands, the room that std::vector keeps in reserve is a
/// third of all.
template <class T>
class SteadyVector {
 public:
  SteadyVector() = default;
  SteadyVector(SteadyVector&& other) noexcept
      : chunks_(std::move(other.chunks_)), size_(std::exchange(other.size_, 0)) {}
  SteadyVector& operator=(SteadyVector&&) = delete;
  ~SteadyVector() = default;

  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return chunks_[i / chunk_size][i % chunk_size]; }
  const T& operator[](std::size_t i) const { return chunks_[i / chunk_size][i % chunk_size]; }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ % chunk_size == 0) chunks_.emplace_back().reserve(chunk_size);
    ++size_;
    return chunks_.back().emplace_back(std::forward<Arguments>(arguments)...);
  }
  void grow_to(std::size_t size) {
    while (size_ < size) emplace_back();
  }

 private:
  static constexpr std::size_t chunk_size = 256;

  std::vector<std::vector<T>> chunks_;  ///< each with room for chunk_size from the start
  std::size_t size_ = 0;
};

}  // namespace caesura
