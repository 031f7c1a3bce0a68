#include "exam/exam_report.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/markdown.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "exam/exam_shown.hpp"
#include "exam/lane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace caesura {
namespace {

constexpr std::size_t lanes_width_max = 100;
constexpr std::size_t lanes_width_min = 40;  // narrower ones say nothing

// ---- the terminal

/// A case a paragraph: its name, and beside it what became of its clauses.
void add_cases(TextPage& page, const ExamResults& results, std::size_t width) {
  constexpr std::size_t gap = 2;
  std::size_t names = 0;
  for (const CaseResult& result : results.cases)
    names = std::max(names, display_width(printable_line(result.name)));
  const std::size_t indent = std::min(names, width / 2 - gap) + gap;
  std::vector<std::string> lines;
  for (const CaseResult& result : results.cases) {
    std::string name = shortened_to(printable_line(result.name), width);
    if (display_width(name) + gap > indent) lines.push_back(std::exchange(name, {}));
    for (const std::string& part : case_lines(results, result)) {
      for (const std::string& line : wrapped(part, width - indent)) {
        lines.push_back(name + std::string(indent - display_width(name), ' ') + line);
        name.clear();
      }
    }
  }
  page.laid_out(lines);
  page.gap();
  page.prose("A clause that is not named has nothing to judge in that case.");
}

/// As much in one table as the page has room for.
void add_table(TextPage& page, const ExamResults& results, std::size_t width) {
  for (const ClauseHeads heads : {ClauseHeads::whole, ClauseHeads::brief}) {
    const Grid grid = exam_grid(results, heads);
    if (page.fits(grid)) return page.grid(grid);
  }
  const Grid clause_table = clause_grid(results, ClauseHeads::brief);
  if (!page.fits(clause_table)) return add_cases(page, results, width);
  page.grid(clause_table);
  page.gap();
  const Grid ran_on = ran_on_grid(results);
  if (ran_on.rows.empty()) return page.prose("Nothing ran on after a cancel.");
  page.grid(ran_on);
}

void add_failure(TextPage& page, const ShownFailure& failure, std::size_t width) {
  page.gap();
  page.prose(failure.title + ": " + failure.result->description, text_bold);
  for (const ShownReasons& reasons : failure.reasons) {
    for (const std::string& sentence : reasons.sentences)
      page.prose(sentence, reasons.is_expected ? nullptr : text_red);
    page.prose("It rests on: " + reasons.source + ".");
  }
  if (!failure.lanes.empty() && width >= lanes_width_min)
    page.laid_out(lanes_text(failure.play->facts, failure.lanes, width));
  if (const auto left_out = left_out_line(failure)) page.prose(*left_out);
  const auto errors = last_errors(*failure.play);
  if (!errors.empty()) page.prose("The end of its standard error:");
  for (const std::string& line : errors) page.prose(line);
  page.prose("Again: " + failure.command);
}

void add_said(TextPage& page, const CaseResult& result) {
  for (const PlayResult& play : result.plays) {
    page.gap();
    page.prose(result.name + ", what was said:", text_bold);
    for (const std::string& line : said_lines(play.lines)) page.prose(line);
  }
}

// ---- Markdown

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + escaped_markdown(cell) + " |";
  return row + "\n";
}

/// More backticks, at least `least`, than stand in a row anywhere in the text.
std::string fence_around(std::string_view text, std::size_t least) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(std::max(least, longest + 1), '`');
}

std::string code_block(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += printable_line(line) + "\n";
  const std::string fence = fence_around(text, 3);
  return fence + "text\n" + text + fence + "\n";
}

std::string code_span(const std::string& line) {
  const std::string text = printable_line(line);
  const std::string fence = fence_around(text, 1);
  const bool touches = text.starts_with('`') || text.ends_with('`');
  return touches ? fence + " " + text + " " + fence : fence + text + fence;
}

std::string markdown_table(const ExamResults& results) {
  const Grid grid = exam_grid(results);
  std::string text = markdown_row(grid.header) + "|---|";
  for (std::size_t i = 1; i < grid.header.size(); ++i) text += i < 1 + clauses ? "---|" : "--:|";
  text += "\n";
  for (const auto& row : grid.rows) text += markdown_row(row);
  return text;
}

std::string markdown_failure(const ShownFailure& failure) {
  std::string text = fmt::format("\n### {}\n", escaped_markdown(failure.title));
  if (!failure.result->description.empty())
    text += fmt::format("\n{}\n", escaped_markdown(failure.result->description));
  text += "\n";
  for (const ShownReasons& reasons : failure.reasons) {
    std::string item = "*";
    for (const std::string& sentence : reasons.sentences) item += " " + escaped_markdown(sentence);
    text += fmt::format("{} It rests on: {}.\n", item, escaped_markdown(reasons.source));
  }
  if (!failure.lanes.empty())
    text += "\n" + code_block(lanes_text(failure.play->facts, failure.lanes, lanes_width_max));
  if (const auto left_out = left_out_line(failure)) text += "\n" + *left_out + "\n";
  const auto errors = last_errors(*failure.play);
  if (!errors.empty()) text += "\nThe end of its standard error:\n\n" + code_block(errors);
  return text + fmt::format("\nAgain: {}\n", code_span(failure.command));
}

}  // namespace

std::vector<std::string> said_lines(const SpokenLines& lines) {
  std::vector<std::string> said;
  for (const SpokenLine& line : lines) {
    said.push_back(fmt::format("{:.3f} s {} {}", seconds(line.at.time_since_epoch()),
                               line.is_to_subject ? ">" : "<", line.text));
  }
  return said;
}

std::string exam_text(const ExamResults& results, const TableOptions& options, bool is_verbose) {
  const std::size_t width =
      options.width == 0 ? lanes_width_max : std::min(options.width, lanes_width_max);
  TextPage page(options);
  if (const auto partial = partial_line(results)) page.prose(*partial, text_red);
  page.prose(exam_headline(results), text_bold);
  if (!results.cases.empty()) {
    page.gap();
    add_table(page, results, width);
  }
  const auto not_judged = not_judged_lines(results);
  if (!not_judged.empty()) page.gap();
  for (const std::string& line : not_judged) page.prose(line);
  for (const ShownFailure& failure : shown_failures(results)) add_failure(page, failure, width);
  if (is_verbose) {
    for (const CaseResult& result : results.cases) add_said(page, result);
  }
  const auto closing = closing_lines(results);
  if (!closing.empty()) page.gap();
  for (const std::string& line : closing) page.prose(line);
  return std::move(page).take();
}

std::string exam_markdown(const ExamResults& results) {
  std::string text = "## " + escaped_markdown(exam_headline(results)) + "\n\n";
  if (const auto partial = partial_line(results))
    text += "**" + escaped_markdown(*partial) + "**\n\n";
  text += markdown_table(results);
  for (const std::string& line : not_judged_lines(results))
    text += "\n" + escaped_markdown(line) + "\n";
  for (const ShownFailure& failure : shown_failures(results)) text += markdown_failure(failure);
  for (const std::string& line : closing_lines(results))
    text += "\n" + escaped_markdown(line) + "\n";
  return text;
}

}  // namespace caesura
