#pragma once

#include "exam/play_facts.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

/// What lanes_text() shows, as a figure of HTML with a picture (SVG) in it: time from left to
/// right, a bar an attempt, in another colour where it went on after the cancel, with how long; the
/// moments of the cancel, of `settled`, and at which services were told. What the picture shows is
/// said in words in its description. `title`: whose it is; `id`: unique in the page, begins the ids
/// of its own.
std::string lane_picture(const PlayFacts& facts, const std::vector<std::size_t>& attempts,
                         const std::string& title, const std::string& id);

}  // namespace caesura
