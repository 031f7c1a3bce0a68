#include "doors/world/run_record.hpp"

#include <algorithm>

namespace caesura {

const char* name_of(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::in_progress:
      return "in_progress";
    case AttemptEnd::ok:
      return "ok";
    case AttemptEnd::failed:
      return "failed";
    case AttemptEnd::turned_away:
      return "turned_away";
    case AttemptEnd::refused:
      return "refused";
    case AttemptEnd::cut_off:
      return "cut_off";
    case AttemptEnd::reset:
      return "reset";
    case AttemptEnd::lost:
      return "lost";
  }
  return "";
}

OperationRecord* TurnRecord::find(const OperationPath& path) {
  const PlannedOperation* planned = plan.find(path);
  if (planned == nullptr) return nullptr;
  return &operations[static_cast<std::size_t>(planned - plan.operations().data())];
}

bool RunRecord::is_settled() const {
  bool has_some = false;
  for (const auto& [number, turn] : turns) {
    if (turn.is_real() && !turn.is_settled()) return false;
    has_some = has_some || turn.is_real();
  }
  return has_some;
}

}  // namespace caesura
