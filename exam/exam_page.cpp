#include "exam/exam_page.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/results/version.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/page/html.hpp"
#include "exam/exam_parts.hpp"
#include "exam/exam_shown.hpp"
#include "exam/lane_picture.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

namespace caesura {
namespace {

std::string shown(const std::string& text) { return escaped_html(printable_line(text)); }

std::string paragraph(const std::string& text, std::string_view css = {}) {
  return fmt::format("<p{}>{}</p>\n",
                     css.empty() ? std::string() : fmt::format(" class=\"{}\"", css), shown(text));
}

/// Where a case's failures are told: the first of its sections.
using Sections = std::map<const CaseResult*, std::size_t>;

std::string cell(const std::string& text, std::size_t column, const std::string& link) {
  const bool is_verdict = column <= clauses;
  const bool is_as_wished = text == "ok" || text == no_figure;
  const std::string_view css = !is_verdict                            ? "figure"
                               : text == no_figure                    ? "none"
                               : text == "ok"                         ? "ok"
                               : text.ends_with('*') && text != "ok*" ? "expected"
                                                                      : "bad";
  const std::string content = is_verdict && !is_as_wished && !link.empty()
                                  ? fmt::format("<a href=\"#{}\">{}</a>", link, shown(text))
                                  : shown(text);
  return fmt::format("<td class=\"{}\">{}</td>", css, content);
}

std::string id_of(std::size_t section) { return fmt::format("failure-{}", section + 1); }

std::string table(const ExamResults& results, const Sections& sections) {
  const Grid grid = exam_grid(results);
  std::string html =
      "<p class=\"muted\" id=\"of-the-table\">Cases and clauses, and what ran on after the cancel. "
      "— "
      "has nothing to judge; * is among the expected failures.</p>\n"
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Cases and clauses\">\n"
      "<table aria-label=\"Cases and clauses\" aria-describedby=\"of-the-table\">\n<thead><tr>";
  for (std::size_t i = 0; i < grid.header.size(); ++i)
    html += fmt::format("<th scope=\"col\"{}>{}</th>", i > clauses ? " class=\"figure\"" : "",
                        shown(grid.header[i]));
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    const auto& row = grid.rows[i];
    const auto section = sections.find(&results.cases[i]);
    const std::string link = section == sections.end() ? std::string() : id_of(section->second);
    html += fmt::format("<tr><th scope=\"row\">{}</th>", shown(row.front()));
    for (std::size_t column = 1; column < row.size(); ++column)
      html += cell(row[column], column, link);
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

std::string section(const ShownFailure& failure, std::size_t number) {
  std::string html = fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n"
      "<h2 id=\"{0}-title\">{1}</h2>\n",
      id_of(number), shown(failure.title));
  if (!failure.result->description.empty()) html += paragraph(failure.result->description);
  for (const ShownReasons& reasons : failure.reasons) {
    for (const std::string& sentence : reasons.sentences)
      html += paragraph(sentence, reasons.is_expected ? "sentence expected" : "sentence");
    html += paragraph("It rests on: " + reasons.source + ".", "muted");
  }
  if (!failure.lanes.empty())
    html += lane_picture(failure.play->facts, failure.lanes, failure.title, id_of(number));
  if (const auto left_out = left_out_line(failure)) html += paragraph(*left_out, "muted");
  const auto errors = last_errors(*failure.play);
  if (!errors.empty()) {
    html +=
        "<p class=\"muted\">The end of its standard error:</p>\n"
        "<pre tabindex=\"0\" aria-label=\"The end of its standard error\">";
    for (const std::string& line : errors) html += shown(line) + "\n";
    html += "</pre>\n";
  }
  return html + fmt::format("<p class=\"muted\">Again: <code>{}</code></p>\n</section>\n",
                            shown(failure.command));
}

std::string about_cases(const ExamResults& results) {
  std::string html = "<details>\n<summary>What the cases are</summary>\n<dl>\n";
  for (const CaseResult& result : results.cases)
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", shown(result.name), shown(result.description));
  return html + "</dl>\n</details>\n";
}

}  // namespace

std::string exam_page(const ExamResults& results) {
  const std::string name = exam_name(results);
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<title>{} — Caesura exam</title>\n<style>\n{}</style>\n</head>\n"
      "<body>\n<main>\n<h1>{}</h1>\n",
      shown(name), exam_page_style, shown(name));
  if (const auto partial = partial_line(results)) html += paragraph(*partial, "sentence");
  html += paragraph(exam_summary(results), "lead");
  const std::vector<ShownFailure> failures = shown_failures(results);
  Sections sections;
  for (std::size_t i = 0; i < failures.size(); ++i) sections.emplace(failures[i].result, i);
  html += table(results, sections);
  for (const std::string& line : not_judged_lines(results)) html += paragraph(line, "muted");
  for (const std::string& line : closing_lines(results)) html += paragraph(line);
  if (!failures.empty()) {
    html += paragraph(
        "In the pictures a bar is a call. What went on after the cancel is in the cancel’s colour, "
        "with how long; a dot is the moment at which its service was told.",
        "muted");
  }
  for (std::size_t i = 0; i < failures.size(); ++i) html += section(failures[i], i);
  if (!results.cases.empty()) html += about_cases(results);
  return html + fmt::format("</main>\n<footer>Caesura {}</footer>\n</body>\n</html>\n",
                            shown(std::string(version)));
}

}  // namespace caesura
