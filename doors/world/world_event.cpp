#include "doors/world/world_event.hpp"

#include <array>
#include <utility>

namespace caesura {
namespace {

constexpr std::array all_kinds{EventKind::run_made,
                               EventKind::request_started,
                               EventKind::operation_asked,
                               EventKind::operation_queued,
                               EventKind::operation_started,
                               EventKind::operation_token,
                               EventKind::operation_given,
                               EventKind::operation_ended,
                               EventKind::operation_failed,
                               EventKind::operation_turned_away,
                               EventKind::operation_refused,
                               EventKind::operation_reset,
                               EventKind::operation_lost,
                               EventKind::operation_cut_off,
                               EventKind::call_refused,
                               EventKind::effect_committed,
                               EventKind::signal,
                               EventKind::stray_signal,
                               EventKind::held,
                               EventKind::cancelled,
                               EventKind::settled,
                               EventKind::noted_again,
                               EventKind::run_ended};

}  // namespace

const char* name_of(SignalKind kind) {
  switch (kind) {
    case SignalKind::hang_up:
      return "hang_up";
    case SignalKind::cancel:
      return "cancel";
    case SignalKind::session_end:
      return "session_end";
  }
  return "";
}

const char* name_of(EventKind kind) {
  switch (kind) {
    case EventKind::run_made:
      return "run.made";
    case EventKind::request_started:
      return "request.started";
    case EventKind::operation_asked:
      return "operation.asked";
    case EventKind::operation_queued:
      return "operation.queued";
    case EventKind::operation_started:
      return "operation.started";
    case EventKind::operation_token:
      return "operation.token";
    case EventKind::operation_given:
      return "operation.given";
    case EventKind::operation_ended:
      return "operation.ended";
    case EventKind::operation_failed:
      return "operation.failed";
    case EventKind::operation_turned_away:
      return "operation.turned_away";
    case EventKind::operation_refused:
      return "operation.refused";
    case EventKind::operation_reset:
      return "operation.reset";
    case EventKind::operation_lost:
      return "operation.lost";
    case EventKind::operation_cut_off:
      return "operation.cut_off";
    case EventKind::call_refused:
      return "call.refused";
    case EventKind::effect_committed:
      return "effect.committed";
    case EventKind::signal:
      return "signal";
    case EventKind::stray_signal:
      return "signal.stray";
    case EventKind::held:
      return "operation.held";
    case EventKind::cancelled:
      return "cancelled";
    case EventKind::settled:
      return "settled";
    case EventKind::noted_again:
      return "noted_again";
    case EventKind::run_ended:
      return "run.ended";
  }
  return "";
}

std::optional<EventKind> event_kind(std::string_view name) {
  for (const EventKind kind : all_kinds) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

std::vector<std::string> event_names() {
  std::vector<std::string> names;
  for (const EventKind kind : all_kinds) names.emplace_back(name_of(kind));
  return names;
}

bool EventList::add(WorldEvent event) {
  if (kept_.size() >= most) {
    ++left_out_;
    return false;
  }
  kept_.push_back(std::move(event));
  return true;
}

}  // namespace caesura
