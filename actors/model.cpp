#include "actors/model.hpp"

#include "actors/messages.hpp"

#include <algorithm>

namespace caesura {

bool Model::requests_compete() const {
  return std::any_of(services.begin(), services.end(),
                     [](const ServiceProfile& service) { return service.concurrency.has_value(); });
}

const char* name_of(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::never:
      return "never";
    case PolicyKind::checkpoint:
      return "checkpoint";
    case PolicyKind::abort:
      return "abort";
    case PolicyKind::disconnect:
      return "disconnect";
    case PolicyKind::escalate:
      return "escalate";
  }
  return "";
}

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
