#pragma once

#include "app/options.hpp"

namespace caesura {

/// `caesura exam`.
Command add_exam(CLI::App& app);

}  // namespace caesura
