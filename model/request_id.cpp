#include "model/request_id.hpp"

namespace caesura {

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed:
      return "completed";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::failed:
      return "failed";
    case Outcome::timed_out:
      return "timed_out";
    case Outcome::rejected:
      return "rejected";
  }
  return "";
}

const char* name_of(CancelVerdict verdict) {
  switch (verdict) {
    case CancelVerdict::accepted:
      return "accepted";
    case CancelVerdict::already_cancelled:
      return "already cancelled";
    case CancelVerdict::too_late:
      return "too late";
    case CancelVerdict::ignored:
      return "ignored";
  }
  return "";
}

}  // namespace caesura
