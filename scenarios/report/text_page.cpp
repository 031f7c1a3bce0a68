#include "scenarios/report/text_page.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/terminal_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::size_t prose_width_in_pipe = 80;
constexpr std::string_view between_columns = "  ";

constexpr const char* plain = "\x1b[0m";

using Lines = std::vector<std::string>;

/// Each cell padded to its column; titles to the left, figures to the right.
Lines aligned(const Grid& grid) {
  std::vector<std::size_t> widths(
      std::max(grid.header.size(), grid.rows.empty() ? 0 : grid.rows[0].size()));
  const auto widen = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  };
  widen(grid.header);
  for (const auto& row : grid.rows) widen(row);

  Lines lines;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += between_columns;
      const std::string padding(widths[i] - display_width(row[i]), ' ');
      line += i < grid.titles ? row[i] + padding : padding + row[i];
    }
    lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
  };
  if (!grid.header.empty()) add(grid.header);
  for (const auto& row : grid.rows) add(row);
  return lines;
}

Grid on_its_side(const Grid& grid) {
  Grid turned{.titles = 1, .header = {grid.header[0]}, .rows = {}};
  for (const auto& row : grid.rows) turned.header.push_back(row[0]);
  for (std::size_t i = 1; i < grid.header.size(); ++i) {
    turned.rows.push_back({grid.header[i]});
    for (const auto& row : grid.rows) turned.rows.back().push_back(row[i]);
  }
  return turned;
}

/// Per row its titles on a line, then a line a figure.
Lines line_by_line(const Grid& grid, std::size_t width) {
  Lines lines;
  for (const auto& row : grid.rows) {
    std::string title = row[0];
    for (std::size_t i = 1; i < grid.titles; ++i) title += ' ' + row[i];
    for (auto& line : wrapped(title, width)) lines.push_back(std::move(line));
    Grid figures{.titles = 1, .header = {}, .rows = {}};
    for (std::size_t i = grid.titles; i < row.size(); ++i)
      figures.rows.push_back({std::string(between_columns) + grid.header[i], row[i]});
    for (const auto& line : aligned(figures)) {
      if (display_width(line) <= width) {
        lines.push_back(line);
      } else {
        for (auto& part : wrapped(line, width)) lines.push_back(std::move(part));
      }
    }
  }
  return lines;
}

}  // namespace

void TextPage::prose(const std::string& text, const char* colour) {
  for (const auto& line : wrapped(printable_line(text), prose_width()))
    text_ += coloured(line, colour) + '\n';
}

void TextPage::grid(const Grid& grid) {
  Lines lines = aligned(grid);
  if (!fits(lines) && grid.titles == 1) lines = aligned(on_its_side(grid));
  if (!fits(lines)) lines = line_by_line(grid, options_.width);
  for (const auto& line : lines) text_ += line + '\n';
}

bool TextPage::fits(const Grid& grid) const { return fits(aligned(grid)); }

void TextPage::laid_out(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) text_ += printable_line(line) + '\n';
}

void TextPage::threshold(const ThresholdLine& line) {
  const std::string mark = !line.ok ? "unknown" : *line.ok ? "ok" : "FAILED";
  const char* const colour = !line.ok ? nullptr : *line.ok ? text_green : text_red;
  constexpr std::size_t indent = 8;
  bool first = true;
  for (const auto& words : wrapped(line.expression + (line.ok ? " (" + line.value + ")" : ""),
                                   prose_width() - indent)) {
    text_ += first ? coloured(mark, colour) + std::string(indent - mark.size(), ' ')
                   : std::string(indent, ' ');
    text_ += words + '\n';
    first = false;
  }
}

std::size_t TextPage::prose_width() const {
  return options_.width == 0 ? prose_width_in_pipe : options_.width;
}

bool TextPage::fits(const Lines& lines) const {
  return options_.width == 0 || std::all_of(lines.begin(), lines.end(), [this](const auto& line) {
           return display_width(line) <= options_.width;
         });
}

std::string TextPage::coloured(const std::string& text, const char* colour) const {
  return options_.colour && colour != nullptr ? colour + text + plain : text;
}

}  // namespace caesura
