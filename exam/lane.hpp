#pragma once

#include "exam/play_facts.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

/// One attempt as a line of characters over time, with what it means below it:
///
///     2 search      ├──────C━━━━━━━━━━━━━━━━━━━━━┤  3.80 s after the cancel
///
/// from the start of the play to the end of the watch; `C` is the cancel, `T` the moment at which
/// the service was told, `S` the user. `width`: columns in all, at least 40.
std::vector<std::string> lanes_text(const PlayFacts& facts,
                                    const std::vector<std::size_t>& attempts, std::size_t width);

}  // namespace caesura
