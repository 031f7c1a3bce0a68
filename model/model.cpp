#include "model/model.hpp"

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

}  // namespace caesura
