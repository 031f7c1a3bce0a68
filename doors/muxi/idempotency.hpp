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

  struct Unknown {};
  struct InFlight {
    std::uint64_t call = 0;  ///< as given to begin()
  };
  /// The answer is valid until the next call.
  using Found = std::variant<Unknown, InFlight, const HttpAnswer*>;
  Found find(const std::string& key, Time now);

  /// Of an unknown key: `call` is being answered.
  void begin(const std::string& key, std::uint64_t call);
  /// Its answer. One that is not 2xx is forgotten, so that the next call tries again.
  void answer(const std::string& key, HttpAnswer answer, Time now);
  /// There will be none.
  void forget(const std::string& key);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t call = 0;
    bool answered = false;
    HttpAnswer answer;
    Time since;
  };
  void drop_oldest();

  Limits limits_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<const std::string*> answered_;  ///< keys, which stay where they are; oldest first
  std::size_t bytes_ = 0;
};

}  // namespace caesura
