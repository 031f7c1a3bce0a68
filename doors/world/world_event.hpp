#pragma once

#include "sim/time.hpp"
#include "model/request_id.hpp"
#include "doors/world/marks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// By which a service can learn that its work is not wanted any more.
enum class SignalKind : std::uint8_t {
  hang_up,      ///< the connection of the call was closed or reset
  cancel,       ///< the protocol's own cancel: MCP's notifications/cancelled, …
  session_end,  ///< the client ended the session in which it had called
};
const char* name_of(SignalKind kind);

/// What can be seen of a run.
enum class EventKind : std::uint8_t {
  run_made,
  request_started,  ///< a turn's first call
  operation_asked,  ///< a call has been read
  operation_queued,
  operation_started,  ///< in service
  operation_token,    ///< an output token exists; only the first of an attempt is kept
  operation_given,    ///< its answer has been handed to its connection
  operation_ended,
  operation_failed,
  operation_turned_away,
  operation_refused,
  operation_reset,
  operation_lost,
  operation_cut_off,
  call_refused,  ///< a call of a model that says what providers, or the plan, do not allow
  effect_committed,
  signal,
  stray_signal,
  held,  ///< an operation that would end now waits for its release
  cancelled,
  settled,
  noted_again,  ///< `cancelled` or `settled` a second time
  run_ended,
};
/// "operation.started": what control calls and events.jsonl say.
const char* name_of(EventKind kind);
std::optional<EventKind> event_kind(std::string_view name);
/// All names, for those who look for the nearest.
std::vector<std::string> event_names();

/// Something that was seen of a run.
struct WorldEvent {
  EventKind kind = EventKind::run_made;
  Time at;
  std::uint32_t turn = 0;        ///< from 1; 0: of the run
  OperationPath operation = {};  ///< empty: of none
  std::uint32_t attempt = 0;     ///< from 1; 0: of none
  std::uint32_t token = 0;       ///< operation_token: which, from 1; at an end: generated so far
  std::optional<SignalKind> signal = {};
  bool counts = false;     ///< of a signal: it tells the service
  bool unplanned = false;  ///< of a call outside the plan: `text` is its service
  std::string text = {};   ///< what failed, the outcome
};

/// A run's events: the first of them, and how many were left out.
class EventList {
 public:
  static constexpr std::size_t most = 100'000;
  /// Whether it is kept.
  bool add(WorldEvent event);
  const std::vector<WorldEvent>& kept() const { return kept_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  std::vector<WorldEvent> kept_;
  std::uint64_t left_out_ = 0;
};

}  // namespace caesura
