#pragma once

#include "doors/muxi/request_record.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace caesura {

/// All requests that clients can still ask about. A record stays where it is until it is forgotten.
class RequestRegistry {
 public:
  struct Limits {
    Duration kept = std::chrono::minutes(5);  ///< after a request's end
    std::size_t ended = 10'000;               ///< so many at most: the oldest are forgotten earlier
  };
  explicit RequestRegistry(const Limits& limits) : limits_(limits) {}

  /// From now on the id means this request; one that had the id before is in no list any more.
  RequestRecord& add(RequestRecord record);
  /// By what clients call it.
  RequestRecord* find(const std::string& id);
  RequestRecord* find(RequestNumber number);
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
    RequestRecord record;
    bool shown = true;
    bool settled = false;
  };
  struct End {
    RequestNumber number = 0;
    Time at;
  };
  void hide(RequestNumber number);
  const std::set<RequestNumber>& list_of(const std::optional<std::string>& user) const;

  Limits limits_;
  std::map<RequestNumber, Entry> entries_;
  std::unordered_map<std::string, RequestNumber> by_id_;
  std::set<RequestNumber> shown_;
  std::unordered_map<std::string, std::set<RequestNumber>> shown_by_user_;  ///< none is empty
  std::deque<End> ends_;
};

}  // namespace caesura
