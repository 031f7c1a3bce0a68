#include "doors/live/live_request.hpp"

namespace caesura {

const char* name_of(RequestStatus status) {
  switch (status) {
    case RequestStatus::pending:
      return "pending";
    case RequestStatus::processing:
      return "processing";
    case RequestStatus::completed:
      return "completed";
    case RequestStatus::failed:
      return "failed";
    case RequestStatus::cancelled:
      return "cancelled";
  }
  return "?";
}

}  // namespace caesura
