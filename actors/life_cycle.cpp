#include "actors/life_cycle.hpp"

namespace caesura {

LifeCycle::Next LifeCycle::end(Outcome outcome) {
  phase_ = Phase::ended;
  outcome_ = outcome;
  return Next::stop;
}

LifeCycle::Next LifeCycle::start() {
  switch (phase_) {
    case Phase::pending:
      phase_ = Phase::running;
      return Next::go_on;
    case Phase::cancelling:
      return end(Outcome::cancelled);
    case Phase::running:
    case Phase::failing:
    case Phase::ended:
      return Next::nothing;
  }
  return Next::nothing;
}

LifeCycle::CancelEffect LifeCycle::cancel(std::uint32_t in_progress) {
  switch (phase_) {
    case Phase::pending:
      if (policy_ == PolicyKind::never) return {CancelVerdict::ignored, Next::nothing};
      phase_ = Phase::cancelling;
      return {CancelVerdict::accepted, Next::nothing};
    case Phase::running:
    case Phase::failing:
      if (policy_ == PolicyKind::never) return {CancelVerdict::ignored, Next::nothing};
      phase_ = Phase::cancelling;
      return {CancelVerdict::accepted, in_progress == 0 ? end(Outcome::cancelled) : Next::drain};
    case Phase::cancelling:
      return {CancelVerdict::already_cancelled, Next::nothing};
    case Phase::ended:
      return {outcome_ == Outcome::cancelled ? CancelVerdict::already_cancelled
                                             : CancelVerdict::too_late,
              Next::nothing};
  }
  return {};
}

LifeCycle::Next LifeCycle::operation_ended(OperationResult result, std::uint32_t in_progress) {
  switch (phase_) {
    case Phase::running:
      if (result == OperationResult::ok) return Next::go_on;
      phase_ = Phase::failing;
      outcome_ = result == OperationResult::failed ? Outcome::failed : Outcome::rejected;
      return in_progress == 0 ? end(outcome_) : Next::drain;
    case Phase::failing:
      return in_progress == 0 ? end(outcome_) : Next::drain;
    case Phase::cancelling:
      return in_progress == 0 ? end(Outcome::cancelled) : Next::drain;
    case Phase::pending:
    case Phase::ended:
      return Next::nothing;
  }
  return Next::nothing;
}

LifeCycle::Next LifeCycle::operations_aborted(std::uint32_t in_progress) {
  if (phase_ != Phase::cancelling) return Next::nothing;
  return in_progress == 0 ? end(Outcome::cancelled) : Next::drain;
}

LifeCycle::Next LifeCycle::work_done() {
  return phase_ == Phase::running ? end(Outcome::completed) : Next::nothing;
}

LifeCycle::Next LifeCycle::time_out() {
  switch (phase_) {
    case Phase::running:
    case Phase::failing:
      return end(Outcome::timed_out);
    case Phase::cancelling:
      return end(Outcome::cancelled);
    case Phase::pending:
    case Phase::ended:
      return Next::nothing;
  }
  return Next::nothing;
}

std::optional<Outcome> LifeCycle::outcome() const {
  if (phase_ == Phase::ended) return outcome_;
  return std::nullopt;
}

}  // namespace caesura
