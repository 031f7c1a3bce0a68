#pragma once

#include "doors/http/http_server.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace caesura {

/// Which of many streams have been silent for how long: one clock for all. Each operation takes
/// constant time.
class SilenceWatch {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Stream = std::shared_ptr<HttpCall>;

  /// A stream, known or new, has been heard. Moments must not go backwards.
  void heard(const Stream& stream, Moment at);
  void forget(const Stream& stream);
  /// Since when the one that has been silent longest is; none if there are no streams.
  std::optional<Moment> longest() const;
  /// All that have not been heard after `since`.
  std::vector<Stream> silent(Moment since) const;

 private:
  struct Entry {
    Stream stream;
    Moment heard;
  };
  std::list<Entry> by_moment_;
  std::unordered_map<Stream, std::list<Entry>::iterator> entries_;
};

}  // namespace caesura
