#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// `text`, whoever wrote it, as one line that is safe to print: control characters (line ends and
/// escape sequences among them) are spaces, marks that turn the direction of writing are gone, and
/// bytes that are not UTF-8 are U+FFFD.
std::string printable_line(std::string_view text);

/// Columns that UTF-8 `text` takes on a terminal: two for East Asian wide characters and emoji,
/// none for combining marks.
std::size_t display_width(std::string_view text);

/// Lines of at most `width` columns (at least 2), broken at spaces, but not between a number and
/// its unit; a word that is longer is broken anywhere. At least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace caesura
