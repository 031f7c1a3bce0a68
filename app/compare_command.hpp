#pragma once

#include "app/options.hpp"

namespace caesura {

/// `compare A B`: two runs' results side by side, and a gate on their differences.
Command add_compare(CLI::App& app);

}  // namespace caesura
