#pragma once

#include <cstddef>
#include <string>

namespace caesura {

/// Columns of the terminal behind a file descriptor, at least 20; `otherwise` if it is none.
std::size_t terminal_width(int descriptor, std::size_t otherwise);

/// Whether to colour what goes there: a terminal that can, and no NO_COLOR (https://no-color.org).
bool wants_colour(int descriptor);

/// Writes to stdout; throws OutputError if that fails (a full disk, a closed pipe).
void print_out(const std::string& text);
/// Writes to stderr; that this fails, nobody can be told.
void print_error(const std::string& text);

}  // namespace caesura
