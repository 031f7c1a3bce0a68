#include "exam/moment_wait.hpp"

#include "scenarios/format/format_value.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// Events after which an attempt's service does not work for it any more.
bool is_end(EventKind kind) {
  switch (kind) {
    case EventKind::operation_ended:
    case EventKind::operation_failed:
    case EventKind::operation_turned_away:
    case EventKind::operation_refused:
    case EventKind::operation_reset:
    case EventKind::operation_lost:
    case EventKind::operation_cut_off:
      return true;
    case EventKind::run_made:
    case EventKind::request_started:
    case EventKind::operation_asked:
    case EventKind::operation_queued:
    case EventKind::operation_started:
    case EventKind::operation_token:
    case EventKind::operation_given:
    case EventKind::call_refused:
    case EventKind::effect_committed:
    case EventKind::signal:
    case EventKind::stray_signal:
    case EventKind::held:
    case EventKind::cancelled:
    case EventKind::settled:
    case EventKind::noted_again:
    case EventKind::run_ended:
      return false;
  }
  return false;
}

}  // namespace

EventPattern pattern_of(const ExamMoment& moment) {
  const auto kind = event_kind(moment.event);
  if (!kind) {
    throw ScenarioError(fmt::format("{}: unknown event '{}'{}", moment.event_location, moment.event,
                                    suggestion(moment.event, event_names())));
  }
  EventPattern pattern{
      .kind = *kind, .turn = {}, .operation = {}, .attempt = moment.attempt, .token = moment.token};
  if (moment.operation) pattern.operation = OperationPath{*moment.operation};
  return pattern;
}

void MomentWait::begin(WorldSession& session, RunRecord& run, std::function<void()> come) {
  session.await(run, pattern_of(moment_), 24h,
                [this, come = std::move(come), alive = std::weak_ptr<bool>(alive_)](
                    WaitEnd end, const WorldEvent* event) {
                  if (alive.expired()) return;
                  if (end != WaitEnd::come) {
                    is_hopeless_ = true;
                    return;
                  }
                  take(*event);
                  come();
                });
}

void MomentWait::take(const WorldEvent& event) {
  event_ = event;
  const auto in_units = std::chrono::duration<double, Duration::period>(within_);
  due_ = event.at + moment_.after +
         std::chrono::duration_cast<Duration>(in_units * moment_.after_within);
}

bool MomentWait::is_missed_by(const WorldEvent& event) const {
  if (!event_ || event.operation.empty() || event.operation != event_->operation) return false;
  // What the moment is in goes on until then, or there is no such moment.
  return is_end(event_->kind) ? event.kind == EventKind::operation_asked
                              : is_end(event.kind) && event.attempt == event_->attempt;
}

}  // namespace caesura
