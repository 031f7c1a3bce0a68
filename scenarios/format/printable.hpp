#pragma once

#include <span>
#include <string>
#include <string_view>

namespace caesura {

/// `text`, whoever wrote it, as one line that is safe to print: control characters (line ends and
/// escape sequences among them) are spaces, marks that turn the direction of writing are gone, and
/// bytes that are not UTF-8 are U+FFFD.
std::string printable_line(std::string_view text);

/// The same for messages about `text`, which show what is wrong with it: whatever printable_line
/// would not keep is written as an escape (\n, \x1b, \u202e; \xff for a byte that is not UTF-8).
/// What it has made it leaves as it is.
std::string escaped_line(std::string_view text);

/// Takes the first character off `text`, which must not be empty; U+FFFD for a byte that does not
/// begin a valid one.
char32_t take_character(std::string_view& text);

/// Characters from `first` to `last`.
struct CharacterRange {
  char32_t first;
  char32_t last;
};

bool is_in(char32_t c, std::span<const CharacterRange> ranges);

}  // namespace caesura
