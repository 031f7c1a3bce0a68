#pragma once

#include "scenarios/report/text_page.hpp"
#include "exam/exam_results.hpp"

#include <string>

namespace caesura {

/// An exam as a person reads it in a terminal: a table of cases and clauses with what ran on
/// beside, then each failure in sentences, with the lanes of its operations and the command that
/// repeats it. No line is wider than the options say: where the table has not that much room its
/// heads are shorter words, then what ran on is a table of its own, then a case is a line or two.
/// UTF-8, ends with a newline. `is_verbose`: with all that was said.
std::string exam_text(const ExamResults& results, const TableOptions& options, bool is_verbose);

/// The same as GitHub's Markdown.
std::string exam_markdown(const ExamResults& results);

/// What was said between the exam and its subject, a line each.
std::vector<std::string> said_lines(const SpokenLines& lines);

}  // namespace caesura
