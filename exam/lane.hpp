#pragma once

#include "exam/play_facts.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

/// A line of characters over time for each attempt, and below them what was said:
///
///     1 planner ├──────┤
///     2 search         ├─────│━━━━━━━━━━━━━━━━━━━━━┤
///                            C S                        5 s
///
/// from the start of the play to the end of the watch; `C` is the cancel, `T` the moment at which
/// the service was told, `S` what the user was told. `width`: columns in all, at least 40.
std::vector<std::string> lanes_text(const PlayFacts& facts,
                                    const std::vector<std::size_t>& attempts, std::size_t width);

}  // namespace caesura
