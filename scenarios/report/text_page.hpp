#pragma once

#include "scenarios/report/report.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace caesura {

struct TableOptions {
  std::size_t width = 0;  ///< columns, at least 20; 0: not a terminal: tables take what they need,
                          ///< and prose is broken at 80
  bool colour = false;    ///< ANSI escape sequences
};

// ANSI escape sequences, for TextPage::prose().
inline constexpr const char* text_bold = "\x1b[1m";
inline constexpr const char* text_green = "\x1b[32m";
inline constexpr const char* text_red = "\x1b[31m";

/// Text for a terminal, put together from top to bottom. No line is wider than the options say.
/// UTF-8.
class TextPage {
 public:
  explicit TextPage(const TableOptions& options) : options_(options) {}

  /// One paragraph, whoever wrote it, broken at spaces.
  void prose(const std::string& text, const char* colour = nullptr);
  /// Aligned columns. What does not fit is turned on its side (if its rows have one title), and if
  /// that is still too wide, told line by line.
  void grid(const Grid& grid);
  /// Whether grid() would keep it as it is.
  bool fits(const Grid& grid) const;
  /// Lines that are laid out already, no wider than the page.
  void laid_out(const std::vector<std::string>& lines);
  void threshold(const ThresholdLine& line);
  void gap() { text_ += '\n'; }

  std::string take() && { return std::move(text_); }

 private:
  std::size_t prose_width() const;
  bool fits(const std::vector<std::string>& lines) const;
  std::string coloured(const std::string& text, const char* colour) const;

  TableOptions options_;
  std::string text_;
};

}  // namespace caesura
