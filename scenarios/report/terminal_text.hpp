#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Columns that UTF-8 `text` takes on a terminal: two for East Asian wide characters and emoji,
/// none for combining marks.
std::size_t display_width(std::string_view text);

/// Lines of at most `width` columns (at least 2), broken at spaces, but not between a number and
/// its unit; a word that is longer is broken anywhere. At least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// `text`, if it takes at most `width` columns (at least 1); else its beginning and "…", which do.
std::string shortened_to(std::string_view text, std::size_t width);

}  // namespace caesura
