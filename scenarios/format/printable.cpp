#include "scenarios/format/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace caesura {
namespace {

constexpr char32_t replacement = 0xFFFD;

constexpr std::array<CharacterRange, 4> direction_marks{
    {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}}};
/// C0, C1 and the line and paragraph separators.
constexpr std::array<CharacterRange, 3> control{{{0x00, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x2029}}};

/// `digits` of them.
void append_hex(std::string& line, char32_t c, unsigned digits) {
  static constexpr char hex[] = "0123456789abcdef";
  for (unsigned i = digits; i-- > 0;) line += hex[(c >> (4 * i)) & 15U];
}

void append_escape(std::string& line, char32_t c) {
  if (c == '\n' || c == '\r' || c == '\t') {
    line += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
  } else if (c < 0x80) {
    line += "\\x";
    append_hex(line, c, 2);
  } else {
    line += "\\u";
    append_hex(line, c, 4);
  }
}

}  // namespace

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

bool is_in(char32_t c, std::span<const CharacterRange> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const CharacterRange& range) {
    return c >= range.first && c <= range.last;
  });
}

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

std::string escaped_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = take_character(text);
    const auto size = before.size() - text.size();
    if (is_in(c, control) || is_in(c, direction_marks)) {
      append_escape(line, c);
    } else if (c == replacement && size == 1) {  // one that is written as such has three bytes
      line += "\\x";
      append_hex(line, static_cast<unsigned char>(before.front()), 2);
    } else {
      line += before.substr(0, size);
    }
  }
  return line;
}

}  // namespace caesura
