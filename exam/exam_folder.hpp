#pragma once

#include "exam/exam_results.hpp"

#include <string>

namespace caesura {

/// Writes an exam into a folder, which is made: exam.json, exam.md, exam.html, and for each case a
/// folder (and in it one for each play, if there are several) with events.jsonl, lines.jsonl and
/// stderr.txt. Each file appears whole or not at all, and none of them unless all can be written.
/// What else is in the folder stays. Throws OutputError.
void write_exam(const std::string& folder, const ExamResults& results);

/// Makes the folder, so that one that cannot be written to is known before an exam. Throws
/// OutputError.
void make_exam_folder(const std::string& folder);

}  // namespace caesura
