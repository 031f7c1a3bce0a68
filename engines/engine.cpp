#include "engines/engine.hpp"

#include "engines/world.hpp"

#include <stdexcept>

namespace caesura {

const char* name_of(EngineKind engine) {
  switch (engine) {
    case EngineKind::caf:
      return "caf";
    case EngineKind::direct:
      return "direct";
    case EngineKind::caf_realtime:
      return "caf-realtime";
  }
  return "";
}

std::unique_ptr<World> make_world(EngineKind engine, const WorldOptions& options) {
  switch (engine) {
    case EngineKind::caf:
      return make_caf_world(options);
    case EngineKind::direct:
      return make_direct_world(options);
    case EngineKind::caf_realtime:
      break;
  }
  throw std::logic_error("make_realtime_world makes worlds in real time");
}

}  // namespace caesura
