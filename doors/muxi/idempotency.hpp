#pragma once

#include "sim/time.hpp"
#include "doors/http/http_message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <variant>

namespace caesura {

/// Chats that were sent with a key, so that the same one sent again is the same one. Bounded: the
/// oldest answers are forgotten first.
class IdempotencyMemory {
 public:
  struct Limits {
    Duration kept = std::chrono::hours(24);  ///< after the answer
    std::size_t answers = 10'000;
    std::size_t bytes = std::size_t{64} << 20U;  ///< of answers and their keys
  };
  explicit IdempotencyMemory(const Limits& limits) : limits_(limits) {}

  /// What was sent with a key, for what is sent with it again to be compared with.
  struct Sent {
    std::string id;             ///< of the request
    std::uint64_t message = 0;  ///< fingerprint
  };
  struct Unknown {};
  struct InFlight {
    std::uint64_t call = 0;  ///< as given to begin()
    const Sent* sent = nullptr;
  };
  struct Answered {
    const HttpAnswer* answer = nullptr;
    const Sent* sent = nullptr;
  };
  /// Valid until the next call.
  using Found = std::variant<Unknown, InFlight, Answered>;
  Found find(const std::string& key, Time now);

  /// `call` is being answered. What was known of the key before is forgotten.
  void begin(const std::string& key, std::uint64_t call, Sent sent);
  /// Its answer. One that is not 2xx is forgotten, so that the next call tries again.
  void answer(const std::string& key, HttpAnswer answer, Time now);
  /// There will be none.
  void forget(const std::string& key);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t call = 0;
    Sent sent;
    bool answered = false;
    HttpAnswer answer;
    Time since;
  };
  void drop(std::unordered_map<std::string, Entry>::iterator answered);
  void drop_oldest();

  Limits limits_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<const std::string*> answered_;  ///< keys, which stay where they are; oldest first
  std::size_t bytes_ = 0;
};

}  // namespace caesura
