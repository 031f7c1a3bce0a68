#pragma once

#include "sim/time.hpp"
#include "scenarios/format/exam_block.hpp"
#include "doors/world/event_waits.hpp"
#include "doors/world/world_session.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace caesura {

/// The event of the world that a case waits for. Throws ScenarioError for one that there is not.
EventPattern pattern_of(const ExamMoment& moment);

/// Waits for the moment of a case: an event of a run, and perhaps a time behind it in which what it
/// is in has to go on.
class MomentWait {
 public:
  /// `within`: the subject's.
  MomentWait(const ExamMoment& moment, Duration within) : moment_(moment), within_(within) {}
  MomentWait(const MomentWait&) = delete;
  MomentWait& operator=(const MomentWait&) = delete;

  /// From now on. `come` is called once the event has come, within the call of the world that tells
  /// of it, or not at all. The session and the run outlive the wait for the event.
  void begin(WorldSession& session, RunRecord& run, std::function<void()> come);

  const std::optional<WorldEvent>& event() const { return event_; }  ///< that came
  /// The moment is the event itself, which has come.
  bool is_at_event() const { return event_ && due_ == event_->at; }
  bool is_due(Time now) const { return event_ && now >= due_; }
  /// The event can no longer come.
  bool is_hopeless() const { return is_hopeless_; }
  /// Whether there is no such moment any more as this event has come behind its own.
  bool is_missed_by(const WorldEvent& event) const;

 private:
  void take(const WorldEvent& event);

  const ExamMoment& moment_;
  const Duration within_;
  std::optional<WorldEvent> event_;
  Time due_{};
  bool is_hopeless_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
