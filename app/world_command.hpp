#pragma once

#include "app/options.hpp"

namespace caesura {

/// `world SCENARIO.yaml`: the scenario's services as real endpoints, until a signal ends it.
Command add_world(CLI::App& app);

}  // namespace caesura
