#pragma once

#include "doors/live/live_request.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace caesura {

/// All requests that clients can still ask about. A record stays where it is until it is forgotten.
class RequestRegistry {
 public:
  struct Limits {
    Duration kept = std::chrono::minutes(5);  ///< after a request's end
    std::size_t ended = 10'000;               ///< so many at most: the oldest are forgotten earlier
  };
  using Forgotten = std::function<void(const LiveRequest&)>;
  /// `forgotten` hears of each request that is dropped; it may be empty.
  explicit RequestRegistry(const Limits& limits, Forgotten forgotten = nullptr)
      : limits_(limits), forgotten_(std::move(forgotten)) {}

  /// From now on the id means this request; one that had the id before is in no list any more.
  LiveRequest& add(LiveRequest request);
  /// By what clients call it.
  LiveRequest* find(const std::string& id);
  const LiveRequest* find(const std::string& id) const;
  LiveRequest* find(RequestNumber number);
  /// The requests of a list: a user's, or without one everybody's.
  std::size_t count(const std::optional<std::string>& user) const;
  /// Those of the list that are older than `before` (none: all), newest first, at most so many.
  std::vector<RequestNumber> newest(const std::optional<std::string>& user, std::size_t most,
                                    std::optional<RequestNumber> before) const;

  /// Clients will have forgotten it `kept` after `at`.
  void ended(RequestNumber number, Time at);
  /// Nothing more will happen to it: it may be forgotten.
  void settled(RequestNumber number);
  void forget_until(Time now);

 private:
  struct Entry {
    LiveRequest request;
    bool shown = true;
    bool settled = false;
  };
  struct End {
    RequestNumber number = 0;
    Time at;
  };
  void hide(RequestNumber number);
  void drop(std::map<RequestNumber, Entry>::iterator entry);
  const std::set<RequestNumber>& list_of(const std::optional<std::string>& user) const;

  Limits limits_;
  Forgotten forgotten_;
  std::map<RequestNumber, Entry> entries_;
  std::unordered_map<std::string, RequestNumber> by_id_;
  std::set<RequestNumber> shown_;
  std::unordered_map<std::string, std::set<RequestNumber>> shown_by_user_;  ///< none is empty
  std::deque<End> ends_;
};

}  // namespace caesura
