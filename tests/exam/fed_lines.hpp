#pragma once

#include "exam/lines_codec.hpp"
#include "exam/process_pipes.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace caesura {

/// Throws std::logic_error where what was decoded is nothing that a line may say.
inline void check_decoded(const SubjectLine& said) {
  if (const auto* outcome = std::get_if<OutcomeLine>(&said)) {
    const SettledLine& settled = outcome->settled;
    const bool is_known = settled.outcome == Outcome::completed ||
                          settled.outcome == Outcome::cancelled ||
                          settled.outcome == Outcome::failed;
    if (!is_known) throw std::logic_error("an outcome that there is not");
    if (settled.input_tokens.value_or(0) < 0 || settled.output_tokens.value_or(0) < 0)
      throw std::logic_error("fewer tokens than none");
  }
  if (const auto* wrong = std::get_if<WrongLine>(&said); wrong && wrong->what_is_wrong.empty())
    throw std::logic_error("wrong without a reason");
}

/// Takes bytes as a subject's output, cut into lines as they come, in parts of `part` bytes, and
/// decodes each. Throws std::logic_error if the lines are not those that the bytes have.
inline void feed_lines(std::string_view bytes, std::size_t part) {
  std::vector<std::string> lines;
  LineCutter cutter;
  const auto add = [&](std::string_view line) {
    lines.emplace_back(line);
    check_decoded(decode_subject_line(line));
  };
  for (std::string_view left = bytes; !left.empty();) {
    const std::string_view now = left.substr(0, part);
    left.remove_prefix(now.size());
    if (cutter.add(now, add, [] { return true; })) return;
  }
  if (const auto rest = cutter.rest()) add(*rest);
  std::size_t n = 0;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (n == lines.size() || lines[n++] != line) throw std::logic_error("another line");
  }
  if (n != lines.size()) throw std::logic_error("a line too many");
}

}  // namespace caesura
