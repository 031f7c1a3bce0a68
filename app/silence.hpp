#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace caesura {

/// Which of many streams have been silent for how long: one clock for all. Each operation takes constant time.
class SilenceWatch {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// A stream, known or new, has been heard. Moments must not go backwards.
  void heard(std::uint64_t stream, Moment at);
  void forget(std::uint64_t stream);
  /// Since when the one that has been silent longest is; none if there are no streams.
  std::optional<Moment> longest() const;
  /// All that have not been heard after `since`.
  std::vector<std::uint64_t> silent(Moment since) const;

 private:
  struct Entry {
    std::uint64_t stream = 0;
    Moment heard;
  };
  std::list<Entry> by_moment_;
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> entries_;
};

}  // namespace caesura
