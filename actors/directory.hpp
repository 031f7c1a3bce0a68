#pragma once

#include "sim/prefetch.hpp"
#include "sim/steady_vector.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/rules.hpp"

#include <atomic>
#include <cstdint>

namespace caesura {

/// The server's front desk: starts a request actor for every Start, finds it by its ticket, and
/// keeps the outcome of those that have ended.
///
/// Guarantees: every cancel is answered once, by the request while it lives, afterwards from its
/// outcome; none is lost in between, because a request goes only after the directory has sent it
/// the last cancel that it will get.
class Directory {
 public:
  /// `peak`: here it notes how many requests of clients were at the server at one time, at most,
  /// each from its start to its stop. Any thread may read it, and it outlives the directory.
  Directory(const Rules& rules, std::atomic<std::uint64_t>& peak) : rules_(&rules), peak_(&peak) {}

  /// A hint that a message about the request with this ticket will come soon.
  void prefetch(Ticket ticket) const {
    if (ticket < entries_.size()) caesura::prefetch(&entries_[ticket]);
  }

  void receive(const Start& start, Context& context);
  void receive(const Cancel& cancel, Context& context);
  void receive(const LetGo& let_go, Context& context);
  void receive(const Ended& ended, Context& context);

 private:
  struct Entry {
    Address request;
    Outcome outcome = Outcome::completed;
    bool has_ended = true;
    bool is_counted = false;  ///< its time was not up before it came
    LinkEnd to_client{};      ///< once it has ended
  };

  const Rules* rules_;
  SteadyVector<Entry> entries_;  ///< by ticket
  std::uint64_t at_server_ = 0;
  std::atomic<std::uint64_t>* peak_;
};

}  // namespace caesura
