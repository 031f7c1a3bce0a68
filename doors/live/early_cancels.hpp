#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace caesura {

/// Cancels that came before their requests: a client may start a request and cancel it at once, on
/// two connections, of which the second may be the faster. Each waits for a while, by the wall
/// clock, for a request of its id to appear.
class EarlyCancels {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Number = std::uint64_t;  ///< of one that waits

  explicit EarlyCancels(std::size_t most) : most_(most) {}

  /// `over` is called once, when the request has appeared or the time is up: whoever waited is to
  /// look again. Moments must not go backwards. None if as many wait as may.
  std::optional<Number> add(const std::string& id, Moment until, std::function<void()> over);
  /// It waits no longer, and hears no more. Of one that does not wait: nothing.
  void withdraw(Number number);

  /// There is a request of this id now: those who wait for it hear of it, in the order in which
  /// they came.
  void appeared(const std::string& id);
  /// The time of those up to `now` is up: they hear of it.
  void expire(Moment now);
  /// When the next one's time is up; none if nobody waits.
  std::optional<Moment> next() const;

 private:
  struct Waiting {
    std::string id;
    Moment until;
    std::function<void()> over;
  };
  /// Takes it out. Returns its notice.
  std::function<void()> take(Number number);

  std::size_t most_;
  Number last_ = 0;
  std::map<Number, Waiting> waiting_;  ///< in the order in which they came, and will expire
  std::multimap<std::string, Number> by_id_;
};

}  // namespace caesura
