#pragma once

#include "app/options.hpp"

namespace caesura {

/// `serve SCENARIO.yaml`: the scenario behind the HTTP API, until a signal ends it.
Command add_serve(CLI::App& app);

}  // namespace caesura
