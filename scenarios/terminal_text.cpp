#include "scenarios/terminal_text.hpp"

#include <algorithm>
#include <array>

namespace caesura {
namespace {

constexpr char32_t replacement = 0xFFFD;

/// Takes the first character off `text`, which must not be empty; U+FFFD for a byte that does not
/// begin a valid one.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  char32_t c = size < 2 ? first : first & (0x7FU >> size);
  bool valid = size != 0 && size <= text.size();
  for (std::size_t i = 1; valid && i < size; ++i) {
    valid = (byte(i) & 0xC0U) == 0x80U;
    c = (c << 6U) | (byte(i) & 0x3FU);
  }
  // Longer forms than needed, surrogates and what is beyond Unicode.
  valid = valid && !(size == 3 && c < 0x800) && !(size == 4 && c < 0x10000) &&
          !(c >= 0xD800 && c < 0xE000) && c < 0x110000;
  text.remove_prefix(valid ? size : 1);
  return valid ? c : replacement;
}

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t n>
bool is_in(char32_t c, const std::array<Range, n>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

/// The large blocks of Unicode Standard Annex 11, "East Asian Width".
constexpr std::array<Range, 11> wide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xA960, 0xA97F},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 6> combining{{{0x0300, 0x036F},
                                          {0x1AB0, 0x1AFF},
                                          {0x1DC0, 0x1DFF},
                                          {0x200B, 0x200D},
                                          {0x20D0, 0x20FF},
                                          {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 4> direction_marks{
    {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}}};
/// C0, C1 and the line and paragraph separators.
constexpr std::array<Range, 3> control{{{0x00, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x2029}}};

std::size_t width_of(char32_t c) { return is_in(c, combining) ? 0 : is_in(c, wide) ? 2 : 1; }

/// How many bytes of `text` fit into `width` columns; at least one character.
std::size_t fitting_bytes(std::string_view text, std::size_t width) {
  std::string_view rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    std::string_view after = rest;
    used += width_of(take_character(after));
    if (used > width && rest.size() != text.size()) break;
    rest = after;
  }
  return text.size() - rest.size();
}

constexpr std::array<std::string_view, 7> units{"%", "ns", "µs", "ms", "s", "min", "h"};

/// Takes the first word off `text`, and with a number its unit.
std::string_view take_word(std::string_view& text) {
  std::size_t size = std::min(text.find(' '), text.size());
  if (size > 0 && size < text.size() && text[size - 1] >= '0' && text[size - 1] <= '9') {
    std::string_view next = text.substr(size + 1);
    next = next.substr(0, next.find_first_of(" ,;.)"));
    if (std::find(units.begin(), units.end(), next) != units.end())
      size = std::min(text.find(' ', size + 1), text.size());
  }
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

}  // namespace

std::string printable_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = take_character(text);
    if (is_in(c, control)) {
      line += ' ';
    } else if (c == replacement) {
      line += "\xEF\xBF\xBD";
    } else if (!is_in(c, direction_marks)) {
      line += before.substr(0, before.size() - text.size());
    }
  }
  return line;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += width_of(take_character(text));
  return width;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return lines;
    std::string_view word = take_word(text);
    std::string& line = lines.back();
    if (line.empty() || display_width(line) + 1 + display_width(word) <= width) {
      if (!line.empty()) line += ' ';
    } else {
      lines.emplace_back();
    }
    for (; display_width(word) > width; lines.emplace_back()) {
      const std::size_t bytes = fitting_bytes(word, width);
      lines.back() += word.substr(0, bytes);
      word.remove_prefix(bytes);
    }
    lines.back() += word;
  }
}

}  // namespace caesura
