#pragma once

#include <cstdint>
#include <memory>

namespace caesura {

class World;
struct WorldOptions;

enum class EngineKind : std::uint8_t { caf, direct, caf_realtime };
/// As on the command line and in results.json.
const char* name_of(EngineKind engine);

/// A world in virtual time on `engine`; std::logic_error for caf_realtime.
std::unique_ptr<World> make_world(EngineKind engine, const WorldOptions& options);

}  // namespace caesura
