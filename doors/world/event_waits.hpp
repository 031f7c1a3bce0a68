#pragma once

#include "doors/world/run_record.hpp"
#include "doors/world/world_event.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace caesura {

/// Which event of a run is waited for: what is left out may be any.
struct EventPattern {
  EventKind kind = EventKind::run_made;
  std::optional<std::uint32_t> turn = {};
  std::optional<OperationPath> operation = {};
  std::optional<std::uint32_t> attempt = {};
  std::optional<std::uint32_t> token = {};  ///< operation_token: it, from 1
  bool fits(const WorldEvent& event) const;
};

/// What a wait comes to.
enum class WaitEnd : std::uint8_t {
  come,      ///< the event has come
  hopeless,  ///< it can no longer come
  too_late,  ///< it has not come in time
};

/// The event of the run that the pattern fits, if it has come by now: the first.
std::optional<WorldEvent> event_that_came(const RunRecord& run, const EventPattern& pattern);
/// Whether it cannot come any more: the run has ended, the one attempt that it is of is over, or
/// the turn's plan, if that is known, has no such operation.
/// Without a turn that is an attempt of the run's last, until that is settled.
bool is_hopeless(const RunRecord& run, const EventPattern& pattern);

/// Those who wait for events of one run.
class EventWaits {
 public:
  using Number = std::uint64_t;
  using Told = std::function<void(WaitEnd, const WorldEvent*)>;  ///< the event: of WaitEnd::come

  /// `number`: greater than any before.
  void add(Number number, const EventPattern& pattern, Told told);
  /// It waits no longer; nothing of one that does not.
  void remove(Number number) { waiting_.erase(number); }
  /// Takes one out whose time is up, and tells it so.
  void expire(Number number);
  /// Tells those who wait for it, in the order in which they came.
  void come(const WorldEvent& event);
  /// Tells those who wait for what can no longer come.
  void give_up(const RunRecord& run);
  bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    EventPattern pattern;
    Told told;
  };
  std::map<Number, Waiting> waiting_;
};

}  // namespace caesura
