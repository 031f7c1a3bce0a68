#pragma once

#include "scenarios/results/output_folder.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Columns of the terminal behind a file descriptor, at least 20; `otherwise` if it is none.
std::size_t terminal_width(int descriptor, std::size_t otherwise);

/// Whether to show a progress line: if stderr is a terminal, unless nobody wants one.
bool wants_progress(bool no_progress);

/// Whether to colour what goes there: a terminal that can, and no NO_COLOR (https://no-color.org).
bool wants_colour(int descriptor);

/// Whoever reads standard output has left, as `| head -1` does when it has a line. Nobody is to be
/// told: the program ends quietly.
struct ReaderGone : OutputError {
  using OutputError::OutputError;
};

/// Writes to stdout; throws ReaderGone, or OutputError if it fails otherwise (a full disk, a stdout
/// that was closed before the start).
void print_out(const std::string& text);
/// Writes to stderr; that this fails, nobody can be told.
void print_error(const std::string& text);
/// "caesura: " and what is wrong, as one line on stderr: what it quotes of files and of the command
/// line is made harmless.
void print_complaint(std::string_view what);
/// Likewise what a scenario has to say though it can be run, one line each: "file:line:column:
/// warning: …".
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace caesura
