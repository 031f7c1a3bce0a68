#include "scenarios/report/terminal_text.hpp"

#include "scenarios/format/printable.hpp"

#include <algorithm>
#include <array>

namespace caesura {
namespace {

/// The large blocks of Unicode Standard Annex 11, "East Asian Width".
constexpr std::array<CharacterRange, 11> wide{{{0x1100, 0x115F},
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
constexpr std::array<CharacterRange, 6> combining{{{0x0300, 0x036F},
                                                   {0x1AB0, 0x1AFF},
                                                   {0x1DC0, 0x1DFF},
                                                   {0x200B, 0x200D},
                                                   {0x20D0, 0x20FF},
                                                   {0xFE00, 0xFE0F}}};
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

std::string shortened_to(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string_view rest = text;
  std::size_t kept = 0;
  for (std::size_t used = 1; !rest.empty(); kept = text.size() - rest.size()) {
    used += width_of(take_character(rest));
    if (used > width) break;
  }
  return std::string(text.substr(0, kept)) + "…";
}

}  // namespace caesura
